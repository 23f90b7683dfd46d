// A Torrent as a .torrent file: the info dictionary exactly as it is, and what stands beside it.

import { type BencodeNode, type BencodeValue, decodeBencode, encodeBencode } from '@shoal/base';
import type { PieceHashes } from './piece-hashes.ts';
import type { HostPort, Torrent } from './types.ts';

/** What stands beside the info dictionary. */
export type TorrentDetails = Partial<
  Pick<
    Torrent,
    'trackers' | 'webSeeds' | 'nodes' | 'comment' | 'createdBy' | 'creationDate' | 'similar' | 'collections'
  >
>;

/**
 * Unknown keys are kept. Piece layers are written as far as they are known: without all of them (`hashes.isComplete`)
 * a v2 or hybrid file is not valid.
 */
export function encodeTorrent(torrent: Torrent): Uint8Array {
  const entries = new Map<string | Uint8Array, BencodeValue>(torrent.otherKeys);
  const info = decodeBencode(torrent.info, { lenient: true });
  if (torrent.format !== 'v1') entries.set('piece layers', layersOf(torrent.hashes));
  return encodeFile(info, torrent, entries);
}

/** `entries` gets what is encoded, `info` excepted. */
export function encodeFile(
  info: BencodeNode,
  details: TorrentDetails,
  entries: Map<string | Uint8Array, BencodeValue>,
): Uint8Array {
  const { trackers = [], webSeeds = [], nodes = [], similar = [], collections = [] } = details;
  const first = trackers[0]?.[0];
  if (first !== undefined) entries.set('announce', first);
  if (trackers.flat().length > 1) entries.set('announce-list', trackers);
  if (webSeeds.length > 0) entries.set('url-list', webSeeds.length === 1 ? (webSeeds[0] ?? '') : webSeeds);
  if (nodes.length > 0) entries.set('nodes', nodes.map(nodeEntry));
  if (similar.length > 0) entries.set('similar', similar);
  if (collections.length > 0) entries.set('collections', collections);
  if (details.comment !== undefined) entries.set('comment', details.comment);
  if (details.createdBy !== undefined) entries.set('created by', details.createdBy);
  if (details.creationDate !== undefined) entries.set('creation date', details.creationDate);
  entries.set('info', info);
  return encodeBencode(entries);
}

function nodeEntry({ host, port }: HostPort): BencodeValue {
  return [host, port];
}

function layersOf(hashes: PieceHashes): Map<Uint8Array, BencodeValue> {
  const layers = new Map<Uint8Array, BencodeValue>();
  for (const { piecesRoot, hashes: layer } of hashes.pieceLayers()) layers.set(piecesRoot, layer);
  return layers;
}
