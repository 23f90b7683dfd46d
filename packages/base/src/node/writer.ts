// Writes that need no copy, on a thread of their own: a run of megabytes costs this thread one message, and the disk
// does not wait for it between the calls. It starts with the first write and keeps no process alive by itself.

import { Worker } from 'node:worker_threads';
import { WorldError } from '../world/errors.ts';
import { toWorldError } from './errors.ts';
import type { WriteFailure, WriteJob } from './write-worker.ts';

const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './write-worker.ts' : './write-worker.js',
  import.meta.url,
);

interface Waiting {
  readonly what: string;
  readonly resolve: () => void;
  readonly reject: (error: WorldError) => void;
}

export class Writer {
  #worker: Worker | undefined;
  /** Answers come in the order of asking. */
  readonly #waiting: Waiting[] = [];
  #isClosed = false;

  /** Undefined when there are buffers that only this thread has. Resolves when all is written. */
  write(
    fd: number,
    buffers: readonly Uint8Array[],
    position: number,
    what: string,
  ): Promise<void> | undefined {
    const memories: SharedArrayBuffer[] = [];
    const blocks: number[] = [];
    for (const { buffer, byteOffset, length } of buffers) {
      if (!(buffer instanceof SharedArrayBuffer)) return undefined;
      if (length === 0) continue;
      let index = memories.lastIndexOf(buffer);
      if (index === -1) index = memories.push(buffer) - 1;
      const last = blocks.length - 3;
      const end = last < 0 ? -1 : (blocks[last + 1] ?? 0) + (blocks[last + 2] ?? 0);
      // Slabs that lie side by side are written as one.
      if (blocks[last] === index && end === byteOffset) blocks[last + 2] = (blocks[last + 2] ?? 0) + length;
      else blocks.push(index, byteOffset, length);
    }
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw new WorldError('closed', `${what}: the world was closed`);
      this.#worker ??= this.#start();
      if (this.#waiting.length === 0) this.#worker.ref();
      this.#waiting.push({ what, resolve, reject });
      this.#worker.postMessage({ fd, position, memories, blocks } satisfies WriteJob);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(workerUrl, { name: 'shoal-write', execArgv: [] });
    worker.unref();
    worker.on('message', (failure: WriteFailure | undefined) => {
      const waiting = this.#waiting.shift();
      if (this.#waiting.length === 0) worker.unref();
      if (failure === undefined) waiting?.resolve();
      else waiting?.reject(toWorldError(Object.assign(new Error(failure.message), failure), waiting.what));
    });
    const onEnd = (error?: unknown): void => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { what, reject } of this.#waiting.splice(0))
        reject(toWorldError(error ?? new Error('the writing thread ended'), what));
    };
    worker.on('error', onEnd);
    worker.on('exit', () => onEnd());
    return worker;
  }
}
