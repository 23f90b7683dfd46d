// Which addresses are not talked to. A lookup allocates nothing: an index over the first 16 bits leaves a few ranges
// of IPv4 to search; IPv6 is searched word by word. What is no address is not blocked.

import { ipToBytes } from './ip.ts';
import { IpRanges, type SortedRanges, word } from './ip-ranges.ts';

const notAnAddress = -1;

export class IpFilter {
  #ranges: SortedRanges = new IpRanges().sorted();
  #slots6 = new Slots(this.#ranges.lasts6);
  /** For each value of the first 16 bits, how many ranges end before it; one more closes the last. */
  readonly #index = new Uint32Array(65_537);

  /** How many ranges there are when those that overlap or touch are taken together. */
  get size(): number {
    return this.#ranges.firsts4.length + this.#ranges.firsts6.length / 4;
  }

  /** From now on these are blocked, and no others. */
  use(ranges: IpRanges): void {
    this.#ranges = ranges.sorted();
    const { lasts4, lasts6 } = this.#ranges;
    this.#slots6 = new Slots(lasts6);
    let at = 0;
    for (let top = 0; top <= 65_536; top++) {
      while (at < lasts4.length && (lasts4[at] ?? 0) < top * 65_536) at++;
      this.#index[top] = at;
    }
  }

  /** Of an address without a zone. */
  isBlocked(address: string): boolean {
    const ip4 = readIp4(address);
    if (ip4 !== notAnAddress) return this.isBlocked4(ip4);
    if (this.#ranges.firsts6.length > 0 && readIp6(address)) return this.#isBlocked6(groups);
    // What is written in an uncommon way, and IPv4 inside of IPv6.
    const bytes = address.includes(':') ? ipToBytes(address) : undefined;
    return bytes !== undefined && this.isBlockedBytes(bytes);
  }

  /** Of an IPv4 address as a number. */
  isBlocked4(address: number): boolean {
    const { firsts4, lasts4 } = this.#ranges;
    const top = address >>> 16;
    let low = this.#index[top] ?? 0;
    // The range that ends after these 16 bits may begin within them.
    let high = Math.min(this.#index[top + 1] ?? 0, lasts4.length - 1);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((lasts4[middle] ?? 0) < address) low = middle + 1;
      else high = middle;
    }
    return low < firsts4.length && (firsts4[low] ?? 0) <= address && address <= (lasts4[low] ?? 0);
  }

  /** Of 4 or 16 bytes. */
  isBlockedBytes(bytes: Uint8Array): boolean {
    if (bytes.length === 4) return this.isBlocked4(word(bytes, 0));
    for (let i = 0; i < 8; i++) groups[i] = (bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0);
    return this.#isBlocked6(groups);
  }

  #isBlocked6(address: Uint16Array): boolean {
    const { firsts6, lasts6 } = this.#ranges;
    const count = lasts6.length / 4;
    if (count === 0) return false;
    for (let i = 0; i < 4; i++) words[i] = (((address[2 * i] ?? 0) << 16) | (address[2 * i + 1] ?? 0)) >>> 0;
    const slot = this.#slots6.of(words[0] ?? 0, words[1] ?? 0);
    let low = this.#slots6.starts[slot] ?? 0;
    let high = this.#slots6.starts[slot + 1] ?? count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(lasts6, middle, words) < 0) low = middle + 1;
      else high = middle;
    }
    return low < count && compare(firsts6, low, words) <= 0;
  }
}

/**
 * IPv6 addresses that are in use begin with the same few bits, so their upper halves are spread over slots between the
 * lowest and the highest in the list.
 */
class Slots {
  /** For each slot, the first range that ends in it or after; one more closes the last. */
  readonly starts: Uint32Array;
  readonly #lowest: number;
  readonly #scale: number;
  readonly #most: number;

  constructor(lasts: Uint32Array) {
    const count = lasts.length / 4;
    this.#most = Math.min(65_536, 4 * count);
    this.#lowest = upperHalf(lasts[0] ?? 0, lasts[1] ?? 0);
    const highest = upperHalf(lasts.at(-4) ?? 0, lasts.at(-3) ?? 0);
    this.#scale = highest > this.#lowest ? (this.#most - 1) / (highest - this.#lowest) : 0;
    this.starts = new Uint32Array(this.#most + 1).fill(count);
    for (let i = count - 1, slot = this.#most; i >= 0; i--) {
      const own = this.of(lasts[4 * i] ?? 0, lasts[4 * i + 1] ?? 0);
      while (slot > own) this.starts[slot--] = i + 1;
      if (i === 0) this.starts.fill(0, 0, slot + 1);
    }
  }

  of(first: number, second: number): number {
    const slot = Math.floor((upperHalf(first, second) - this.#lowest) * this.#scale);
    return slot < 0 ? 0 : slot >= this.#most ? this.#most - 1 : slot;
  }
}

/** Rounded to 53 bits, which keeps the order. */
function upperHalf(first: number, second: number): number {
  return first * 0x1_0000_0000 + second;
}

/** The address that is being looked up. */
const groups = new Uint16Array(8);
const words = new Uint32Array(4);

function compare(table: Uint32Array, index: number, address: Uint32Array): number {
  for (let i = 0; i < 4; i++) {
    const difference = (table[index * 4 + i] ?? 0) - (address[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const [dot, colon, zero] = [0x2e, 0x3a, 0x30];

/** Unrolled: a loop over all characters took a third longer. */
function readIp4(text: string): number {
  const { length } = text;
  if (length < 7 || length > 15) return notAnAddress;
  let address = 0;
  let at = 0;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== dot) return notAnAddress;
    let value = text.charCodeAt(at++) - zero;
    if (!(value >= 0 && value <= 9)) return notAnAddress;
    const second = text.charCodeAt(at) - zero;
    if (second >= 0 && second <= 9) {
      if (value === 0) return notAnAddress;
      value = value * 10 + second;
      const third = text.charCodeAt(++at) - zero;
      if (third >= 0 && third <= 9) {
        value = value * 10 + third;
        if (value > 255) return notAnAddress;
        at++;
      }
    }
    address = (address << 8) | value;
  }
  return at === length ? address >>> 0 : notAnAddress;
}

/** Fills `groups`. False for anything but eight groups in hexadecimal, of which `::` may stand for some. */
function readIp6(text: string): boolean {
  let count = 0;
  let gap = -1;
  let value = 0;
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === colon) {
      const isGap = text.charCodeAt(i + 1) === colon;
      if (digits === 0 && !(i === 0 && isGap)) return false;
      if (digits > 0) {
        if (count === 8) return false;
        groups[count++] = value;
      }
      if (isGap) {
        if (gap !== -1) return false;
        gap = count;
        i++;
      } else if (i === text.length - 1) return false;
      value = digits = 0;
    } else {
      const digit = hexDigit(code);
      if (digit < 0 || ++digits > 4) return false;
      value = value * 16 + digit;
    }
  }
  if (digits > 0) {
    if (count === 8) return false;
    groups[count++] = value;
  }
  if (gap === -1 ? count !== 8 : count > 7) return false;
  if (gap !== -1) {
    const shift = 8 - count;
    for (let i = 7; i >= gap; i--) groups[i] = i >= gap + shift ? (groups[i - shift] ?? 0) : 0;
  }
  // IPv4-mapped: looked up as what it is.
  return groups[5] !== 0xffff || any(groups[0], groups[1], groups[2], groups[3], groups[4]);
}

function any(a = 0, b = 0, c = 0, d = 0, e = 0): boolean {
  return (a | b | c | d | e) !== 0;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
