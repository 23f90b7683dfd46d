// Which pieces of a content are good, and what each file still lacks.
// Invariant: a file is whole exactly when all its pieces are in `good`.

import { Bitfield } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';

export class Tally {
  readonly good: Bitfield;
  readonly #layout: Layout;
  /** Pieces of each file that are not good. */
  readonly #remaining: Int32Array;
  /** Files without such pieces. */
  readonly whole = new Set<number>();

  constructor(layout: Layout) {
    this.#layout = layout;
    this.good = new Bitfield(layout.pieceCount);
    this.#remaining = Int32Array.from(layout.files, (_, file) => {
      const { first, end } = layout.filePieces(file);
      return end - first;
    });
    this.#remaining.forEach((count, file) => {
      if (count === 0) this.whole.add(file);
    });
  }

  isWhole(file: number): boolean {
    return this.#remaining[file] === 0;
  }

  /** False when it was good before. */
  add(piece: number): boolean {
    if (!this.good.set(piece)) return false;
    for (const { file } of this.#layout.pieceRanges(piece)) {
      const left = (this.#remaining[file] ?? 0) - 1;
      this.#remaining[file] = left;
      if (left === 0) this.whole.add(file);
    }
    return true;
  }

  /** Those of them that were good. */
  remove(pieces: readonly number[]): number[] {
    const lost = pieces.filter((piece) => this.good.clear(piece));
    for (const piece of lost) {
      for (const { file } of this.#layout.pieceRanges(piece)) {
        this.#remaining[file] = (this.#remaining[file] ?? 0) + 1;
        this.whole.delete(file);
      }
    }
    return lost;
  }
}
