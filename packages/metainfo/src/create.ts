// A torrent file from a plan and the hashes of its pieces. Pure: the same input gives the same bytes, and info hash.

import { type BencodeValue, compareBytes, decodeBencode, encodeBencode } from '@shoal/base';
import { leafLength } from './bounds.ts';
import { encodeFile, type TorrentDetails } from './encode.ts';
import { check } from './errors.ts';
import { hashLength, pieceLayerRoot } from './merkle.ts';
import type { TorrentPlan } from './plan.ts';
import type { Digest, TorrentFile } from './types.ts';

/** One after the other in the order of the pieces, each as `pieceWork` has it. */
export interface CreatedHashes {
  /** SHA-1, 20 bytes a piece. */
  readonly v1?: Uint8Array;
  /** Merkle roots, 32 bytes a piece. */
  readonly v2?: Uint8Array;
}

export interface CreateDetails extends TorrentDetails {
  readonly isPrivate?: boolean;
  readonly source?: string;
}

export function createTorrent(
  plan: TorrentPlan,
  hashes: CreatedHashes,
  details: CreateDetails,
  digest: Digest,
): Uint8Array {
  const { layout, format, name } = plan;
  const info: Record<string, BencodeValue> = { name, 'piece length': layout.pieceLength };
  if (details.isPrivate === true) info.private = 1;
  if (details.source !== undefined) info.source = details.source;
  const entries = new Map<string | Uint8Array, BencodeValue>();
  if (format !== 'v2') {
    check(hashes.v1?.length === layout.pieceCount * 20, 'Each piece needs a SHA-1 hash.');
    info.pieces = hashes.v1 ?? '';
    if (plan.isOneFile) info.length = layout.contentLength;
    else info.files = layout.files.map(listEntry);
  }
  if (format !== 'v1') {
    check(hashes.v2?.length === layout.pieceCount * hashLength, 'Each piece needs a merkle root.');
    info['meta version'] = 2;
    info['file tree'] = fileTreeOf(plan, hashes.v2 ?? new Uint8Array(0), digest, entries);
  }
  return encodeFile(decodeBencode(encodeBencode(info)), details, entries);
}

function listEntry(file: TorrentFile): BencodeValue {
  const { length, path, isPad } = file;
  return isPad ? { attr: 'p', length, path } : { length, path };
}

type Tree = Map<string, BencodeValue>;

function fileTreeOf(
  plan: TorrentPlan,
  hashes: Uint8Array,
  digest: Digest,
  entries: Map<string | Uint8Array, BencodeValue>,
): Tree {
  const { layout } = plan;
  const root: Tree = new Map();
  const folders = new Map<string, Tree>([['', root]]);
  const layers: [Uint8Array, Uint8Array][] = [];
  for (const [index, file] of layout.files.entries()) {
    if (file.isPad) continue;
    const { first, end } = layout.filePieces(index);
    const layer = hashes.subarray(first * hashLength, end * hashLength);
    const isSmall = file.length <= layout.pieceLength;
    const piecesRoot = isSmall ? layer : pieceLayerRoot(digest, layer, layout.pieceLength / leafLength);
    if (!isSmall) layers.push([piecesRoot, layer]);
    const leaf: Record<string, BencodeValue> = { length: file.length };
    if (file.length > 0) leaf['pieces root'] = piecesRoot;
    folderOf(folders, file.path.slice(0, -1)).set(file.path.at(-1) ?? '', { '': leaf });
  }
  entries.set('piece layers', new Map(distinct(layers)));
  return root;
}

function folderOf(folders: Map<string, Tree>, path: readonly string[]): Tree {
  const key = path.join('/');
  let folder = folders.get(key);
  if (folder === undefined) {
    folder = new Map();
    folders.set(key, folder);
    folderOf(folders, path.slice(0, -1)).set(path.at(-1) ?? '', folder);
  }
  return folder;
}

/** Files of equal content share a layer. */
function distinct(
  layers: readonly (readonly [Uint8Array, Uint8Array])[],
): (readonly [Uint8Array, Uint8Array])[] {
  const sorted = layers.toSorted(([a], [b]) => compareBytes(a, b));
  return sorted.filter(([root], index) => {
    const previous = sorted[index - 1]?.[0];
    return previous === undefined || compareBytes(previous, root) !== 0;
  });
}
