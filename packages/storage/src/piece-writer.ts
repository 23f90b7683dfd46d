// Pieces and blocks on their way to the disk. A piece in memory that lies in one file is hashed and written by one thread; all
// else goes through the queue.
// Invariants: only missing pieces are written; a piece is accepted after its last byte was written.

import type { Bitfield, Hashing, HashSource } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import { StorageError } from './errors.ts';
import { judgePiece } from './judge.ts';
import type { PieceJudge } from './piece-judge.ts';
import type { Placement } from './placement.ts';
import { bytesIn, cutBuffers } from './segments.ts';
import type { Judgement, KnownHashes } from './types.ts';
import { WriteQueue } from './write-queue.ts';

export interface PieceWriterOptions {
  readonly layout: Layout;
  readonly hashing: Hashing;
  readonly hashes: KnownHashes;
  readonly placement: Placement;
  readonly judge: PieceJudge;
  readonly good: Bitfield;
  readonly queueBytes: number;
  /** It was verified and written. */
  accept(piece: number): void;
  /** Unverified bytes of it were written. */
  touched(piece: number): void;
}

export class PieceWriter {
  readonly queue: WriteQueue;
  readonly #o: PieceWriterOptions;
  /** Writes wait while bytes move between files. */
  #gate: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: PieceWriterOptions) {
    this.#o = options;
    this.queue = new WriteQueue(options.queueBytes);
  }

  /** Nothing more is taken. */
  close(): void {
    this.#isClosed = true;
  }

  async storePiece(piece: number, blocks: readonly Uint8Array[]): Promise<Judgement> {
    while (this.#gate !== undefined) await this.#gate;
    this.#requireMissing(piece);
    const ranges = this.#o.layout.pieceRanges(piece);
    const [range, ...others] = ranges.filter(({ file }) => this.#o.placement.placeOf(file) !== undefined);
    const place = range === undefined ? undefined : this.#o.placement.placeOf(range.file);
    // A piece in several files would hold one while it waits for another: of open files there is a bound.
    if (range === undefined || place === undefined || others.length > 0 || range !== ranges[0]) {
      const judgement = await this.#o.judge.inMemory(piece, blocks);
      if (judgement.verdict === 'good') await this.#writePiece(piece, blocks);
      return judgement;
    }
    const { hashing, hashes } = this.#o;
    const { length } = range;
    const position = this.#o.placement.positionOf(range);
    const source = (withPadding: boolean): HashSource => ({
      kind: 'memory',
      blocks: this.#o.placement.trimmed(piece, blocks, withPadding),
    });
    return this.queue.around(length, async () => {
      const judgement = await place.useToWrite((file) =>
        judgePiece(hashing, hashes, piece, source, { place: { file, position, length } }),
      );
      if (judgement.verdict === 'good') {
        place.reaches(position + length);
        this.#o.accept(piece);
      }
      return judgement;
    });
  }

  async #writePiece(piece: number, blocks: readonly Uint8Array[]): Promise<void> {
    while (this.#gate !== undefined) await this.#gate;
    await this.#write(piece, 0, blocks, this.#o.layout.pieceSize(piece));
    this.#o.accept(piece);
  }

  async writeBlocks(piece: number, begin: number, blocks: readonly Uint8Array[]): Promise<void> {
    while (this.#gate !== undefined) await this.#gate;
    await this.#write(piece, begin, blocks, bytesIn(blocks));
    this.#o.touched(piece);
  }

  #write(piece: number, begin: number, blocks: readonly Uint8Array[], length: number): Promise<void> {
    this.#requireMissing(piece);
    const ranges = this.#o.layout.pieceRanges(piece, begin, length);
    return new Promise((resolve, reject) => {
      let left = 1;
      let failure: unknown;
      const done = (error: unknown): void => {
        failure ??= error;
        left--;
        if (left > 0) return;
        if (failure === undefined) resolve();
        else reject(failure);
      };
      let from = 0;
      for (const range of ranges) {
        const place = this.#o.placement.placeOf(range.file);
        if (place !== undefined) {
          left++;
          const buffers = cutBuffers(blocks, from, range.length);
          this.queue.add(place, this.#o.placement.positionOf(range), range.length, buffers, done);
        }
        from += range.length;
      }
      done(undefined);
    });
  }

  #requireMissing(piece: number): void {
    if (this.#isClosed) throw new StorageError('closed', 'The content was closed');
    if (this.#o.good.has(piece)) throw new StorageError('invalid', `Piece ${piece} is good already`);
  }

  /** Waits for what is queued, then acts while all who want to write wait. */
  async whileNobodyWrites(action: () => Promise<void>): Promise<void> {
    const acting = this.queue.flush().then(action);
    this.#gate = acting.catch(() => {});
    try {
      await acting;
    } finally {
      this.#gate = undefined;
    }
  }
}
