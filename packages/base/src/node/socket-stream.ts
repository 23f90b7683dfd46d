// A Stream over a Node socket. Bytes come in through `receive` (Node's onread: one buffer for all sockets) or, where
// that is not to be had, through data events. After `close` nothing is called any more; every `released` is called
// exactly once, by Node's write callbacks, before `close`.

import type { Socket } from 'node:net';
import type { Endpoint } from '../world/address.ts';
import { WorldError } from '../world/errors.ts';
import type { Stream, StreamHandlers } from '../world/streams.ts';
import { endpointText } from './addresses.ts';
import { toWorldError } from './errors.ts';

export class SocketStream implements Stream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #socket: Socket;
  #handlers: StreamHandlers | undefined;
  #error: WorldError | undefined;
  #wantsDrain = false;
  #paused = false;
  #ended = false;
  #dropped = false;
  #closed = false;

  /** The socket must be paused. */
  constructor(socket: Socket, local: Endpoint, remote: Endpoint) {
    this.local = local;
    this.remote = remote;
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#error ??= toWorldError(error, `Connection with ${endpointText(remote)} broke`, {
        fallback: 'reset',
      });
    });
    socket.on('end', () => {
      if (!this.#dropped) this.#handlers?.end();
    });
    socket.on('drain', () => {
      if (!this.#wantsDrain || this.#dropped) return;
      this.#wantsDrain = false;
      this.#handlers?.drain();
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#handlers?.close(this.#dropped ? undefined : this.#error);
    });
  }

  /** False: stop reading. A pause right after a resume is lost in Node's socket, and found again here. */
  receive(bytes: Uint8Array): boolean {
    if (!this.#dropped) this.#handlers?.data(bytes);
    return !this.#paused;
  }

  start(handlers: StreamHandlers): void {
    if (this.#handlers !== undefined) throw new WorldError('invalid', 'A stream is started once');
    this.#handlers = handlers;
    if (this.#closed) queueMicrotask(() => handlers.close(this.#dropped ? undefined : this.#error));
    else if (!this.#paused) this.#socket.resume();
  }

  write(bytes: Uint8Array, released?: () => void): boolean {
    if (this.#ended) {
      if (released !== undefined) queueMicrotask(released);
      return false;
    }
    const socket = this.#socket;
    // A destroyed socket drops the bytes and calls back, too.
    if (socket.write(bytes, released && (() => released()))) return true;
    // Node says false although the system has taken all of it at once.
    if (socket.writableLength < socket.writableHighWaterMark && !socket.destroyed) return true;
    this.#wantsDrain = true;
    return false;
  }

  get bufferedBytes(): number {
    return this.#closed ? 0 : this.#socket.writableLength;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#handlers !== undefined) this.#socket.resume();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.end();
  }

  destroy(): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#socket.destroy();
  }
}
