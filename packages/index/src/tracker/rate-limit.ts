// How often one address may ask. Places in a table of fixed size, each the time at which its address has paid for what
// it asked so far (the generic cell rate algorithm); where places run out, the one that would be free soonest is taken.
// Invariant: over any time t, nobody gets more than burst + rate × t, unless thousands of others push it out.

import type { Random } from '@shoal/base';
import { KeyedHash, wordAt } from './keyed-hash.ts';

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

const places = 1 << 16;
/** Places that one address may have; addresses that share them are told apart by the rest of their hash. */
const ways = 4;

export class RateLimit {
  readonly #hash: KeyedHash;
  readonly #costMs: number;
  readonly #burstMs: number;
  readonly #tags = new Int32Array(places);
  readonly #paidMs = new Float64Array(places);

  constructor(random: Random, rate: Rate) {
    this.#hash = new KeyedHash(random);
    this.#costMs = 1000 / rate.perSecond;
    this.#burstMs = rate.burst * this.#costMs;
  }

  /** For the 4 bytes of an IPv4 address, or the first 8 of an IPv6 one. `cost` counts as that many questions. */
  takeAddress(bytes: Uint8Array, at: number, family: 4 | 6, nowMs: number, cost = 1): boolean {
    const hash = this.#hash;
    hash.begin();
    hash.word(wordAt(bytes, at));
    if (family === 6) hash.word(wordAt(bytes, at + 4));
    return this.#take(hash.end(), nowMs, cost);
  }

  /** For a key or a name. */
  takeText(text: string, nowMs: number, cost = 1): boolean {
    const hash = this.#hash;
    hash.begin();
    for (let i = 0; i < text.length; i++) hash.word(text.charCodeAt(i));
    return this.#take(hash.end(), nowMs, cost);
  }

  #take(hash: number, nowMs: number, cost: number): boolean {
    const first = (hash & (places / ways - 1)) * ways;
    const tag = hash | 1;
    let place = first;
    for (let i = first; i < first + ways; i++) {
      if (this.#tags[i] === tag) {
        place = i;
        break;
      }
      if ((this.#paidMs[i] ?? 0) < (this.#paidMs[place] ?? 0)) place = i;
    }
    const isKnown = this.#tags[place] === tag;
    const paidMs = Math.max(nowMs, isKnown ? (this.#paidMs[place] ?? 0) : 0);
    if (paidMs + cost * this.#costMs - nowMs > this.#burstMs) return false;
    this.#tags[place] = tag;
    this.#paidMs[place] = paidMs + cost * this.#costMs;
    return true;
  }
}
