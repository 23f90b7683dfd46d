// Tokens (BEP 5): proof that whoever announces can receive at the address it claims. A token is a hash of a secret
// and the address; the secret changes every five minutes, and tokens of the one before still count. Nothing is stored.

import { type Clock, concatBytes, type Hashing, type Random } from '@shoal/base';
import { secretLifeMs, tokenBytes } from './bounds.ts';

export class Tokens {
  readonly #clock: Clock;
  readonly #hashing: Hashing;
  readonly #random: Random;
  #secret: Uint8Array | undefined;
  #previous: Uint8Array | undefined;
  #madeAtMs = 0;
  #epoch = 0;

  constructor(parts: { readonly clock: Clock; readonly hashing: Hashing; readonly random: Random }) {
    this.#clock = parts.clock;
    this.#hashing = parts.hashing;
    this.#random = parts.random;
  }

  /** Changes whenever the tokens do. */
  epoch(nowMs: number): number {
    if (this.#secret === undefined || nowMs - this.#madeAtMs >= secretLifeMs) this.#rotate(nowMs);
    return this.#epoch;
  }

  make(ip: Uint8Array): Uint8Array {
    this.epoch(this.#clock.nowMs());
    return this.#tokenOf(this.#secret, ip);
  }

  isGood(token: Uint8Array, ip: Uint8Array): boolean {
    this.epoch(this.#clock.nowMs());
    return (
      isSame(token, this.#tokenOf(this.#secret, ip)) ||
      (this.#previous !== undefined && isSame(token, this.#tokenOf(this.#previous, ip)))
    );
  }

  #tokenOf(secret: Uint8Array | undefined, ip: Uint8Array): Uint8Array {
    return this.#hashing.digest('sha1', concatBytes(secret ?? new Uint8Array(0), ip)).slice(0, tokenBytes);
  }

  #rotate(nowMs: number): void {
    const isRecent = nowMs - this.#madeAtMs < 2 * secretLifeMs;
    this.#previous = isRecent ? this.#secret : undefined;
    this.#secret = new Uint8Array(20);
    this.#random.fill(this.#secret);
    this.#madeAtMs = nowMs;
    this.#epoch++;
  }
}

/** In the same time wherever they differ. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < b.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
