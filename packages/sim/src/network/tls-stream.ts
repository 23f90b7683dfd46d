// A stream whose first bytes are a handshake. Whoever starts it sees only what comes after.

import { type Clock, type Endpoint, type Stream, type StreamHandlers, WorldError } from '@shoal/base';

export interface Handshake {
  /**
   * Sees what has come so far. How many bytes it used: 0 to wait for more, a positive count when the handshake is
   * done, a negative one when another message is to come.
   */
  received(bytes: Uint8Array): number;
  failed(error: WorldError | undefined): void;
}

export class TlsStream implements Stream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #inner: Stream;
  readonly #clock: Clock;
  #handshake: Handshake | undefined;
  #handlers: StreamHandlers | undefined;
  /** Bytes that came before they were wanted. */
  #early: Uint8Array = new Uint8Array(0);
  #isPaused = false;
  #closed: { error: WorldError | undefined } | undefined;

  constructor(inner: Stream, clock: Clock, handshake: Handshake) {
    this.local = inner.local;
    this.remote = inner.remote;
    this.#inner = inner;
    this.#clock = clock;
    this.#handshake = handshake;
    inner.start({
      data: (bytes) => this.#received(bytes),
      end: () => this.#ended(),
      drain: () => this.#handlers?.drain(),
      close: (error) => this.#innerClosed(error),
    });
  }

  #received(bytes: Uint8Array): void {
    if (this.#handshake === undefined && this.#early.length === 0 && this.#handlers !== undefined) {
      this.#handlers.data(bytes);
      return;
    }
    this.#early = concat(this.#early, bytes);
    while (this.#handshake !== undefined) {
      const used = this.#handshake.received(this.#early);
      if (used === 0) return;
      this.#early = this.#early.slice(Math.abs(used));
      if (used < 0) continue;
      this.#handshake = undefined;
      if (this.#handlers === undefined) this.#inner.pause();
    }
  }

  #ended(): void {
    if (this.#handshake === undefined) this.#handlers?.end();
    else this.#handshake.failed(undefined);
  }

  #innerClosed(error: WorldError | undefined): void {
    this.#handshake?.failed(error);
    this.#closed = { error };
    this.#handlers?.close(error);
  }

  start(handlers: StreamHandlers): void {
    if (this.#handlers !== undefined) throw new WorldError('invalid', 'A stream is started once');
    this.#handlers = handlers;
    this.#clock.setTimer(0, () => {
      if (this.#closed !== undefined) handlers.close(this.#closed.error);
      else this.#deliverEarly();
    });
  }

  #deliverEarly(): void {
    if (this.#isPaused || this.#closed !== undefined) return;
    const early = this.#early;
    this.#early = new Uint8Array(0);
    if (early.length > 0) this.#handlers?.data(early);
    if (!this.#isPaused) this.#inner.resume();
  }

  write(bytes: Uint8Array, released?: () => void): boolean {
    return this.#inner.write(bytes, released);
  }

  get bufferedBytes(): number {
    return this.#inner.bufferedBytes;
  }

  pause(): void {
    this.#isPaused = true;
    this.#inner.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#handlers !== undefined) this.#clock.setTimer(0, () => this.#deliverEarly());
  }

  end(): void {
    this.#inner.end();
  }

  destroy(): void {
    this.#inner.destroy();
    this.#early = new Uint8Array(0);
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
