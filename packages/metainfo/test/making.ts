// Torrents from files in memory, hashed the plain way, for tests and fuzzers.

import { createNodeWorld } from '@shoal/base/node';
import {
  type CreateDetails,
  createTorrent,
  type Digest,
  fileTree,
  leafLength,
  pieceWork,
  planTorrent,
  type SourceFile,
  type TorrentFormat,
} from '@shoal/metainfo';

const { hashing } = createNodeWorld();
export const digest: Digest = (name, bytes) => hashing.digest(name, bytes);

export interface MemoryFile {
  readonly path: readonly string[];
  readonly content: Uint8Array;
}

export interface Making {
  readonly name?: string;
  /** Without a path below a folder, one file is the torrent. */
  readonly files: readonly MemoryFile[] | Uint8Array;
  readonly format: TorrentFormat;
  readonly pieceLength?: number;
  readonly details?: CreateDetails;
}

export function makeTorrent(making: Making): Uint8Array {
  const { files, format, pieceLength } = making;
  const contents = files instanceof Uint8Array ? [files] : files.map((file) => file.content);
  const sources: SourceFile | SourceFile[] =
    files instanceof Uint8Array
      ? { path: [], length: files.length }
      : files.map(({ path, content }) => ({ path, length: content.length }));
  const plan = planTorrent({
    name: making.name ?? 'name',
    files: sources,
    format,
    ...(pieceLength === undefined ? {} : { pieceLength }),
  });
  const v1: Uint8Array[] = [];
  const v2: Uint8Array[] = [];
  for (let piece = 0; piece < plan.layout.pieceCount; piece++) {
    const work = pieceWork(plan, piece);
    const read = ({ file, offset, length }: { file: number; offset: number; length: number }) => {
      const source = plan.sources[file] ?? -1;
      return source < 0
        ? new Uint8Array(length)
        : (contents[source] ?? new Uint8Array(0)).subarray(offset, offset + length);
    };
    if (work.v1 !== undefined) v1.push(digest('sha1', Buffer.concat(work.v1.map(read))));
    if (work.v2 !== undefined) v2.push(fileTree(digest, leavesOf(read(work.v2)), work.leafCount).pieceLayer);
  }
  return createTorrent(
    plan,
    {
      ...(v1.length > 0 ? { v1: Buffer.concat(v1) } : {}),
      ...(v2.length > 0 ? { v2: Buffer.concat(v2) } : {}),
    },
    making.details ?? {},
    digest,
  );
}

/** SHA-256 of each 16 KiB. */
export function leavesOf(content: Uint8Array): Uint8Array {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += leafLength) {
    leaves.push(digest('sha256', content.subarray(at, at + leafLength)));
  }
  return Buffer.concat(leaves);
}

/** Bytes that differ from piece to piece. */
export function someBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed * 2654435761 + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}
