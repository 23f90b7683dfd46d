// How far a teller is believed. One whose peers are never there is doubted: what it says is tried slowly, after what
// others say, and most of it not at all. It is believed again when its peers turn out to be there.

import type { Clock } from '@shoal/base';
import { doubtAfterMs, doubtAfterPeers, doubtShare, maxTellers, weighedPeers } from './bounds.ts';

interface Deeds {
  told: number;
  worked: number;
  readonly sinceMs: number;
}

export class Trust {
  readonly #clock: Clock;
  readonly #tellers = new Map<string, Deeds>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  told(teller: string): void {
    const deeds = this.#tellers.get(teller) ?? { told: 0, worked: 0, sinceMs: this.#clock.nowMs() };
    deeds.told++;
    if (deeds.told > weighedPeers) {
      deeds.told /= 2;
      deeds.worked /= 2;
    }
    this.#tellers.delete(teller);
    this.#tellers.set(teller, deeds);
    const [oldest] = this.#tellers.keys();
    if (this.#tellers.size > maxTellers && oldest !== undefined) this.#tellers.delete(oldest);
  }

  worked(teller: string): void {
    const deeds = this.#tellers.get(teller);
    if (deeds !== undefined) deeds.worked++;
  }

  isDoubted(teller: string): boolean {
    const deeds = this.#tellers.get(teller);
    if (deeds === undefined || deeds.told < doubtAfterPeers) return false;
    return this.#clock.nowMs() - deeds.sinceMs >= doubtAfterMs && deeds.worked < deeds.told * doubtShare;
  }
}
