// What Transmission's RPC (version 17) tells of a torrent, from what the node knows of a transfer. Fields that the node has
// nothing for are left out, as the protocol allows; the torrent itself is read only for fields that need it.

import type { TransferSummary } from '@shoal/api';
import type { Torrent } from '@shoal/metainfo';
import { detailsOf, filesOf, findersOf, peersOf, piecesOf } from '../transfers/describe.ts';
import type { Item } from '../transfers/item.ts';
import { trackerNumber } from './trackers.ts';

export interface Described {
  readonly item: Item;
  readonly id: number;
  readonly summary: TransferSummary;
  /** Undefined where no field asked for it, and before the metadata has come. */
  readonly torrent: Torrent | undefined;
}

type Field = (described: Described) => unknown;

/** Codes of the protocol: 0 stopped, 2 checking, 3 and 5 waiting for their turn, 4 fetching, 6 sharing. */
function statusOf({ state, isComplete }: TransferSummary): number {
  switch (state) {
    case 'paused':
    case 'failed':
    case 'stopped':
      return 0;
    case 'checking':
      return 2;
    case 'queued':
      return isComplete ? 5 : 3;
    case 'metadata':
    case 'fetching':
    case 'disk-full':
      return 4;
    case 'sharing':
      return 6;
  }
}

/** More than anybody can share: Transmission's mode without a limit. */
export const unlimitedRatio = 1e9;

const seconds = (ms: number | undefined): number => Math.floor((ms ?? 0) / 1000);
const ratioOf = ({ uploaded, downloaded, size }: TransferSummary): number =>
  downloaded > 0 ? uploaded / downloaded : size > 0 ? uploaded / size : -1;
const kilobytes = (rate: number | null): number => Math.round((rate ?? 0) / 1000);

const plain: Readonly<Record<string, Field>> = {
  addedDate: ({ summary }) => seconds(summary.addedMs),
  bandwidthPriority: () => 0,
  corruptEver: ({ item }) => item.transfer.statistics.waste.bad,
  desiredAvailable: ({ summary }) => (summary.seeds > 0 ? summary.total - summary.bytes : 0),
  doneDate: ({ summary }) => seconds(summary.completedMs),
  downloadDir: ({ summary }) => summary.folder,
  downloadLimit: ({ summary }) => kilobytes(summary.limits.down),
  downloadLimited: ({ summary }) => summary.limits.down !== null,
  downloadedEver: ({ summary }) => summary.downloaded,
  error: ({ summary }) => (summary.error === undefined ? 0 : 3),
  errorString: ({ summary }) => summary.error?.message ?? '',
  eta: ({ summary }) => summary.secondsLeft ?? -1,
  hashString: ({ summary }) => summary.infoHashV1 ?? summary.id,
  haveUnchecked: () => 0,
  haveValid: ({ summary }) => summary.bytes,
  honorsSessionLimits: () => true,
  id: ({ id }) => id,
  isFinished: ({ summary }) =>
    summary.state === 'paused' && /^(?:ratio|time)$/.test(summary.waiting?.code ?? ''),
  isPrivate: ({ summary }) => summary.isPrivate,
  isStalled: ({ summary }) => summary.state === 'fetching' && summary.downRate === 0,
  labels: ({ summary }) => summary.labels,
  leftUntilDone: ({ summary }) => Math.max(0, summary.total - summary.bytes),
  metadataPercentComplete: ({ item }) => (item.record.hasTorrent || item.transfer.torrent ? 1 : 0),
  name: ({ summary }) => summary.name,
  'peer-limit': () => 0,
  peersConnected: ({ summary }) => summary.peers,
  peersGettingFromUs: ({ item }) =>
    item.transfer.peers.filter((peer) => peer.uploadBytesPerSecond > 0).length,
  peersSendingToUs: ({ item }) =>
    item.transfer.peers.filter((peer) => peer.downloadBytesPerSecond > 0).length,
  percentComplete: ({ summary }) => (summary.size === 0 ? 0 : summary.bytes / summary.size),
  percentDone: ({ summary }) => (summary.total === 0 ? 0 : summary.bytes / summary.total),
  queuePosition: ({ summary }) => summary.place,
  rateDownload: ({ summary }) => summary.downRate,
  rateUpload: ({ summary }) => summary.upRate,
  recheckProgress: () => 0,
  secondsDownloading: ({ summary: { addedMs, completedMs } }) =>
    completedMs === undefined ? 0 : Math.max(0, seconds(completedMs - addedMs)),
  secondsSeeding: ({ item }) => seconds(item.transfer.history.sharedMs),
  seedIdleLimit: () => 0,
  seedIdleMode: () => 0,
  seedRatioLimit: ({ summary }) => Math.min(summary.goals.ratio ?? 0, unlimitedRatio),
  seedRatioMode: ({ summary: { goals } }) =>
    goals.ratio === undefined ? 0 : goals.ratio >= unlimitedRatio ? 2 : 1,
  sizeWhenDone: ({ summary }) => summary.total,
  startDate: ({ summary }) => seconds(summary.addedMs),
  activityDate: ({ summary }) => seconds(summary.completedMs ?? summary.addedMs),
  status: ({ summary }) => statusOf(summary),
  totalSize: ({ summary }) => summary.size,
  uploadLimit: ({ summary }) => kilobytes(summary.limits.up),
  uploadLimited: ({ summary }) => summary.limits.up !== null,
  uploadRatio: ({ summary }) => ratioOf(summary),
  uploadedEver: ({ summary }) => summary.uploaded,
  trackerList: ({ item }) => item.record.trackers.map((tier) => tier.join('\n')).join('\n\n'),
  trackerStats: ({ item }) =>
    findersOf(item)
      .filter(({ kind }) => kind === 'tracker' || kind === 'index')
      .map(({ teller, state, message, seeds, leechers, peers, lastMs, nextMs }, id) => ({
        announce: teller,
        announceState: state === 'asking' ? 3 : 1,
        hasAnnounced: lastMs !== undefined,
        host: teller,
        id,
        lastAnnouncePeerCount: peers ?? 0,
        lastAnnounceResult: state === 'failed' ? (message ?? 'failed') : 'Success',
        lastAnnounceSucceeded: state === 'answered',
        lastAnnounceTime: seconds(lastMs),
        leecherCount: leechers ?? -1,
        nextAnnounceTime: seconds(nextMs),
        scrapeState: 0,
        hasScraped: false,
        lastScrapeSucceeded: false,
        lastScrapeTime: 0,
        nextScrapeTime: 0,
        isBackup: false,
        seederCount: seeds ?? -1,
        downloadCount: -1,
        tier: id,
      })),
  trackers: ({ item }) =>
    item.record.trackers.flatMap((tier, number) =>
      tier.map((announce, index) => ({
        announce,
        id: trackerNumber(number, index),
        scrape: '',
        tier: number,
      })),
    ),
  peers: ({ item }) =>
    peersOf(item).map((peer) => ({
      address: peer.address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'),
      port: Number(/:(\d+)$/.exec(peer.address)?.[1] ?? 0),
      clientName: peer.client ?? '',
      flagStr: peer.flags,
      isEncrypted: peer.isEncrypted,
      isIncoming: peer.isIncoming,
      isDownloadingFrom: peer.downRate > 0,
      isUploadingTo: peer.upRate > 0,
      progress: peer.has,
      rateToClient: peer.downRate,
      rateToPeer: peer.upRate,
    })),
  webseedsSendingToUs: ({ item }) =>
    item.transfer.webSeeds.filter(({ state }) => state === 'fetching').length,
};

const ofTorrent: Readonly<Record<string, Field>> = {
  comment: ({ torrent }) => torrent?.comment ?? '',
  creator: ({ torrent }) => torrent?.createdBy ?? '',
  dateCreated: ({ torrent }) => torrent?.creationDate ?? 0,
  'file-count': (described) => filesIn(described).length,
  files: (described) =>
    filesIn(described).map(({ path, size, bytes }) => ({ name: path, length: size, bytesCompleted: bytes })),
  fileStats: (described) =>
    filesIn(described).map(({ bytes, isWanted, priority }) => ({
      bytesCompleted: bytes,
      wanted: isWanted,
      priority: priorityNumber(priority),
    })),
  magnetLink: ({ item, summary, torrent }) => detailsOf(item, summary.place, torrent).magnet,
  pieceCount: ({ torrent }) => torrent?.layout.pieceCount ?? 0,
  pieceSize: ({ torrent }) => torrent?.layout.pieceLength ?? 0,
  pieces: ({ item, torrent }) => {
    const states = Buffer.from(piecesOf(item, torrent).states, 'base64');
    const bits = Buffer.alloc(Math.ceil(states.length / 8));
    for (const [piece, state] of states.entries())
      if (state === 2) bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7));
    return bits.toString('base64');
  },
  priorities: (described) => filesIn(described).map(({ priority }) => priorityNumber(priority)),
  wanted: (described) => filesIn(described).map(({ isWanted }) => (isWanted ? 1 : 0)),
  webseeds: ({ torrent, item }) => [...(torrent?.webSeeds ?? []), ...item.record.webSeeds],
};

function filesIn({ item, torrent }: Described) {
  if (torrent === undefined) return [];
  const folder = torrent.folder === undefined ? '' : `${item.transfer.name}/`;
  return filesOf(item, torrent).map((file) => ({ ...file, path: folder + file.path }));
}

function priorityNumber(priority: string): number {
  return priority === 'low' ? -1 : priority === 'high' ? 1 : 0;
}

export function needsTorrent(fields: readonly string[]): boolean {
  return fields.some((field) => Object.hasOwn(ofTorrent, field));
}

export function describeFields(described: Described, fields: readonly string[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const field of fields) {
    const value = Object.hasOwn(plain, field)
      ? plain[field]
      : Object.hasOwn(ofTorrent, field)
        ? ofTorrent[field]
        : undefined;
    if (value !== undefined) found[field] = value(described);
  }
  return found;
}
