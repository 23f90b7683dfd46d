// What one peer asked of us, in the order of asking.
// Invariant: never more than `bound` requests; nothing is allocated for one.

export class UploadQueue {
  readonly #bound: number;
  #pieces = new Uint32Array(16);
  #begins = new Uint32Array(16);
  /** 0 for one that was cancelled. */
  #lengths = new Uint32Array(16);
  #head = 0;
  #tail = 0;
  #count = 0;

  constructor(bound: number) {
    this.#bound = bound;
  }

  get count(): number {
    return this.#count;
  }

  /** False when there is no room. */
  add(piece: number, begin: number, length: number): boolean {
    if (this.#count >= this.#bound) return false;
    if (this.#tail - this.#head === this.#pieces.length) this.#makeRoom();
    const at = this.#tail++ & (this.#pieces.length - 1);
    this.#pieces[at] = piece;
    this.#begins[at] = begin;
    this.#lengths[at] = length;
    this.#count++;
    return true;
  }

  /** False when it is not there (any more). */
  cancel(piece: number, begin: number, length: number): boolean {
    const mask = this.#pieces.length - 1;
    for (let i = this.#head; i < this.#tail; i++) {
      const at = i & mask;
      if (this.#pieces[at] !== piece || this.#begins[at] !== begin || this.#lengths[at] !== length) continue;
      this.#lengths[at] = 0;
      this.#count--;
      this.#skipCancelled();
      return true;
    }
    return false;
  }

  get piece(): number {
    return this.#pieces[this.#head & (this.#pieces.length - 1)] ?? 0;
  }

  get begin(): number {
    return this.#begins[this.#head & (this.#pieces.length - 1)] ?? 0;
  }

  /** Of the first request; 0 when there is none. */
  get length(): number {
    return this.#count === 0 ? 0 : (this.#lengths[this.#head & (this.#pieces.length - 1)] ?? 0);
  }

  shift(): void {
    if (this.#count === 0) return;
    this.#head++;
    this.#count--;
    this.#skipCancelled();
  }

  clear(each?: (piece: number, begin: number, length: number) => void): void {
    while (this.#count > 0) {
      const { piece, begin, length } = this;
      this.shift();
      each?.(piece, begin, length);
    }
  }

  #skipCancelled(): void {
    const mask = this.#pieces.length - 1;
    while (this.#head < this.#tail && this.#lengths[this.#head & mask] === 0) this.#head++;
  }

  #makeRoom(): void {
    const before = this.#pieces.length;
    const grow = this.#count * 2 > before ? before * 2 : before;
    const [pieces, begins, lengths] = [this.#pieces, this.#begins, this.#lengths];
    this.#pieces = new Uint32Array(grow);
    this.#begins = new Uint32Array(grow);
    this.#lengths = new Uint32Array(grow);
    let tail = 0;
    for (let i = this.#head; i < this.#tail; i++) {
      const at = i & (before - 1);
      if (lengths[at] === 0) continue;
      this.#pieces[tail] = pieces[at] ?? 0;
      this.#begins[tail] = begins[at] ?? 0;
      this.#lengths[tail] = lengths[at] ?? 0;
      tail++;
    }
    this.#head = 0;
    this.#tail = tail;
  }
}
