// Which pieces are wanted: those of the files that are selected, and those that somebody is watching whatever was selected.
// Invariant: a piece has a priority in the picker exactly while it is wanted for one of the two reasons.

import type { Layout } from '@shoal/metainfo';
import type { Picker } from './picker/picker.ts';
import { highPriority, lowPriority, usualPriority } from './picker/priority.ts';
import type { Wish } from './types.ts';

export class Wishes {
  readonly #layout: Layout;
  readonly #picker: Picker;
  /** The priority of each piece that is wanted for good; 0 for the others. */
  readonly #chosen: Uint8Array;
  #watched: ReadonlySet<number> = new Set();

  constructor(layout: Layout, picker: Picker) {
    this.#layout = layout;
    this.#picker = picker;
    this.#chosen = new Uint8Array(layout.pieceCount).fill(usualPriority);
  }

  /** Pieces that are missing of what is wanted for good: none, and the transfer is complete. */
  get left(): number {
    let { wanted } = this.#picker;
    for (const piece of this.#watched)
      if (this.#chosen[piece] === 0 && !this.#picker.have.has(piece)) wanted--;
    return wanted;
  }

  /** A piece is wanted if one of its files is, and as much as the most wanted of them. */
  select(wish: (file: number) => Wish): void {
    const { pieceCount, files } = this.#layout;
    const hasFile = new Uint8Array(pieceCount);
    this.#chosen.fill(0);
    for (const [index, file] of files.entries()) {
      if (file.isPad) continue;
      const { first, end } = this.#layout.filePieces(index);
      hasFile.fill(1, first, end);
      const priority = priorityOf(wish(index));
      for (let piece = first; piece < end; piece++)
        if ((this.#chosen[piece] ?? 0) < priority) this.#chosen[piece] = priority;
    }
    for (let piece = 0; piece < pieceCount; piece++) {
      if (hasFile[piece] === 0) this.#chosen[piece] = usualPriority;
      this.#apply(piece);
    }
  }

  /** One piece, for good, whatever file it is of. */
  take(piece: number): void {
    this.#chosen[piece] = usualPriority;
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
    return this.#chosen[piece] !== 0 || this.#watched.has(piece);
  }

  #apply(piece: number): void {
    const isWatched = this.#watched.has(piece);
    this.#picker.setPriority(piece, Math.max(this.#chosen[piece] ?? 0, isWatched ? usualPriority : 0));
  }
}

function priorityOf(wish: Wish): number {
  if (wish === 'low') return lowPriority;
  return wish === 'high' ? highPriority : wish === false ? 0 : usualPriority;
}
