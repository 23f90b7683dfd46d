// What a peer says it has before we know how many pieces there are: kept as said, held against the metadata later.
// Invariant: no more is kept than one bitfield and a bounded number of haves.

import { Bitfield } from '@shoal/base';

/** Who has more says so in a bitfield. */
const mostHaves = 16_384;

export class EarlyPieces {
  #hasAll = false;
  #bits: Uint8Array | undefined;
  readonly #haves = new Set<number>();

  hasAll(): void {
    this.#hasAll = true;
  }

  hasOnly(bits: Uint8Array): void {
    this.#bits = bits.slice();
  }

  has(piece: number): void {
    if (this.#haves.size < mostHaves) this.#haves.add(piece);
  }

  /** Conduct has checked already that all of it fits. */
  pieces(pieceCount: number): Bitfield {
    const pieces =
      (this.#bits === undefined ? undefined : Bitfield.parse(this.#bits, pieceCount)) ??
      new Bitfield(pieceCount);
    if (this.#hasAll) pieces.setAll();
    for (const piece of this.#haves) pieces.set(piece);
    return pieces;
  }
}
