// Who sent the block that made a piece bad.
// v1: a piece from one peer alone convicts it at once. One from several is fetched again from one alone; digests of the
// bad blocks are kept, and whoever sent a block that differs from the good one lied. v2: leaf hashes name the block.
// Invariant: nobody is convicted on suspicion; a conviction always has the block that differs.

import { equalBytes, type Hashing, type PeerAddress } from '@shoal/base';
import * as bound from './bounds.ts';

export interface Suspect {
  readonly slot: number;
  /** Where it can be banned, connected or not; undefined for a web seed, which its slot names. */
  readonly address: PeerAddress | undefined;
}

interface BadBlock {
  readonly suspect: Suspect;
  readonly block: number;
  readonly digest: Uint8Array;
}

export class Suspects {
  readonly #hashing: Hashing;
  readonly #pieces = new Map<number, BadBlock[]>();

  constructor(hashing: Hashing) {
    this.#hashing = hashing;
  }

  isSuspect(piece: number): boolean {
    return this.#pieces.has(piece);
  }

  /** The piece was bad and came from several: what each of them sent is remembered. */
  remember(
    piece: number,
    blocks: readonly (Uint8Array | undefined)[],
    senderOf: (block: number) => Suspect | undefined,
  ): void {
    const bad = this.#pieces.get(piece) ?? [];
    blocks.forEach((bytes, block) => {
      const suspect = senderOf(block);
      if (bytes === undefined || suspect === undefined) return;
      bad.push({ suspect, block, digest: this.#hashing.digest('sha1', bytes) });
    });
    this.#pieces.set(piece, bad.slice(-4 * blocks.length));
    for (const oldest of this.#pieces.keys()) {
      if (this.#pieces.size <= bound.mostSuspectPieces) break;
      this.#pieces.delete(oldest);
    }
  }

  /** The piece has come good: those whose blocks differ. */
  convict(piece: number, goodBlock: (block: number) => Uint8Array | undefined): Suspect[] {
    const bad = this.#pieces.get(piece) ?? [];
    this.#pieces.delete(piece);
    const guilty = new Map<number, Suspect>();
    const digests = new Map<number, Uint8Array>();
    for (const { suspect, block, digest } of bad) {
      let good = digests.get(block);
      if (good === undefined) {
        const bytes = goodBlock(block);
        if (bytes === undefined) continue;
        good = this.#hashing.digest('sha1', bytes);
        digests.set(block, good);
      }
      if (!equalBytes(digest, good)) guilty.set(suspect.slot, suspect);
    }
    return [...guilty.values()];
  }
}
