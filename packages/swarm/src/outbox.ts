// Small messages to one peer, gathered: whatever is said in one turn of the event loop is one write.
// Invariant: messages leave in the order of the calls; a peer that nothing was said to for half a second holds no buffer,
// and one that was told little a short one: thousands of peers may be slow to take a few bytes.

import * as wire from '@shoal/wire';
import type { PacedChannel } from './limits/paced-channel.ts';

const shortLength = 256;
const longLength = 16_384;
/** More than that in reserve is given back to the system. */
const mostShort = 64;
const mostLong = 16;

export class OutboxBuffers {
  readonly #short: Uint8Array[] = [];
  readonly #long: Uint8Array[] = [];

  /** One with room for so much, and more if that is little. */
  take(length: number): Uint8Array {
    if (length <= shortLength) return this.#short.pop() ?? new Uint8Array(shortLength);
    if (length <= longLength) return this.#long.pop() ?? new Uint8Array(longLength);
    return new Uint8Array(length);
  }

  give(buffer: Uint8Array): void {
    if (buffer.length === shortLength && this.#short.length < mostShort) this.#short.push(buffer);
    if (buffer.length === longLength && this.#long.length < mostLong) this.#long.push(buffer);
  }
}

export class Outbox {
  readonly #channel: Pick<PacedChannel, 'write'>;
  readonly #buffers: OutboxBuffers;
  #buffer: Uint8Array = new Uint8Array(0);
  #at = 0;
  #isScheduled = false;
  #isClosed = false;
  /** A piece that the peer lacks was announced, and has not left yet. */
  hasNews = false;
  /** How often something was said. */
  flushes = 0;
  /** Bytes handed to the channel and not yet sent. */
  pendingBytes = 0;

  constructor(channel: Pick<PacedChannel, 'write'>, buffers: OutboxBuffers) {
    this.#channel = channel;
    this.#buffers = buffers;
  }

  flush = (): void => {
    this.#isScheduled = false;
    if (this.#at === 0) return;
    const buffer = this.#buffer;
    const length = this.#at;
    this.#buffer = new Uint8Array(0);
    this.#at = 0;
    this.hasNews = false;
    if (this.#isClosed) {
      this.#buffers.give(buffer);
      return;
    }
    this.flushes++;
    this.pendingBytes += length;
    this.#channel.write(buffer.subarray(0, length), () => {
      this.pendingBytes -= length;
      this.#buffers.give(buffer);
    });
  };

  close(): void {
    this.#isClosed = true;
    this.flush();
  }

  handshake(handshake: wire.Handshake): void {
    const at = this.#room(wire.handshakeLength);
    this.#at = wire.writeHandshake(this.#buffer, at, handshake);
  }

  keepAlive(): void {
    const at = this.#room(4);
    this.#at = wire.writeKeepAlive(this.#buffer, at);
  }

  choke(): void {
    const at = this.#room(5);
    this.#at = wire.writeChoke(this.#buffer, at);
  }

  unchoke(): void {
    const at = this.#room(5);
    this.#at = wire.writeUnchoke(this.#buffer, at);
  }

  interested(): void {
    const at = this.#room(5);
    this.#at = wire.writeInterested(this.#buffer, at);
  }

  notInterested(): void {
    const at = this.#room(5);
    this.#at = wire.writeNotInterested(this.#buffer, at);
  }

  haveAll(): void {
    const at = this.#room(5);
    this.#at = wire.writeHaveAll(this.#buffer, at);
  }

  haveNone(): void {
    const at = this.#room(5);
    this.#at = wire.writeHaveNone(this.#buffer, at);
  }

  have(piece: number): void {
    const at = this.#room(9);
    this.#at = wire.writeHave(this.#buffer, at, piece);
  }

  /** The same, with what is said next, or when somebody flushes. `isNews`: the peer does not have the piece. */
  announce(piece: number, isNews: boolean): void {
    const at = this.#room(9, false);
    this.#at = wire.writeHave(this.#buffer, at, piece);
    if (isNews) this.hasNews = true;
  }

  bitfield(bits: Uint8Array): void {
    const at = this.#room(5 + bits.length);
    this.#at = wire.writeBitfield(this.#buffer, at, bits);
  }

  request(piece: number, begin: number, length: number): void {
    const at = this.#room(17);
    this.#at = wire.writeRequest(this.#buffer, at, piece, begin, length);
  }

  cancel(piece: number, begin: number, length: number): void {
    const at = this.#room(17);
    this.#at = wire.writeCancel(this.#buffer, at, piece, begin, length);
  }

  reject(piece: number, begin: number, length: number): void {
    const at = this.#room(17);
    this.#at = wire.writeReject(this.#buffer, at, piece, begin, length);
  }

  allowedFast(piece: number): void {
    const at = this.#room(9);
    this.#at = wire.writeAllowedFast(this.#buffer, at, piece);
  }

  port(port: number): void {
    const at = this.#room(7);
    this.#at = wire.writePort(this.#buffer, at, port);
  }

  extended(id: number, payload: Uint8Array): void {
    const at = this.#room(6 + payload.length);
    this.#at = wire.writeExtended(this.#buffer, at, id, payload);
  }

  hashRequest(range: wire.HashRequest): void {
    const at = this.#room(53);
    this.#at = wire.writeHashRequest(this.#buffer, at, range);
  }

  hashReject(range: wire.HashRequest): void {
    const at = this.#room(53);
    this.#at = wire.writeHashReject(this.#buffer, at, range);
  }

  hashes(range: wire.HashRequest, hashes: Uint8Array): void {
    const at = this.#room(53 + hashes.length);
    this.#at = wire.writeHashes(this.#buffer, at, range, hashes);
  }

  /** Where `length` more bytes may be written; they go out at the end of this turn if anything pressing is said in it. */
  #room(length: number, isPressing = true): number {
    if (this.#at + length > this.#buffer.length) this.#moveOn(length);
    if (isPressing && !this.#isScheduled) {
      this.#isScheduled = true;
      queueMicrotask(this.flush);
    }
    return this.#at;
  }

  /** To a buffer with room for `length` more bytes. */
  #moveOn(length: number): void {
    const before = this.#buffer;
    if (this.#at > 0 && this.#at + length <= longLength) {
      this.#buffer = this.#buffers.take(longLength);
      this.#buffer.set(before.subarray(0, this.#at));
      this.#buffers.give(before);
      return;
    }
    this.flush();
    this.#buffer = this.#buffers.take(length);
  }
}
