// Torrents for tests, made in memory.

import { hash } from 'node:crypto';
import type { Hashing } from '@shoal/base';
import {
  createTorrent,
  fileTree,
  leafLength,
  parseTorrent,
  pieceWork,
  planTorrent,
  type SourceFile,
  type Torrent,
  type TorrentFormat,
} from '@shoal/metainfo';

const digest: Hashing['digest'] = (name, bytes) => hash(name, bytes, 'buffer');

export interface Sample {
  readonly torrent: Torrent;
  /** The torrent file. */
  readonly bytes: Uint8Array;
  /** By path below the torrent's folder, or by its name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface SampleOptions {
  readonly format?: TorrentFormat;
  readonly pieceLength?: number;
  readonly name?: string;
  readonly isPrivate?: boolean;
}

/** The same bytes for the same seed. */
export function someBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

export function makeSample(
  contents: Uint8Array | Readonly<Record<string, Uint8Array>>,
  options: SampleOptions = {},
): Sample {
  const { name = 'sample', format = 'v1', pieceLength, isPrivate = false } = options;
  const files = new Map(contents instanceof Uint8Array ? [[name, contents]] : Object.entries(contents));
  const sources = [...files].map(
    ([path, bytes]): SourceFile => ({ path: path.split('/'), length: bytes.length }),
  );
  const plan = planTorrent({
    name,
    files: contents instanceof Uint8Array ? (sources[0] ?? []) : sources,
    format,
    ...(pieceLength === undefined ? {} : { pieceLength }),
  });
  const bytesOf = (range: { file: number; offset: number; length: number }) => {
    const bytes = [...files.values()][plan.sources[range.file] ?? -1] ?? new Uint8Array(range.length);
    return bytes.length === range.length ? bytes : bytes.subarray(range.offset, range.offset + range.length);
  };
  const { layout } = plan;
  const v1 = new Uint8Array(layout.pieceCount * 20);
  const v2 = new Uint8Array(layout.pieceCount * 32);
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    const work = pieceWork(plan, piece);
    if (work.v1 !== undefined) v1.set(digest('sha1', Buffer.concat(work.v1.map(bytesOf))), piece * 20);
    if (work.v2 !== undefined) v2.set(rootOf(bytesOf(work.v2), work.leafCount), piece * 32);
  }
  const bytes = createTorrent(plan, { v1, v2 }, { isPrivate }, digest);
  return { torrent: parseTorrent(bytes, digest), bytes, files };
}

function rootOf(bytes: Uint8Array, leafCount: number): Uint8Array {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += leafLength)
    leaves.push(digest('sha256', bytes.subarray(at, at + leafLength)));
  // Padded with zero hashes, as BEP 52 has it.
  while (leaves.length < leafCount) leaves.push(new Uint8Array(32));
  return fileTree(digest, Buffer.concat(leaves), leafCount).root;
}
