// How much of what is wanted is here, in bytes of files (padding does not count).
// Invariant: `had` is the sum over good pieces, `total` over all, of their bytes in wanted files.

import type { Bitfield } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';

export class WantedBytes {
  readonly #layout: Layout;
  readonly #isWanted: (file: number) => boolean;
  readonly total: number;
  #bytes = 0;

  constructor(layout: Layout, good: Bitfield, isWanted: (file: number) => boolean) {
    this.#layout = layout;
    this.#isWanted = isWanted;
    let total = 0;
    for (const [index, file] of layout.files.entries())
      if (!file.isPad && isWanted(index)) total += file.length;
    this.total = total;
    for (const piece of good.indices()) this.had(piece);
  }

  get bytes(): number {
    return this.#bytes;
  }

  had(piece: number): void {
    for (const { file, length } of this.#layout.pieceRanges(piece))
      if (this.#layout.files[file]?.isPad === false && this.#isWanted(file)) this.#bytes += length;
  }
}
