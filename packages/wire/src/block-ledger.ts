// Which blocks one peer was asked for, and which of them were given up since (cancel, choke, timeout).
// Invariant: a block that comes is wanted, waste, or a breach: wanted at most once for each time it was asked,
// waste at most once for each time it was given up, and a breach otherwise. No allocation per block.

import { blockLength, mostForgivenBlocks } from './bounds.ts';
import type { ContentShape } from './conduct.ts';
import { WireError } from './errors.ts';

export class BlockLedger {
  readonly #shape: ContentShape;
  readonly #blocksPerPiece: number;
  readonly #wanted = new Set<number>();
  /** How often each block may still come although nobody waits for it. */
  readonly #forgiven = new Map<number, number>();

  constructor(shape: ContentShape) {
    this.#shape = shape;
    this.#blocksPerPiece = Math.ceil(shape.pieceLength / blockLength);
  }

  /** Blocks in flight that somebody waits for. */
  get wantedCount(): number {
    return this.#wanted.size;
  }

  /** `begin` is a multiple of 16 KiB, and the length what the piece has left, 16 KiB at most. */
  asked(piece: number, begin: number): void {
    this.#wanted.add(this.#key(piece, begin));
  }

  /** Gives up one block. False when it was not in flight. */
  forgive(piece: number, begin: number): boolean {
    const key = this.#key(piece, begin);
    if (!this.#wanted.delete(key)) return false;
    this.#forgiveKey(key);
    return true;
  }

  /** Gives up all blocks in flight (a choke without the fast extension means that), oldest first. */
  forgiveAll(each: (piece: number, begin: number) => void): void {
    const keys = [...this.#wanted];
    this.#wanted.clear();
    for (const key of keys) {
      this.#forgiveKey(key);
      each(Math.floor(key / this.#blocksPerPiece), (key % this.#blocksPerPiece) * blockLength);
    }
  }

  /** A block has come. Throws `block-unrequested`. */
  answered(piece: number, begin: number, length: number): 'wanted' | 'waste' {
    const outcome = this.#settle(piece, begin, length);
    if (outcome === undefined) {
      throw new WireError(
        'block-unrequested',
        `The peer sent ${length} bytes at ${begin} of piece ${piece} unasked.`,
      );
    }
    return outcome;
  }

  /**
   * A reject has come. Throws `reject-unrequested`. Of a block that was given up and asked for anew, it is the first request
   * that a peer rejects: the second one stands.
   */
  rejected(piece: number, begin: number, length: number): 'wanted' | 'waste' {
    const outcome = this.#settle(piece, begin, length, this.#forgiven.has(this.#key(piece, begin)));
    if (outcome === undefined) {
      throw new WireError('reject-unrequested', 'The peer rejected a request that it was never sent.');
    }
    return outcome;
  }

  #settle(piece: number, begin: number, length: number, isOfFirst = false): 'wanted' | 'waste' | undefined {
    if (piece >= this.#shape.pieceCount || begin % blockLength !== 0) return undefined;
    if (length !== Math.min(blockLength, this.#shape.lengthOfPiece(piece) - begin)) return undefined;
    const key = this.#key(piece, begin);
    if (!isOfFirst && this.#wanted.delete(key)) return 'wanted';
    const left = this.#forgiven.get(key);
    if (left === undefined) return undefined;
    if (left > 1) this.#forgiven.set(key, left - 1);
    else this.#forgiven.delete(key);
    return 'waste';
  }

  #forgiveKey(key: number): void {
    this.#forgiven.set(key, (this.#forgiven.get(key) ?? 0) + 1);
    if (this.#forgiven.size <= mostForgivenBlocks) return;
    for (const oldest of this.#forgiven.keys()) {
      this.#forgiven.delete(oldest);
      return;
    }
  }

  #key(piece: number, begin: number): number {
    return piece * this.#blocksPerPiece + begin / blockLength;
  }
}
