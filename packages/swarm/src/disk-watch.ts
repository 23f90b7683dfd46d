// A transfer that failed because its disk did, or went away, looks for it again by itself, less and less often.
// Invariant: it goes on only where its files are, so that nothing is fetched anew into the empty place of a disk.

import type { Clock, Timer } from '@shoal/base';
import { StorageError, type StorageErrorCode } from '@shoal/storage';
import { longestDiskWaitMs, shortestDiskWaitMs } from './bounds.ts';

export interface DiskWatchOptions {
  readonly clock: Clock;
  isBack(): Promise<boolean>;
  goOn(): void;
}

/** A disk that went away gives these; what its place looks like without it, too. */
const mayPass: ReadonlySet<StorageErrorCode> = new Set(['io', 'missing', 'permission', 'read-only']);

export class DiskWatch {
  readonly #o: DiskWatchOptions;
  #timer: Timer | undefined;
  #waitMs = shortestDiskWaitMs;
  #wentOnMs = Number.NEGATIVE_INFINITY;

  constructor(options: DiskWatchOptions) {
    this.#o = options;
  }

  failed(error: unknown): void {
    if (!(error instanceof StorageError) || !mayPass.has(error.code)) return;
    // All was well for a while: this is another failure.
    if (this.#o.clock.nowMs() - this.#wentOnMs > 2 * longestDiskWaitMs) this.#waitMs = shortestDiskWaitMs;
    this.#wait();
  }

  /** Somebody decided otherwise. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wait(): void {
    this.end();
    const timer = this.#o.clock.setTimer(this.#waitMs, () => {
      void this.#o
        .isBack()
        .catch(() => false)
        .then((isBack) => {
          if (this.#timer !== timer) return;
          if (!isBack) return this.#wait();
          this.end();
          this.#wentOnMs = this.#o.clock.nowMs();
          this.#o.goOn();
        });
    });
    this.#timer = timer;
    this.#waitMs = Math.min(2 * this.#waitMs, longestDiskWaitMs);
  }
}
