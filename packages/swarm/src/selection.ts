// Which files of a torrent are wanted, and how much of them is here.
// Invariants: a choice made before the torrent is known holds once it is; a volunteer begins with no file; the count
// outlives the torrent that it is of, which may be let go of and read again.

import type { Bitfield } from '@shoal/base';
import type { Layout, Torrent } from '@shoal/metainfo';
import type { TransferMode, TransferOptions, Wish } from './types.ts';
import { WantedBytes } from './wanted-bytes.ts';

/** A file is named with `/` between its names, as options and events do. */
export type Choice = (path: string, file: number) => Wish;

export class Selection {
  readonly #given: Choice;
  #chosen: Choice | undefined;
  #count: WantedBytes | undefined;
  #last = { bytes: 0, total: 0 };
  mode: TransferMode;
  wish: (file: number) => Wish = () => true;
  readonly isWanted = (file: number): boolean => this.wish(file) !== false;

  constructor({ mode, isWanted }: TransferOptions) {
    this.mode = mode ?? { kind: 'usual' };
    this.#given = isWanted ?? (() => true);
  }

  /** A volunteer wants no files; whoever is none, those that were wanted in the beginning. */
  get initial(): Choice {
    return this.mode.kind === 'share' ? () => false : this.#given;
  }

  /** Verified bytes of wanted files, and all of them. */
  get bytes(): { readonly bytes: number; readonly total: number } {
    const { bytes, total } = this.#count ?? this.#last;
    return { bytes, total };
  }

  choose(choice: Choice): void {
    this.#chosen = choice;
  }

  /** What was chosen holds for its files from now on. */
  apply(torrent: Torrent): void {
    const choice = this.#chosen ?? this.initial;
    this.wish = (file) => choice((torrent.layout.files[file]?.path ?? []).join('/'), file);
  }

  count(layout: Layout, good: Bitfield): void {
    this.#count = new WantedBytes(layout, good, this.isWanted);
  }

  had(piece: number): void {
    this.#count?.had(piece);
  }

  /** The numbers stay. */
  forget(): void {
    this.#last = this.bytes;
    this.#count = undefined;
  }
}
