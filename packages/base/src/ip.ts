// IP addresses as bytes, and the compact form of endpoints that trackers, DHT and peer exchange share
// (BEP 7, 11, 23, 32): 4 or 16 bytes and a port. Text is canonical (RFC 5952), IPv4-mapped IPv6 becomes IPv4.

import type { Endpoint } from './world/address.ts';

export type IpFamily = 4 | 6;

/** 4 or 16 bytes; undefined for what is no address (a zone is not part of one). */
export function ipToBytes(text: string): Uint8Array | undefined {
  return text.includes(':') ? ip6ToBytes(text) : ip4ToBytes(text);
}

/** Of 4 or 16 bytes. */
export function ipFromBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`);
  if (isMapped(bytes)) return bytes.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0));
  const zeros = longestZeroRun(groups);
  const text = groups.map((group) => group.toString(16));
  if (zeros.length < 2) return text.join(':');
  return `${text.slice(0, zeros.start).join(':')}::${text.slice(zeros.start + zeros.length).join(':')}`;
}

/** 6 or 18 bytes; undefined when the address is none. */
export function compactEndpoint(endpoint: Endpoint): Uint8Array | undefined {
  const address = ipToBytes(endpoint.address);
  if (address === undefined) return undefined;
  const bytes = new Uint8Array(address.length + 2);
  bytes.set(address);
  bytes[address.length] = endpoint.port >>> 8;
  bytes[address.length + 1] = endpoint.port;
  return bytes;
}

/** Endpoints one after the other, at most `limit`; what is left of a cut one at the end is dropped. */
export function readCompactEndpoints(
  bytes: Uint8Array,
  family: IpFamily,
  limit = Number.POSITIVE_INFINITY,
): Endpoint[] {
  const size = family === 4 ? 6 : 18;
  const count = Math.min(limit, Math.floor(bytes.length / size));
  return Array.from({ length: count }, (_, i) => {
    const at = (i + 1) * size;
    return {
      address: ipFromBytes(bytes.subarray(at - size, at - 2)),
      port: (bytes[at - 2] ?? 0) * 256 + (bytes[at - 1] ?? 0),
    };
  });
}

const [dot, zero] = [0x2e, 0x30];

/** Called for every datagram: no split, no pattern. */
function ip4ToBytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4);
  let at = 0;
  let value = -1;
  for (let i = 0; i <= text.length; i++) {
    // One more dot at the end closes the last number.
    const code = i < text.length ? text.charCodeAt(i) : dot;
    if (code === dot) {
      if (value < 0 || value > 255 || at === 4) return undefined;
      bytes[at++] = value;
      value = -1;
    } else {
      const digit = code - zero;
      if (digit < 0 || digit > 9 || value === 0 || value > 255) return undefined;
      value = value < 0 ? digit : value * 10 + digit;
    }
  }
  return at === 4 ? bytes : undefined;
}

function ip6ToBytes(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupBytes(halves[0] ?? '');
  const tail = halves.length === 2 ? groupBytes(halves[1] ?? '') : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  const bytes = Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
  return isMapped(bytes) ? bytes.slice(12) : bytes;
}

function groupBytes(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (group.includes('.') && i === groups.length - 1) {
      const quad = ip4ToBytes(group);
      if (quad === undefined) return undefined;
      bytes.push(...quad);
      continue;
    }
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes.push(value >> 8, value & 255);
  }
  return bytes;
}

function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** The first of the longest (RFC 5952, 4.2.3). */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
    start += length;
  }
  return best;
}
