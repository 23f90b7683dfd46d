// Byte streams. Bulk data goes through here, so bytes are handed over by synchronous
// calls, without a promise or an allocation for each chunk.

import type { Endpoint } from './address.ts';
import type { WorldError } from './errors.ts';

export interface StreamHandlers {
  /** `bytes` belong to the stream and are only valid during the call; the receiver may change them. */
  data(bytes: Uint8Array): void;
  /** The other side will send no more; we may still write. */
  end(): void;
  /** `bufferedBytes` fell to zero after a `write` that returned false. */
  drain(): void;
  /** Called once, last, whatever happened. `error` is absent after a clean end of both sides or our own `destroy`. */
  close(error?: WorldError): void;
}

export interface Stream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Starts delivery. Until then nothing is read. Called once. */
  start(handlers: StreamHandlers): void;
  /**
   * Queues `bytes`, which must not be changed until `released` is called (exactly once, also when the stream closes).
   * False asks the writer to wait for `drain`; the bytes are queued all the same.
   */
  write(bytes: Uint8Array, released?: () => void): boolean;
  /** Bytes given to `write` that the system has not yet taken. */
  readonly bufferedBytes: number;
  /** No `data` until `resume`; the other side is slowed down by the transport. At most one chunk may still come. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then tells the other side that there is no more. */
  end(): void;
  /** Drops everything at once. */
  destroy(): void;
}

export interface ConnectOptions {
  readonly signal?: AbortSignal;
  /** The address to connect from. */
  readonly from?: string;
}

export interface ListenOptions {
  /** `0.0.0.0` is every IPv4 address of this machine, `::` every IPv6 one (and no IPv4). */
  readonly address: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly zone?: string;
  readonly backlog?: number;
}

export interface Listener {
  readonly local: Endpoint;
  /** Stops accepting; accepted streams live on. */
  close(): Promise<void>;
}

export interface TlsClientOptions extends ConnectOptions {
  readonly serverName: string;
  /** PEM certificates to trust beside, or for tests instead of, the system's. */
  readonly trusted?: readonly string[];
}

export interface TlsServerOptions extends ListenOptions {
  readonly certificate: string;
  readonly key: string;
}

export interface Streams {
  connect(to: Endpoint, options?: ConnectOptions): Promise<Stream>;
  listen(options: ListenOptions, accept: (stream: Stream) => void): Promise<Listener>;
}

export interface TlsStreams {
  connect(to: Endpoint, options: TlsClientOptions): Promise<Stream>;
  listen(options: TlsServerOptions, accept: (stream: Stream) => void): Promise<Listener>;
}
