// Info hashes as small numbers, and what is known of each swarm: sixteen words in one row, one line of the processor's
// cache. Invariant: a row is in use exactly when the table finds it by its hash.

import type { Random } from '@shoal/base';
import { KeyedHash, wordAt } from './keyed-hash.ts';

/** Where things stand in a row. The hash takes the first five words. */
export const row = {
  words: 16,
  /** How often it was completed. */
  downloads: 5,
  /** The tick in which its last peer left. */
  emptySince: 6,
  /** What the peer store of each family keeps: start, seeds, seeds and partial seeds, all, size of the block. */
  family4: 7,
  family6: 11,
  sizes: 15,
} as const;

const firstRows = 1024;

export class SwarmTable {
  rows = new Int32Array(row.words * firstRows);
  readonly #hash: KeyedHash;
  readonly #mostSwarms: number;
  /** Swarm numbers plus one, by hash; 0 is empty. */
  #index = new Int32Array(2 * firstRows);
  #used = 0;
  /** Rows that were given back, as a list through their first word. */
  #free = -1;
  #count = 0;

  constructor(random: Random, mostSwarms: number) {
    this.#hash = new KeyedHash(random);
    this.#mostSwarms = mostSwarms;
  }

  get size(): number {
    return this.#count;
  }

  /** Numbers of swarms are below this; some of them may be unused. */
  get limit(): number {
    return this.#used;
  }

  /** -1 when there is none. */
  find(bytes: Uint8Array, at: number): number {
    const mask = this.#index.length - 1;
    for (let place = this.#hashOf(bytes, at) & mask; ; place = (place + 1) & mask) {
      const swarm = (this.#index[place] ?? 0) - 1;
      if (swarm < 0 || this.#isOf(swarm, bytes, at)) return swarm;
    }
  }

  /** -1 when there are too many. */
  findOrAdd(bytes: Uint8Array, at: number): number {
    const found = this.find(bytes, at);
    if (found >= 0) return found;
    if (this.#count >= this.#mostSwarms) return -1;
    if (2 * (this.#count + 1) > this.#index.length) this.#growIndex();
    const swarm = this.#takeRow();
    const start = swarm * row.words;
    for (let i = 0; i < 5; i++) this.rows[start + i] = wordAt(bytes, at + 4 * i);
    this.#place(swarm, this.#hashOf(bytes, at));
    this.#count++;
    return swarm;
  }

  /** Of a swarm without peers. */
  remove(swarm: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let gap = this.#hashOfRow(swarm) & mask;
    while (index[gap] !== swarm + 1) gap = (gap + 1) & mask;
    // Those behind it move up, as far as their own places allow.
    for (let place = (gap + 1) & mask; ; place = (place + 1) & mask) {
      const other = (index[place] ?? 0) - 1;
      if (other < 0) break;
      const wanted = this.#hashOfRow(other) & mask;
      if (((place - wanted) & mask) < ((place - gap) & mask)) continue;
      index[gap] = other + 1;
      gap = place;
    }
    index[gap] = 0;
    const start = swarm * row.words;
    this.rows.fill(0, start, start + row.words);
    this.rows[start] = this.#free;
    this.rows[start + row.sizes] = -1;
    this.#free = swarm;
    this.#count--;
  }

  isUsed(swarm: number): boolean {
    return this.rows[swarm * row.words + row.sizes] !== -1;
  }

  /** Writes the 20 bytes of the hash. */
  copyHash(swarm: number, into: Uint8Array, at: number): void {
    const start = swarm * row.words;
    for (let i = 0; i < 20; i++) into[at + i] = (this.rows[start + (i >> 2)] ?? 0) >>> (8 * (i & 3));
  }

  #isOf(swarm: number, bytes: Uint8Array, at: number): boolean {
    const { rows } = this;
    const start = swarm * row.words;
    for (let i = 0; i < 5; i++) if (rows[start + i] !== wordAt(bytes, at + 4 * i)) return false;
    return true;
  }

  #takeRow(): number {
    const free = this.#free;
    if (free >= 0) {
      const start = free * row.words;
      this.#free = this.rows[start] ?? -1;
      this.rows.fill(0, start, start + row.words);
      return free;
    }
    const start = this.#used * row.words;
    if (start === this.rows.length) {
      const larger = new Int32Array(2 * start);
      larger.set(this.rows);
      this.rows = larger;
    }
    return this.#used++;
  }

  #place(swarm: number, hash: number): void {
    const mask = this.#index.length - 1;
    let place = hash & mask;
    while (this.#index[place] !== 0) place = (place + 1) & mask;
    this.#index[place] = swarm + 1;
  }

  #growIndex(): void {
    const old = this.#index;
    this.#index = new Int32Array(2 * old.length);
    for (const entry of old) if (entry !== 0) this.#place(entry - 1, this.#hashOfRow(entry - 1));
  }

  #hashOf(bytes: Uint8Array, at: number): number {
    const hash = this.#hash;
    hash.begin();
    for (let i = 0; i < 20; i += 4) hash.word(wordAt(bytes, at + i));
    return hash.end();
  }

  #hashOfRow(swarm: number): number {
    const hash = this.#hash;
    const start = swarm * row.words;
    hash.begin();
    for (let i = 0; i < 5; i++) hash.word(this.rows[start + i] ?? 0);
    return hash.end();
  }
}
