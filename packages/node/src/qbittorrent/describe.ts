// What the Web API tells of a transfer: the fields of `torrents/info`, and the lists below it. Names, types and units are
// those of qBittorrent; what the node has nothing for is said as there where nothing is known.

import { dirname, join, relative } from 'node:path';
import type { TransferSummary } from '@shoal/api';
import { toHex } from '@shoal/base';
import type { Torrent } from '@shoal/metainfo';
import { detailsOf, filesOf, findersOf, linkOf, piecesOf } from '../transfers/describe.ts';
import type { Item } from '../transfers/item.ts';

/** Its name there: the v1 hash, or the first half of the v2 hash where there is no other. */
export function hashOf({ record: { v1, v2 = '' } }: Item): string {
  return v1 ?? v2.slice(0, 40);
}

/** A hundred days: never. */
const endless = 8_640_000;
/** More than anybody can share: without an end. */
export const unlimitedGoal = 1e9;

const seconds = (ms: number | undefined): number => Math.floor((ms ?? 0) / 1000);
const goalOf = (goal: number | undefined, unit = 1): number =>
  goal === undefined ? -2 : goal >= unlimitedGoal ? -1 : goal / unit;

/** The words of version 4, which newer tools know too. */
function stateOf({ state, isComplete, isForced, downRate, upRate, moving, waiting }: TransferSummary) {
  if (moving?.state === 'moving') return 'moving';
  if (waiting?.code === 'refused') return 'error';
  const side = isComplete ? 'UP' : 'DL';
  switch (state) {
    case 'failed':
    case 'disk-full':
      return 'error';
    case 'metadata':
      return isForced ? 'forcedMetaDL' : 'metaDL';
    case 'checking':
      return `checking${side}`;
    case 'queued':
      return `queued${side}`;
    case 'paused':
    case 'stopped':
      return `paused${side}`;
    case 'fetching':
    case 'sharing':
      if (isForced) return `forced${side}`;
      if (isComplete) return upRate > 0 ? 'uploading' : 'stalledUP';
      return downRate > 0 ? 'downloading' : 'stalledDL';
  }
}

export interface LabelKinds {
  /** Of the labels of a transfer, the one that stands for its category. */
  category(labels: readonly string[]): string;
  tags(labels: readonly string[]): string[];
}

/** The folder that holds the file or folder of the torrent. */
export function saveFolder({ transfer, record }: Item): string {
  const { home } = transfer;
  if (home === undefined) return record.folder;
  return home.ownsFolder === true ? dirname(home.folder) : home.folder;
}

function contentPath(item: Item): string {
  const { home, name } = item.transfer;
  if (!item.record.hasTorrent && item.transfer.torrent === undefined) return '';
  if (home === undefined) return join(item.record.folder, name || item.record.name);
  return home.ownsFolder === true ? home.folder : join(home.folder, ...(home.paths?.get(0) ?? [name]));
}

function progressOf({ bytes, total, isComplete }: TransferSummary): number {
  if (isComplete) return 1;
  // All bytes are here, but the gate has not let them out.
  return total === 0 ? 0 : Math.min(bytes / total, 0.9999);
}

function swarmOf({ tellers }: Item, { seeds, peers }: TransferSummary) {
  const most = (of: 'seeds' | 'leechers') => Math.max(0, ...tellers.map((teller) => teller[of] ?? 0));
  return { seeds: Math.max(seeds, most('seeds')), leechers: Math.max(peers - seeds, most('leechers')) };
}

export type TorrentFields = Readonly<Record<string, string | number | boolean>>;

export function torrentFields(
  item: Item,
  summary: TransferSummary,
  kinds: LabelKinds,
  nowMs: number,
): TorrentFields {
  const { transfer, record } = item;
  const hash = hashOf(item);
  const { goals, limits, downloaded, uploaded } = summary;
  const wanted = summary.total > 0 ? summary.total : summary.size;
  const have = summary.isComplete ? wanted : summary.bytes;
  const swarm = swarmOf(item, summary);
  const ratio = ratioOf(summary);
  const tracker = item.tellers.find(({ kind, state }) => kind === 'tracker' && state === 'answered')?.teller;
  return {
    added_on: seconds(summary.addedMs),
    amount_left: Math.max(0, wanted - have),
    auto_tmm: false,
    availability: summary.isComplete ? -1 : summary.seeds,
    category: kinds.category(summary.labels),
    completed: have,
    completion_on: seconds(summary.completedMs),
    content_path: contentPath(item),
    dl_limit: limits.down ?? 0,
    dlspeed: summary.downRate,
    download_path: '',
    downloaded,
    downloaded_session: downloaded,
    eta: summary.isComplete ? endless : (summary.secondsLeft ?? endless),
    f_l_piece_prio: false,
    force_start: summary.isForced,
    hash,
    inactive_seeding_time_limit: -2,
    infohash_v1: record.v1 ?? '',
    infohash_v2: record.v2 ?? '',
    last_activity: seconds(
      summary.downRate + summary.upRate > 0 ? nowMs : (summary.completedMs ?? summary.addedMs),
    ),
    magnet_uri: linkOf(item),
    max_inactive_seeding_time: -1,
    max_ratio: Math.max(-1, goalOf(goals.ratio)),
    max_seeding_time: Math.max(-1, goalOf(goals.seconds, 60)),
    name: summary.name,
    num_complete: swarm.seeds,
    num_incomplete: swarm.leechers,
    num_leechs: summary.peers - summary.seeds,
    num_seeds: summary.seeds,
    priority: summary.isComplete ? 0 : summary.place + 1,
    progress: progressOf(summary),
    ratio,
    ratio_limit: goalOf(goals.ratio),
    save_path: saveFolder(item),
    seeding_time: seconds(transfer.history.sharedMs),
    seeding_time_limit: goalOf(goals.seconds, 60),
    seen_complete: summary.seeds > 0 ? seconds(nowMs) : 0,
    seq_dl: false,
    size: wanted,
    state: stateOf(summary),
    super_seeding: summary.mode === 'super-seed',
    tags: kinds.tags(summary.labels).join(', '),
    time_active: Math.max(0, seconds(nowMs - summary.addedMs)),
    total_size: summary.size,
    tracker: tracker ?? '',
    trackers_count: record.trackers.flat().length,
    up_limit: limits.up ?? 0,
    uploaded,
    uploaded_session: uploaded,
    upspeed: summary.upRate,
  };
}

function ratioOf({ uploaded, downloaded, size }: TransferSummary): number {
  const base = downloaded > 0 ? downloaded : size;
  return base === 0 ? 0 : uploaded / base;
}

export function properties(
  item: Item,
  torrent: Torrent | undefined,
  summary: TransferSummary,
  nowMs: number,
) {
  const { record, transfer } = item;
  const { limits, downloaded, uploaded } = summary;
  const { statistics } = transfer;
  const swarm = swarmOf(item, summary);
  const active = Math.max(0, seconds(nowMs - summary.addedMs));
  const next = findersOf(item).flatMap(({ kind, nextMs }) =>
    kind === 'tracker' && nextMs !== undefined ? [seconds(nextMs - nowMs)] : [],
  );
  const { states } = piecesOf(item, torrent);
  const have = Buffer.from(states, 'base64').reduce((count, state) => count + (state === 2 ? 1 : 0), 0);
  const details = detailsOf(item, summary.place, torrent);
  return {
    addition_date: seconds(summary.addedMs),
    comment: torrent?.comment ?? '',
    completion_date: summary.completedMs === undefined ? -1 : seconds(summary.completedMs),
    created_by: torrent?.createdBy ?? '',
    creation_date: torrent?.creationDate ?? -1,
    dl_limit: limits.down ?? -1,
    dl_speed: summary.downRate,
    dl_speed_avg: active === 0 ? 0 : Math.round(downloaded / active),
    download_path: '',
    eta: summary.secondsLeft ?? endless,
    hash: hashOf(item),
    infohash_v1: record.v1 ?? '',
    infohash_v2: record.v2 ?? '',
    is_private: summary.isPrivate,
    last_seen: summary.seeds > 0 ? seconds(nowMs) : -1,
    name: summary.name,
    nb_connections: statistics.connections,
    nb_connections_limit: -1,
    peers: summary.peers - summary.seeds,
    peers_total: swarm.leechers,
    piece_size: torrent?.layout.pieceLength ?? 0,
    pieces_have: have,
    pieces_num: torrent?.layout.pieceCount ?? 0,
    reannounce: Math.max(0, Math.min(endless, ...next)) % endless,
    save_path: saveFolder(item),
    seeding_time: seconds(transfer.history.sharedMs),
    seeds: summary.seeds,
    seeds_total: swarm.seeds,
    share_ratio: ratioOf(summary),
    time_elapsed: active,
    total_downloaded: downloaded,
    total_downloaded_session: downloaded,
    total_size: summary.size,
    total_uploaded: uploaded,
    total_uploaded_session: uploaded,
    total_wasted: details.wasted,
    up_limit: limits.up ?? -1,
    up_speed: summary.upRate,
    up_speed_avg: active === 0 ? 0 : Math.round(uploaded / active),
  };
}

const priorities = { skip: 0, low: 1, normal: 1, high: 6 } as const;

/** Without the files between files, which nobody numbers there. */
export function fileList(item: Item, torrent: Torrent) {
  const top = saveFolder(item);
  const isDone = item.transfer.isComplete || item.record.isComplete;
  return filesOf(item, torrent).map(({ index, path, place = path, size, bytes, priority }, number) => {
    const { first, end } = torrent.layout.filePieces(index);
    return {
      availability: isDone ? -1 : 0,
      index: number,
      ...(number === 0 && { is_seed: isDone }),
      name: relative(top, place),
      piece_range: [first, Math.max(first, end - 1)],
      priority: priorities[priority],
      progress: size === 0 ? 1 : bytes / size,
      size,
    };
  });
}

export function trackerList(
  item: Item,
  options: { readonly dht: boolean; readonly exchange: boolean; readonly lan: boolean },
) {
  const { isPrivate, trackers } = item.record;
  const own = (name: string, isOn: boolean) => ({
    msg: isPrivate ? 'This torrent is private' : '',
    num_downloaded: 0,
    num_leeches: 0,
    num_peers: 0,
    num_seeds: 0,
    status: isOn && !isPrivate ? 2 : 0,
    tier: -1,
    url: `** [${name}] **`,
  });
  const told = new Map(findersOf(item).map((finder) => [finder.teller, finder]));
  const statuses = { waiting: 1, asking: 3, answered: 2, failed: 4 } as const;
  return [
    own('DHT', options.dht),
    own('PeX', options.exchange),
    own('LSD', options.lan),
    ...trackers.flatMap((tier, number) =>
      tier.map((url) => {
        const {
          state = 'waiting',
          message = '',
          seeds = -1,
          leechers = -1,
          peers = -1,
        } = told.get(url) ?? {};
        return {
          msg: message,
          num_downloaded: -1,
          num_leeches: leechers,
          num_peers: peers,
          num_seeds: seeds,
          status: statuses[state],
          tier: number,
          url,
        };
      }),
    ),
  ];
}

export function pieceHashes({ layout, hashes }: Torrent): string[] {
  return Array.from({ length: layout.pieceCount }, (_, piece) => hashes.v1(piece)).flatMap((hash) =>
    hash === undefined ? [] : toHex(hash),
  );
}
