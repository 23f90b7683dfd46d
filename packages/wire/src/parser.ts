// Bytes in, in any split; messages out, as calls (BEP 3 "peer messages", and those of BEP 5, 6, 10, 52).
// Invariants: a block's payload is copied once, straight to where it belongs, and nothing is allocated for it;
// of any other message no more is kept than has arrived, and never more than its bound.

import * as bound from './bounds.ts';
import { copyBytes, readU32 } from './bytes.ts';
import { type MessageRow, messageRows } from './dispatch.ts';
import { WireError } from './errors.ts';
import type { BlockPlace, PeerHandlers } from './handlers.ts';
import { messageId, pieceHeaderLength } from './messages.ts';

export interface ParserBounds {
  /** Bytes of a bitfield: the piece count over eight, once it is known. */
  readonly bitfield?: number;
  /** Bytes of a block; what we ask for at most. */
  readonly block?: number;
  readonly extended?: number;
}

export interface PeerParser {
  /**
   * Takes bytes in any split; they are only read during the call. Throws a WireError when they cannot be the
   * peer protocol, and whatever a handler throws; after either, and after `stop`, further bytes are ignored.
   */
  push(bytes: Uint8Array): void;
  /** No handler is called any more, not even for what is left of the bytes being pushed. */
  stop(): void;
  /** Metadata has come: a bitfield may have this many bits and no more. */
  setPieceCount(count: number): void;
}

export function createPeerParser(handlers: PeerHandlers, bounds: ParserBounds = {}): PeerParser {
  return new Parser(handlers, bounds);
}

const atHead = 0;
const inBlock = 1;
const inBody = 2;
const skipping = 3;

const empty = new Uint8Array(0);
/** Bodies up to this long keep their buffer for the next one. */
const keptBody = 4096;

class Parser implements PeerParser {
  readonly #handlers: PeerHandlers;
  #bitfieldBound: number;
  readonly #blockBound: number;
  readonly #extendedBound: number;

  #stage = atHead;
  #isStopped = false;

  // A head that is split over pushes; thirteen bytes are enough to know what follows.
  readonly #head = new Uint8Array(pieceHeaderLength);
  #headLength = 0;

  // The message that is being received, and how many of its bytes are still to come.
  #row: MessageRow | undefined;
  #left = 0;

  #body: Uint8Array = empty;
  #bodyLength = 0;

  #piece = 0;
  #begin = 0;
  #blockLength = 0;
  #target: Uint8Array | null = null;
  #targetAt = 0;
  readonly #place: BlockPlace = { offset: 0 };

  constructor(handlers: PeerHandlers, bounds: ParserBounds) {
    this.#handlers = handlers;
    this.#bitfieldBound = bounds.bitfield ?? bound.longestBitfield;
    this.#blockBound = bounds.block ?? bound.blockLength;
    this.#extendedBound = bounds.extended ?? bound.longestExtended;
  }

  setPieceCount(count: number): void {
    this.#bitfieldBound = Math.ceil(count / 8);
  }

  stop(): void {
    this.#isStopped = true;
    this.#target = null;
    this.#body = empty;
  }

  push(bytes: Uint8Array): void {
    let isDone = false;
    try {
      let at = 0;
      while (at < bytes.length && !this.#isStopped) {
        if (this.#stage === inBlock) at = this.#takeBlock(bytes, at);
        else if (this.#stage === atHead) at = this.#takeHead(bytes, at);
        else if (this.#stage === inBody) at = this.#takeBody(bytes, at);
        else at = this.#skip(bytes, at);
      }
      isDone = true;
    } finally {
      if (!isDone) this.stop();
    }
  }

  /** Reads a head where it lies when it is there whole, and gathers it otherwise. */
  #takeHead(bytes: Uint8Array, at: number): number {
    if (this.#headLength === 0 && bytes.length - at >= pieceHeaderLength) {
      return at + this.#begun(bytes, at, pieceHeaderLength);
    }
    const head = this.#head;
    head[this.#headLength++] = bytes[at] ?? 0;
    const length = this.#headLength;
    if (length === 4 || length === 5 || length === pieceHeaderLength) {
      if (this.#begun(head, 0, length) > 0) this.#headLength = 0;
    }
    return at + 1;
  }

  /** Begins a message if `known` bytes of its head suffice; says how many of them it took. */
  #begun(bytes: Uint8Array, at: number, known: number): number {
    const length = readU32(bytes, at);
    if (length === 0) {
      this.#handlers.keepAlive();
      return 4;
    }
    if (known < 5) return 0;
    const id = bytes[at + 4] ?? 0;
    if (id === messageId.piece) {
      if (length < 9) throw new WireError('message-length', 'A block came without its piece and offset.');
      if (length - 9 > this.#blockBound) this.#refuseLength(id, length, this.#blockBound + 9);
      if (known < pieceHeaderLength) return 0;
      this.#startBlock(readU32(bytes, at + 5), readU32(bytes, at + 9), length - 9);
      return pieceHeaderLength;
    }
    const row = messageRows[id];
    this.#checkLength(id, length, row);
    this.#row = row;
    this.#left = length - 1;
    this.#bodyLength = 0;
    if (this.#left > 0) this.#stage = row === undefined ? skipping : inBody;
    else row?.call(this.#handlers, empty, 0, 0);
    return 5;
  }

  #startBlock(piece: number, begin: number, length: number): void {
    const place = this.#place;
    place.offset = 0;
    const target = this.#handlers.blockStart(piece, begin, length, place);
    if (this.#isStopped) return;
    if (target !== null && target.length - place.offset < length) {
      throw new RangeError(`a block of ${length} bytes has no room in its target`);
    }
    if (length === 0) {
      this.#handlers.blockEnd(piece, begin, 0);
      return;
    }
    this.#stage = inBlock;
    this.#piece = piece;
    this.#begin = begin;
    this.#blockLength = length;
    this.#left = length;
    this.#target = target;
    this.#targetAt = place.offset;
  }

  #takeBlock(bytes: Uint8Array, at: number): number {
    const count = Math.min(this.#left, bytes.length - at);
    const target = this.#target;
    if (target !== null) copyBytes(bytes, target, this.#targetAt, at, at + count);
    this.#targetAt += count;
    this.#left -= count;
    if (this.#left === 0) {
      this.#stage = atHead;
      this.#target = null;
      this.#handlers.blockEnd(this.#piece, this.#begin, this.#blockLength);
    }
    return at + count;
  }

  #takeBody(bytes: Uint8Array, at: number): number {
    const count = Math.min(this.#left, bytes.length - at);
    if (this.#bodyLength === 0 && count === this.#left) {
      this.#stage = atHead;
      this.#row?.call(this.#handlers, bytes, at, count);
      return at + count;
    }
    const needed = this.#bodyLength + count;
    if (needed > this.#body.length) this.#growBody(needed);
    copyBytes(bytes, this.#body, this.#bodyLength, at, at + count);
    this.#bodyLength = needed;
    this.#left -= count;
    if (this.#left === 0) {
      this.#stage = atHead;
      const body = this.#body;
      if (body.length > keptBody) this.#body = empty;
      this.#row?.call(this.#handlers, body, 0, needed);
    }
    return at + count;
  }

  /** Memory follows what has arrived, not what a head promised. */
  #growBody(needed: number): void {
    const whole = this.#bodyLength + this.#left;
    const grown = new Uint8Array(Math.min(whole, Math.max(needed * 2, 64)));
    copyBytes(this.#body, grown, 0, 0, this.#bodyLength);
    this.#body = grown;
  }

  #skip(bytes: Uint8Array, at: number): number {
    const count = Math.min(this.#left, bytes.length - at);
    this.#left -= count;
    if (this.#left === 0) this.#stage = atHead;
    return at + count;
  }

  /** `length` counts the id. */
  #checkLength(id: number, length: number, row: MessageRow | undefined): void {
    let longest = row?.longest ?? bound.longestUnknown;
    if (id === messageId.bitfield) longest = this.#bitfieldBound + 1;
    if (id === messageId.extended) longest = this.#extendedBound;
    const isFixed = row !== undefined && row.shortest === row.longest;
    if (length > longest && !isFixed) this.#refuseLength(id, length, longest);
    if (row === undefined) return;
    if (length < row.shortest || length > longest || (id === messageId.hashes && (length - 49) % 32 !== 0)) {
      throw new WireError('message-length', `Message ${id} cannot have ${length} bytes.`);
    }
  }

  #refuseLength(id: number, length: number, longest: number): never {
    throw new WireError('message-too-long', `Message ${id} has ${length} bytes; ${longest} are allowed.`);
  }
}
