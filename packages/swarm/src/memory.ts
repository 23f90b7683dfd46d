// The blocks of all transfers of a session: slabs, lent out before a block is asked for.
// Invariant: slabs taken + blocks asked for <= capacity, so that whatever was asked for has a place when it comes,
// and back-pressure is that nobody asks for more.

import type { Slabs } from '@shoal/base';

export class BlockMemory {
  readonly capacity: number;
  readonly #slabs: Slabs;
  #taken = 0;
  #asked = 0;
  /** Peers that we may ask, in all transfers: they share what there is. */
  activePeers = 0;
  readonly #waiting = new Set<() => void>();
  #isWaking = false;

  /** `slabs` may be those of other sessions, too. */
  constructor(slabs: Slabs, capacity: number) {
    this.#slabs = slabs;
    this.capacity = capacity;
  }

  get taken(): number {
    return this.#taken;
  }

  get asked(): number {
    return this.#asked;
  }

  /** Blocks that may be asked for now. */
  get credit(): number {
    return Math.max(0, this.capacity - this.#taken - this.#asked);
  }

  /** What one peer may have in flight, so that no peer starves the others; a quarter stays for hashing and writing. */
  get share(): number {
    return Math.max(8, Math.floor((this.capacity * 0.75) / Math.max(1, this.activePeers)));
  }

  /** Those who wait for credit are called when there is so much of it. */
  get batch(): number {
    return this.capacity >> 4;
  }

  ask(count: number): void {
    this.#asked += count;
  }

  /** Asked for no longer: it came, or it was given up. */
  settle(count: number): void {
    this.#asked -= count;
    if (this.#waiting.size > 0) this.#wake();
  }

  take(): Uint8Array | undefined {
    if (this.#taken >= this.capacity) return undefined;
    this.#taken++;
    return this.#slabs.take();
  }

  give(slab: Uint8Array): void {
    this.#taken--;
    this.#slabs.give(slab);
    if (this.#waiting.size > 0) this.#wake();
  }

  /** Calls once, when there is credit again. */
  whenFree(callback: () => void): void {
    this.#waiting.add(callback);
  }

  /** In a microtask, so that many slabs given back together wake everybody once. */
  #wake(): void {
    if (this.#isWaking || this.credit < this.batch) return;
    this.#isWaking = true;
    queueMicrotask(() => {
      this.#isWaking = false;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const callback of waiting) callback();
    });
  }

  checkInvariants(): string[] {
    const taken = this.#taken;
    return this.#asked < 0 || taken < 0 || taken > this.capacity
      ? [`${taken} slabs of ${this.capacity} taken, ${this.#asked} blocks asked`]
      : [];
  }
}
