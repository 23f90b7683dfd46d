// From an address to a channel, and from a port to channels.

import type { PeerAddress } from '@shoal/base';
import type { Channel } from './channel.ts';

/**
 * How connections are encrypted (MSE). `prefer-plain` dials in the clear and again encrypted when that is refused;
 * `prefer-encrypted` the other way round; both accept both. `require` dials and accepts nothing but RC4.
 */
export type EncryptionPolicy = 'prefer-plain' | 'prefer-encrypted' | 'require';

export interface DialOptions {
  /** The torrent that the connection is for: the shared secret of the encrypted handshake. */
  readonly infoHash: Uint8Array;
  /**
   * The first bytes to say: the BitTorrent handshake. They are part of dialling, because a peer that wants encryption
   * hangs up on them: a channel is there when the peer has answered, and its answer is the first `data`.
   */
  readonly hello: Uint8Array;
  readonly signal?: AbortSignal;
}

export interface Accepted {
  readonly channel: Channel;
  /** The torrent whose secret the peer knew; absent on channels in the clear, which say it in their handshake. */
  readonly infoHash?: Uint8Array;
}

export interface ListenOptions {
  /** 0 picks one, the same for all addresses. */
  readonly port: number;
  /** Default: all of IPv4 and of IPv6. */
  readonly addresses?: readonly string[];
}

export interface ChannelListener {
  readonly port: number;
  readonly addresses: readonly PeerAddress[];
  /** Stops accepting and drops handshakes in progress; channels live on. */
  close(): Promise<void>;
}

export interface Transport {
  canDial(address: PeerAddress): boolean;
  /** Rejects with a TransportError. */
  dial(address: PeerAddress, options: DialOptions): Promise<Channel>;
  listen(options: ListenOptions, accept: (accepted: Accepted) => void): Promise<ChannelListener>;
  /** Encrypted connections are accepted for torrents that were added here, by their 20 bytes on the wire. */
  serve(infoHash: Uint8Array): void;
  unserve(infoHash: Uint8Array): void;
}
