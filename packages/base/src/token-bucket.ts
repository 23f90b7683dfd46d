// A rate limit: tokens (bytes, packets, calls) flow in at a rate and are taken out as they are used.
// The burst grows with the rate, so that a limit of 10 kB/s and one of 500 MB/s both hold (DESIGN, hot path).
// Invariant: over any span, no more than burst + rate × span tokens are handed out (and what was saved for one taking).

import type { Clock } from './world/clock.ts';

export interface TokenBucketOptions {
  /** Tokens a second; Infinity for no limit, 0 to stop everything. */
  readonly ratePerSecond: number;
  /** How much of the rate may be saved up. 100 ms evens out timers without showing in a one-second average. */
  readonly burstMs?: number;
  /** The least burst, so that the largest single taking can ever succeed. */
  readonly leastBurst?: number;
  /** Begin with nothing in place of a whole burst, so that a limit holds from the first second on. */
  readonly startsEmpty?: boolean;
}

export class TokenBucket {
  readonly #clock: Clock;
  readonly #burstMs: number;
  readonly #leastBurst: number;
  readonly #startsEmpty: boolean;
  #rate: number;
  #tokens: number;
  #saved = 0;
  #filledAtMs: number;

  constructor(clock: Clock, options: TokenBucketOptions) {
    this.#clock = clock;
    this.#burstMs = options.burstMs ?? 100;
    this.#leastBurst = options.leastBurst ?? 1;
    this.#startsEmpty = options.startsEmpty ?? false;
    this.#rate = checkedRate(options.ratePerSecond);
    this.#filledAtMs = clock.nowMs();
    this.#tokens = this.#startsEmpty ? 0 : this.burst;
  }

  get ratePerSecond(): number {
    return this.#rate;
  }

  get burst(): number {
    if (this.#rate === 0) return 0;
    return Math.max(this.#leastBurst, this.#saved, (this.#rate * this.#burstMs) / 1000);
  }

  /** What can be taken now; below 0 what is owed. */
  get tokens(): number {
    if (this.#rate === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    this.#fill();
    return this.#tokens;
  }

  /** Somebody waits for `count`, more than a burst perhaps: until the next taking so much may be saved up. */
  saveFor(count: number): void {
    this.#fill();
    this.#saved = count;
  }

  setRate(ratePerSecond: number): void {
    this.#fill();
    const wasStopped = this.#rate === 0;
    this.#rate = checkedRate(ratePerSecond);
    this.#saved = 0;
    this.#tokens = wasStopped && !this.#startsEmpty ? this.burst : Math.min(this.#tokens, this.burst);
  }

  /** Takes all of `count`, or nothing. */
  take(count: number): boolean {
    if (this.#rate === Number.POSITIVE_INFINITY) return true;
    this.#fill();
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    this.#saved = 0;
    return true;
  }

  /** Takes what was used already, even into debt, which later takings wait for. */
  charge(count: number): void {
    if (this.#rate === Number.POSITIVE_INFINITY) return;
    this.#fill();
    this.#tokens -= count;
  }

  /** What was taken and not used after all. */
  giveBack(count: number): void {
    this.#fill();
    this.#tokens = Math.min(this.burst, this.#tokens + count);
  }

  /** Milliseconds until `count` can be taken: 0 now, Infinity never (at this rate). */
  waitMs(count: number): number {
    if (this.#rate === Number.POSITIVE_INFINITY) return 0;
    this.#fill();
    if (this.#tokens >= count) return 0;
    if (this.#rate === 0 || count > this.burst) return Number.POSITIVE_INFINITY;
    return ((count - this.#tokens) / this.#rate) * 1000;
  }

  #fill(): void {
    const nowMs = this.#clock.nowMs();
    const gained = ((nowMs - this.#filledAtMs) * this.#rate) / 1000;
    this.#filledAtMs = nowMs;
    // The guard keeps Infinity × 0 ms from turning into NaN.
    if (gained > 0) this.#tokens = Math.min(this.burst, this.#tokens + gained);
  }
}

function checkedRate(rate: number): number {
  if (Number.isNaN(rate) || rate < 0) throw new RangeError(`a rate is a number of at least 0, not ${rate}`);
  return rate;
}
