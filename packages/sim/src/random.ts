// Seeded randomness (sfc32, seeded by xmur3 over a label). Every part of the world draws from a stream of its own,
// named after the part, so that one more host or one more fault does not change what the others draw.
// Neither is fit for keys; nothing here has to be.

import { type Random, WorldError } from '@shoal/base';

export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: string) {
    const next = hashOf(seed);
    this.#a = next();
    this.#b = next();
    this.#c = next();
    for (let i = 0; i < 12; i++) this.word();
  }

  /** 32 bits. */
  word(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** 0 <= x < 1. */
  fraction(): number {
    return this.word() / 0x1_0000_0000;
  }

  /** True with this probability. Draws nothing where there is no choice. */
  chance(probability: number): boolean {
    return probability > 0 && (probability >= 1 || this.fraction() < probability);
  }

  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 0x1_0000_0000)
      throw new WorldError('invalid', 'A bound is a whole number from 1 to 2^32', { value: bound });
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    let word = this.word();
    while (word >= limit) word = this.word();
    return word % bound;
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 4) {
      const word = this.word();
      for (let j = 0; j < 4 && i + j < bytes.length; j++) bytes[i + j] = word >>> (8 * j);
    }
  }
}

function hashOf(text: string): () => number {
  let hash = 1779033703 ^ text.length;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 3432918353);
    hash = (hash << 13) | (hash >>> 19);
  }
  return () => {
    hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
    hash = Math.imul(hash ^ (hash >>> 13), 3266489909);
    hash ^= hash >>> 16;
    return hash >>> 0;
  };
}
