// A small HTTP server over a World's streams, for tests that need a tracker or a web seed: whole requests in, whole
// answers out, one after the other on each connection.

import type { Listener, Stream, World } from '@shoal/base';
import { longestServedBody } from '../bounds.ts';
import { BodyReader, framingOf, HeadReader, writeHead } from './messages.ts';

export interface ServedRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly remoteAddress: string;
}

export interface ServedResponse {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface ServeOptions {
  /** Default: all IPv4 addresses. */
  readonly address?: string;
  /** Default: the scheme's own. */
  readonly port?: number;
  /** Serves https: with these. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

export type HttpHandler = (request: ServedRequest) => ServedResponse | Promise<ServedResponse>;

export function serveHttp(
  world: Pick<World, 'streams' | 'tls'>,
  options: ServeOptions,
  handler: HttpHandler,
): Promise<Listener> {
  const { address = '0.0.0.0', tls } = options;
  const accept = (stream: Stream): void => new Served(stream, handler).start();
  return tls === undefined
    ? world.streams.listen({ address, port: options.port ?? 80 }, accept)
    : world.tls.listen({ address, port: options.port ?? 443, ...tls }, accept);
}

class Served {
  readonly #stream: Stream;
  readonly #handler: HttpHandler;
  readonly #heads = new HeadReader();
  #request: Omit<ServedRequest, 'body'> | undefined;
  #reader: BodyReader | undefined;
  #body: Uint8Array[] = [];
  #bodyLength = 0;
  /** Answers leave in the order of their requests. */
  #answered: Promise<void> = Promise.resolve();

  constructor(stream: Stream, handler: HttpHandler) {
    this.#stream = stream;
    this.#handler = handler;
  }

  start(): void {
    this.#stream.start({
      data: (bytes) => {
        try {
          this.#received(bytes);
        } catch {
          this.#refuse(400);
        }
      },
      end: () => void this.#answered.then(() => this.#stream.end()),
      drain() {},
      close() {},
    });
  }

  #received(bytes: Uint8Array): void {
    let rest = bytes;
    for (;;) {
      if (this.#reader === undefined) {
        if (rest.length === 0) return;
        const found = this.#heads.push(rest);
        if (found === undefined) return;
        rest = rest.subarray(found.used);
        const [method = '', path = '', version = ''] = found.head.start.split(' ');
        if (!version.startsWith('HTTP/1.')) {
          this.#refuse(400);
          return;
        }
        const { headers } = found.head;
        this.#request = { method, path, headers, remoteAddress: this.#stream.remote.address };
        this.#reader = new BodyReader(framingOf(headers, { kind: 'length', length: 0 }));
      }
      while (!this.#reader.isDone) {
        if (rest.length === 0) return;
        const { body, used } = this.#reader.next(rest);
        this.#bodyLength += body.length;
        if (this.#bodyLength > longestServedBody) {
          this.#refuse(413);
          return;
        }
        this.#body.push(body.slice());
        rest = rest.subarray(used);
      }
      this.#enqueue();
    }
  }

  #enqueue(): void {
    const request = this.#request;
    const body = new Uint8Array(Buffer.concat(this.#body));
    this.#request = undefined;
    this.#reader = undefined;
    this.#body = [];
    this.#bodyLength = 0;
    if (request === undefined) return;
    this.#answered = this.#answered.then(async () => {
      const response = await this.#handler({ ...request, body });
      this.#answer(request, response);
    });
  }

  #answer(
    request: Omit<ServedRequest, 'body'>,
    { status = 200, headers = {}, body = '' }: ServedResponse,
  ): void {
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
    const closes = request.headers.connection?.toLowerCase().includes('close') ?? false;
    const length = { 'content-length': String(bytes.length) };
    const connection = closes ? { connection: 'close' } : {};
    this.#stream.write(writeHead(`HTTP/1.1 ${status} -`, { ...length, ...connection, ...headers }));
    if (request.method !== 'HEAD') this.#stream.write(bytes);
    if (closes) this.#stream.end();
  }

  #refuse(status: number): void {
    this.#stream.write(writeHead(`HTTP/1.1 ${status} -`, { 'content-length': '0', connection: 'close' }));
    this.#stream.end();
  }
}
