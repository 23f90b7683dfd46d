// An answer of Node's HTTP client. Its body goes through Node's parser when it is short or of unknown length, and past it
// otherwise.

import type { ClientRequest, IncomingMessage } from 'node:http';
import { WorldError } from '../world/errors.ts';
import type { HttpBodyHandlers, HttpResponse } from '../world/http.ts';
import { abortedError, toWorldError } from './errors.ts';
import { HttpBody } from './http-body.ts';
import type { StreamDuplex } from './stream-duplex.ts';

export interface Exchange {
  readonly sent: ClientRequest;
  readonly response: IncomingMessage;
  readonly duplex: StreamDuplex;
  /** For messages. */
  readonly what: string;
  readonly signal: AbortSignal | undefined;
  /** The connection can serve again. */
  keep(): void;
}

/** What is shorter comes in one or two chunks. */
const shortBody = 64 * 1024;

export class NodeResponse implements HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
  readonly #exchange: Exchange;
  #body: HttpBody | undefined;
  #isPaused = false;
  #isDropped = false;
  #failure: Error | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    const { response, duplex, signal, what } = exchange;
    this.status = response.statusCode ?? 0;
    this.remoteAddress = duplex.connection.remote.address;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ');
    }
    this.headers = headers;
    response.on('error', (error) => {
      this.#failure = signal?.aborted
        ? abortedError(what, signal)
        : toWorldError(error, what, { fallback: 'http' });
    });
  }

  read(handlers: HttpBodyHandlers): void {
    const { response, duplex } = this.#exchange;
    if (response.closed) {
      queueMicrotask(() => handlers.close(this.#outcome()));
      return;
    }
    const length = this.#lengthPastNode();
    if (length !== undefined) {
      this.#readPastNode(handlers, length);
      return;
    }
    response.on('close', () => {
      duplex.release();
      handlers.close(this.#outcome());
    });
    response.on('data', (bytes: Buffer) => handlers.data(bytes));
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#body === undefined) this.#exchange.duplex.hold();
    else this.#body.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#body === undefined) this.#exchange.duplex.release();
    else this.#body.resume();
  }

  destroy(): void {
    this.#isDropped = true;
    if (this.#body === undefined) this.#exchange.response.destroy();
    else this.#body.destroy();
  }

  /** Undefined where Node has read all of it, or has to find out where it ends. */
  #lengthPastNode(): number | undefined {
    const { sent, response } = this.#exchange;
    const { 'content-length': text = '', 'transfer-encoding': encoding } = this.headers;
    const hasNone = sent.method === 'HEAD' || this.status === 204 || this.status === 304;
    if (hasNone || encoding !== undefined || response.complete || !sent.writableFinished) return undefined;
    const length = /^\d+$/.test(text) ? Number(text) : 0;
    return length > shortBody ? length : undefined;
  }

  #readPastNode(handlers: HttpBodyHandlers, length: number): void {
    const { sent, response, duplex, what, signal, keep } = this.#exchange;
    const parsed: unknown = response.readableLength > 0 ? response.read() : undefined;
    const unparsed = duplex.detach();
    const early = Buffer.concat([parsed, unparsed].filter((bytes) => bytes instanceof Uint8Array));
    sent.destroy();
    const onAbort = (): void => body.fail(abortedError(what, signal));
    signal?.addEventListener('abort', onAbort, { once: true });
    const canStay = !/\bclose\b/i.test(this.headers.connection ?? '') && response.httpVersion === '1.1';
    const body = new HttpBody(
      duplex.connection,
      {
        data: (bytes) => handlers.data(bytes),
        close(error) {
          signal?.removeEventListener('abort', onAbort);
          handlers.close(error);
        },
      },
      {
        early,
        length,
        what,
        isPaused: this.#isPaused,
        whole: () => (canStay ? keep() : duplex.connection.stream.destroy()),
      },
    );
    this.#body = body;
  }

  #outcome(): Error | undefined {
    if (this.#isDropped || this.#exchange.response.readableEnded) return undefined;
    return this.#failure ?? new WorldError('reset', `${this.#exchange.what}: the connection broke off`);
  }
}
