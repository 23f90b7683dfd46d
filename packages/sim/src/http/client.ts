// The World's HTTP client over simulated streams: short, bounded, and with no clock or buffer of the platform's in it,
// so that a run with HTTP in it repeats like any other.

import {
  type Clock,
  type Http,
  type HttpRequest,
  type HttpResponse,
  type Names,
  type Streams,
  type Timer,
  type TlsStreams,
  WorldError,
} from '@shoal/base';
import { idleConnectionMs, mostIdleConnections } from '../bounds.ts';
import { type Asking, HttpConnection, NoAnswer } from './exchange.ts';
import { writeHead } from './messages.ts';

interface HttpParts {
  readonly streams: Streams;
  readonly tls: TlsStreams;
  readonly names: Names;
  readonly clock: Clock;
}

interface Idle {
  readonly key: string;
  readonly connection: HttpConnection;
  readonly timer: Timer;
}

export class SimHttp implements Http {
  readonly #parts: HttpParts;
  #idle: Idle[] = [];

  constructor(parts: HttpParts) {
    this.#parts = parts;
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    const url = URL.parse(request.url);
    if (url === null || !/^https?:$/.test(url.protocol))
      throw new WorldError('invalid', 'Not an http: or https: address', { value: request.url });
    const { signal } = request;
    if (signal?.aborted) throw new WorldError('aborted', 'The request was aborted', { cause: signal.reason });
    const asking = askingOf(url, request);
    const kept = asking.mayReuse ? this.#takeIdle(url, request) : undefined;
    if (kept !== undefined) {
      try {
        return await kept.ask(asking);
      } catch (error) {
        const isSafe = ['GET', 'HEAD'].includes(asking.method);
        if (!isSafe || !(error instanceof NoAnswer) || !error.isStale) throw error;
      }
    }
    const connection = await this.#dial(url, request);
    return connection.ask(asking);
  }

  #takeIdle(url: URL, request: HttpRequest): HttpConnection | undefined {
    const key = keyOf(url, request);
    const found = this.#idle.findLast(
      ({ key: other, connection }) =>
        other === key && !connection.isClosed && (request.allowAddress?.(connection.remoteAddress) ?? true),
    );
    if (found === undefined) return undefined;
    found.timer.cancel();
    this.#idle = this.#idle.filter((idle) => idle !== found);
    return found.connection;
  }

  async #dial(url: URL, request: HttpRequest): Promise<HttpConnection> {
    const { names, tls, streams, clock } = this.#parts;
    const { signal, trusted, allowAddress } = request;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const isSecure = url.protocol === 'https:';
    const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
    const waiting = signal === undefined ? {} : { signal };
    const trust = trusted === undefined ? {} : { trusted };
    let failure: unknown;
    for (const address of await names.resolve(host, waiting)) {
      if (allowAddress?.(address) === false) {
        failure ??= new WorldError('permission', `${host} is at ${address}, which is not allowed`, {
          value: address,
        });
        continue;
      }
      try {
        const stream = isSecure
          ? await tls.connect({ address, port }, { serverName: host, ...trust, ...waiting })
          : await streams.connect({ address, port }, waiting);
        const key = keyOf(url, request);
        return new HttpConnection(stream, clock, (connection, isReusable) =>
          this.#free(key, connection, isReusable),
        );
      } catch (error) {
        failure = error;
        if (signal?.aborted) break;
      }
    }
    throw failure ?? new WorldError('name-not-found', `${host} has no address`, { value: host });
  }

  #free(key: string, connection: HttpConnection, isReusable: boolean): void {
    const forget = (): void => {
      for (const idle of this.#idle) if (idle.connection === connection) idle.timer.cancel();
      this.#idle = this.#idle.filter((idle) => idle.connection !== connection);
    };
    forget();
    if (!isReusable) return;
    if (this.#idle.length >= mostIdleConnections) {
      connection.destroy();
      return;
    }
    const timer = this.#parts.clock.setTimer(idleConnectionMs, () => {
      forget();
      connection.destroy();
    });
    this.#idle.push({ key, connection, timer });
  }

  close(): void {
    for (const { timer, connection } of this.#idle) {
      timer.cancel();
      connection.destroy();
    }
    this.#idle = [];
  }
}

function keyOf(url: URL, { trusted = [] }: HttpRequest): string {
  return [url.origin, ...trusted].join('\n');
}

function askingOf(url: URL, request: HttpRequest): Asking {
  const method = request.method ?? 'GET';
  if (!/^[A-Za-z]+$/.test(method)) throw new WorldError('invalid', 'Not a method', { value: method });
  const mayReuse = request.keepAlive !== false;
  const own = Object.fromEntries(
    Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const secret = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const head = writeHead(`${method} ${url.pathname}${url.search} HTTP/1.1`, {
    host: url.host,
    ...(url.username === '' ? {} : { authorization: `Basic ${Buffer.from(secret).toString('base64')}` }),
    ...own,
    ...(request.body === undefined ? {} : { 'content-length': String(request.body.length) }),
    connection: mayReuse ? 'keep-alive' : 'close',
  });
  return { method, head, body: request.body, signal: request.signal, mayReuse };
}
