// What a transfer says in numbers beyond its progress: what was wasted and why, what each kind of source brought, when it
// will be done. Invariant: asking costs nothing but a few sums; what is told grows only with peers and pieces.

import type { WasteReason } from './types.ts';

/** Bytes that came and were of no use. It outlives the trade that counts into it. */
export class Waste {
  readonly bytes: Record<WasteReason, number> = { twice: 0, late: 0, bad: 0 };

  add(reason: WasteReason, bytes: number): void {
    this.bytes[reason] += bytes;
  }

  get total(): number {
    return this.bytes.twice + this.bytes.late + this.bytes.bad;
  }
}

/** Long enough to even out chokes and pieces that wait for their last block. */
const paceMs = 20_000;
/** Ticks come twice a second: what is longer was a sleep of the machine, and says nothing of the pace. */
const longestTickMs = 5_000;
/** So slow that no end can be told. */
const leastPace = 16;

/** When all will be here, from a rate that follows slowly; unknown while nothing comes. */
export class Forecast {
  #pace: number | undefined;
  #ageMs = 0;
  #tickedAtMs: number | undefined;

  tick(nowMs: number, bytesPerSecond: number): void {
    const elapsedMs = Math.min(nowMs - (this.#tickedAtMs ?? nowMs), longestTickMs);
    this.#tickedAtMs = nowMs;
    if (this.#pace === undefined) {
      if (bytesPerSecond > 0) this.#pace = bytesPerSecond;
      this.#ageMs = 0;
      return;
    }
    this.#ageMs += elapsedMs;
    // A young one is the mean of all there was, so that what a start was like is soon forgotten.
    const weight = Math.max(1 - Math.exp(-elapsedMs / paceMs), elapsedMs / (this.#ageMs + elapsedMs));
    this.#pace += (bytesPerSecond - this.#pace) * weight;
    if (this.#pace < leastPace) this.#pace = undefined;
  }

  forget(): void {
    this.#pace = undefined;
  }

  secondsFor(bytes: number): number | undefined {
    return this.#pace === undefined ? undefined : bytes / this.#pace;
  }
}
