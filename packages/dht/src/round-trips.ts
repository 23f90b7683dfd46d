// How long to wait for an answer: the smoothed round trip and its variance, as TCP does it (RFC 6298), over all nodes
// of a family. Answers that come after their time-out count too, or a network that became slow would never be believed.

import { firstTimeoutMs, longestTimeoutMs, shortestTimeoutMs } from './bounds.ts';

export class RoundTrips {
  #smoothMs: number | undefined;
  #varianceMs = 0;

  get smoothMs(): number | undefined {
    return this.#smoothMs;
  }

  add(rttMs: number): void {
    if (this.#smoothMs === undefined) {
      this.#smoothMs = rttMs;
      this.#varianceMs = rttMs / 2;
      return;
    }
    this.#varianceMs += (Math.abs(this.#smoothMs - rttMs) - this.#varianceMs) / 8;
    this.#smoothMs += (rttMs - this.#smoothMs) / 16;
  }

  get timeoutMs(): number {
    if (this.#smoothMs === undefined) return firstTimeoutMs;
    const wanted = this.#smoothMs + 4 * this.#varianceMs;
    return Math.min(longestTimeoutMs, Math.max(shortestTimeoutMs, wanted));
  }
}
