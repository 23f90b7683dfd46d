// Connections to origins: dials the first address that answers among those allowed, and keeps a bounded number of
// idle ones. An idle connection on which anything happens is dropped.

import { WorldError } from '../world/errors.ts';
import type { HttpRequest } from '../world/http.ts';
import type { Names } from '../world/network.ts';
import type { Streams, TlsStreams } from '../world/streams.ts';
import { firstToConnect } from './race.ts';
import { StreamDuplex } from './stream-duplex.ts';

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
  readonly connection: StreamDuplex;
  stop(): void;
}

export class HttpConnections {
  readonly #parts: HttpParts;
  readonly #idle: Idle[] = [];

  constructor(parts: HttpParts) {
    this.#parts = parts;
  }

  /** An idle connection to the same origin, made with the same trust, whose address this request allows too. */
  reuse(url: URL, request: HttpRequest): StreamDuplex | undefined {
    const key = keyOf(url, request);
    const index = this.#idle.findLastIndex(
      (idle) => idle.key === key && (request.allowAddress?.(idle.connection.remote.address) ?? true),
    );
    const [found] = index === -1 ? [] : this.#idle.splice(index, 1);
    found?.stop();
    return found?.connection;
  }

  async dial(url: URL, request: HttpRequest): Promise<StreamDuplex> {
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
    return new StreamDuplex(stream);
  }

  /** Takes a connection whose last response was read to its end. */
  keep(url: URL, request: HttpRequest, connection: StreamDuplex): void {
    if (connection.destroyed || this.#idle.length >= mostIdle) {
      connection.destroy();
      return;
    }
    const drop = (): void => {
      idle.stop();
      const index = this.#idle.indexOf(idle);
      if (index !== -1) this.#idle.splice(index, 1);
      connection.destroy();
    };
    const events = ['data', 'end', 'error', 'close'] as const;
    for (const event of events) connection.on(event, drop);
    const timer = setTimeout(drop, longestIdleMs);
    const idle: Idle = {
      key: keyOf(url, request),
      connection,
      stop() {
        clearTimeout(timer);
        for (const event of events) connection.off(event, drop);
      },
    };
    this.#idle.push(idle);
  }

  close(): void {
    for (const { stop, connection } of this.#idle.splice(0)) {
      stop();
      connection.destroy();
    }
  }
}

function keyOf(url: URL, { trusted = [] }: HttpRequest): string {
  return [url.origin, ...trusted].join('\n');
}
