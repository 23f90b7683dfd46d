// A file that is put here: its bytes go to a hidden part beside its place, in order, and from where they stopped when the
// connection broke; when all are there, synced and hashed, the part takes the name at once. Invariant: under its own
// name a file is always whole, and an upload is acknowledged when it survives a power cut.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { partKeptMs, readLength } from './bounds.ts';

export type UploadAnswer =
  | { readonly kind: 'done'; readonly isNew: boolean; readonly sha256: string; readonly length: number }
  /** It came in part, or would have left a gap; the next one begins at `at`. */
  | { readonly kind: 'more' | 'gap'; readonly at: number }
  | { readonly kind: 'refused'; readonly status: number; readonly why: string };

/** Names to which something is being uploaded: two at once would mix. */
const busy = new Set<string>();

/** Parts that nobody goes on with any more are in the way of nobody, and take room. */
export async function sweepParts(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!partPattern.test(name)) continue;
    const path = join(folder, name);
    const part = await lstat(path).catch(() => undefined);
    if (part?.isFile() && isOld(part.mtimeMs)) await unlink(path).catch(() => {});
  }
}

/** How much of an upload to this place is here. */
export async function uploadedLength(path: string): Promise<number> {
  const part = await stat(partOf(path)).catch(() => undefined);
  return part === undefined || isOld(part.mtimeMs) ? 0 : part.size;
}

export async function receive(request: IncomingMessage, path: string): Promise<UploadAnswer> {
  const wanted = partWanted(request.headers);
  if (wanted === undefined)
    return refused(400, 'Content-Range is bytes FIRST-LAST/LENGTH, as long as the body.');
  if (busy.has(path)) return refused(409, 'Somebody else is uploading this file.');
  busy.add(path);
  try {
    const here = await uploadedLength(path);
    if (wanted.first > here) return { kind: 'gap', at: here };
    const isNew = (await stat(path).catch(() => undefined)) === undefined;
    const file = await open(partOf(path), wanted.first === 0 ? 'w' : 'r+', 0o666);
    let end: number;
    try {
      await file.truncate(wanted.first);
      end = await take(request, file, wanted);
      await file.sync();
    } finally {
      await file.close();
    }
    if (end > wanted.end) {
      await unlink(partOf(path));
      return refused(400, 'It is longer than it said.');
    }
    const isAll = wanted.length === undefined ? request.complete : end === wanted.length;
    if (!isAll) return { kind: 'more', at: end };
    return await finish(request, path, end, isNew);
  } finally {
    busy.delete(path);
  }
}

async function finish(
  request: IncomingMessage,
  path: string,
  length: number,
  isNew: boolean,
): Promise<UploadAnswer> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(partOf(path), { highWaterMark: readLength }), hash);
  const digest = hash.digest();
  const [, said] =
    /^sha-256=:?([A-Za-z0-9+/]{43}=):?$/.exec(
      `${request.headers['content-digest'] ?? request.headers['repr-digest'] ?? ''}`,
    ) ?? [];
  if (said !== undefined && said !== digest.toString('base64')) {
    await unlink(partOf(path));
    return refused(400, 'Its checksum is not the one that was said.');
  }
  await rename(partOf(path), path);
  const folder = await open(dirname(path));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return { kind: 'done', isNew, sha256: digest.toString('hex'), length };
}

/** Writes what comes in order; where it ends. A connection that breaks leaves what came; what is too much is not read. */
async function take(request: IncomingMessage, file: FileHandle, wanted: Wanted): Promise<number> {
  let at = wanted.first;
  try {
    for await (const bytes of request.iterator({ destroyOnReturn: false })) {
      if (at + bytes.length > wanted.end) return at + bytes.length;
      const { bytesWritten } = await file.write(bytes, 0, bytes.length, at);
      at += bytesWritten;
    }
  } catch (error) {
    // ENOSPC and the like are ours to tell; the rest is that the client is gone.
    if (error instanceof Error && 'syscall' in error && error.syscall === 'write') throw error;
  }
  return at;
}

interface Wanted {
  readonly first: number;
  /** Where the body ends at the latest. */
  readonly end: number;
  /** Of the whole file; undefined when only the end of the body says it. */
  readonly length?: number;
}

/** Where the body belongs; undefined for a Content-Range that means nothing. */
function partWanted(headers: IncomingMessage['headers']): Wanted | undefined {
  const said = headers['content-length'];
  const given = headers['content-range'];
  if (given === undefined)
    return said === undefined
      ? { first: 0, end: Number.POSITIVE_INFINITY }
      : { first: 0, end: Number(said), length: Number(said) };
  const [, first, last, length] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(given) ?? [];
  const [from, to, all] = [Number(first), Number(last), Number(length)];
  if (first === undefined || from > to || to >= all) return undefined;
  if (said !== undefined && Number(said) !== to - from + 1) return undefined;
  return { first: from, end: to + 1, length: all };
}

function isOld(mtimeMs: number): boolean {
  return Date.now() - mtimeMs > partKeptMs;
}

const partPattern = /^\.shoal-part-[0-9a-f]{32}$/;

function partOf(path: string): string {
  // Of one length, since a name may have none to spare.
  const name = createHash('sha256').update(basename(path)).digest('hex').slice(0, 32);
  return join(dirname(path), `.shoal-part-${name}`);
}

function refused(status: number, why: string): UploadAnswer {
  return { kind: 'refused', status, why };
}
