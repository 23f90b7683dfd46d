// The body of an answer whose length is known, read straight from its connection. Node's parser copies each chunk of a
// body into memory of its own: for a GiB that cost 0.5 CPU s on the main thread, and 0.9 in garbage collection.

import { WorldError } from '../world/errors.ts';
import type { HttpBodyHandlers } from '../world/http.ts';
import type { HttpConnection } from './http-connection.ts';

export interface BodyOptions {
  /** What Node has read of it already. */
  readonly early: Uint8Array;
  readonly length: number;
  /** For messages. */
  readonly what: string;
  /** It was read to its end, and the connection can serve again. */
  whole(): void;
}

export class HttpBody {
  readonly #connection: HttpConnection;
  readonly #handlers: HttpBodyHandlers;
  readonly #options: BodyOptions;
  #early: Uint8Array | undefined;
  #left: number;
  #isPaused: boolean;
  #isOver = false;
  #isDropped = false;
  #failure: Error | undefined;

  constructor(
    connection: HttpConnection,
    handlers: HttpBodyHandlers,
    options: BodyOptions & { readonly isPaused: boolean },
  ) {
    this.#connection = connection;
    this.#handlers = handlers;
    this.#options = options;
    this.#early = options.early;
    this.#left = options.length;
    this.#isPaused = options.isPaused;
    connection.use({
      data: (bytes) => this.#received(bytes),
      end: () => connection.stream.destroy(),
      drain() {},
      close: () => this.#close(),
    });
    connection.stream.pause();
    queueMicrotask(() => this.#goOn());
  }

  pause(): void {
    if (this.#isOver) return;
    this.#isPaused = true;
    this.#connection.stream.pause();
  }

  resume(): void {
    if (this.#isOver || !this.#isPaused) return;
    this.#isPaused = false;
    queueMicrotask(() => this.#goOn());
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#isDropped = true;
    this.#connection.stream.destroy();
  }

  fail(failure: Error): void {
    if (this.#isOver) return;
    this.#failure = failure;
    this.#connection.stream.destroy();
  }

  #goOn(): void {
    if (this.#isPaused || this.#isOver) return;
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) this.#deliver(early);
    if (this.#isOver) return;
    if (this.#connection.isClosed) this.#close();
    else if (!this.#isPaused) this.#connection.stream.resume();
  }

  #received(bytes: Uint8Array): void {
    // A read may still come after a pause.
    if (this.#early !== undefined) this.#early = new Uint8Array(Buffer.concat([this.#early, bytes]));
    else this.#deliver(bytes);
  }

  #deliver(bytes: Uint8Array): void {
    if (this.#isOver || this.#isDropped) return;
    const surplus = bytes.length - this.#left;
    this.#left = Math.max(0, -surplus);
    if (bytes.length > 0) this.#handlers.data(surplus > 0 ? bytes.subarray(0, -surplus) : bytes);
    if (this.#left > 0 || this.#isOver || this.#isDropped) return;
    this.#isOver = true;
    if (surplus > 0 || this.#connection.isClosed) this.#connection.stream.destroy();
    else this.#options.whole();
    this.#handlers.close();
  }

  /** The connection is gone. What came before is delivered first. */
  #close(): void {
    if (this.#isOver || (this.#early !== undefined && !this.#isDropped && this.#failure === undefined))
      return;
    this.#isOver = true;
    const broken = new WorldError('reset', `${this.#options.what}: the connection broke off`);
    this.#handlers.close(this.#isDropped ? undefined : (this.#failure ?? broken));
  }
}
