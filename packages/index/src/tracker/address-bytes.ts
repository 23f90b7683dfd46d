// A remote address as bytes in front of a port, compact as it goes out, written into memory that is used again.

import { ipScope, ipToBytes } from '@shoal/base';
import { reach } from './swarms.ts';

export class AddressBytes {
  /** Room for a compact endpoint of either family. */
  readonly bytes = new Uint8Array(18);
  family: 4 | 6 = 4;

  /** False for what is no address. */
  set(text: string): boolean {
    if (this.#setIp4(text)) {
      this.family = 4;
      return true;
    }
    const bytes = ipToBytes(text);
    if (bytes === undefined) return false;
    this.family = bytes.length === 4 ? 4 : 6;
    this.bytes.set(bytes);
    return true;
  }

  get addressLength(): 4 | 16 {
    return this.family === 4 ? 4 : 16;
  }

  setPort(port: number): void {
    const at = this.addressLength;
    this.bytes[at] = port >>> 8;
    this.bytes[at + 1] = port;
  }

  /** How far it reaches, as `reach` has it. */
  get reach(): number {
    const { bytes } = this;
    const [a = 0, b = 0] = bytes;
    if (this.family === 4) {
      if (a === 127) return reach.loopback;
      const isPrivate =
        a === 10 ||
        (a === 172 && (b & 0xf0) === 16) ||
        (a === 192 && b === 168) ||
        (a === 169 && b === 254) ||
        (a === 100 && (b & 0xc0) === 64);
      return isPrivate ? reach.private : reach.public;
    }
    // fc00::/7 and fe80::/10; ::1 is all zeros but for the last one.
    if ((a & 0xfe) === 0xfc || (a === 0xfe && (b & 0xc0) === 0x80)) return reach.private;
    for (let i = 0; i < 15; i++) if (bytes[i] !== 0) return reach.public;
    return reach.loopback;
  }

  #setIp4(text: string): boolean {
    let value = 0;
    let digits = 0;
    let at = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === 46) {
        if (digits === 0 || at === 3) return false;
        this.bytes[at++] = value;
        value = 0;
        digits = 0;
      } else {
        if (code < 48 || code > 57 || digits === 3) return false;
        value = 10 * value + code - 48;
        digits++;
        if (value > 255) return false;
      }
    }
    if (at !== 3 || digits === 0) return false;
    this.bytes[3] = value;
    return true;
  }
}

/**
 * The address that a peer may have named for itself (BEP 3's `ip`, BEP 7's `ipv4` and `ipv6`). Whoever comes over the
 * internet is where it comes from. A peer on our machine or our network may name another address of such a network:
 * else those elsewhere in it would be told of 127.0.0.1.
 */
export function mayBeAt(named: string, cameFrom: string): boolean {
  const [wanted, real] = [ipScope(named), ipScope(cameFrom)];
  if (wanted === undefined || real === undefined || named === cameFrom) return false;
  switch (real) {
    case 'loopback':
      return wanted === 'loopback' || wanted === 'private';
    case 'private':
    case 'link-local':
      return wanted === 'private';
    case 'public':
    case 'special':
      return false;
  }
}
