// Which pieces are wanted: those of the files that are selected, and those that somebody is watching whatever was selected.
// Invariant: a piece has a priority in the picker exactly while it is wanted for one of the two reasons.

import type { Layout } from '@shoal/metainfo';
import type { Picker } from './picker/picker.ts';
import { usualPriority } from './picker/priority.ts';

export class Wishes {
  readonly #layout: Layout;
  readonly #picker: Picker;
  /** 1 for each piece that is wanted for good. */
  readonly #chosen: Uint8Array;
  #watched: ReadonlySet<number> = new Set();

  constructor(layout: Layout, picker: Picker) {
    this.#layout = layout;
    this.#picker = picker;
    this.#chosen = new Uint8Array(layout.pieceCount).fill(1);
  }

  /** Pieces that are missing of what is wanted for good: none, and the transfer is complete. */
  get left(): number {
    let { wanted } = this.#picker;
    for (const piece of this.#watched)
      if (this.#chosen[piece] === 0 && !this.#picker.have.has(piece)) wanted--;
    return wanted;
  }

  /** A piece is wanted if one of its files is. */
  select(isWanted: (file: number) => boolean): void {
    const { pieceCount, files } = this.#layout;
    const hasFile = new Uint8Array(pieceCount);
    this.#chosen.fill(0);
    for (const [index, file] of files.entries()) {
      if (file.isPad) continue;
      const { first, end } = this.#layout.filePieces(index);
      hasFile.fill(1, first, end);
      if (isWanted(index)) this.#chosen.fill(1, first, end);
    }
    for (let piece = 0; piece < pieceCount; piece++) {
      if (hasFile[piece] === 0) this.#chosen[piece] = 1;
      this.#apply(piece);
    }
  }

  /** One piece, for good, whatever file it is of. */
  take(piece: number): void {
    this.#chosen[piece] = 1;
    this.#apply(piece);
  }

  /** Pieces in front of those who watch, instead of those before. True when there is more to fetch now. */
  watch(pieces: ReadonlySet<number>): boolean {
    const before = this.#watched;
    const wantedBefore = this.#picker.wanted;
    this.#watched = pieces;
    for (const piece of before) if (!pieces.has(piece)) this.#apply(piece);
    for (const piece of pieces) if (!before.has(piece)) this.#apply(piece);
    return this.#picker.wanted > wantedBefore;
  }

  isWanted(piece: number): boolean {
    return this.#chosen[piece] === 1 || this.#watched.has(piece);
  }

  #apply(piece: number): void {
    this.#picker.setPriority(piece, this.isWanted(piece) ? usualPriority : 0);
  }
}
