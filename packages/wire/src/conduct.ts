// What a peer may say when (BEP 3, 6, 10), apart from how it is framed. One method a message, called by whoever
// handles that message; a breach is thrown as a WireError whose code says which rule it is.
// Rules as the field lives them: whatever may precede the bitfield, and it may come again, in place of many haves; a
// peer that sends none has nothing yet; haves repeated and cancels of what was never asked are shrugged at.

import { longestRequest } from './bounds.ts';
import { WireError } from './errors.ts';

/** How the content is cut, as far as messages name it. */
export interface ContentShape {
  readonly pieceCount: number;
  /** Of all pieces but the last of the content (v1) or of a file (v2). */
  readonly pieceLength: number;
  lengthOfPiece(piece: number): number;
}

export interface ConductOptions {
  /** Both sides set the bit of BEP 6. */
  readonly fast: boolean;
  /** Both sides set the bit of BEP 10. */
  readonly extensions: boolean;
  /** Absent until the metadata has come. */
  readonly shape?: ContentShape;
}

export class Conduct {
  readonly #fast: boolean;
  readonly #extensions: boolean;
  #shape: ContentShape | undefined;
  #highestPiece = -1;
  #bitfield: { readonly length: number; readonly lastByte: number } | undefined;

  constructor(options: ConductOptions) {
    this.#fast = options.fast;
    this.#extensions = options.extensions;
    this.#shape = options.shape;
  }

  /** The metadata has come: what the peer said before is held against it. */
  setShape(shape: ContentShape): void {
    this.#shape = shape;
    if (this.#highestPiece >= 0) this.#checkPiece(this.#highestPiece);
    if (this.#bitfield !== undefined) checkBitfield(this.#bitfield.length, this.#bitfield.lastByte, shape);
  }

  /** At any time, like have-all: aria2 sends them in place of many haves while it downloads. */
  bitfield(bits: Uint8Array): void {
    const lastByte = bits[bits.length - 1] ?? 0;
    if (this.#shape !== undefined) checkBitfield(bits.length, lastByte, this.#shape);
    else this.#bitfield = { length: bits.length, lastByte };
  }

  /** Have-all and have-none. */
  haveAllOrNone(): void {
    this.#needFast();
  }

  have(piece: number): void {
    this.#checkPiece(piece);
  }

  /** Suggest and allowed-fast. */
  hint(piece: number): void {
    this.#needFast();
    this.#checkPiece(piece);
  }

  /** That a rejected block was asked for is the block ledger's to say. */
  reject(): void {
    this.#needFast();
  }

  request(piece: number, begin: number, length: number): void {
    if (length > longestRequest) {
      throw new WireError('request-too-long', `The peer asked for ${length} bytes at once.`);
    }
    const shape = this.#shape;
    if (shape === undefined || piece >= shape.pieceCount) {
      throw new WireError('request-out-of-range', `The peer asked for piece ${piece}, which does not exist.`);
    }
    if (length === 0 || begin + length > shape.lengthOfPiece(piece)) {
      throw new WireError(
        'request-out-of-range',
        `The peer asked for ${length} bytes at ${begin} of piece ${piece}, which are not in it.`,
      );
    }
  }

  extended(): void {
    if (!this.#extensions) {
      throw new WireError(
        'extension-not-negotiated',
        'The peer sent an extended message without the bit for it.',
      );
    }
  }

  /** BEP 54. */
  dontHave(piece: number): void {
    this.extended();
    this.#checkPiece(piece);
  }

  #needFast(): void {
    if (!this.#fast) {
      throw new WireError('fast-not-negotiated', 'The peer used the fast extension without the bit for it.');
    }
  }

  #checkPiece(piece: number): void {
    if (this.#shape === undefined) this.#highestPiece = Math.max(this.#highestPiece, piece);
    else if (piece >= this.#shape.pieceCount) {
      throw new WireError(
        'piece-out-of-range',
        `The peer named piece ${piece} of ${this.#shape.pieceCount}.`,
      );
    }
  }
}

function checkBitfield(length: number, lastByte: number, shape: ContentShape): void {
  const expected = Math.ceil(shape.pieceCount / 8);
  if (length !== expected) {
    throw new WireError('bitfield-length', `The bitfield has ${length} bytes instead of ${expected}.`);
  }
  const spareBits = expected * 8 - shape.pieceCount;
  if ((lastByte & ((1 << spareBits) - 1)) !== 0) {
    throw new WireError('bitfield-spare-bits', 'The bitfield names pieces behind the last one.');
  }
}
