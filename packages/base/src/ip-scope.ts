// How far an IP address reaches (RFC 6890 and its registries). Whoever acts on an address that a stranger named
// asks first: a public tracker or web server has no business sending us to our own machine or network.

import { ipToBytes } from './ip.ts';

/** `special` is everything else that no peer can have: documentation, benchmarks, reserved, multicast, unspecified. */
export type IpScope = 'public' | 'private' | 'link-local' | 'loopback' | 'special';

/** Undefined for what is no address. Addresses that carry an IPv4 address inside (6to4, NAT64) reach as far as that one. */
export function ipScope(address: string): IpScope | undefined {
  const bytes = ipToBytes(address);
  if (bytes === undefined) return undefined;
  return bytes.length === 4 ? scopeOf4(bytes) : scopeOf6(bytes);
}

function scopeOf4(bytes: Uint8Array): IpScope {
  const [a = 0, b = 0, c = 0] = bytes;
  if (a === 127) return 'loopback';
  if (a === 169 && b === 254) return 'link-local';
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)) return 'private';
  // Carrier-grade NAT (RFC 6598): a provider's inside.
  if (a === 100 && b >= 64 && b < 128) return 'private';
  if (a === 0 || a >= 224) return 'special';
  if (a === 192 && b === 0 && (c === 0 || c === 2)) return 'special';
  if (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) return 'special';
  if (a === 203 && b === 0 && c === 113) return 'special';
  return 'public';
}

function scopeOf6(bytes: Uint8Array): IpScope {
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const startsWithZeros = (count: number) => bytes.subarray(0, count).every((byte) => byte === 0);
  if (startsWithZeros(15)) return bytes[15] === 1 ? 'loopback' : 'special';
  if (startsWithZeros(12)) return 'special';
  if (a === 0xfe && (b & 0xc0) === 0x80) return 'link-local';
  if ((a & 0xfe) === 0xfc || (a === 0xfe && (b & 0xc0) === 0xc0)) return 'private';
  if (a === 0xff) return 'special';
  if (a === 0x20 && b === 0x01 && c === 0x0d && d === 0xb8) return 'special';
  if (a === 0x20 && b === 0x02) return scopeOf4(bytes.subarray(2, 6));
  if (a === 0x00 && b === 0x64 && c === 0xff && d === 0x9b) return scopeOf4(bytes.subarray(12));
  return (a & 0xe0) === 0x20 ? 'public' : 'special';
}
