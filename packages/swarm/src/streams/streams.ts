// Files of one transfer that are being read while they are fetched (RangeReader). Pieces ahead of the readers come first, in
// the order in which they are needed, and from those who answer soonest; what nobody reads any more is dropped.
// Invariants: readers get verified bytes only, from the disk; what is fetched for them is bounded by their windows.

import type { Clock, Timer } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import type { Content } from '@shoal/storage';
import * as bound from '../bounds.ts';
import type { Peer } from '../peer.ts';
import type { Trade } from '../trade.ts';
import type { Playhead } from './playhead.ts';
import { Rescue } from './rescue.ts';

export interface StreamsOptions {
  readonly clock: Clock;
  readonly layout: Layout;
  readonly content: Content;
  readonly trade: Trade;
  readonly peers: ReadonlySet<Peer>;
  /** There is more to fetch than before. */
  wantsMore(): void;
}

/** A reader, by the file that it is for. */
interface FileReading {
  readonly file: number;
}

export class Streams {
  readonly content: Content;
  readonly layout: Layout;
  readonly #o: StreamsOptions;
  readonly #rescue: Rescue;
  /** Those that were opened and not closed. */
  readonly #readers = new Set<FileReading>();
  #lastClosed: { readonly file: number; readonly atMs: number } | undefined;
  readonly #heads = new Set<Playhead>();
  #timer: Timer | undefined;
  #isRefreshScheduled = false;
  #hadToClear = false;
  #freedAtMs = Number.NEGATIVE_INFINITY;
  #freedFor = -1;
  #end: Error | undefined;

  constructor(options: StreamsOptions) {
    this.#o = options;
    this.content = options.content;
    this.layout = options.layout;
    this.#rescue = new Rescue(options.trade, options.peers);
  }

  get nowMs(): number {
    return this.#o.clock.nowMs();
  }

  /** Why nothing will come any more. */
  get end(): Error | undefined {
    return this.#end;
  }

  get hasReaders(): boolean {
    return this.#readers.size > 0;
  }

  /** Somebody reads, or may read on, or did a moment ago, what is not all here: peers that could bring it are kept. */
  get isInUse(): boolean {
    for (const { file } of this.#readers) if (!this.content.fileState(file).isComplete) return true;
    const last = this.#lastClosed;
    if (last === undefined || this.nowMs - last.atMs >= bound.readerRestMs) return false;
    return !this.content.fileState(last.file).isComplete;
  }

  opened(reader: FileReading): void {
    this.#readers.add(reader);
    if (this.isInUse) this.#o.wantsMore();
  }

  closed(reader: FileReading): void {
    if (this.#readers.delete(reader)) this.#lastClosed = { file: reader.file, atMs: this.nowMs };
  }

  isGood(piece: number): boolean {
    return this.content.good.has(piece) && this.#o.trade.picker.state(piece) === 'have';
  }

  /** The reader stands where it did not before. */
  moved(head: Playhead): void {
    if (this.#end !== undefined) return;
    this.#heads.add(head);
    this.#refreshSoon();
  }

  close(head: Playhead): void {
    if (this.#heads.delete(head)) this.#refreshSoon();
    head.wake();
  }

  had(piece: number): void {
    if (this.#heads.size === 0) return;
    for (const head of this.#heads) if (head.isWaiting && head.piece === piece) head.wake();
    this.#refreshSoon();
  }

  /** A good piece could not be read back. */
  unreadable(piece: number): void {
    this.#o.trade.unreadable(new Error('bytes are missing on the disk'), piece);
  }

  endAll(error: Error): void {
    this.#end ??= error;
    this.#timer?.cancel();
    for (const head of this.#heads) head.wake();
    this.#heads.clear();
    this.#readers.clear();
    this.#lastClosed = undefined;
  }

  #refreshSoon(): void {
    if (this.#isRefreshScheduled) return;
    this.#isRefreshScheduled = true;
    queueMicrotask(() => {
      this.#isRefreshScheduled = false;
      if (this.#end === undefined) this.#refresh();
    });
  }

  #refresh(): void {
    const { trade } = this.#o;
    const due = this.#due();
    const isReading = due.size > 0;
    trade.downloads.isStreaming = isReading;
    trade.downloads.hasEndgame = !isReading || trade.wishes.left > 0;
    if (!isReading && !this.#hadToClear) return;
    this.#hadToClear = isReading;
    const isMore = trade.wishes.watch(new Set(due.keys()));
    // In a swarm that had all it wanted, nobody was asked for anything, and some have left.
    if (isMore) {
      for (const peer of this.#o.peers) trade.interest(peer);
      this.#o.wantsMore();
    }
    const pieces = [...due.keys()].filter((piece) => trade.picker.isAskable(piece));
    this.#rescue.run(due, this.#mayFree(due), this.nowMs);
    trade.picker.setUrgent(pieces, this.#rescue.shares);
    trade.downloads.feedSoon();
    if (isReading && this.#timer === undefined)
      this.#timer = this.#o.clock.setTimer(bound.streamTickMs, () => {
        this.#timer = undefined;
        this.#refreshSoon();
      });
  }

  /** Pieces that are missing ahead of the readers, the most urgent first, with the time until they are needed. */
  #due(): Map<number, number> {
    const { picker } = this.#o.trade;
    const nowMs = this.nowMs;
    const due = new Map<number, number>();
    const heads = [...this.#heads]
      .sort((a, b) => b.lastAskedMs - a.lastAskedMs)
      .slice(0, bound.mostPlayheads);
    const share = bound.mostReadAhead / Math.max(1, heads.length);
    for (const head of heads)
      head.pieces(nowMs, share, (piece, inMs) => {
        if (picker.state(piece) !== 'have') due.set(piece, Math.min(inMs, due.get(piece) ?? inMs));
      });
    return new Map([...due].sort(([, a], [, b]) => a - b).slice(0, bound.mostUrgentPieces));
  }

  /** A reader waits for another piece than before: others' places in the queues are for it. Now and then only. */
  #mayFree(due: ReadonlyMap<number, number>): boolean {
    const nowMs = this.nowMs;
    const [[piece = -1, inMs = 0] = []] = due;
    if (piece < 0 || inMs > 0 || piece === this.#freedFor) return false;
    if (nowMs - this.#freedAtMs < bound.freeQueuesMs) return false;
    this.#freedFor = piece;
    this.#freedAtMs = nowMs;
    return true;
  }
}
