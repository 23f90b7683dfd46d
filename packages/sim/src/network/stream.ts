// One end of a connection, as its host sees it. Handlers are only called from happenings, never from inside a call
// that their owner makes. After `close` nothing is called any more; after a crash, nothing at all.

import {
  type Endpoint,
  type Stream,
  type StreamHandlers,
  WorldError,
  type WorldErrorCode,
} from '@shoal/base';
import { highWaterBytes } from '../bounds.ts';
import { Fifo } from '../fifo.ts';
import type { Flow } from './flow.ts';
import type { Net } from './net.ts';
import type { Segment } from './segments.ts';

export class SimStream implements Stream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** False after a crash, and after the end of both sides. */
  isAlive = true;
  /** The machine crashed: nothing is called back any more. */
  hasVanished = false;
  readonly #net: Net;
  readonly #onGone: (stream: SimStream) => void;
  /** What we send, and what is sent to us. */
  #outgoing: Flow | undefined;
  #incoming: Flow | undefined;
  #handlers: StreamHandlers | undefined;
  readonly #inbox = new Fifo<Segment>();
  #isPaused = false;
  #isDelivering = false;
  #wantsDrain = false;
  #endWanted = false;
  #endReceived = false;
  #closing: { error: WorldError | undefined } | undefined;
  #hasClosed = false;

  readonly #delivering = {
    isOff: false,
    happen: (): void => {
      this.#isDelivering = false;
      this.#deliver();
    },
  };

  constructor(net: Net, local: Endpoint, remote: Endpoint, onGone: (stream: SimStream) => void) {
    this.#net = net;
    this.local = local;
    this.remote = remote;
    this.#onGone = onGone;
  }

  attach(outgoing: Flow, incoming: Flow): void {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
  }

  start(handlers: StreamHandlers): void {
    if (this.#handlers !== undefined) throw new WorldError('invalid', 'A stream is started once');
    this.#handlers = handlers;
    if (this.#closing !== undefined) this.#armClose();
    else this.#armDelivery();
  }

  write(bytes: Uint8Array, released?: () => void): boolean {
    if (!this.isAlive || this.#endWanted || this.#outgoing === undefined) {
      if (released !== undefined && !this.hasVanished) this.#soon(released);
      return false;
    }
    if (bytes.length === 0) {
      if (released !== undefined) this.#soon(released);
      return this.#outgoing.queuedBytes < highWaterBytes;
    }
    this.#outgoing.queue(bytes, released);
    if (this.#outgoing.queuedBytes < highWaterBytes) return true;
    this.#wantsDrain = true;
    return false;
  }

  get bufferedBytes(): number {
    return this.#outgoing?.queuedBytes ?? 0;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#armDelivery();
  }

  end(): void {
    if (this.#endWanted || !this.isAlive) return;
    this.#endWanted = true;
    this.#outgoing?.end();
  }

  /** As an operating system closes a socket: what it holds unread makes it a reset, else it is an end. */
  destroy(): void {
    if (!this.isAlive) return;
    const hasUnread = this.#inbox.first()?.kind === 'data';
    this.#close(undefined);
    this.#hangUp(hasUnread);
  }

  #hangUp(hasUnread: boolean): void {
    if (hasUnread) this.#outgoing?.signal('reset');
    else if (this.#outgoing?.endSent === false) this.#outgoing.signal('end');
  }

  /** The program is gone: its system closes the socket, and nobody is left to be told. */
  abandon(): void {
    const hasUnread = this.#inbox.first()?.kind === 'data';
    this.vanish();
    this.#hangUp(hasUnread);
  }

  /** The machine is gone, without a word to anybody. */
  vanish(): void {
    this.hasVanished = true;
    this.isAlive = false;
    this.#inbox.clear();
    this.#outgoing?.stop();
    this.#onGone(this);
  }

  fail(code: WorldErrorCode, message: string): void {
    if (!this.isAlive) return;
    this.#close(new WorldError(code, message, { value: `${this.remote.address}:${this.remote.port}` }));
  }

  arrived(segment: Segment): void {
    if (!this.isAlive) {
      // Nobody listens: data, or anything at all after a crash, is answered with a reset.
      if (segment.kind === 'data' || (segment.kind === 'end' && this.hasVanished))
        this.#outgoing?.signal('reset');
      this.#net.segments.give(segment);
      return;
    }
    if (segment.kind === 'reset') {
      this.fail('reset', 'The other side reset the connection');
      return;
    }
    this.#inbox.push(segment);
    if (!this.#isDelivering) this.#deliver();
  }

  noteEndSent(): void {
    this.#closeWhenBothEnded();
  }

  noteDrained(): void {
    if (!this.#wantsDrain) return;
    this.#wantsDrain = false;
    if (this.isAlive) this.#handlers?.drain();
  }

  #deliver(): void {
    const handlers = this.#handlers;
    if (handlers === undefined || this.#isPaused || !this.isAlive) return;
    const segment = this.#inbox.shift();
    if (segment === undefined) return;
    if (segment.kind === 'data') {
      this.#incoming?.taken(segment.bytes.length);
      handlers.data(segment.bytes);
      this.#net.segments.give(segment);
    } else {
      this.#endReceived = true;
      handlers.end();
      this.#closeWhenBothEnded();
    }
    if (this.#inbox.length > 0) this.#armDelivery();
  }

  #armDelivery(): void {
    if (this.#isDelivering || this.#inbox.length === 0 || !this.isAlive) return;
    this.#isDelivering = true;
    this.#net.timeline.after(0, this.#delivering);
  }

  #closeWhenBothEnded(): void {
    if (this.#endReceived && this.#outgoing?.endSent === true && this.isAlive) this.#close(undefined);
  }

  #close(error: WorldError | undefined): void {
    this.isAlive = false;
    this.#closing = { error };
    for (let unread = this.#inbox.shift(); unread !== undefined; unread = this.#inbox.shift())
      this.#net.segments.give(unread);
    for (const released of this.#outgoing?.stop() ?? []) this.#soon(released);
    if (this.#handlers !== undefined) this.#armClose();
    this.#onGone(this);
  }

  #armClose(): void {
    this.#soon(() => {
      if (this.#hasClosed) return;
      this.#hasClosed = true;
      this.#handlers?.close(this.#closing?.error);
    });
  }

  #soon(action: () => void): void {
    this.#net.timeline.after(0, {
      isOff: false,
      happen: () => {
        if (!this.hasVanished) action();
      },
    });
  }
}
