// IP addresses as text: canonical form (RFC 5952), classes, and the counting-out of addresses for new hosts.

export interface ParsedAddress {
  readonly address: string;
  readonly family: 4 | 6;
  readonly zone?: string;
}

const decimal = /^(0|[1-9]\d{0,2})$/;
const group = /^[0-9a-f]{1,4}$/i;

export function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** Undefined for what is not an IP address. IPv4-mapped IPv6 becomes IPv4. */
export function parseAddress(text: string): ParsedAddress | undefined {
  if (!text.includes(':')) return parse4(text) === undefined ? undefined : { address: text, family: 4 };
  const percent = text.indexOf('%');
  const groups = parse6(percent === -1 ? text : text.slice(0, percent));
  if (groups === undefined) return undefined;
  if (groups.slice(0, 5).every((value) => value === 0) && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6);
    return { address: `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`, family: 4 };
  }
  const zone = percent === -1 ? '' : text.slice(percent + 1);
  const address = format6(groups);
  return zone === '' ? { address, family: 6 } : { address, family: 6, zone };
}

function parse4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => decimal.test(part) && Number(part) < 256))
    return undefined;
  return parts.map(Number);
}

function parse6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const quad = i === parts.length - 1 && part.includes('.') ? parse4(part) : undefined;
    if (quad !== undefined) {
      const [a = 0, b = 0, c = 0, d = 0] = quad;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (group.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function format6(groups: readonly number[]): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) [bestStart, bestLength] = [start, length];
    start += length;
  }
  const text = groups.map((value) => value.toString(16));
  if (bestStart === -1) return text.join(':');
  return `${text.slice(0, bestStart).join(':')}::${text.slice(bestStart + bestLength).join(':')}`;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || (address.startsWith('127.') && !address.includes(':'));
}

export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

export function isMulticast(address: string): boolean {
  if (address.includes(':')) return address.startsWith('ff') && address.indexOf(':') === 4;
  const first = Number(address.slice(0, address.indexOf('.')));
  return first >= 224 && first < 240;
}

export function wildcardOf(family: 4 | 6): string {
  return family === 4 ? '0.0.0.0' : '::';
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
