// One limit for all files that a server sends, over every connection. Invariant: over any span no more than the rate times
// the span, and what may be saved up, is let go; whoever asks first goes first, so that connections take turns.

import { setTimeout as wait } from 'node:timers/promises';
import { readLength } from './bounds.ts';

const savedUpMs = 100;
/** Writes in a second: fewer make a limit jerky, more cost time. */
const writesPerSecond = 20;
const shortestWrite = 1024;

export class Uplink {
  /** What is read and written at once. */
  readonly chunkLength: number;
  readonly #bytesPerMs: number;
  #freeAtMs = 0;

  /** Infinity is no limit. */
  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.chunkLength = Math.min(
      readLength,
      Math.max(shortestWrite, Math.floor(bytesPerSecond / writesPerSecond)),
    );
  }

  /** Resolves when so many bytes may be sent. */
  async take(count: number): Promise<void> {
    if (this.#bytesPerMs === Number.POSITIVE_INFINITY) return;
    const nowMs = performance.now();
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs - savedUpMs) + count / this.#bytesPerMs;
    if (this.#freeAtMs > nowMs) await wait(this.#freeAtMs - nowMs);
  }
}
