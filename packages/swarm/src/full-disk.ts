// A transfer whose disk is full waits, and looks now and then whether there is room again.
// Invariant: it goes on with room for all that is missing, or for a good deal of it, so that it does not stumble on.

import type { Content, StorageError } from '@shoal/storage';
import * as bound from './bounds.ts';
import type { Status } from './status.ts';

export interface FullDiskOptions {
  readonly status: Status;
  readonly nowMs: () => number;
  /** None when there was no room for the journal already: then nothing is known of it. */
  readonly content: () => Content | undefined;
  readonly missingBytes: () => number;
  /** Ticks are needed from now on. */
  begun(): void;
  openAgain(): void;
  goOn(): void;
}

export class FullDisk {
  readonly #o: FullDiskOptions;
  #lookedMs = 0;

  constructor(options: FullDiskOptions) {
    this.#o = options;
  }

  get isFull(): boolean {
    return this.#o.status.state === 'disk-full';
  }

  wait(error: StorageError): void {
    const { status } = this.#o;
    status.error = error;
    this.#lookedMs = this.#o.nowMs();
    status.become('disk-full');
    this.#o.begun();
  }

  tick(nowMs: number): void {
    if (!this.isFull || nowMs - this.#lookedMs <= bound.fullDiskRetryMs) return;
    this.#lookedMs = nowMs;
    void this.#look();
  }

  async #look(): Promise<void> {
    const { status } = this.#o;
    const content = this.#o.content();
    if (content === undefined) {
      status.error = undefined;
      this.#o.openAgain();
      return;
    }
    const room = await content.freeBytes().catch(() => 0);
    if (!this.isFull || this.#o.content() !== content) return;
    if (room < Math.min(bound.roomToGoOn, this.#o.missingBytes() + bound.roomForRecords)) return;
    status.error = undefined;
    this.#o.goOn();
  }
}
