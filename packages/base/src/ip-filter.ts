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
    if (this.#ranges.firsts6.length > 0 && readIp6(address)) return this.#isBlocked6();
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
    for (let i = 0; i < 4; i++) words[i] = word(bytes, 4 * i);
    return this.#isBlocked6();
  }

  /** The address in `words`. */
  #isBlocked6(): boolean {
    const { firsts6, lasts6 } = this.#ranges;
    const count = lasts6.length >>> 2;
    if (count === 0) return false;
    const [first, second, third, fourth] = [words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0];
    const slot = this.#slots6.of(first, second);
    let low = this.#slots6.starts[slot] ?? 0;
    let high = this.#slots6.starts[slot + 1] ?? count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBelow(lasts6, middle, first, second, third, fourth)) low = middle + 1;
      else high = middle;
    }
    return low < count && !isAbove(firsts6, low, first, second, third, fourth);
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

/** The address of IPv6 that is being looked up. */
const words = new Uint32Array(4);
const groups = new Uint16Array(8);

function isBelow(table: Uint32Array, index: number, a: number, b: number, c: number, d: number): boolean {
  const at = 4 * index;
  const first = table[at] ?? 0;
  if (first !== a) return first < a;
  const second = table[at + 1] ?? 0;
  if (second !== b) return second < b;
  const third = table[at + 2] ?? 0;
  return third === c ? (table[at + 3] ?? 0) < d : third < c;
}

function isAbove(table: Uint32Array, index: number, a: number, b: number, c: number, d: number): boolean {
  const at = 4 * index;
  const first = table[at] ?? 0;
  if (first !== a) return first > a;
  const second = table[at + 1] ?? 0;
  if (second !== b) return second > b;
  const third = table[at + 2] ?? 0;
  return third === c ? (table[at + 3] ?? 0) > d : third > c;
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

/** The value of each byte that is a hexadecimal digit; -1 for the others. */
const hexDigits = Int8Array.from({ length: 256 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase());
  return code < 128 ? digit : -1;
});
/** One longer than the longest address of digits and colons. */
const characters = new Uint8Array(40);
const encoder = new TextEncoder();

/**
 * Fills `words`. False for anything but eight groups in hexadecimal, of which `::` may stand for some. The text is copied
 * first: `charCodeAt` for each of 38 characters took twice as long as all of this.
 */
function readIp6(text: string): boolean {
  if (text.length >= characters.length) return false;
  const length = encoder.encodeInto(text, characters).written;
  let count = 0;
  let gap = -1;
  let at = 0;
  if (length >= 2 && characters[0] === colon && characters[1] === colon) {
    gap = 0;
    at = 2;
  }
  while (at < length) {
    let value = hexDigits[characters[at] ?? 0] ?? -1;
    if (value < 0 || count === 8) return false;
    const end = at + 4 < length ? at + 4 : length;
    while (++at < end) {
      const digit = hexDigits[characters[at] ?? 0] ?? -1;
      if (digit < 0) break;
      value = (value << 4) | digit;
    }
    groups[count++] = value;
    if (at === length) break;
    if (characters[at] !== colon || ++at === length) return false;
    if (characters[at] !== colon) continue;
    if (gap !== -1) return false;
    gap = count;
    at++;
  }
  if (gap === -1 ? count !== 8 : count > 7) return false;
  if (gap !== -1) {
    const shift = 8 - count;
    for (let i = 7; i >= gap; i--) groups[i] = i >= gap + shift ? (groups[i - shift] ?? 0) : 0;
  }
  for (let i = 0; i < 4; i++) words[i] = ((groups[2 * i] ?? 0) << 16) | (groups[2 * i + 1] ?? 0);
  // IPv4-mapped: looked up as what it is.
  return words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff;
}
