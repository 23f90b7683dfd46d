// The thread that writes shared memory to files: one message for a whole run, written in short calls without a pause
// between them. It imports nothing but Node and types, so that it starts fast.

import { writeSync, writevSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

/** A file's number holds for all threads of a process; it stays open until the answer came. */
export interface WriteJob {
  readonly fd: number;
  readonly position: number;
  readonly memories: readonly SharedArrayBuffer[];
  /** Where the bytes are, as triples: index into `memories`, offset, length. */
  readonly blocks: readonly number[];
}

export interface WriteFailure {
  readonly code: string;
  readonly errno: number;
  readonly message: string;
}

/**
 * Linux gives the page cache memory in runs as long as the write. Virtual machines that report free memory to their
 * host lose just the long runs, and get them back page by page: a GiB costs 0.25 s of system time in writes of up to
 * 256 KiB and 1.3 to 2.3 s in longer ones. Where memory is not reported, it makes no difference.
 */
const longestCall = 256 * 1024;
/** IOV_MAX on Linux, macOS and the BSDs. */
const mostBuffersInCall = 1024;

function write({ fd, position, memories, blocks }: WriteJob): void {
  const views = memories.map((memory) => new Uint8Array(memory));
  let at = position;
  for (let i = 0; i < blocks.length; ) {
    const length = blocks[i + 2] ?? 0;
    if (length >= longestCall || i + 3 >= blocks.length) {
      at = writeLong(fd, views[blocks[i] ?? 0], blocks[i + 1] ?? 0, length, at);
      i += 3;
      continue;
    }
    const parts: Uint8Array[] = [];
    let total = 0;
    for (; i < blocks.length && parts.length < mostBuffersInCall; i += 3) {
      const more = blocks[i + 2] ?? 0;
      if (total > 0 && total + more > longestCall) break;
      const from = blocks[i + 1] ?? 0;
      parts.push((views[blocks[i] ?? 0] ?? new Uint8Array(0)).subarray(from, from + more));
      total += more;
    }
    at = writeParts(fd, parts, total, at);
  }
}

/** Returns the position after it. */
function writeLong(
  fd: number,
  memory: Uint8Array | undefined,
  from: number,
  length: number,
  position: number,
): number {
  if (memory === undefined) return position;
  for (let done = 0; done < length; )
    done += writeSync(fd, memory, from + done, Math.min(longestCall, length - done), position + done);
  return position + length;
}

function writeParts(fd: number, parts: readonly Uint8Array[], total: number, position: number): number {
  const written = writevSync(fd, parts, position);
  if (written === total) return position + written;
  // Rare (the disk is just full, or a signal came): the rest one by one.
  let skipped = written;
  let at = position + written;
  for (const part of parts) {
    const from = Math.min(skipped, part.length);
    skipped -= from;
    at = writeLong(fd, part, from, part.length - from, at);
  }
  return at;
}

function failureOf(error: unknown): WriteFailure {
  return {
    code: error instanceof Error && 'code' in error ? String(error.code) : '',
    errno: error instanceof Error && 'errno' in error ? Number(error.errno) : 0,
    message: error instanceof Error ? error.message : String(error),
  };
}

parentPort?.on('message', (job: WriteJob) => {
  let failure: WriteFailure | undefined;
  try {
    write(job);
  } catch (error) {
    failure = failureOf(error);
  }
  parentPort?.postMessage(failure);
});
