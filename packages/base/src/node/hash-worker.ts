// The thread that hashes, and writes what has the right digest. It imports nothing but Node and types, so that it
// starts fast. Bytes come as chunks in order, from memory or from files, and go through every digest that the job asks for.

import { createHash, type Hash, hash } from 'node:crypto';
import { closeSync, constants, openSync, readSync, writeSync, writevSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { FileRange } from '../world/hashing.ts';
import type { StoreJob, WorkerBatch, WorkerJob, WorkerResult } from './hash-messages.ts';

const hashLength = 32;
/** Fits the second-level cache, and is a whole number of leaves (16 KiB). */
const readLength = 512 * 1024;
/** Open files of one batch. They are closed with the batch, so a replaced file is never read by its old number. */
const mostOpenFiles = 32;
/**
 * Linux gives the page cache memory in runs as long as the write. Virtual machines that report free memory to their
 * host lose just the long runs, and get them back page by page: a GiB costs 0.25 s of system time in writes of up to
 * 256 KiB and 1.3 to 2.3 s in longer ones. Where memory is not reported, it makes no difference.
 */
const longestWrite = 256 * 1024;
/** IOV_MAX on Linux, macOS and the BSDs. */
const mostBuffersInWrite = 1024;

const readBuffer = new Uint8Array(readLength);

/** As text of one character a byte it costs 0.4 µs less than as an object of its own. */
function sha256Into(target: Buffer, offset: number, bytes: Uint8Array): void {
  target.write(hash('sha256', bytes, 'latin1'), offset, 'latin1');
}

/** SHA-256 of each run of `leafLength` bytes. */
class LeafHasher {
  readonly #leafLength: number;
  readonly #leaves: Buffer<ArrayBuffer>;
  #count = 0;
  #partial: Hash | undefined;
  #partialLength = 0;

  constructor(leafLength: number, byteLength: number) {
    this.#leafLength = leafLength;
    this.#leaves = Buffer.alloc(Math.ceil(byteLength / leafLength) * hashLength);
  }

  update(bytes: Uint8Array): void {
    let offset = 0;
    while (offset < bytes.length) {
      const end = Math.min(bytes.length, offset + this.#leafLength - this.#partialLength);
      const run = bytes.subarray(offset, end);
      if (run.length === this.#leafLength) {
        sha256Into(this.#leaves, this.#count * hashLength, run);
        this.#count++;
      } else {
        this.#partial ??= createHash('sha256');
        this.#partial.update(run);
        this.#partialLength += run.length;
        if (this.#partialLength === this.#leafLength) this.#endPartial();
      }
      offset = end;
    }
  }

  finish(): Buffer<ArrayBuffer> {
    this.#endPartial();
    return this.#leaves;
  }

  #endPartial(): void {
    if (this.#partial === undefined) return;
    this.#leaves.set(this.#partial.digest(), this.#count * hashLength);
    this.#count++;
    this.#partial = undefined;
    this.#partialLength = 0;
  }
}

/** BEP 52: pairs upwards; where a layer runs out, the root of a subtree of zero leaves stands in. */
function merkleRoot(leaves: Uint8Array, leafCount: number): Uint8Array {
  const pairLength = hashLength * 2;
  const layer = Buffer.alloc(Math.max(leaves.length, hashLength));
  layer.set(leaves);
  let length = leaves.length;
  const zeros = Buffer.alloc(pairLength);
  const pair = Buffer.alloc(pairLength);
  for (let width = leafCount; width > 1; width /= 2) {
    const isOdd = length % pairLength !== 0;
    const whole = isOdd ? length - hashLength : length;
    // A parent lands where its children no longer are needed.
    for (let at = 0; at < whole; at += pairLength)
      sha256Into(layer, at / 2, layer.subarray(at, at + pairLength));
    if (isOdd) {
      pair.set(layer.subarray(whole, length));
      pair.set(zeros.subarray(0, hashLength), hashLength);
      sha256Into(layer, whole / 2, pair);
    }
    length = Math.ceil(length / pairLength) * hashLength;
    sha256Into(zeros, 0, zeros);
    zeros.copy(zeros, hashLength, 0, hashLength);
  }
  return new Uint8Array(length === 0 ? zeros.subarray(0, hashLength) : layer.subarray(0, hashLength));
}

class OpenFiles {
  readonly #numbers = new Map<string, number>();

  numberOf(path: string): number {
    let fd = this.#numbers.get(path);
    if (fd === undefined) {
      const oldest = this.#numbers.entries().next();
      if (this.#numbers.size >= mostOpenFiles && !oldest.done) {
        this.#numbers.delete(oldest.value[0]);
        closeSync(oldest.value[1]);
      }
      fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      this.#numbers.set(path, fd);
    }
    return fd;
  }

  closeAll(): void {
    for (const fd of this.#numbers.values()) closeSync(fd);
    this.#numbers.clear();
  }
}

/** Calls `use` with all bytes of the ranges in order, in full buffers; returns how many there were. */
function readRanges(
  ranges: readonly FileRange[],
  files: OpenFiles,
  use: (bytes: Uint8Array) => void,
): number {
  let filled = 0;
  let total = 0;
  for (const { path, offset, length } of ranges) {
    const fd = path === '' ? -1 : numberOrPathError(files, path);
    for (let done = 0; done < length; ) {
      const room = Math.min(length - done, readLength - filled);
      let count = room;
      if (fd === -1) readBuffer.fill(0, filled, filled + room);
      else count = readOrPathError(fd, filled, room, offset + done, path);
      if (count === 0) return total;
      done += count;
      filled += count;
      total += count;
      if (filled === readLength) {
        use(readBuffer);
        filled = 0;
      }
    }
  }
  if (filled > 0) use(readBuffer.subarray(0, filled));
  return total;
}

class PathError extends Error {
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(path, { cause });
    this.path = path;
  }
}

function numberOrPathError(files: OpenFiles, path: string): number {
  try {
    return files.numberOf(path);
  } catch (error) {
    throw new PathError(path, error);
  }
}

function readOrPathError(fd: number, at: number, length: number, position: number, path: string): number {
  try {
    return readSync(fd, readBuffer, at, length, position);
  } catch (error) {
    throw new PathError(path, error);
  }
}

/** Writes the first `length` bytes that the triples name, in short calls without a pause between them. */
function store(
  { fd, position, length }: StoreJob,
  blocks: readonly number[],
  memories: readonly Uint8Array[],
): void {
  let parts: Uint8Array[] = [];
  let partBytes = 0;
  let at = position;
  const end = position + length;
  const flush = (): void => {
    if (parts.length > 0) at = writeParts(fd, parts, partBytes, at);
    parts = [];
    partBytes = 0;
  };
  for (let i = 0; i + 2 < blocks.length; i += 3) {
    const memory = memories[blocks[i] ?? 0];
    let from = blocks[i + 1] ?? 0;
    let left = Math.min(blocks[i + 2] ?? 0, end - at - partBytes);
    while (memory !== undefined && left > 0) {
      const count = Math.min(left, longestWrite - partBytes);
      parts.push(memory.subarray(from, from + count));
      partBytes += count;
      from += count;
      left -= count;
      if (partBytes === longestWrite || parts.length === mostBuffersInWrite) flush();
    }
  }
  flush();
}

/** Returns the position after it. */
function writeParts(fd: number, parts: readonly Uint8Array[], total: number, position: number): number {
  let done = parts.length === 1 ? 0 : writevSync(fd, parts, position);
  // One part; or, where the disk just filled up or a signal came, what the call above left over.
  let start = 0;
  for (const part of parts) {
    const end = start + part.length;
    while (done < end) done += writeSync(fd, part, done - start, end - done, position + done);
    start = end;
  }
  return position + total;
}

function lengthOf(job: WorkerJob): number {
  if (job.ranges !== undefined) return job.ranges.reduce((total, range) => total + range.length, 0);
  const blocks = job.blocks ?? [];
  let total = 0;
  for (let i = 2; i < blocks.length; i += 3) total += blocks[i] ?? 0;
  return total;
}

function runJob(job: WorkerJob, memories: readonly Uint8Array[], files: OpenFiles): WorkerResult {
  const expected = lengthOf(job);
  const sha1 = job.sha1 ? createHash('sha1') : undefined;
  const leafHasher = job.leafLength > 0 ? new LeafHasher(job.leafLength, expected) : undefined;
  const use = (bytes: Uint8Array): void => {
    sha1?.update(bytes);
    leafHasher?.update(bytes);
  };
  let bytesRead = 0;
  if (job.ranges !== undefined) {
    bytesRead = readRanges(job.ranges, files, use);
  } else {
    const blocks = job.blocks ?? [];
    for (let i = 0; i + 2 < blocks.length; i += 3) {
      const memory = memories[blocks[i] ?? 0];
      const offset = blocks[i + 1] ?? 0;
      const length = blocks[i + 2] ?? 0;
      if (memory !== undefined) use(memory.subarray(offset, offset + length));
      bytesRead += length;
    }
  }
  if (bytesRead < expected) return { bytesRead };
  const digests = digestsOf(job, sha1, leafHasher);
  if (job.store === undefined) return { bytesRead, ...digests };
  const { digest } = job.store;
  const isRight = digest === undefined || isEqual(digest, digests.sha1 ?? digests.root);
  if (isRight) store(job.store, job.blocks ?? [], memories);
  return { bytesRead, ...digests, isStored: isRight };
}

function digestsOf(
  job: WorkerJob,
  sha1: Hash | undefined,
  leafHasher: LeafHasher | undefined,
): { readonly sha1?: Uint8Array; readonly leaves?: Uint8Array; readonly root?: Uint8Array } {
  const leaves = leafHasher?.finish();
  return {
    ...(sha1 === undefined ? {} : { sha1: new Uint8Array(sha1.digest()) }),
    ...(leaves === undefined
      ? {}
      : { leaves: new Uint8Array(leaves.buffer), root: merkleRoot(leaves, job.leafCount) }),
  };
}

function isEqual(expected: Uint8Array, digest: Uint8Array | undefined): boolean {
  return digest !== undefined && Buffer.compare(expected, digest) === 0;
}

function toResult(error: unknown): WorkerResult {
  const path = error instanceof PathError ? error.path : '';
  const cause = error instanceof PathError ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const errno = cause instanceof Error && 'errno' in cause ? Number(cause.errno) : 0;
  const message = cause instanceof Error ? cause.message : String(cause);
  return { bytesRead: 0, error: { code, errno, message, path } };
}

parentPort?.on('message', (batch: WorkerBatch) => {
  const memories = batch.memories.map((memory) => new Uint8Array(memory));
  const files = new OpenFiles();
  const results = batch.jobs.map((job) => {
    try {
      return runJob(job, memories, files);
    } catch (error) {
      return toResult(error);
    }
  });
  files.closeAll();
  parentPort?.postMessage(results);
});
