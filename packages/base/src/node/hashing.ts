// The hash pool. Jobs wait in one queue; a worker with room takes a batch of them in one message and has a second one
// waiting, so that it never idles between them. Workers start with the first job and keep no idle process alive.

import { hash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { WorldError } from '../world/errors.ts';
import type { Hashing, HashJob, HashName, HashResult } from '../world/hashing.ts';
import { abortedError, toWorldError } from './errors.ts';
import type { WorkerBatch, WorkerJob, WorkerResult } from './hash-messages.ts';

const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './hash-worker.ts' : './hash-worker.js',
  import.meta.url,
);

/** A batch ends at about a millisecond of hashing: the message costs under 2 % of it, and results do not wait long. */
const batchBytes = 2 * 1024 * 1024;
const batchJobs = 64;
const batchesUnderWay = 2;

interface Task {
  readonly job: HashJob;
  /** Copies of blocks that are not over shared memory. */
  readonly copy: ArrayBuffer | undefined;
  readonly byteLength: number;
  readonly resolve: (result: HashResult) => void;
  readonly reject: (error: WorldError) => void;
  settled: boolean;
}

interface Slot {
  readonly worker: Worker;
  readonly batches: Task[][];
}

export function createHashing(options: { workers: number }): Hashing & { close(): Promise<void> } {
  const slots: Slot[] = [];
  const queue: Task[] = [];
  let head = 0;
  let flushing = false;
  let closed = false;

  function dispatch(): void {
    flushing = false;
    for (let depth = 0; depth < batchesUnderWay; depth++) {
      for (let i = 0; i < options.workers && head < queue.length; i++) {
        const slot = slots[i] ?? startWorker();
        if (slot.batches.length <= depth) sendBatch(slot);
      }
    }
    if (head === queue.length) {
      queue.length = 0;
      head = 0;
    } else if (head > 1024) {
      queue.splice(0, head);
      head = 0;
    }
  }

  /** A fair share of what waits, so that a short queue still keeps every worker busy. */
  function takeBatch(): Task[] {
    const share = Math.ceil((queue.length - head) / options.workers);
    const batch: Task[] = [];
    let bytes = 0;
    while (batch.length < Math.min(share, batchJobs) && bytes < batchBytes) {
      const task = queue[head];
      if (task === undefined) break;
      head++;
      if (task.settled) continue;
      batch.push(task);
      bytes += task.byteLength;
    }
    return batch;
  }

  function sendBatch(slot: Slot): void {
    const batch = takeBatch();
    if (batch.length === 0) return;
    const memories: (SharedArrayBuffer | ArrayBuffer)[] = [];
    const transfer: ArrayBuffer[] = [];
    const jobs = batch.map((task) => toWorkerJob(task, memories, transfer));
    if (slot.batches.length === 0) slot.worker.ref();
    slot.batches.push(batch);
    slot.worker.postMessage({ memories, jobs } satisfies WorkerBatch, transfer);
  }

  function startWorker(): Slot {
    const worker = new Worker(workerUrl, { name: 'shoal-hash', execArgv: [] });
    const slot: Slot = { worker, batches: [] };
    slots.push(slot);
    worker.unref();
    worker.on('message', (results: readonly WorkerResult[]) => {
      const batch = slot.batches.shift() ?? [];
      if (slot.batches.length === 0) worker.unref();
      // The next batch goes out first: the worker must not wait for what our callers do with the results.
      dispatch();
      for (const [i, task] of batch.entries()) settle(task, results[i]);
    });
    const onEnd = (error?: unknown): void => {
      const index = slots.indexOf(slot);
      if (index !== -1) slots.splice(index, 1);
      const failure = closed
        ? new WorldError('closed', 'The hash pool was closed')
        : toWorldError(error ?? new Error('it ended'), 'A hash worker failed');
      for (const task of slot.batches.splice(0).flat()) {
        if (!task.settled) task.reject(failure);
        task.settled = true;
      }
      if (!closed) dispatch();
    };
    worker.on('error', onEnd);
    worker.on('exit', () => onEnd());
    return slot;
  }

  function settle(task: Task, result: WorkerResult | undefined): void {
    if (task.settled) return;
    task.settled = true;
    if (result === undefined) task.reject(new WorldError('io', 'A hash worker gave no result'));
    else if (result.error === undefined) task.resolve(result);
    else {
      const { error } = result;
      const cause = Object.assign(new Error(error.message), { code: error.code, errno: error.errno });
      task.reject(toWorldError(cause, `Cannot hash ${error.path}`, { value: error.path }));
    }
  }

  return {
    digest,

    run: (job, signal) =>
      new Promise((resolve, reject) => {
        if (closed) throw new WorldError('closed', 'The hash pool was closed');
        if (signal?.aborted) throw abortedError('Cannot hash', signal);
        check(job);
        const onAbort = (): void => {
          task.settled = true;
          reject(abortedError('Cannot hash', signal));
        };
        const task: Task = {
          job,
          copy: copyUnshared(job),
          byteLength: byteLengthOf(job),
          resolve(result) {
            signal?.removeEventListener('abort', onAbort);
            resolve(result);
          },
          reject(error) {
            signal?.removeEventListener('abort', onAbort);
            reject(error);
          },
          settled: false,
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        queue.push(task);
        if (!flushing) {
          flushing = true;
          queueMicrotask(dispatch);
        }
      }),

    async close() {
      closed = true;
      for (const task of queue.splice(0).slice(head)) {
        if (!task.settled) task.reject(new WorldError('closed', 'The hash pool was closed'));
        task.settled = true;
      }
      head = 0;
      await Promise.all(slots.map((slot) => slot.worker.terminate()));
    },
  };
}

function check({ merkle, source }: HashJob): void {
  if (merkle !== undefined) {
    const { leafLength, leafCount } = merkle;
    const isPowerOfTwo = Number.isInteger(leafCount) && leafCount > 0 && Math.log2(leafCount) % 1 === 0;
    if (!Number.isInteger(leafLength) || leafLength < 1 || !isPowerOfTwo)
      throw new WorldError('invalid', 'Leaves need a length and a count that is a power of two');
    if (byteLengthOf({ source }) > leafLength * leafCount)
      throw new WorldError('invalid', 'There are more bytes than leaves', { value: leafCount });
  }
  if (source.kind === 'memory') return;
  for (const { offset, length } of source.ranges) {
    if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(length) || length < 0)
      throw new WorldError('invalid', 'Not a range of a file', { value: `${offset}+${length}` });
  }
}

function byteLengthOf({ source }: HashJob): number {
  if (source.kind === 'memory') return source.blocks.reduce((total, block) => total + block.length, 0);
  return source.ranges.reduce((total, range) => total + range.length, 0);
}

function copyUnshared({ source }: HashJob): ArrayBuffer | undefined {
  if (source.kind !== 'memory') return undefined;
  const own = source.blocks.filter((block) => !(block.buffer instanceof SharedArrayBuffer));
  if (own.length === 0) return undefined;
  const copy = new Uint8Array(own.reduce((total, block) => total + block.length, 0));
  let offset = 0;
  for (const block of own) {
    copy.set(block, offset);
    offset += block.length;
  }
  return copy.buffer;
}

function toWorkerJob(
  { job, copy }: Task,
  memories: (SharedArrayBuffer | ArrayBuffer)[],
  transfer: ArrayBuffer[],
): WorkerJob {
  const digests = {
    sha1: job.sha1 === true,
    leafLength: job.merkle?.leafLength ?? 0,
    leafCount: job.merkle?.leafCount ?? 0,
  };
  if (job.source.kind === 'file') return { ranges: job.source.ranges, ...digests };
  const blocks: number[] = [];
  let copyIndex = -1;
  if (copy !== undefined) {
    copyIndex = memories.push(copy) - 1;
    transfer.push(copy);
  }
  let copied = 0;
  for (const { buffer, byteOffset, length } of job.source.blocks) {
    if (!(buffer instanceof SharedArrayBuffer)) {
      blocks.push(copyIndex, copied, length);
      copied += length;
      continue;
    }
    let index = memories.lastIndexOf(buffer);
    if (index === -1) index = memories.push(buffer) - 1;
    const last = blocks.length - 3;
    const end = last < 0 ? -1 : (blocks[last + 1] ?? 0) + (blocks[last + 2] ?? 0);
    // Slabs that lie side by side are hashed as one.
    if (blocks[last] === index && end === byteOffset) blocks[last + 2] = (blocks[last + 2] ?? 0) + length;
    else blocks.push(index, byteOffset, length);
  }
  return { blocks, ...digests };
}

/** As text and back: half the time of a Buffer, whose making takes longer than hashing 64 bytes. */
function digest(name: HashName, bytes: Uint8Array): Uint8Array {
  const text = hash(name, bytes, 'latin1');
  const result = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) result[i] = text.charCodeAt(i);
  return result;
}
