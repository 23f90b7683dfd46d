// What we asked of one peer and did not get yet, in the order of asking, and how much may be asked at once.
// Invariant: each block stands here at most once, from the request until it came, was rejected, or was given up.
// In flight follows the measured rate over `horizonMs`, after a slow start that doubles with each round trip.

import { blockLength } from './picker/picker.ts';

const firstWindow = 8;
const leastWindow = 4;
/** Longer than any round trip, so that the pipe never runs dry; short enough that a lost peer holds little. */
const horizonMs = 2_000;

export class RequestWindow {
  #pieces = new Int32Array(8);
  #blocks = new Int32Array(8);
  #times = new Float64Array(8);
  #head = 0;
  #tail = 0;
  #count = 0;
  #limit: number;
  #window: number = firstWindow;
  #isStarting = true;
  /** When the block that was taken out last had been asked for. */
  removedAskedMs = 0;

  /** `limit`: how many requests the peer says it will queue. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Blocks in flight. */
  get count(): number {
    return this.#count;
  }

  /** Blocks that may be in flight. */
  get size(): number {
    return Math.min(this.#window, this.#limit);
  }

  get room(): number {
    return Math.max(0, this.size - this.#count);
  }

  setLimit(limit: number): void {
    this.#limit = Math.max(1, limit);
  }

  add(piece: number, block: number, nowMs: number): void {
    if (this.#tail - this.#head === this.#pieces.length) this.#grow();
    const at = this.#tail++ & (this.#pieces.length - 1);
    this.#pieces[at] = piece;
    this.#blocks[at] = block;
    this.#times[at] = nowMs;
    this.#count++;
  }

  /** Takes the block out; false when it does not stand here. Peers answer in order, so it is nearly always the first. */
  remove(piece: number, block: number): boolean {
    const mask = this.#pieces.length - 1;
    for (let i = this.#head; i < this.#tail; i++) {
      const at = i & mask;
      if (this.#pieces[at] !== piece || this.#blocks[at] !== block) continue;
      this.#pieces[at] = -1;
      this.removedAskedMs = this.#times[at] ?? 0;
      this.#count--;
      while (this.#head < this.#tail && this.#pieces[this.#head & mask] === -1) this.#head++;
      return true;
    }
    return false;
  }

  has(piece: number, block: number): boolean {
    const mask = this.#pieces.length - 1;
    for (let i = this.#head; i < this.#tail; i++)
      if (this.#pieces[i & mask] === piece && this.#blocks[i & mask] === block) return true;
    return false;
  }

  /** When the oldest of them was asked for. */
  get oldestMs(): number | undefined {
    return this.#count === 0 ? undefined : this.#times[this.#head & (this.#pieces.length - 1)];
  }

  /** Takes all out, in order. */
  drain(each: (piece: number, block: number) => void): void {
    const mask = this.#pieces.length - 1;
    const tail = this.#tail;
    while (this.#head < tail) {
      const at = this.#head++ & mask;
      const piece = this.#pieces[at] ?? -1;
      if (piece === -1) continue;
      this.#count--;
      each(piece, this.#blocks[at] ?? 0);
    }
  }

  *[Symbol.iterator](): Generator<readonly [piece: number, block: number]> {
    const mask = this.#pieces.length - 1;
    for (let i = this.#head; i < this.#tail; i++) {
      const piece = this.#pieces[i & mask] ?? -1;
      if (piece !== -1) yield [piece, this.#blocks[i & mask] ?? 0];
    }
  }

  /** A block came in time: during slow start there is room for one more. */
  grow(): void {
    if (this.#isStarting && this.#window < this.#limit) this.#window++;
  }

  /** The peer was silent for too long: ask it for little until it shows that it is back. */
  shrink(): void {
    this.#window = 1;
    this.#isStarting = true;
  }

  /** About once a second. */
  tick(bytesPerSecond: number): void {
    if (bytesPerSecond <= 0) return;
    const needed = Math.ceil((bytesPerSecond * horizonMs) / 1000 / blockLength);
    // While the window is what limits the rate, more is needed than it holds, as round trips are below the horizon.
    if (needed <= this.#window) this.#isStarting = false;
    this.#window = Math.max(leastWindow, needed);
  }

  /** Instead of `tick` while somebody watches: no more than comes within this time, so that little stands before what is urgent. */
  follow(blockMs: number, withinMs: number): void {
    this.#isStarting = false;
    this.#window = Math.max(2, Math.ceil(withinMs / blockMs));
  }

  #grow(): void {
    const before = this.#pieces.length;
    const [pieces, blocks, times] = [this.#pieces, this.#blocks, this.#times];
    this.#pieces = new Int32Array(before * 2);
    this.#blocks = new Int32Array(before * 2);
    this.#times = new Float64Array(before * 2);
    let tail = 0;
    for (let i = this.#head; i < this.#tail; i++) {
      const at = i & (before - 1);
      if (pieces[at] === -1) continue;
      this.#pieces[tail] = pieces[at] ?? 0;
      this.#blocks[tail] = blocks[at] ?? 0;
      this.#times[tail] = times[at] ?? 0;
      tail++;
    }
    this.#head = 0;
    this.#tail = tail;
  }
}
