// How often each network may ask. Invariant: the memory is bounded, and an address that is not heard of has its whole
// burst; so many networks that one is forgotten are limited by what all of them may cost together.

import { type Clock, TokenBucket } from '@shoal/base';

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export class Limiter {
  readonly #clock: Clock;
  readonly #rate: Rate;
  readonly #most: number;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(clock: Clock, rate: Rate, most: number) {
    this.#clock = clock;
    this.#rate = rate;
    this.#most = most;
  }

  /** 0 when it may ask now, and did; else in how many milliseconds it may. */
  take(network: string): number {
    const { perSecond, burst } = this.#rate;
    const bucket =
      this.#buckets.get(network) ??
      new TokenBucket(this.#clock, { ratePerSecond: perSecond, burstMs: (1000 * burst) / perSecond });
    this.#buckets.delete(network);
    this.#buckets.set(network, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > this.#most && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket.take(1) ? 0 : bucket.waitMs(1);
  }
}
