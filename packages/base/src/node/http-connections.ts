// Connections to origins: dials the first address that answers among those allowed, and keeps a bounded number of
// idle ones. An idle connection on which anything happens is dropped.

import { WorldError } from '../world/errors.ts';
import type { HttpRequest } from '../world/http.ts';
import type { Names } from '../world/network.ts';
import type { Streams, TlsStreams } from '../world/streams.ts';
import { HttpConnection } from './http-connection.ts';
import { firstToConnect } from './race.ts';

/** A handful of trackers and web seeds are talked to at a time. */
const mostIdle = 16;
/** Servers close idle connections after 5 s (Node), 60 s (Apache) or 75 s (nginx); ours go before theirs. */
const longestIdleMs = 4_000;

export interface HttpParts {
  readonly streams: Streams;
  readonly tls: TlsStreams;
  readonly names: Names;
}

interface Idle {
  readonly key: string;
  readonly connection: HttpConnection;
  stop(): void;
}

export class HttpConnections {
  readonly #parts: HttpParts;
  readonly #idle: Idle[] = [];

  constructor(parts: HttpParts) {
    this.#parts = parts;
  }

  /** An idle connection to the same origin, made with the same trust, whose address this request allows too. */
  reuse(url: URL, request: HttpRequest): HttpConnection | undefined {
    const key = keyOf(url, request);
    const index = this.#idle.findLastIndex(
      (idle) => idle.key === key && (request.allowAddress?.(idle.connection.remote.address) ?? true),
    );
    const [found] = index === -1 ? [] : this.#idle.splice(index, 1);
    found?.stop();
    return found?.connection;
  }

  async dial(url: URL, request: HttpRequest): Promise<HttpConnection> {
    const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
    const isSecure = url.protocol === 'https:';
    const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
    const resolved = await this.#parts.names.resolve(
      host,
      request.signal === undefined ? {} : { signal: request.signal },
    );
    const allowed = resolved.filter((address) => request.allowAddress?.(address) ?? true);
    if (allowed.length === 0) {
      const where = resolved.join(', ');
      throw new WorldError('permission', `Not allowed to connect to ${host} at ${where}`, { value: where });
    }
    const trusted = request.trusted === undefined ? {} : { trusted: request.trusted };
    const stream = await firstToConnect(
      allowed,
      (address, signal) =>
        isSecure
          ? this.#parts.tls.connect({ address, port }, { serverName: host, ...trusted, signal })
          : this.#parts.streams.connect({ address, port }, { signal }),
      { signal: request.signal, discard: (late) => late.destroy() },
    );
    return new HttpConnection(stream);
  }

  /** Takes a connection whose last response was read to its end. */
  keep(url: URL, request: HttpRequest, connection: HttpConnection): void {
    if (connection.isClosed || request.keepAlive === false || this.#idle.length >= mostIdle) {
      connection.stream.destroy();
      return;
    }
    const drop = (): void => {
      clearTimeout(timer);
      const index = this.#idle.indexOf(idle);
      if (index !== -1) this.#idle.splice(index, 1);
      connection.stream.destroy();
    };
    const timer = setTimeout(drop, longestIdleMs);
    const idle: Idle = { key: keyOf(url, request), connection, stop: () => clearTimeout(timer) };
    this.#idle.push(idle);
    connection.rest(drop);
  }

  close(): void {
    for (const { stop, connection } of this.#idle.splice(0)) {
      stop();
      connection.stream.destroy();
    }
  }
}

function keyOf(url: URL, { trusted = [] }: HttpRequest): string {
  return [url.origin, ...trusted].join('\n');
}
