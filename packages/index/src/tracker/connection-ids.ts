// Connection ids of the UDP protocol (BEP 15): proof that whoever announces receives at its address. An id is a keyed
// hash of the address and of the time, so nothing is stored for one who connects. They hold two to three minutes;
// BEP 15 asks for two.

import type { Random } from '@shoal/base';
import { readUint32, writeUint32 } from '@shoal/tracker/codec';
import { KeyedHash, wordAt } from './keyed-hash.ts';

const epochMs = 60_000;
const epochsThatCount = 3;

/** Four words. */
export type ConnectionKey = readonly number[];

export function newConnectionKey(random: Random): ConnectionKey {
  return Array.from({ length: 4 }, () => random.below(2 ** 32));
}

export class ConnectionIds {
  readonly #high: KeyedHash;
  readonly #low: KeyedHash;

  /** Threads that answer at one port have the same key. */
  constructor(key: ConnectionKey) {
    let at = 0;
    const words = { below: () => key[at++] ?? 0 };
    this.#high = new KeyedHash(words);
    this.#low = new KeyedHash(words);
  }

  /** Writes the 8 bytes for the address in the first 4 or 16 bytes of `address`. */
  write(address: Uint8Array, length: number, into: Uint8Array, to: number, nowMs: number): void {
    const epoch = Math.floor(nowMs / epochMs);
    writeUint32(into, to, hash(this.#high, address, length, epoch) >>> 0);
    writeUint32(into, to + 4, hash(this.#low, address, length, epoch) >>> 0);
  }

  /** Of the id at the beginning of a packet. */
  isGood(address: Uint8Array, length: number, packet: Uint8Array, nowMs: number): boolean {
    const high = readUint32(packet, 0) | 0;
    const low = readUint32(packet, 4) | 0;
    const now = Math.floor(nowMs / epochMs);
    for (let epoch = now; epoch > now - epochsThatCount; epoch--)
      if (
        hash(this.#high, address, length, epoch) === high &&
        hash(this.#low, address, length, epoch) === low
      )
        return true;
    return false;
  }
}

function hash(keyed: KeyedHash, address: Uint8Array, length: number, epoch: number): number {
  keyed.begin();
  keyed.word(epoch);
  for (let i = 0; i < length; i += 4) keyed.word(wordAt(address, i));
  return keyed.end();
}
