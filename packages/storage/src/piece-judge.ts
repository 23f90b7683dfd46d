// Judges pieces of a content where they lie: in memory, on the disk, or in a copy of a file on another one.
// Invariant: a file that gets its other name meanwhile is found again, and not called missing.

import type { Hashing, HashSource } from '@shoal/base';
import { judgePiece } from './judge.ts';
import type { Instead, Placement } from './placement.ts';
import type { Judgement, KnownHashes } from './types.ts';

export class PieceJudge {
  readonly #hashing: Hashing;
  readonly #hashes: KnownHashes;
  readonly #placement: Placement;

  constructor(hashing: Hashing, hashes: KnownHashes, placement: Placement) {
    this.#hashing = hashing;
    this.#hashes = hashes;
    this.#placement = placement;
  }

  inMemory(piece: number, blocks: readonly Uint8Array[], signal?: AbortSignal): Promise<Judgement> {
    const source = (withPadding: boolean): HashSource => ({
      kind: 'memory',
      blocks: this.#placement.trimmed(piece, blocks, withPadding),
    });
    return this.#judge(piece, source, signal);
  }

  /** `instead`: one of its files is read at another place. */
  async onDisk(piece: number, signal?: AbortSignal, instead?: Instead): Promise<Judgement> {
    const source = (withPadding: boolean) => this.#placement.hashSource(piece, withPadding, instead);
    for (;;) {
      const paths = this.#placement.pathsOf(piece);
      const judgement = await this.#judge(piece, source, signal);
      const isMoved = this.#placement.pathsOf(piece).some((path, i) => path !== paths[i]);
      if (judgement.verdict !== 'missing' || !isMoved) return judgement;
    }
  }

  #judge(
    piece: number,
    source: (withPadding: boolean) => HashSource | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Judgement> {
    return judgePiece(this.#hashing, this.#hashes, piece, source, signal === undefined ? {} : { signal });
  }
}
