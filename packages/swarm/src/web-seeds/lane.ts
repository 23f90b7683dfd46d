// One run of blocks at a time from a web server: its ranges asked one after the other, its bytes copied once into slabs.
// Invariants: every block of the run counts as asked of the web seed until it came or was given up; bytes are taken only
// while there is memory for them, and what one read brings beyond that is kept, and the server stopped.

import { concatBytes } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import { copyBytes } from '@shoal/wire';
import type { Assembler } from '../assembler.ts';
import type { Downloads } from '../downloads.ts';
import type { BlockMemory } from '../memory.ts';
import type { PeerPieces } from '../picker/peer-pieces.ts';
import type { Picker, Run } from '../picker/picker.ts';
import type { UsableAnswer, WebFailure } from './answers.ts';
import * as bound from './bounds.ts';
import type { AnswerFacts, RangeHandlers, RangeRequest } from './range-request.ts';
import { type Segment, segmentsOf } from './run.ts';

/** What lanes work on: one transfer's pieces. */
export interface Field {
  readonly picker: Picker;
  readonly assembler: Assembler;
  readonly downloads: Downloads;
  readonly memory: BlockMemory;
  readonly layout: Layout;
}

export interface LaneHost {
  readonly field: Field;
  readonly pieces: PeerPieces;
  /** A failure when the file cannot be asked for at all. */
  ask(segment: Segment, handlers: RangeHandlers): RangeRequest | WebFailure;
  begun(answer: UsableAnswer, about: AnswerFacts, file: number): WebFailure | undefined;
  received(bytes: number): void;
  /** More for a server that sends a whole file anyhow: the next run in it, `from` this piece on. */
  more(from: number, file: number): Run | undefined;
  /** The run is over; `file` is where it failed. */
  done(lane: Lane, failure: WebFailure | undefined, file: number): void;
}

const zeros = new Uint8Array(64 * 1024);
/** A server that sends less than was asked for may do so, but not crumb by crumb. */
const leastAnswer = 16 * 1024;

export class Lane {
  readonly #host: LaneHost;
  #segments: Segment[] = [];
  /** The first of them, as far as it did not come yet. */
  #offset = 0;
  #request: RangeRequest | undefined;
  #isWhole = false;
  #asked = 0;
  /** Blocks of the run that did not come yet, from this one on. */
  #piece = 0;
  #block = 0;
  #left = 0;
  /** The block that is arriving: where its bytes go (null: nobody wants them), and how many came. */
  #slab: Uint8Array | null = null;
  #filled = 0;
  /** Bytes for which there was no memory when they came. */
  #held: Uint8Array | undefined;
  #end: { readonly failure: WebFailure | undefined } | undefined;
  /** Bytes of the answer that nobody wants, before those of the run. */
  #skip = 0;
  #isWaiting = false;
  begunMs = 0;
  runBytes = 0;
  #isHeldBack = false;

  constructor(host: LaneHost) {
    this.#host = host;
  }

  get isBusy(): boolean {
    return this.#left > 0 || this.#request !== undefined;
  }

  get blocksLeft(): number {
    return this.#left;
  }

  start(run: Run): void {
    this.#begin(run);
    this.#next();
  }

  #begin(run: Run): void {
    this.#piece = run.piece;
    this.#block = run.block;
    this.#left = run.count;
    this.#filled = 0;
    this.#skip = 0;
    this.#segments = segmentsOf(this.#host.field.layout, run);
    this.#offset = 0;
  }

  /** The server is given up, and what it did not send goes to others. */
  stop(): void {
    this.#drop();
    this.#held = undefined;
    this.#keepOnly(0);
    this.#segments = [];
  }

  #drop(): void {
    this.#request?.stop();
    this.#request = undefined;
    this.#end = undefined;
  }

  /** All but the first `count` blocks go to others. */
  trim(count: number): void {
    if (count < this.#left && count > 0) this.#keepOnly(count);
  }

  /** Nothing of the rest is of use: others have sent it. */
  get isPointless(): boolean {
    const { picker } = this.#host.field;
    let [piece, block] = [this.#piece, this.#block];
    for (let left = this.#left; left > 0; left--) {
      if (picker.isAwaited(piece, block)) return false;
      if (++block === picker.blockCount(piece)) {
        piece++;
        block = 0;
      }
    }
    return true;
  }

  #keepOnly(count: number): void {
    const { picker, memory } = this.#host.field;
    let [piece, block] = [this.#piece, this.#block];
    for (let i = 0; i < this.#left; i++) {
      if (i >= count) picker.abandon(this.#host.pieces, piece, block);
      if (++block === picker.blockCount(piece)) {
        piece++;
        block = 0;
      }
    }
    this.#left = Math.min(this.#left, count);
    if (this.#left === 0 && this.#slab !== null) {
      memory.give(this.#slab);
      this.#slab = null;
    }
  }

  /** Goes to the next range, through padding. */
  #next(): void {
    for (;;) {
      const [segment] = this.#segments;
      if (segment === undefined || this.#left === 0) {
        this.#host.done(this, undefined, segment?.file ?? 0);
        return;
      }
      if (this.#offset === segment.length) {
        this.#segments.shift();
        this.#offset = 0;
      } else if (segment.isPad) {
        const length = Math.min(segment.length - this.#offset, zeros.length);
        if (this.#take(zeros, 0, length) < length && this.#left > 0) {
          this.#waitForMemory();
          return;
        }
      } else {
        this.#askFor(segment);
        return;
      }
    }
  }

  #askFor(segment: Segment): void {
    const rest = { ...segment, offset: segment.offset + this.#offset, length: segment.length - this.#offset };
    this.#asked = rest.length;
    this.#isWhole = false;
    const request = this.#host.ask(rest, {
      begun: (answer, about) => {
        const refusal = this.#host.begun(answer, about, segment.file);
        this.#isWhole = answer.isWhole;
        if (answer.isWhole && this.#request !== undefined)
          this.#request.end = this.#host.field.layout.files[segment.file]?.length ?? this.#request.end;
        return refusal;
      },
      data: (bytes) => this.#received(bytes),
      ended: (failure) => this.#ended(failure),
    });
    if ('code' in request) {
      this.#fail(request);
      return;
    }
    this.#request = request;
    if (this.#isHeldBack) request.pause();
  }

  #received(bytes: Uint8Array): void {
    this.#host.received(bytes.length);
    if (this.#held !== undefined) this.#held = concatBytes(this.#held, bytes);
    else {
      const taken = this.#took(bytes);
      if (taken < bytes.length) this.#held = bytes.slice(taken);
    }
    const isShort = this.#held !== undefined || this.#host.field.memory.credit < bound.blocksAhead;
    if (isShort && this.#request !== undefined) this.#waitForMemory();
  }

  /** How many of the bytes found their place: all, unless memory ended, or nothing more is wanted of this answer. */
  #took(bytes: Uint8Array): number {
    let at = 0;
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      at += skipped;
      at += this.#take(bytes, at, bytes.length);
      if (this.#left > 0) return at;
      const isAtEnd = this.#isWhole || this.#offset === this.#segments[0]?.length;
      if (at === bytes.length && isAtEnd) return at;
      if (!this.#goesOn()) return bytes.length;
    }
  }

  /** The run is over, and the answer is not: a whole file, in which more may be wanted, or what was trimmed away. */
  #goesOn(): boolean {
    const [segment] = this.#segments;
    const position = (segment?.offset ?? 0) + this.#offset;
    const run =
      this.#isWhole && segment !== undefined ? this.#host.more(this.#piece, segment.file) : undefined;
    if (run !== undefined && segment !== undefined) {
      const [next] = segmentsOf(this.#host.field.layout, run);
      if (next?.file === segment.file && next.offset >= position) {
        this.#begin(run);
        this.#skip = next.offset - position;
        return true;
      }
    }
    this.#drop();
    if (run === undefined) this.#host.done(this, undefined, segment?.file ?? 0);
    else this.start(run);
    return false;
  }

  /** Copies into blocks until the bytes, the run or the memory end. */
  #take(bytes: Uint8Array, from: number, to: number): number {
    const { picker, memory } = this.#host.field;
    let at = from;
    while (at < to && this.#left > 0) {
      if (this.#filled === 0) {
        this.#slab = null;
        if (picker.isAwaited(this.#piece, this.#block)) {
          const slab = memory.credit > 0 ? memory.take() : undefined;
          if (slab === undefined) break;
          this.#slab = slab;
        }
      }
      const length = picker.blockLength(this.#piece, this.#block);
      const count = Math.min(length - this.#filled, to - at);
      if (this.#slab !== null) copyBytes(bytes, this.#slab, this.#filled, at, at + count);
      at += count;
      this.#offset += count;
      this.#filled += count;
      if (this.#filled === length) this.#blockCame(length);
    }
    return at - from;
  }

  #blockCame(length: number): void {
    const { picker, memory, assembler, downloads } = this.#host.field;
    const { pieces } = this.#host;
    const [piece, block, slab] = [this.#piece, this.#block, this.#slab];
    this.#slab = null;
    this.#filled = 0;
    this.#left--;
    this.#block++;
    if (this.#block === picker.blockCount(piece)) {
      this.#piece++;
      this.#block = 0;
    }
    if (slab === null) {
      downloads.wasted('late', length);
      return;
    }
    if (!picker.isAskedOnlyOf(pieces, piece, block)) downloads.cameFromElsewhere(piece, block, length);
    const outcome = picker.received(pieces, piece, block);
    if (outcome === 'surplus') {
      downloads.wasted('twice', length);
      memory.give(slab);
    } else assembler.add(piece, block, slab, outcome === 'finished');
  }

  #ended(failure: WebFailure | undefined): void {
    if (this.#held !== undefined) {
      this.#end = { failure };
      return;
    }
    this.#request = undefined;
    const [segment] = this.#segments;
    const rest = (segment?.length ?? 0) - this.#offset;
    if (failure !== undefined) this.#fail(failure);
    else if (this.#left > 0 && rest > 0 && this.#asked - rest < Math.min(leastAnswer, this.#asked))
      this.#fail({ code: 'bad-range', message: 'it sends next to nothing of what was asked for' });
    else this.#next();
  }

  #fail(failure: WebFailure): void {
    const file = this.#segments[0]?.file ?? 0;
    this.#keepOnly(0);
    this.#host.done(this, failure, file);
  }

  #waitForMemory(): void {
    this.#request?.pause();
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#host.field.memory.whenFree(this.#onMemory);
  }

  readonly #onMemory = (): void => {
    this.#isWaiting = false;
    if (!this.isBusy) return;
    const held = this.#held;
    if (held !== undefined) {
      const taken = this.#took(held);
      this.#held = taken < held.length ? held.subarray(taken) : undefined;
    }
    const end = this.#end;
    if (this.#held !== undefined) this.#waitForMemory();
    else if (end !== undefined) {
      this.#end = undefined;
      this.#ended(end.failure);
    } else if (this.#request === undefined) this.#next();
    else if (this.#host.field.memory.credit < bound.blocksAhead) this.#waitForMemory();
    else if (!this.#isHeldBack) this.#request.resume();
  };

  /** No more bytes before `release`: a rate limit holds. */
  holdBack(): void {
    this.#isHeldBack = true;
    this.#request?.pause();
  }

  release(): void {
    this.#isHeldBack = false;
    if (!this.#isWaiting) this.#request?.resume();
  }
}
