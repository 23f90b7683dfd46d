// Small messages to one peer, gathered: whatever is said in one turn of the event loop is one write.
// Invariant: messages leave in the order of the calls; a peer that nothing was said to for half a second holds no buffer.

import * as wire from '@shoal/wire';
import type { PacedChannel } from './limits/paced-channel.ts';

const bufferLength = 16_384;
/** More than that in reserve is given back to the system. */
const mostSpare = 64;

export class OutboxBuffers {
  readonly #spare: Uint8Array[] = [];

  take(): Uint8Array {
    return this.#spare.pop() ?? new Uint8Array(bufferLength);
  }

  give(buffer: Uint8Array): void {
    if (this.#spare.length < mostSpare && buffer.length === bufferLength) this.#spare.push(buffer);
  }
}

export class Outbox {
  readonly #channel: Pick<PacedChannel, 'write'>;
  readonly #buffers: OutboxBuffers;
  #buffer: Uint8Array = new Uint8Array(0);
  #at = 0;
  #isScheduled = false;
  #isClosed = false;
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

  /** `isNews`: the peer does not have the piece. Otherwise it goes with what is said next, or with the next tick. */
  have(piece: number, isNews = true): void {
    const at = this.#room(9, isNews);
    this.#at = wire.writeHave(this.#buffer, at, piece);
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
    if (this.#at + length > this.#buffer.length) {
      this.flush();
      this.#buffer = length > bufferLength ? new Uint8Array(length) : this.#buffers.take();
    }
    if (isPressing && !this.#isScheduled) {
      this.#isScheduled = true;
      queueMicrotask(this.flush);
    }
    return this.#at;
  }
}
