// Lists of addresses that others publish: ranges, CIDR and single addresses, PeerGuardian's text (p2p) and binary
// (P2B, versions 1 to 3), eMule's ipfilter.dat. The kind is seen line by line. What cannot be read is counted and named.

import { ipToBytes } from './ip.ts';
import { type IpRanges, word } from './ip-ranges.ts';

export interface IpListReport {
  /** How many there were; a line of a binary list is a range. */
  readonly lines: number;
  /** Ranges taken. */
  readonly ranges: number;
  /** Lines of ipfilter.dat that say of addresses that they may pass. */
  readonly allowed: number;
  readonly bad: number;
  /** The first of them. */
  readonly badLines: readonly { readonly line: number; readonly text: string }[];
  /** There were more than are taken; the rest of the list was left out. */
  readonly isCut: boolean;
}

/** Names and comments are short; of a longer line this much is read. */
const longestLine = 1024;
/** So many colons of a name are tried. */
const mostColons = 32;
const mostNamed = 5;
const longestShown = 80;
/** eMule: a range is blocked below this access level. */
const allowedLevel = 128;

/** Adds what the list blocks. Never throws for what is in it. */
export function readIpList(bytes: Uint8Array, into: IpRanges): IpListReport {
  const report = new Report(into);
  if (isBinary(bytes)) readBinary(bytes, report);
  else readText(bytes, report);
  return report;
}

class Report implements IpListReport {
  readonly #into: IpRanges;
  lines = 0;
  ranges = 0;
  allowed = 0;
  bad = 0;
  readonly badLines: { line: number; text: string }[] = [];
  isCut = false;

  constructor(into: IpRanges) {
    this.#into = into;
  }

  take(range: Range): void {
    const isTaken =
      range.first.length === 4
        ? this.#into.add4(word(range.first, 0), word(range.last, 0))
        : this.#into.add(range.first, range.last);
    if (isTaken) this.ranges++;
    else this.isCut = true;
  }

  misread(line: number, text: string): void {
    this.bad++;
    if (this.badLines.length < mostNamed) this.badLines.push({ line, text: text.slice(0, longestShown) });
  }
}

interface Range {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

const lineFeed = 0x0a;

function readText(bytes: Uint8Array, report: Report): void {
  // Names in lists are in all encodings; addresses are in ASCII, which this reads at once.
  const decoder = new TextDecoder('latin1');
  for (let at = 0; at < bytes.length && !report.isCut; ) {
    const found = bytes.indexOf(lineFeed, at);
    const end = found === -1 ? bytes.length : found;
    const number = ++report.lines;
    const line = decoder.decode(bytes.subarray(at, Math.min(end, at + longestLine)));
    const text = (number === 1 ? line.replace(/^\u00ef\u00bb\u00bf/, '') : line).trim();
    at = end + 1;
    if (text === '' || /^(?:#|;|\/\/)/.test(text)) continue;
    const entry = readLine(text);
    if (entry === undefined) report.misread(number, text);
    else if (entry === 'allowed') report.allowed++;
    else report.take(entry);
  }
}

/** "first - last , level , name": of eMule. */
const datLine = /^([\d.]+|[\da-f:.]+)\s*-\s*([\d.]+|[\da-f:.]+)\s*,\s*(\d{1,10})\s*(?:,.*)?$/i;

function readLine(text: string): Range | 'allowed' | undefined {
  const dat = datLine.exec(text);
  if (dat !== null) {
    const range = readRange(`${dat[1]}-${dat[2]}`);
    return range !== undefined && Number(dat[3]) >= allowedLevel ? 'allowed' : range;
  }
  const bare = text.replace(/\s+[#;].*$|\s+\/\/.*$/, '');
  const whole = readRange(bare);
  if (whole !== undefined) return whole;
  // "name:first-last": the name may have colons itself, and so has an IPv6 address.
  let colon = text.indexOf(':');
  for (let tries = 0; colon !== -1 && tries < mostColons; tries++, colon = text.indexOf(':', colon + 1)) {
    const rest = text.slice(colon + 1);
    const range = rest.includes('-') ? readRange(rest) : undefined;
    if (range !== undefined) return range;
  }
  return undefined;
}

/** A range, CIDR, or one address. */
function readRange(text: string): Range | undefined {
  // Most tries end here: names.
  if (!/^\s*[\da-f:][\da-f:.\s/-]*$/i.test(text)) return undefined;
  const dash = text.indexOf('-');
  if (dash !== -1) {
    const first = readAddress(text.slice(0, dash).trim());
    const last = readAddress(text.slice(dash + 1).trim());
    return first?.length === last?.length && first !== undefined && last !== undefined
      ? inOrder(first, last)
      : undefined;
  }
  const [address = '', length, ...more] = text.trim().split('/');
  const first = readAddress(address);
  if (first === undefined || more.length > 0) return undefined;
  return length === undefined ? { first, last: first } : network(first, length, address.includes(':'));
}

function network(address: Uint8Array, length: string, isIp6Text: boolean): Range | undefined {
  if (!/^\d{1,3}$/.test(length)) return undefined;
  // IPv4 that is written as IPv6 counts its bits from the front of that.
  const bits = Number(length) - (isIp6Text && address.length === 4 ? 96 : 0);
  if (bits < 0 || bits > address.length * 8) return undefined;
  const first = address.slice();
  const last = address.slice();
  for (let i = 0; i < address.length; i++) {
    const kept = Math.min(8, Math.max(0, bits - i * 8));
    const hostBits = 0xff >> kept;
    first[i] = (first[i] ?? 0) & ~hostBits;
    last[i] = (last[i] ?? 0) | hostBits;
  }
  return { first, last };
}

function inOrder(first: Uint8Array, last: Uint8Array): Range | undefined {
  for (let i = 0; i < first.length; i++) {
    const difference = (last[i] ?? 0) - (first[i] ?? 0);
    if (difference !== 0) return difference > 0 ? { first, last } : undefined;
  }
  return { first, last };
}

function readAddress(text: string): Uint8Array | undefined {
  if (text.includes(':')) return ipToBytes(text);
  // eMule fills numbers up with zeros ("001.002.003.004"): they are decimal all the same.
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    const value = Number(part);
    if (!/^\d{1,3}$/.test(part) || value > 255) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

const binaryStart = [0xff, 0xff, 0xff, 0xff, 0x50, 0x32, 0x42];

function isBinary(bytes: Uint8Array): boolean {
  return binaryStart.every((byte, i) => bytes[i] === byte);
}

function readBinary(bytes: Uint8Array, report: Report): void {
  const version = bytes[7];
  if (version === 1 || version === 2) readNamedRanges(bytes, report);
  else if (version === 3) readTables(bytes, report);
  else report.misread(0, `P2B of version ${version ?? '?'}`);
}

/** Each range after its name, which a zero ends. */
function readNamedRanges(bytes: Uint8Array, report: Report): void {
  for (let at = 8; at < bytes.length && !report.isCut; at += 8) {
    const zero = bytes.indexOf(0, at);
    const number = ++report.lines;
    if (zero === -1 || zero + 9 > bytes.length) {
      report.misread(number, 'cut off');
      return;
    }
    at = zero + 1;
    takeBinary(bytes, at, number, report);
  }
}

/** All names, which nobody needs here, then all ranges, each after the number of its name. */
function readTables(bytes: Uint8Array, report: Report): void {
  const names = word(bytes, 8);
  let at = 12;
  for (let i = 0; i < names; i++) {
    const zero = bytes.indexOf(0, at);
    if (zero === -1) {
      report.misread(0, 'cut off among the names');
      return;
    }
    at = zero + 1;
  }
  const ranges = word(bytes, at);
  at += 4;
  for (let number = 1; number <= ranges && !report.isCut; number++, at += 12) {
    report.lines = number;
    if (at + 12 > bytes.length) {
      report.misread(number, 'cut off');
      return;
    }
    takeBinary(bytes, at + 4, number, report);
  }
}

function takeBinary(bytes: Uint8Array, at: number, number: number, report: Report): void {
  const range = inOrder(bytes.slice(at, at + 4), bytes.slice(at + 4, at + 8));
  if (range === undefined)
    report.misread(number, `${bytes.slice(at, at + 4).join('.')}-${bytes.slice(at + 4, at + 8).join('.')}`);
  else report.take(range);
}
