// A channel to a peer, with both limits between it and the engine: blocks wait for their turn, messages pass them by where a
// block ends, what comes in is counted, and reading stops while more came than was asked for and paid.
// Invariants: bytes leave in an order that the peer can read; `released` is called once for each write; without limits
// every call goes straight on.

import type { PeerAddress } from '@shoal/base';
import type { Channel } from '@shoal/transport';
import { handshakeLength, pieceHeaderLength } from '@shoal/wire';
import { isHeld, rateOf, type Taker, type Way } from './flow.ts';
import type { Lanes, Limiter } from './limiter.ts';

/** What a peer may have on its way in the channel while a limit holds: more would only wait there. */
const mostOnTheWay = 512 * 1024;
/** Blocks that are got ready to be sent are worth this time. */
const readyMs = 50;
/** Parts of a block are as long as comes up in this time, so that a slow line drips and does not gush. */
const dripMs = 100;
const leastDrip = 512;
const blockLength = 16_384;

interface Held {
  readonly bytes: Uint8Array;
  readonly released: (() => void) | undefined;
  at: number;
  /** Where the message ends that is being sent. */
  boundary: number;
  end: number;
}

export class PacedChannel {
  readonly remote: PeerAddress;
  readonly isIncoming: boolean;
  readonly encryption: Channel['encryption'];
  /** Of this connection, in both directions, all that is counted. */
  sentBytes = handshakeLength;
  heardBytes = handshakeLength;
  readonly #channel: Channel;
  readonly #limiter: Limiter;
  readonly #down: Way;
  readonly #taker: Taker;
  readonly #held: Held[] = [];
  readonly #messages: { readonly bytes: Uint8Array; readonly released: (() => void) | undefined }[] = [];
  #onTheWay = 0;
  /** Since when the channel has been full. */
  stuckSinceMs: number | undefined;
  readonly #nowMs: () => number;
  #paidAhead = 0;
  #isStopped = false;
  #isOnHold = false;
  #isClosed = false;

  constructor(channel: Channel, limiter: Limiter, lanes: Lanes, nowMs: () => number) {
    this.#channel = channel;
    this.#limiter = limiter;
    this.#nowMs = nowMs;
    this.remote = channel.remote;
    this.isIncoming = channel.isIncoming;
    this.encryption = channel.encryption;
    const pools = limiter.poolsFor(channel.remote);
    this.#down = { lane: lanes.down, pool: pools.down };
    this.#taker = {
      lane: lanes.up,
      pool: pools.up,
      least: () => this.#least(),
      take: (bytes) => this.#take(bytes),
    };
    limiter.up.charge(this.#taker, handshakeLength);
    limiter.down.charge(this.#down, handshakeLength);
  }

  // Sending.

  /** Blocks have to wait for their turn. */
  get isHeldUp(): boolean {
    return this.#held.length > 0 || isHeld(this.#taker);
  }

  /** How many blocks are worth getting ready at once. */
  get blocksAtOnce(): number {
    return Math.max(1, Math.floor((rateOf(this.#taker) * readyMs) / 1000 / blockLength));
  }

  /** Requests are what opens the way for more to come in: they wait while the way out owes too much. */
  get mayAsk(): boolean {
    return !isHeld(this.#taker) || !this.#limiter.up.isDeepInDebt(this.#taker);
  }

  /** A small message, or several. */
  write(bytes: Uint8Array, released?: () => void): void {
    this.sentBytes += bytes.length;
    const head = this.#held[0];
    if (head !== undefined && head.at !== head.boundary) {
      this.#messages.push({ bytes, released });
      return;
    }
    this.#channel.write(bytes, released);
    if (isHeld(this.#taker)) this.#limiter.up.charge(this.#taker, bytes.length);
  }

  /** Whole block messages. */
  writeBlocks(bytes: Uint8Array, released: () => void): void {
    this.sentBytes += bytes.length;
    if (!this.isHeldUp || this.#isClosed) {
      this.#channel.write(bytes, released);
      return;
    }
    this.#held.push({ bytes, released, at: 0, boundary: 0, end: bytes.length });
    if (this.#onTheWay < mostOnTheWay) this.#limiter.up.want(this.#taker);
  }

  /** Blocks that have not begun to leave will not. */
  dropHeld(each: (piece: number, begin: number, length: number) => void): void {
    for (const held of [...this.#held]) {
      for (let at = held.boundary; at < held.end; at = messageEnd(held.bytes, at))
        each(
          numberAt(held.bytes, at + 5),
          numberAt(held.bytes, at + 9),
          messageEnd(held.bytes, at) - at - pieceHeaderLength,
        );
      this.sentBytes -= held.end - held.boundary;
      held.end = held.boundary;
      if (held.at < held.end) continue;
      this.#held.splice(this.#held.indexOf(held), 1);
      held.released?.();
    }
  }

  #least(): number {
    const [head] = this.#held;
    if (head === undefined) return 0;
    if (this.#onTheWay >= mostOnTheWay) {
      this.stuckSinceMs ??= this.#nowMs();
      return 0;
    }
    const rate = rateOf(this.#taker);
    const left = head.end - head.at;
    return rate === Number.POSITIVE_INFINITY
      ? left
      : Math.min(left, Math.max(leastDrip, Math.min(blockLength, (rate * dripMs) / 1000)));
  }

  #take(bytes: number): number {
    let used = 0;
    for (let head = this.#held[0]; head !== undefined && used < Math.floor(bytes); head = this.#held[0]) {
      if (this.#onTheWay >= mostOnTheWay) break;
      if (head.at === head.boundary) head.boundary = messageEnd(head.bytes, head.at);
      const until = this.#messages.length > 0 ? head.boundary : head.end;
      const count = Math.min(Math.floor(bytes) - used, until - head.at);
      used += count;
      this.#send(head, count);
    }
    return used;
  }

  #send(head: Held, count: number): void {
    const part = head.bytes.subarray(head.at, head.at + count);
    head.at += count;
    while (head.boundary < head.at) head.boundary = messageEnd(head.bytes, head.boundary);
    const isLast = head.at === head.end;
    this.#onTheWay += count;
    if (isLast) this.#held.shift();
    this.#channel.write(part, () => {
      this.#onTheWay -= count;
      this.stuckSinceMs = undefined;
      if (isLast) head.released?.();
      if (this.#held.length > 0) this.#limiter.up.want(this.#taker);
    });
    if (head.at === head.boundary) this.#sendMessages();
  }

  #sendMessages(): void {
    for (const { bytes, released } of this.#messages.splice(0)) {
      this.#channel.write(bytes, released);
      if (isHeld(this.#taker)) this.#limiter.up.charge(this.#taker, bytes.length);
    }
  }

  // Receiving.

  /** What is asked for has to be paid before. */
  get isHeldDown(): boolean {
    return isHeld(this.#down);
  }

  /** Where whoever asks for blocks waits for its turn. */
  get wayDown(): Way {
    return this.#down;
  }

  /** Asks for blocks when it is its turn. */
  waitForTurn(asker: Taker): void {
    if (!this.#isClosed) this.#limiter.down.want(asker);
  }

  leaveLine(asker: Taker): void {
    this.#limiter.down.leave(asker);
  }

  /** So many bytes, paid by now, were asked for. */
  asked(bytes: number): void {
    this.#paidAhead += bytes;
  }

  /** Nothing that was asked for is still to come: what was paid for it and did not come is given back. */
  settle(): void {
    if (this.#paidAhead > 0) this.#limiter.down.giveBack(this.#down, this.#paidAhead);
    this.#paidAhead = 0;
  }

  heard(bytes: number): void {
    this.heardBytes += bytes;
    const paid = Math.min(bytes, this.#paidAhead);
    this.#paidAhead -= paid;
    if (paid === bytes || !isHeld(this.#down)) return;
    this.#limiter.down.charge(this.#down, bytes - paid);
    if (this.#isStopped || this.#isClosed || !this.#limiter.down.isDeepInDebt(this.#down)) return;
    this.#isStopped = true;
    if (!this.#isOnHold) this.#channel.pause();
    this.#limiter.down.whenPaid(this.#down, this.#goOn);
  }

  /** We read nothing from it at present: its silence says nothing. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  readonly #goOn = (): void => {
    this.#isStopped = false;
    if (!this.#isOnHold && !this.#isClosed) this.#channel.resume();
  };

  /** Reads nothing until `release`, whatever limits say. */
  hold(): void {
    this.#isOnHold = true;
    if (!this.#isStopped) this.#channel.pause();
  }

  release(): void {
    this.#isOnHold = false;
    if (!this.#isStopped && !this.#isClosed) this.#channel.resume();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.settle();
    this.#limiter.up.leave(this.#taker);
    this.#limiter.down.giveUp(this.#goOn);
    this.#channel.close();
    for (const { released } of [...this.#messages.splice(0), ...this.#held.splice(0)]) released?.();
  }
}

/** What a block costs: itself, and the head of its message. */
export const blockCost = blockLength + pieceHeaderLength;

/** Messages begin with their length, which does not count itself. */
function messageEnd(bytes: Uint8Array, at: number): number {
  return at + 4 + numberAt(bytes, at);
}

function numberAt(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
