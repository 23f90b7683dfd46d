// What one peer says it has. Pieces change only through the picker, which counts copies and interest.

import type { Bitfield } from '@shoal/base';

export interface PeerPieces {
  /** Never used twice in one picker, so that a block's sender is still known after the peer has left. */
  readonly slot: number;
  readonly hasAll: boolean;
  /** Pieces that it has and that we want and do not have: more than none makes the peer interesting. */
  readonly wanted: number;
  readonly count: number;
  /** Not to be asked for pieces that are reserved for faster ones. */
  isSlow: boolean;
  has(piece: number): boolean;
}

export class PickerPeer implements PeerPieces {
  readonly slot: number;
  readonly #totalWanted: () => number;
  readonly #pieceCount: number;
  hasAll = false;
  /** Undefined while it has nothing, and when it has all. */
  pieces: Bitfield | undefined;
  wantedOfSome = 0;
  /** The last piece opened for it: the next one on disk is read fastest after it. */
  lastPiece = -2;
  /** The picker's change count when there was nothing for this peer; nothing will be there until it changes. */
  sawNothingAt = -1;
  isSlow = false;
  /** Pieces that it would like to be asked for (BEP 6), the latest last. */
  readonly suggested: number[] = [];

  constructor(slot: number, pieceCount: number, totalWanted: () => number) {
    this.slot = slot;
    this.#pieceCount = pieceCount;
    this.#totalWanted = totalWanted;
  }

  get wanted(): number {
    return this.hasAll ? this.#totalWanted() : this.wantedOfSome;
  }

  get count(): number {
    return this.hasAll ? this.#pieceCount : (this.pieces?.count ?? 0);
  }

  has(piece: number): boolean {
    return this.hasAll || (this.pieces?.has(piece) ?? false);
  }
}
