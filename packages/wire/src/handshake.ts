// The first 68 bytes of a connection (BEP 3), and the bits in it that say what else a peer speaks
// (BEP 5, 6, 10, 52).

import { copyBytes } from './bytes.ts';
import { WireError } from './errors.ts';

export const handshakeLength = 68;
const infoHashAt = 28;
const peerIdAt = 48;

export interface Capabilities {
  /** BEP 10, the extension protocol. */
  readonly extensions: boolean;
  /** BEP 6. */
  readonly fast: boolean;
  /** BEP 5: a `port` message may be sent. */
  readonly dht: boolean;
  /** BEP 52: whoever asked by the v1 hash of a hybrid may be answered with its v2 hash. */
  readonly v2: boolean;
}

export interface Handshake {
  readonly capabilities: Capabilities;
  /** SHA-1, or the first 20 bytes of the SHA-256 of a v2 torrent. */
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
}

const prefix = new TextEncoder().encode('\x13BitTorrent protocol');

/** The bytes that every connection in the clear begins with. */
export function plainPrefix(): Uint8Array {
  return prefix.slice();
}

/** Takes 68 bytes. */
export function writeHandshake(buffer: Uint8Array, at: number, handshake: Handshake): number {
  const { capabilities, infoHash, peerId } = handshake;
  if (infoHash.length !== 20 || peerId.length !== 20) throw new RangeError('20 bytes each');
  if (buffer.length - at < handshakeLength) throw new RangeError('no room for a handshake');
  copyBytes(prefix, buffer, at, 0, prefix.length);
  buffer.fill(0, at + 20, at + 28);
  buffer[at + 25] = capabilities.extensions ? 0x10 : 0;
  buffer[at + 27] =
    (capabilities.dht ? 0x01 : 0) | (capabilities.fast ? 0x04 : 0) | (capabilities.v2 ? 0x10 : 0);
  copyBytes(infoHash, buffer, at + infoHashAt, 0, 20);
  copyBytes(peerId, buffer, at + peerIdAt, 0, 20);
  return at + handshakeLength;
}

/** Reads a handshake in any split, and no byte beyond it. */
export interface HandshakeReader {
  /** Says how many bytes it took; the rest belongs to the messages that follow. Throws `not-bittorrent`. */
  push(bytes: Uint8Array): number;
  /** Known 20 bytes before the rest: some trackers wait for our answer before they send a peer id. */
  readonly infoHash: Uint8Array | undefined;
  readonly handshake: Handshake | undefined;
}

export function createHandshakeReader(): HandshakeReader {
  const bytes = new Uint8Array(handshakeLength);
  let length = 0;
  let handshake: Handshake | undefined;
  return {
    push(chunk) {
      const count = Math.min(chunk.length, handshakeLength - length);
      for (let i = 0; i < count; i++) {
        const byte = chunk[i] ?? 0;
        if (length < prefix.length && byte !== prefix[length]) {
          throw new WireError('not-bittorrent', 'The connection does not begin with a BitTorrent handshake.');
        }
        bytes[length++] = byte;
      }
      if (length === handshakeLength) handshake ??= readHandshake(bytes);
      return count;
    },
    get infoHash() {
      return length >= peerIdAt ? bytes.slice(infoHashAt, peerIdAt) : undefined;
    },
    get handshake() {
      return handshake;
    },
  };
}

function readHandshake(bytes: Uint8Array): Handshake {
  const last = bytes[27] ?? 0;
  return {
    capabilities: {
      extensions: ((bytes[25] ?? 0) & 0x10) !== 0,
      fast: (last & 0x04) !== 0,
      dht: (last & 0x01) !== 0,
      v2: (last & 0x10) !== 0,
    },
    infoHash: bytes.slice(infoHashAt, peerIdAt),
    peerId: bytes.slice(peerIdAt),
  };
}
