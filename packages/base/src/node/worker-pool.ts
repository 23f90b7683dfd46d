// The threads that hash content and write it. Jobs wait in one queue; a thread with room takes a batch of them in one
// message and has a second one waiting, so that it never idles between them. Threads start with the first job and keep
// no idle process alive.

import { Worker } from 'node:worker_threads';
import { WorldError } from '../world/errors.ts';
import type { HashSource } from '../world/hashing.ts';
import { abortedError, toWorldError } from './errors.ts';
import type { StoreJob, WorkerBatch, WorkerJob, WorkerResult } from './hash-messages.ts';

const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './hash-worker.ts' : './hash-worker.js',
  import.meta.url,
);

/** A batch ends at about a millisecond of hashing: the message costs under 2 % of it, and results do not wait long. */
const batchBytes = 2 * 1024 * 1024;
const batchJobs = 64;
const batchesUnderWay = 2;

/** As the pool is asked; what is left out is not done. */
export interface PoolJob {
  readonly source: HashSource;
  readonly sha1?: boolean;
  readonly merkle?: { readonly leafLength: number; readonly leafCount: number };
  readonly store?: StoreJob;
  /** The start of a sentence for an error of `store`: "Cannot write /a/b". */
  readonly what?: string;
}

interface Task {
  readonly job: PoolJob;
  /** Copies of blocks that are not over shared memory. */
  readonly copy: ArrayBuffer | undefined;
  readonly byteLength: number;
  readonly resolve: (result: WorkerResult) => void;
  readonly reject: (error: WorldError) => void;
  settled: boolean;
}

interface Slot {
  readonly worker: Worker;
  readonly batches: Task[][];
}

export class WorkerPool {
  readonly #size: number;
  readonly #slots: Slot[] = [];
  readonly #queue: Task[] = [];
  #head = 0;
  #isFlushing = false;
  #isClosed = false;

  constructor(size: number) {
    this.#size = size;
  }

  /** An aborted job rejects at once, though a thread may still be reading its bytes: not for jobs that store. */
  run(job: PoolJob, signal?: AbortSignal): Promise<WorkerResult> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw closedError();
      if (signal?.aborted) throw abortedError('Cannot hash', signal);
      const onAbort = (): void => {
        task.settled = true;
        reject(abortedError('Cannot hash', signal));
      };
      const task: Task = {
        job,
        copy: copyUnshared(job.source),
        byteLength: byteLengthOf(job.source),
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
      this.#queue.push(task);
      if (this.#isFlushing) return;
      this.#isFlushing = true;
      queueMicrotask(() => {
        this.#isFlushing = false;
        this.#dispatch();
      });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const task of this.#queue.splice(0).slice(this.#head)) {
      if (!task.settled) task.reject(closedError());
      task.settled = true;
    }
    this.#head = 0;
    await Promise.all(this.#slots.map((slot) => slot.worker.terminate()));
  }

  #dispatch(): void {
    for (let depth = 0; depth < batchesUnderWay; depth++) {
      for (let i = 0; i < this.#size && this.#head < this.#queue.length; i++) {
        const slot = this.#slots[i] ?? this.#startWorker();
        if (slot.batches.length <= depth) this.#sendBatch(slot);
      }
    }
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** A fair share of what waits, so that a short queue still keeps every worker busy. */
  #takeBatch(): Task[] {
    const share = Math.ceil((this.#queue.length - this.#head) / this.#size);
    const batch: Task[] = [];
    let bytes = 0;
    while (batch.length < Math.min(share, batchJobs) && bytes < batchBytes) {
      const task = this.#queue[this.#head];
      if (task === undefined) break;
      this.#head++;
      if (task.settled) continue;
      batch.push(task);
      bytes += task.byteLength;
    }
    return batch;
  }

  #sendBatch(slot: Slot): void {
    const batch = this.#takeBatch();
    if (batch.length === 0) return;
    const memories: (SharedArrayBuffer | ArrayBuffer)[] = [];
    const transfer: ArrayBuffer[] = [];
    const jobs = batch.map((task) => toWorkerJob(task, memories, transfer));
    if (slot.batches.length === 0) slot.worker.ref();
    slot.batches.push(batch);
    slot.worker.postMessage({ memories, jobs } satisfies WorkerBatch, transfer);
  }

  #startWorker(): Slot {
    const worker = new Worker(workerUrl, { name: 'shoal-hash', execArgv: [] });
    const slot: Slot = { worker, batches: [] };
    this.#slots.push(slot);
    worker.unref();
    worker.on('message', (results: readonly WorkerResult[]) => {
      const batch = slot.batches.shift() ?? [];
      // While it closes, its end is waited for, and results that still come do not end the process before it.
      if (slot.batches.length === 0 && !this.#isClosed) worker.unref();
      // The next batch goes out first: the worker must not wait for what our callers do with the results.
      this.#dispatch();
      for (const [i, task] of batch.entries()) settle(task, results[i]);
    });
    const onEnd = (error?: unknown): void => {
      const index = this.#slots.indexOf(slot);
      if (index !== -1) this.#slots.splice(index, 1);
      const failure = this.#isClosed
        ? closedError()
        : toWorldError(error ?? new Error('it ended'), 'A hash worker failed');
      for (const task of slot.batches.splice(0).flat()) {
        if (!task.settled) task.reject(failure);
        task.settled = true;
      }
      if (!this.#isClosed) this.#dispatch();
    };
    worker.on('error', onEnd);
    worker.on('exit', () => onEnd());
    return slot;
  }
}

function closedError(): WorldError {
  return new WorldError('closed', 'The hash pool was closed');
}

function settle(task: Task, result: WorkerResult | undefined): void {
  if (task.settled) return;
  task.settled = true;
  if (result === undefined) task.reject(new WorldError('io', 'A hash worker gave no result'));
  else if (result.error === undefined) task.resolve(result);
  else {
    const { error } = result;
    const cause = Object.assign(new Error(error.message), { code: error.code, errno: error.errno });
    const what = error.path === '' ? task.job.what : undefined;
    task.reject(toWorldError(cause, what ?? `Cannot hash ${error.path}`, { value: error.path }));
  }
}

export function byteLengthOf(source: HashSource): number {
  if (source.kind === 'memory') return source.blocks.reduce((total, block) => total + block.length, 0);
  return source.ranges.reduce((total, range) => total + range.length, 0);
}

function copyUnshared(source: HashSource): ArrayBuffer | undefined {
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
  const work = {
    sha1: job.sha1 === true,
    leafLength: job.merkle?.leafLength ?? 0,
    leafCount: job.merkle?.leafCount ?? 0,
    ...(job.store === undefined ? {} : { store: job.store }),
  };
  if (job.source.kind === 'file') return { ranges: job.source.ranges, ...work };
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
    // Slabs that lie side by side are hashed and written as one.
    if (blocks[last] === index && end === byteOffset) blocks[last + 2] = (blocks[last + 2] ?? 0) + length;
    else blocks.push(index, byteOffset, length);
  }
  return { blocks, ...work };
}
