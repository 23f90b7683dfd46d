// The missing pieces, sorted by priority and then by how few peers have them, so that the rarest is found at once.
// Invariant: a piece is in at most one bucket, `position` says where, and a bit of `filled` is set exactly for
// the buckets that hold something. Every change is a push, a pop and a swap: nothing here walks over all pieces.

import { mostPriority } from './priority.ts';

/** Beyond this many copies a piece is no longer rare, and sorting further would only cost memory. */
const rarityLevels = 64;
const bucketCount = mostPriority * rarityLevels;

export class RarityBuckets {
  readonly #buckets: (number[] | undefined)[] = new Array(bucketCount).fill(undefined);
  readonly #filled = new Uint32Array(bucketCount / 32);
  readonly #bucketOf: Int16Array;
  readonly #position: Int32Array;
  #size = 0;

  constructor(pieceCount: number) {
    this.#bucketOf = new Int16Array(pieceCount).fill(-1);
    this.#position = new Int32Array(pieceCount);
  }

  get size(): number {
    return this.#size;
  }

  has(piece: number): boolean {
    return (this.#bucketOf[piece] ?? -1) >= 0;
  }

  /** Puts a piece where it belongs now, wherever it was before. `priority` is at least 1. */
  put(piece: number, priority: number, copies: number): void {
    const bucket = bucketFor(priority, copies);
    const before = this.#bucketOf[piece] ?? -1;
    if (before === bucket) return;
    if (before >= 0) this.remove(piece);
    let pieces = this.#buckets[bucket];
    if (pieces === undefined) {
      pieces = [];
      this.#buckets[bucket] = pieces;
    }
    this.#bucketOf[piece] = bucket;
    this.#position[piece] = pieces.length;
    pieces.push(piece);
    this.#size++;
    if (pieces.length === 1) this.#mark(bucket, true);
  }

  remove(piece: number): void {
    const bucket = this.#bucketOf[piece] ?? -1;
    const pieces = this.#buckets[bucket];
    if (pieces === undefined) return;
    const last = pieces.pop();
    if (last !== undefined && last !== piece) {
      const position = this.#position[piece] ?? 0;
      pieces[position] = last;
      this.#position[last] = position;
    }
    this.#bucketOf[piece] = -1;
    this.#size--;
    if (pieces.length === 0) this.#mark(bucket, false);
  }

  /** The best bucket at or after `from` that holds something; -1 when there is none. */
  next(from: number): number {
    let word = from >>> 5;
    if (word >= this.#filled.length) return -1;
    let bits = (this.#filled[word] ?? 0) & (0xffffffff << (from & 31));
    while (bits === 0) {
      word++;
      if (word >= this.#filled.length) return -1;
      bits = this.#filled[word] ?? 0;
    }
    return (word << 5) + (31 - Math.clz32(bits & -bits));
  }

  /** The pieces of one bucket, in no order. Valid until the next change. */
  at(bucket: number): readonly number[] {
    return this.#buckets[bucket] ?? [];
  }

  bucketOf(piece: number): number {
    return this.#bucketOf[piece] ?? -1;
  }

  /** The priority of the best piece there is; 0 when there is none. */
  get bestPriority(): number {
    const bucket = this.next(0);
    return bucket < 0 ? 0 : mostPriority - Math.floor(bucket / rarityLevels);
  }

  #mark(bucket: number, filled: boolean): void {
    const word = bucket >>> 5;
    const bit = 1 << (bucket & 31);
    const bits = this.#filled[word] ?? 0;
    this.#filled[word] = filled ? bits | bit : bits & ~bit;
  }

  checkInvariants(expected: (piece: number) => { priority: number; copies: number } | undefined): string[] {
    const faults: string[] = [];
    let size = 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const pieces = this.#buckets[bucket] ?? [];
      size += pieces.length;
      const isMarked = ((this.#filled[bucket >>> 5] ?? 0) & (1 << (bucket & 31))) !== 0;
      if (isMarked !== pieces.length > 0) faults.push(`bucket ${bucket} is marked ${isMarked}`);
      pieces.forEach((piece, position) => {
        if (this.#bucketOf[piece] !== bucket || this.#position[piece] !== position)
          faults.push(`piece ${piece} is not where the index says`);
      });
    }
    if (size !== this.#size) faults.push(`${size} pieces in buckets, counted ${this.#size}`);
    for (let piece = 0; piece < this.#bucketOf.length; piece++) {
      const wanted = expected(piece);
      const should = wanted === undefined ? -1 : bucketFor(wanted.priority, wanted.copies);
      if (this.#bucketOf[piece] !== should)
        faults.push(`piece ${piece} is in bucket ${this.#bucketOf[piece]}, not ${should}`);
    }
    return faults;
  }
}

function bucketFor(priority: number, copies: number): number {
  return (mostPriority - priority) * rarityLevels + Math.min(copies, rarityLevels - 1);
}
