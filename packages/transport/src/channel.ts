// A connection to a peer, whatever carries it. The engine knows only this.

import type { PeerAddress } from '@shoal/base';
import type { TransportError } from './errors.ts';

export interface ChannelHandlers {
  /** `bytes` are only valid during the call. */
  data(bytes: Uint8Array): void;
  /** Everything is on its way after a `write` that returned false. */
  drain(): void;
  /** Called once, last. `error` is absent when either side ended it in good order. */
  close(error?: TransportError): void;
}

export interface Channel {
  readonly remote: PeerAddress;
  readonly local: PeerAddress;
  readonly isIncoming: boolean;
  readonly encryption: 'plain' | 'rc4';
  /** Starts delivery; called once. Nothing is read before. */
  start(handlers: ChannelHandlers): void;
  /**
   * Queues `bytes`, which belong to the channel until `released` is called (exactly once, also when it closes), and
   * may be changed by it: encryption works in place. False asks to wait for `drain`; they are queued all the same.
   */
  write(bytes: Uint8Array, released?: () => void): boolean;
  /** Bytes given to `write` that the system has not yet taken. */
  readonly bufferedBytes: number;
  /** No `data` until `resume`, after at most one more chunk. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Drops everything at once. Idempotent. */
  close(): void;
}
