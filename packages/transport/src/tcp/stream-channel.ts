// A channel over a stream, encrypted in place where that was agreed. Invariants: bytes that came before `start` are
// delivered first, nothing is delivered while paused or after our own end, and `close` is told once, last.

import type { Clock, PeerAddress, Stream, StreamHandlers, Timer, WorldError } from '@shoal/base';
import type { EncryptedOutcome } from '@shoal/wire';
import { lingerMs } from '../bounds.ts';
import type { Channel, ChannelHandlers } from '../channel.ts';
import { TransportError } from '../errors.ts';

export interface StreamChannelParts {
  /** Paused; its events go to `streamHandlers`. */
  readonly stream: Stream;
  readonly isIncoming: boolean;
  readonly ciphers: EncryptedOutcome['ciphers'];
  /** What came with the handshake, in the clear. */
  readonly received: Uint8Array;
  readonly clock: Clock;
}

export class StreamChannel implements Channel {
  readonly remote: PeerAddress;
  readonly local: PeerAddress;
  readonly isIncoming: boolean;
  readonly encryption: 'plain' | 'rc4';
  readonly #clock: Clock;
  readonly #stream: Stream;
  readonly #ciphers: EncryptedOutcome['ciphers'];
  #handlers: ChannelHandlers | undefined;
  /** Came before there was anybody to take it. */
  readonly #early: Uint8Array[];
  #isPaused = false;
  /** `end` or `close` was called. */
  #isLeaving = false;
  #lingering: Timer | undefined;
  #missedDrain = false;
  /** How the stream closed, until it is told. */
  #closed: { readonly error?: TransportError } | undefined;

  constructor(parts: StreamChannelParts) {
    this.#clock = parts.clock;
    this.#stream = parts.stream;
    this.#ciphers = parts.ciphers;
    this.remote = { kind: 'ip', ...parts.stream.remote };
    this.local = { kind: 'ip', ...parts.stream.local };
    this.isIncoming = parts.isIncoming;
    this.encryption = parts.ciphers === undefined ? 'plain' : 'rc4';
    this.#early = parts.received.length > 0 ? [parts.received] : [];
  }

  get bufferedBytes(): number {
    return this.#stream.bufferedBytes;
  }

  start(handlers: ChannelHandlers): void {
    if (this.#handlers !== undefined) throw new TransportError('closed', 'A channel is started once.');
    this.#handlers = handlers;
    queueMicrotask(() => this.#flow());
  }

  write(bytes: Uint8Array, released?: () => void): boolean {
    this.#ciphers?.send.transform(bytes);
    return this.#stream.write(bytes, released);
  }

  pause(): void {
    this.#isPaused = true;
    if (!this.#isLeaving) this.#stream.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#handlers !== undefined) queueMicrotask(() => this.#flow());
  }

  end(): void {
    if (this.#isLeaving) return;
    this.#leave();
    this.#stream.end();
    this.#linger();
    // What still comes is read and dropped, so that the other side's end is seen.
    this.#stream.resume();
  }

  close(): void {
    this.#leave();
    this.#stream.destroy();
  }

  /** The other side has its time to close, too. */
  #linger(): void {
    this.#lingering ??= this.#clock.setTimer(lingerMs, () => this.#stream.destroy());
  }

  #leave(): void {
    this.#isLeaving = true;
    this.#early.length = 0;
  }

  /** Delivers what waits, and lets more come. */
  #flow(): void {
    const handlers = this.#handlers;
    if (this.#missedDrain && !this.#isLeaving) {
      this.#missedDrain = false;
      handlers?.drain();
    }
    while (!this.#isPaused) {
      const bytes = this.#early.shift();
      if (bytes === undefined) break;
      handlers?.data(bytes);
    }
    if (!this.#isPaused) this.#stream.resume();
    this.#tellClosed();
  }

  #tellClosed(): void {
    if (this.#closed === undefined || this.#handlers === undefined || this.#early.length > 0) return;
    const { error } = this.#closed;
    this.#closed = undefined;
    if (error === undefined) this.#handlers.close();
    else this.#handlers.close(error);
  }

  readonly streamHandlers: StreamHandlers = {
    data: (bytes) => {
      if (this.#isLeaving) return;
      this.#ciphers?.receive.transform(bytes);
      if (this.#handlers === undefined || this.#early.length > 0) this.#early.push(bytes.slice());
      else this.#handlers.data(bytes);
    },
    /** Peers do not half-close: one that says no more is gone once it has taken what we have queued. */
    end: () => {
      this.#stream.end();
      this.#linger();
    },
    drain: () => {
      if (this.#isLeaving) return;
      if (this.#handlers === undefined) this.#missedDrain = true;
      else this.#handlers.drain();
    },
    close: (error?: WorldError) => {
      const wasInOrder = error === undefined || this.#isLeaving || this.#lingering !== undefined;
      this.#lingering?.cancel();
      this.#closed = wasInOrder
        ? {}
        : { error: new TransportError('network', error.message, { cause: error }) };
      this.#tellClosed();
    },
  };
}
