// From a file or folder on a disk to a torrent file beside it. Content is hashed by the World, and read once
// (but for the last piece of a file in a hybrid). The torrent file appears whole or not at all.

import { basename, dirname } from 'node:path';
import { type FileRange, type Hashing, type World, WorldError } from '@shoal/base';
import {
  type CreateDetails,
  createTorrent,
  type Layout,
  type FileRange as LayoutRange,
  leafLength,
  pieceWork,
  planTorrent,
  type TorrentFormat,
  type TorrentPlan,
} from '@shoal/metainfo';
import { NodeError } from '../errors.ts';
import { type FindOptions, type FoundFile, findFiles } from './find-files.ts';

export interface MakeOptions extends Pick<FindOptions, 'signal' | 'onLeftOut'> {
  /** Absolute: what the torrent is of. */
  readonly path: string;
  /** Absolute: where it is written. */
  readonly file: string;
  readonly format: TorrentFormat;
  readonly pieceLength: number | undefined;
  readonly overwrite: boolean;
  readonly details: CreateDetails;
  readonly onProgress: (done: number, total: number) => void;
}

type Parts = Pick<World, 'disk' | 'hashing' | 'random'>;

export interface MadeTorrent {
  /** What was written. */
  readonly bytes: Uint8Array;
  /** The files under the names that they have here; the torrent, once read, gives them safe ones. */
  readonly layout: Layout;
}

export async function makeTorrentFile(world: Parts, options: MakeOptions): Promise<MadeTorrent> {
  if (!options.overwrite && (await exists(world, options.file))) throw isThere(options.file);
  const { files, isOneFile } = await filesOf(world, options);
  const plan = planTorrent({
    name: basename(options.path),
    files: isOneFile ? (files[0] ?? []) : files,
    format: options.format,
    ...(options.pieceLength === undefined ? {} : { pieceLength: options.pieceLength }),
  });
  const hashes = await hashPieces(world.hashing, plan, files, options);
  await checkUnchanged(world, files);
  const digest: Hashing['digest'] = (name, bytes) => world.hashing.digest(name, bytes);
  const bytes = createTorrent(plan, hashes, options.details, digest);
  await writeWhole(world, options, bytes);
  return { bytes, layout: plan.layout };
}

async function filesOf(
  { disk }: Parts,
  options: MakeOptions,
): Promise<{ readonly files: readonly FoundFile[]; readonly isOneFile: boolean }> {
  const { path, signal, onLeftOut } = options;
  // A link that is named here is meant; those inside a folder are not followed.
  try {
    const file = await disk.open(path);
    try {
      const { length, modifiedMs } = await file.stat();
      return { files: [{ path: [], at: path, length, modifiedMs }], isOneFile: true };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof WorldError) || error.code !== 'is-folder') throw error;
  }
  const files = await findFiles(disk, path, { except: options.file, signal, onLeftOut });
  if (files.length === 0)
    throw new NodeError('nothing-to-share', `There are no files in ${path} to make a torrent of.`);
  return { files, isOneFile: false };
}

/** Bytes that are asked of the hash workers at once: enough to keep them busy. */
const mostBytesAtOnce = 64 * 1024 * 1024;
const mostPiecesAtOnce = 64;

async function hashPieces(
  hashing: Hashing,
  plan: TorrentPlan,
  files: readonly FoundFile[],
  { signal, onProgress }: MakeOptions,
): Promise<{ readonly v1?: Uint8Array; readonly v2?: Uint8Array }> {
  const { pieceCount, pieceLength, contentLength } = plan.layout;
  const v1 = new Uint8Array(plan.format === 'v2' ? 0 : 20 * pieceCount);
  const v2 = new Uint8Array(plan.format === 'v1' ? 0 : 32 * pieceCount);
  let next = 0;
  let done = 0;
  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);

  async function hashOnes(): Promise<void> {
    while (next < pieceCount) {
      stop.throwIfAborted();
      const piece = next++;
      const hashes = await hashPiece(hashing, plan, files, piece, stop);
      if (hashes.v1 !== undefined) v1.set(hashes.v1, 20 * piece);
      if (hashes.v2 !== undefined) v2.set(hashes.v2, 32 * piece);
      done = Math.min(done + pieceLength, contentLength);
      onProgress(done, contentLength);
    }
  }

  const count = Math.max(2, Math.min(mostPiecesAtOnce, Math.floor(mostBytesAtOnce / pieceLength)));
  try {
    await Promise.all(Array.from({ length: count }, hashOnes));
  } catch (error) {
    failure.abort();
    throw error;
  }
  return { ...(v1.length > 0 ? { v1 } : {}), ...(v2.length > 0 ? { v2 } : {}) };
}

async function hashPiece(
  hashing: Hashing,
  plan: TorrentPlan,
  files: readonly FoundFile[],
  piece: number,
  signal: AbortSignal,
): Promise<{ readonly v1?: Uint8Array; readonly v2?: Uint8Array }> {
  const work = pieceWork(plan, piece);
  const run = async (ranges: readonly LayoutRange[], wanted: { sha1?: true; merkle?: true }) => {
    const named = ranges.map((range) => sourceOf(plan, files, range));
    const result = await hashing.run(
      {
        source: { kind: 'file', ranges: named },
        ...(wanted.sha1 ? { sha1: true } : {}),
        ...(wanted.merkle ? { merkle: { leafLength, leafCount: work.leafCount } } : {}),
      },
      signal,
    );
    const length = ranges.reduce((sum, range) => sum + range.length, 0);
    if (result.bytesRead < length) throw changed(named.map(({ path }) => path).filter(Boolean));
    return result;
  };
  // Padding counts for v1, and is no part of the tree of v2: then the piece takes two readings.
  const isShared = work.v2 !== undefined && work.v1?.length === 1;
  if (isShared) {
    const { sha1, root } = await run(work.v1 ?? [], { sha1: true, merkle: true });
    return { ...(sha1 && { v1: sha1 }), ...(root && { v2: root }) };
  }
  const first = work.v1 === undefined ? undefined : await run(work.v1, { sha1: true });
  const second = work.v2 === undefined ? undefined : await run([work.v2], { merkle: true });
  return { ...(first?.sha1 && { v1: first.sha1 }), ...(second?.root && { v2: second.root }) };
}

/** An empty path stands for zeros. */
function sourceOf(plan: TorrentPlan, files: readonly FoundFile[], range: LayoutRange): FileRange {
  const path = files[plan.sources[range.file] ?? -1]?.at ?? '';
  return { path, offset: range.offset, length: range.length };
}

/** Compares lengths and times with what they were before the first byte was hashed. */
async function checkUnchanged({ disk }: Parts, files: readonly FoundFile[]): Promise<void> {
  for (const { at, length, modifiedMs } of files) {
    const stat = await disk.stat(at);
    if (stat.kind !== 'link' && (stat.length !== length || stat.modifiedMs !== modifiedMs))
      throw changed([at]);
  }
}

function changed(paths: readonly string[]): NodeError {
  return new NodeError(
    'file-changed',
    `${paths.join(' or ')} changed while it was read. Nothing was written; try again.`,
  );
}

async function exists({ disk }: Parts, path: string): Promise<boolean> {
  try {
    await disk.stat(path);
    return true;
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found') return false;
    throw error;
  }
}

function isThere(path: string): NodeError {
  return new NodeError('file-exists', `${path} is there already. Give --overwrite to replace it.`);
}

/** Under another name first, so that nobody ever sees half of it. */
async function writeWhole({ disk, random }: Parts, options: MakeOptions, bytes: Uint8Array): Promise<void> {
  const { file, overwrite } = options;
  const unfinished = `${file}.${random.below(2 ** 32).toString(36)}.part`;
  const written = await disk.open(unfinished, { write: true, create: 'new' });
  try {
    try {
      await written.write([bytes], 0);
      await written.sync();
    } finally {
      await written.close();
    }
    if (overwrite) await disk.rename(unfinished, file);
    else await disk.renameNew(unfinished, file);
  } catch (error) {
    await disk.removeFile(unfinished).catch(() => {});
    throw error instanceof WorldError && error.code === 'exists' ? isThere(file) : error;
  }
  await disk.syncFolder(dirname(file));
}
