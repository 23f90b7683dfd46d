// Complete files get their own names, one after the other, when the release gate agrees.
// Invariant: a file is released only after all its pieces are good; the gate is asked once for each file,
// and again only after the disk failed.

import type { Layout } from '@shoal/metainfo';
import type { Content } from '@shoal/storage';

export interface ReleasesOptions {
  readonly content: Content;
  readonly layout: Layout;
  gate(file: number): Promise<boolean>;
  released(file: number, path: string): void;
  /** Nothing is waiting any more. */
  settled(): void;
  failed(error: unknown): void;
}

export class Releases {
  readonly #o: ReleasesOptions;
  readonly #asked = new Set<number>();
  #waiting = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: ReleasesOptions) {
    this.#o = options;
  }

  get isSettled(): boolean {
    return this.#waiting === 0;
  }

  /** Whatever is complete by now. */
  all(): void {
    for (const file of this.#o.content.completeFiles()) this.#release(file);
  }

  /** A piece became good: files that it completed. */
  had(piece: number): void {
    for (const { file } of this.#o.layout.pieceRanges(piece)) {
      const state = this.#o.content.fileState(file);
      if (state.isComplete && !state.isReleased && state.isWanted) this.#release(file);
    }
  }

  /** It is gone from the disk, and would be another file when it is fetched again. */
  forget(file: number): void {
    this.#asked.delete(file);
  }

  #release(file: number): void {
    if (this.#asked.has(file)) return;
    this.#asked.add(file);
    this.#waiting++;
    const { content } = this.#o;
    this.#queue = this.#queue.then(async () => {
      try {
        if (await this.#o.gate(file)) {
          await content.release(file);
          this.#o.released(file, content.fileState(file).path);
        }
      } catch (error) {
        // With the next look at all files it is tried again: there may be room then.
        this.#asked.delete(file);
        this.#o.failed(error);
      }
      this.#waiting--;
      if (this.#waiting === 0) this.#o.settled();
    });
  }
}
