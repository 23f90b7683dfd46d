// IP addresses as text: what they are, and the counting-out of addresses for new hosts.

import { ipFromBytes, ipToBytes } from '@shoal/base';

export interface ParsedAddress {
  readonly address: string;
  readonly family: 4 | 6;
  readonly zone?: string;
}

const [colon, dot, two] = [58, 46, 50];

/** Of an address in canonical text. A colon comes within the first five characters of IPv6, or never. */
export function familyOf(address: string): 4 | 6 {
  for (let i = 0; i < 5; i++) {
    const code = address.charCodeAt(i);
    if (code === dot) return 4;
    if (code === colon) return 6;
  }
  return 4;
}

/** Undefined for what is not an IP address. IPv4-mapped IPv6 becomes IPv4. */
export function parseAddress(text: string): ParsedAddress | undefined {
  const percent = text.indexOf('%');
  const bytes = ipToBytes(percent === -1 ? text : text.slice(0, percent));
  if (bytes === undefined) return undefined;
  const address = ipFromBytes(bytes);
  if (bytes.length === 4) return percent === -1 ? { address, family: 4 } : undefined;
  const zone = percent === -1 ? '' : text.slice(percent + 1);
  return zone === '' ? { address, family: 6 } : { address, family: 6, zone };
}

export function isLoopback(address: string): boolean {
  return address === '::1' || (address.startsWith('127.') && !address.includes(':'));
}

export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

export function isMulticast(address: string): boolean {
  if (familyOf(address) === 6) return address.startsWith('ff') && address.indexOf(':') === 4;
  if (address.charCodeAt(0) !== two) return false;
  const first = Number(address.slice(0, address.indexOf('.')));
  return first >= 224 && first < 240;
}

export function loopbackOf(family: 4 | 6): string {
  return family === 4 ? '127.0.0.1' : '::1';
}

/** The nth address of a network that is big enough: 11.0.0.0/8 and 2a11::/16 stand for the public internet. */
export function publicAddress(family: 4 | 6, n: number): string {
  if (family === 6)
    return `2a11::${n > 0xffff ? `${(n >>> 16).toString(16)}:` : ''}${(n & 0xffff).toString(16)}`;
  // Neither .0 nor .255 in the last place.
  const host = 1 + (n % 254);
  const net = Math.floor(n / 254);
  return `11.${(net >> 8) & 255}.${net & 255}.${host}`;
}
