// Bencode (BEP 3), reading: a validated view over the bytes that came. Nothing is copied or built until it is asked for,
// so a hostile megabyte of tiny values costs twelve bytes a value, and the exact bytes of each (info hashes) are at hand.

import { maxBencodeDepth, maxBencodeLength } from './bencode-bounds.ts';
import { readDigits } from './bencode-digits.ts';
import { tokenize } from './bencode-tokens.ts';
import { fromUtf8 } from './bytes.ts';

export { BencodeError, type BencodeErrorCode } from './bencode-error.ts';

export interface BencodeOptions {
  /**
   * Accept what real torrents get wrong: unsorted and repeated keys (the first one counts), leading zeros, negative zero.
   * What such a value encodes to is not what came: keep `raw`.
   */
  readonly lenient?: boolean;
  /** Let bytes follow the value; `end` of the result says where they begin. */
  readonly allowTrailing?: boolean;
  readonly maxDepth?: number;
  readonly maxLength?: number;
}

/** Throws BencodeError, and nothing else, for whatever is not one bencoded value. The bytes must not change afterwards. */
export function decodeBencode(bytes: Uint8Array, options: BencodeOptions = {}): BencodeNode {
  const { tokens, root } = tokenize(bytes, {
    lenient: options.lenient ?? false,
    allowTrailing: options.allowTrailing ?? false,
    maxDepth: options.maxDepth ?? maxBencodeDepth,
    maxLength: options.maxLength ?? maxBencodeLength,
  });
  return new BencodeNode(bytes, tokens, root);
}

export type BencodeKind = 'integer' | 'string' | 'list' | 'dictionary';

/**
 * One value. Asking for something it is not yields undefined (an empty walk for `items` and `entries`),
 * so that fields of unknown input can be read without a check before each.
 */
export class BencodeNode {
  // Not `#bytes`: making a node would take half as long again.
  private readonly bytes: Uint8Array;
  private readonly tokens: Int32Array;
  private readonly token: number;

  /** Only `decodeBencode` makes these. */
  constructor(bytes: Uint8Array, tokens: Int32Array, token: number) {
    this.bytes = bytes;
    this.tokens = tokens;
    this.token = token;
  }

  get kind(): BencodeKind {
    const first = this.bytes[this.start];
    if (first === letterI) return 'integer';
    if (first === letterL) return 'list';
    return first === letterD ? 'dictionary' : 'string';
  }

  /** Offset of the first byte of the value. */
  get start(): number {
    return this.tokens[this.token] ?? 0;
  }

  /** Offset after its last byte. */
  get end(): number {
    return this.tokens[this.token + 1] ?? 0;
  }

  /** The exact bytes of this value as they came: a view. */
  get raw(): Uint8Array {
    return this.view(this.start, this.end);
  }

  /** Undefined beyond ±(2^53 - 1) too. */
  asInteger(): number | undefined {
    if (this.bytes[this.start] !== letterI) return undefined;
    return readDigits(this.bytes, this.start + 1, this.end - 1);
  }

  asBigInt(): bigint | undefined {
    if (this.bytes[this.start] !== letterI) return undefined;
    const small = this.asInteger();
    if (small !== undefined) return BigInt(small);
    let digits = '';
    for (let at = this.start + 1; at < this.end - 1; at++) digits += String.fromCharCode(this.bytes[at] ?? 0);
    return BigInt(digits);
  }

  /** A view, not a copy. With a length, undefined for every other one. */
  asBytes(length?: number): Uint8Array | undefined {
    if (!this.holdsString()) return undefined;
    const start = this.contentStart;
    if (length !== undefined && this.end - start !== length) return undefined;
    return this.view(start, this.end);
  }

  /** Undefined when the string is not UTF-8. */
  asText(): string | undefined {
    if (!this.holdsString()) return undefined;
    const start = this.contentStart;
    const end = this.end;
    return quickText(this.bytes, start, end) ?? fromUtf8(this.view(start, end));
  }

  /** True for a string of exactly these characters, one byte each. */
  isString(ascii: string): boolean {
    return this.holdsString() && isStringAt(this.bytes, this.contentStart, this.end, ascii);
  }

  /** The value of a key of one-byte characters. It looks at each key in turn: walk `entries` instead to read a large dictionary. */
  get(key: string): BencodeNode | undefined {
    if (this.bytes[this.start] !== letterD) return undefined;
    const tokens = this.tokens;
    const last = tokens[this.token + 2] ?? 0;
    let at = this.token + 3;
    while (at < last) {
      if (isStringAt(this.bytes, tokens[at + 2] ?? 0, tokens[at + 1] ?? 0, key)) {
        return new BencodeNode(this.bytes, tokens, at + 3);
      }
      at = tokenAfter(this.bytes, tokens, at + 3);
    }
    return undefined;
  }

  /** The elements of a list. */
  items(): IteratorObject<BencodeNode, undefined> {
    return new Items(this.bytes, this.tokens, this.first(letterL), this.last);
  }

  /** Keys (always strings) and values of a dictionary, in the order they came. */
  entries(): IteratorObject<[key: BencodeNode, value: BencodeNode], undefined> {
    return new Entries(this.bytes, this.tokens, this.first(letterD), this.last);
  }

  /** As `items`, a quarter faster: for what is read as a whole. */
  forEachItem(visit: (item: BencodeNode) => void): void {
    const { bytes, tokens, last } = this;
    for (let at = this.first(letterL); at < last; at = tokenAfter(bytes, tokens, at)) {
      visit(new BencodeNode(bytes, tokens, at));
    }
  }

  /** As `entries`, a quarter faster. */
  forEachEntry(visit: (key: BencodeNode, value: BencodeNode) => void): void {
    const { bytes, tokens, last } = this;
    for (let at = this.first(letterD); at < last; at = tokenAfter(bytes, tokens, at + 3)) {
      visit(new BencodeNode(bytes, tokens, at), new BencodeNode(bytes, tokens, at + 3));
    }
  }

  /** The first token inside a value of this kind; behind everything for all others. */
  private first(letter: number): number {
    return this.bytes[this.start] === letter ? this.token + 3 : this.tokens.length;
  }

  /** The token that follows what is inside a list or dictionary. */
  private get last(): number {
    return this.tokens[this.token + 2] ?? 0;
  }

  private holdsString(): boolean {
    return (this.bytes[this.start] ?? letterD) <= digit9;
  }

  private get contentStart(): number {
    return this.tokens[this.token + 2] ?? 0;
  }

  private view(start: number, end: number): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, end - start);
  }
}

// Not generators: those cannot be inlined, and walking is most of what reading costs.

class Items extends Iterator<BencodeNode, undefined> {
  private readonly bytes: Uint8Array;
  private readonly tokens: Int32Array;
  private at: number;
  private readonly last: number;

  constructor(bytes: Uint8Array, tokens: Int32Array, first: number, last: number) {
    super();
    this.bytes = bytes;
    this.tokens = tokens;
    this.at = first;
    this.last = last;
  }

  next(): IteratorResult<BencodeNode, undefined> {
    const at = this.at;
    if (at >= this.last) return { done: true, value: undefined };
    this.at = tokenAfter(this.bytes, this.tokens, at);
    return { done: false, value: new BencodeNode(this.bytes, this.tokens, at) };
  }
}

class Entries extends Iterator<[key: BencodeNode, value: BencodeNode], undefined> {
  private readonly bytes: Uint8Array;
  private readonly tokens: Int32Array;
  private at: number;
  private readonly last: number;

  constructor(bytes: Uint8Array, tokens: Int32Array, first: number, last: number) {
    super();
    this.bytes = bytes;
    this.tokens = tokens;
    this.at = first;
    this.last = last;
  }

  next(): IteratorResult<[key: BencodeNode, value: BencodeNode], undefined> {
    const at = this.at;
    if (at >= this.last) return { done: true, value: undefined };
    this.at = tokenAfter(this.bytes, this.tokens, at + 3);
    const key = new BencodeNode(this.bytes, this.tokens, at);
    return { done: false, value: [key, new BencodeNode(this.bytes, this.tokens, at + 3)] };
  }
}

/** The token that follows the value at `token` and all that is in it. */
function tokenAfter(bytes: Uint8Array, tokens: Int32Array, token: number): number {
  const first = bytes[tokens[token] ?? 0];
  return first === letterL || first === letterD ? (tokens[token + 2] ?? 0) : token + 3;
}

const letterD = 0x64;
const letterI = 0x69;
const letterL = 0x6c;
const digit9 = 0x39;

/** Up to here, building a string from bytes beats a call into the decoder. */
const longestQuickText = 48;

/** Keys and other words come again and again: the same string is handed out, which is also quick to look up. */
const longestWord = 16;
const words: string[] = Array.from({ length: 512 }, () => '');

/** Short ASCII; undefined for everything else. */
function quickText(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  if (length > longestQuickText) return undefined;
  if (length > longestWord) return asciiText(bytes, start, end);
  const last = bytes[end - 1] ?? 0;
  const slot =
    (length * 67 + (bytes[start] ?? 0) * 7 + (bytes[start + (length >> 1)] ?? 0) * 31 + last) & 511;
  const word = words[slot] ?? '';
  if (isStringAt(bytes, start, end, word)) return word;
  const text = asciiText(bytes, start, end);
  if (text !== undefined) words[slot] = text;
  return text;
}

/** Eight characters at a time. */
function asciiText(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const a = bytes[at] ?? 0;
    const b = bytes[at + 1] ?? 0;
    const c = bytes[at + 2] ?? 0;
    const d = bytes[at + 3] ?? 0;
    const e = bytes[at + 4] ?? 0;
    const f = bytes[at + 5] ?? 0;
    const g = bytes[at + 6] ?? 0;
    const h = bytes[at + 7] ?? 0;
    if ((a | b | c | d | e | f | g | h) >= 0x80) return undefined;
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

function isStringAt(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}
