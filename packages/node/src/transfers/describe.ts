// What the API says of one transfer, from the engine and from what is remembered.

import { basename, join } from 'node:path';
import type {
  FinderSummary,
  PeerSummary,
  PieceHolders,
  PieceMapAnswer,
  TransferDetails,
  TransferFile,
  TransferSummary,
} from '@shoal/api';
import { magnetOf, type Torrent } from '@shoal/metainfo';
import type { PeerFacts, PieceSource, Transfer } from '@shoal/swarm';
import { mostComingTold } from '../bounds.ts';
import { endpointText } from '../engine/addresses.ts';
import { typeOf } from '../server/content-types.ts';
import { priorityOf } from './choice.ts';
import { fileBytesOf, recordedBytes } from './file-bytes.ts';
import type { Item } from './item.ts';
import { infoHashesOf } from './record.ts';

/** `place` is counted by whoever knows all of them. */
export function summaryOf({ record, transfer, held }: Item, place: number): TransferSummary {
  const { progress, state, error, moving } = transfer;
  const waiting = gateReason(record, held) ?? transfer.waiting;
  const { history } = transfer;
  const isKnown = progress.total > 0;
  const { secondsLeft } = state === 'fetching' ? transfer.statistics : {};
  const { completedMs, v1, v2 } = record;
  return {
    place,
    id: record.id,
    ...(v1 !== undefined && { infoHashV1: v1 }),
    ...(v2 !== undefined && { infoHashV2: v2 }),
    name: record.title ?? (transfer.name || record.name || record.id),
    state,
    ...(waiting && { waiting: { code: waiting.code, message: waiting.message } }),
    ...(error && { error: reasonOf(error) }),
    bytes: isKnown ? progress.bytes : record.bytes,
    total: isKnown ? progress.total : record.total,
    size: record.size,
    downRate: Math.round(progress.downloadBytesPerSecond),
    upRate: Math.round(progress.uploadBytesPerSecond),
    downloaded: history.downloadedBytes,
    uploaded: history.uploadedBytes,
    wasted: progress.wastedBytes,
    peers: progress.peers,
    seeds: progress.seeds,
    ...(secondsLeft !== undefined &&
      Number.isFinite(secondsLeft) && { secondsLeft: Math.round(secondsLeft) }),
    isComplete: transfer.isComplete || (record.isComplete && !isKnown),
    isPrivate: record.isPrivate,
    mode: transfer.mode.kind,
    labels: [...record.labels],
    folder: record.folder,
    addedMs: record.addedMs,
    ...(completedMs !== undefined && { completedMs }),
    isForced: transfer.isForced,
    limits: record.limits,
    goals: record.goals,
    ...(moving && {
      moving: {
        state: moving.state,
        folder: moving.folder,
        bytes: moving.bytes,
        total: moving.total,
        ...(moving.error && { error: reasonOf(moving.error) }),
      },
    }),
  };
}

function gateReason({ refused }: Item['record'], held: string | undefined) {
  if (held !== undefined) return { code: 'held-back', message: held };
  return refused && { code: 'refused', message: refusalText(refused) };
}

export function refusalText({ path, reason }: NonNullable<Item['record']['refused']>): string {
  return `${basename(path)} was refused ${reason}`;
}

export function detailsOf(item: Item, place: number, torrent: Torrent | undefined): TransferDetails {
  const { record, transfer } = item;
  const { statistics, webSeeds, bans } = transfer;
  const { comment, createdBy } = torrent ?? {};
  const { pieceLength, pieceCount } = torrent?.layout ?? {};
  return {
    ...summaryOf(item, place),
    magnet: magnetFor(item, torrent),
    ...(comment !== undefined && { comment }),
    ...(createdBy !== undefined && { createdBy }),
    ...(pieceLength !== undefined && { pieceLength }),
    ...(pieceCount !== undefined && { pieces: pieceCount }),
    ...(torrent && { files: torrent.layout.files.filter(({ isPad }) => !isPad).length }),
    trackers: record.trackers.flat(),
    statistics: {
      fromPeers: statistics.sources.peers,
      fromLan: statistics.sources.lan,
      fromWebSeeds: statistics.sources.webSeeds,
      wasted: statistics.waste,
      connections: statistics.connections,
      knownAddresses: statistics.knownAddresses,
      sharedSeconds: Math.round(transfer.history.sharedMs / 1000),
    },
    webSeeds: webSeeds.map(({ url, state, reason, downloadBytesPerSecond, downloadedBytes }) => ({
      url,
      state,
      ...(reason !== undefined && { reason }),
      downRate: Math.round(downloadBytesPerSecond),
      downloaded: downloadedBytes,
    })),
    bans: bans.map(({ address, reason }) => ({
      address: endpointText(address),
      reason: reason.message,
    })),
  };
}

function magnetFor(item: Item, torrent: Torrent | undefined): string {
  return torrent === undefined ? linkOf(item) : magnetOf(torrent);
}

/** From what is remembered alone. */
export function linkOf({ record }: Item): string {
  return (
    record.link ??
    magnetOf({
      infoHashes: infoHashesOf(record),
      ...(record.name !== '' && { name: record.name }),
      trackers: record.trackers,
      webSeeds: record.webSeeds,
    })
  );
}

export function filesOf(item: Item, torrent: Torrent): TransferFile[] {
  const { transfer, record } = item;
  const priority = priorityOf(record.choice);
  const { isComplete, fileRuns = [] } = record;
  const recorded = isComplete || fileRuns.length === 0 ? undefined : recordedBytes(fileRuns, torrent);
  const bytes = fileBytesOf(transfer, torrent) ?? recorded;
  const { home } = transfer;
  const top = home?.folder ?? join(record.folder, torrent.folder ?? '');
  return torrent.layout.files.flatMap((file, index) => {
    if (file.isPad) return [];
    const path = file.path.join('/');
    const chosen = priority?.(path, index) ?? 'normal';
    const isDone = (transfer.isComplete || record.isComplete) && chosen !== 'skip';
    return [
      {
        index,
        path,
        size: file.length,
        bytes: bytes?.[index] ?? (isDone ? file.length : 0),
        isWanted: chosen !== 'skip',
        priority: chosen,
        type: typeOf(path).split(';', 1)[0] ?? '',
        place: join(top, ...(home?.paths?.get(index) ?? file.path)),
      },
    ];
  });
}

export function peersOf(item: Item): PeerSummary[] {
  const told = new Map(
    (item.followed?.quest?.peers ?? []).map(({ address, tellers }) => [endpointText(address), tellers]),
  );
  return item.transfer.peers.map((peer) => peerOf(peer, told.get(endpointText(peer.address)) ?? []));
}

function peerOf(peer: PeerFacts, tellers: readonly { readonly kind: string; readonly teller: string }[]) {
  const { client } = peer;
  return {
    address: endpointText(peer.address),
    ...(client !== undefined && { client }),
    isIncoming: peer.isIncoming,
    isEncrypted: peer.encryption !== 'plain',
    isOnLan: peer.isOnLan,
    has: peer.has,
    downRate: Math.round(peer.downloadBytesPerSecond),
    upRate: Math.round(peer.uploadBytesPerSecond),
    downloaded: peer.downloadedBytes,
    uploaded: peer.uploadedBytes,
    flags: peer.flags,
    tellers: [
      ...(peer.source === 'exchange' ? ['pex'] : peer.source === 'given' ? ['given'] : []),
      ...tellers.map(({ kind, teller }) => (kind === teller ? kind : `${kind} ${teller}`)),
    ],
  };
}

export function piecesOf({ transfer, record }: Item, torrent: Torrent | undefined): PieceMapAnswer {
  const { pieceCount: pieces = 0, pieceLength = 0 } = torrent?.layout ?? {};
  const map = transfer.pieceMap;
  const clients = clientsOf(transfer);
  const states = map?.states ?? new Uint8Array(pieces).fill(transfer.isComplete || record.isComplete ? 2 : 0);
  const availability = Uint8Array.from(map?.availability ?? new Uint16Array(pieces), (count) =>
    Math.min(255, count),
  );
  return {
    pieces,
    pieceLength,
    states: Buffer.from(states).toString('base64'),
    availability: Buffer.from(availability).toString('base64'),
    coming: transfer.comingPieces(mostComingTold).map(({ from, ...piece }) => ({
      ...piece,
      from: from.map(({ received, asked, ...source }) => ({ ...sourceOf(source, clients), received, asked })),
    })),
    comingPieces: states.reduce((sum, state) => sum + (state === 1 ? 1 : 0), 0),
  };
}

export function holdersOf({ transfer }: Item, piece: number): PieceHolders {
  const clients = clientsOf(transfer);
  return { piece, holders: transfer.holdersOf(piece).map((source) => sourceOf(source, clients)) };
}

function clientsOf({ peers }: Transfer): ReadonlyMap<string, string | undefined> {
  return new Map(peers.map(({ address, client }) => [endpointText(address), client]));
}

function sourceOf({ address, url }: PieceSource, clients: ReadonlyMap<string, string | undefined>) {
  if (address === undefined) return { ...(url !== undefined && { url }) };
  const text = endpointText(address);
  const client = clients.get(text);
  return { address: text, ...(client !== undefined && { client }) };
}

export function findersOf(item: Item): FinderSummary[] {
  const isAsked = item.followed?.quest !== undefined;
  return item.tellers.map((one) => (isAsked || one.state !== 'waiting' ? one : { ...one, state: 'waiting' }));
}

function reasonOf(error: Error): { readonly code: string; readonly message: string } {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'failed';
  return { code, message: error.message };
}
