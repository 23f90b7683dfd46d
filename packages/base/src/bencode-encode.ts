// Bencode (BEP 3), writing. The result is canonical: keys sorted as raw bytes, shortest integers.

import { BencodeNode } from './bencode.ts';
import { maxBencodeDepth } from './bencode-bounds.ts';
import { BencodeError } from './bencode-error.ts';
import { compareBytes, toUtf8 } from './bytes.ts';

/**
 * Texts are written as UTF-8. Keys of objects are texts, a Map may have bytes as keys.
 * A decoded node is written as the exact bytes it came in.
 */
export type BencodeValue =
  | number
  | bigint
  | string
  | Uint8Array
  | BencodeNode
  | readonly BencodeValue[]
  | ReadonlyMap<string | Uint8Array, BencodeValue>
  | { readonly [key: string]: BencodeValue | undefined };

/**
 * Entries of an object that are undefined are left out. Throws BencodeError for numbers that are no safe integers.
 * Short results share memory with others, as Node's buffers do: never transfer theirs to another thread.
 */
export function encodeBencode(value: BencodeValue): Uint8Array {
  begin = written;
  try {
    write(value, 0);
  } catch (error) {
    written = begin;
    throw error;
  }
  const length = written - begin;
  if (length <= longestShared) return new Uint8Array(scratch.buffer, begin, length);
  const bytes = scratch.slice(begin, written);
  written = begin;
  if (scratch.length > longestKept) renewScratch(scratchLength);
  return bytes;
}

/** Packets are written where they stay: making memory of their own for each would take longer than writing them. */
const scratchLength = 64 * 1024;
const longestShared = 2048;
/** Memory for one large value is given back. */
const longestKept = 1024 * 1024;

let scratch = new Uint8Array(scratchLength);
/** Where the value that is being written begins and, so far, ends. */
let begin = 0;
let written = 0;

/** Goes on in new memory with what was written of this value. */
function renewScratch(length: number): void {
  const renewed = new Uint8Array(length);
  renewed.set(scratch.subarray(begin, written));
  scratch = renewed;
  written -= begin;
  begin = 0;
}

function write(value: BencodeValue, depth: number): void {
  if (typeof value === 'string') writeText(value);
  else if (typeof value === 'number') writeInteger(value);
  else if (typeof value === 'bigint') writeAscii(`i${value}e`);
  else if (value instanceof Uint8Array) writeString(value);
  else if (value instanceof BencodeNode) writeRaw(value.raw);
  else if (typeof value !== 'object' || value === null) {
    throw new BencodeError('not-encodable', `Bencode has no way to say ${String(value)}.`, { value });
  } else if (depth >= maxBencodeDepth) {
    throw new BencodeError('too-deep', `The value nests deeper than ${maxBencodeDepth}.`);
  } else if (isList(value)) {
    writeByte(0x6c);
    for (const item of value) write(item, depth + 1);
    writeByte(0x65);
  } else {
    writeByte(0x64);
    if (isMap(value)) writeMap(value, depth);
    else writeObject(value, depth);
    writeByte(0x65);
  }
}

// Array.isArray and instanceof lose readonly types, hence these two.
function isList(value: object): value is readonly BencodeValue[] {
  return Array.isArray(value);
}

function isMap(value: object): value is ReadonlyMap<string | Uint8Array, BencodeValue> {
  return value instanceof Map;
}

function writeObject(value: { readonly [key: string]: BencodeValue | undefined }, depth: number): void {
  const keys = Object.keys(value);
  if (!isSorted(keys)) keys.sort(compareAsUtf8);
  for (const key of keys) {
    const item = value[key];
    if (item === undefined) continue;
    writeText(key);
    write(item, depth + 1);
  }
}

function writeMap(value: ReadonlyMap<string | Uint8Array, BencodeValue>, depth: number): void {
  const entries = Array.from(
    value,
    ([key, item]) => [typeof key === 'string' ? toUtf8(key) : key, item] as const,
  );
  entries.sort(([a], [b]) => compareBytes(a, b));
  let previous: Uint8Array | undefined;
  for (const [key, item] of entries) {
    if (previous !== undefined && compareBytes(previous, key) === 0) {
      throw new BencodeError('duplicate-key', 'A dictionary has two equal keys.');
    }
    writeString(key);
    write(item, depth + 1);
    previous = key;
  }
}

/** Usually keys were written down in order. Strings order like their UTF-8 up to the first surrogate. */
function isSorted(keys: readonly string[]): boolean {
  let previous = '';
  for (const key of keys) {
    if (key < previous || hasSurrogate(key)) return false;
    previous = key;
  }
  return true;
}

function hasSurrogate(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0xd800) return true;
  return false;
}

function compareAsUtf8(a: string, b: string): number {
  if (hasSurrogate(a) || hasSurrogate(b)) return compareBytes(toUtf8(a), toUtf8(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

function writeInteger(value: number): void {
  if (!Number.isSafeInteger(value)) {
    throw new BencodeError('not-encodable', 'Bencode has integers only; beyond 2^53 give a bigint.', {
      value,
    });
  }
  if (value >= 0 && value <= 0x7fffffff) {
    makeRoom(12);
    scratch[written++] = 0x69;
    writeDigits(value);
    scratch[written++] = 0x65;
  } else writeAscii(`i${value === 0 ? 0 : value}e`);
}

function writeText(text: string): void {
  const { length } = text;
  if (length <= 64) {
    makeRoom(length + 3);
    const start = written;
    writeDigits(length);
    scratch[written++] = 0x3a;
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) break;
      scratch[written++] = code;
    }
    if (i === length) return;
    written = start;
  }
  writeString(toUtf8(text));
}

function writeString(bytes: Uint8Array): void {
  makeRoom(bytes.length + 12);
  writeDigits(bytes.length);
  scratch[written++] = 0x3a;
  if (bytes.length <= 40) for (let i = 0; i < bytes.length; i++) scratch[written + i] = bytes[i] ?? 0;
  else scratch.set(bytes, written);
  written += bytes.length;
}

function writeRaw(bytes: Uint8Array): void {
  makeRoom(bytes.length);
  scratch.set(bytes, written);
  written += bytes.length;
}

function writeAscii(text: string): void {
  makeRoom(text.length);
  for (let i = 0; i < text.length; i++) scratch[written++] = text.charCodeAt(i);
}

function writeByte(byte: number): void {
  makeRoom(1);
  scratch[written++] = byte;
}

/** Up to 2^31 - 1; room was made. */
function writeDigits(value: number): void {
  if (value < 10) {
    scratch[written++] = 0x30 + value;
    return;
  }
  let digits = 1;
  for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits++;
  let at = written + digits;
  written = at;
  for (let rest = value; digits > 0; digits--) {
    const next = (rest / 10) | 0;
    scratch[--at] = 0x30 + rest - next * 10;
    rest = next;
  }
}

function makeRoom(length: number): void {
  if (written + length <= scratch.length) return;
  renewScratch(Math.max(scratchLength, 2 * (written - begin + length)));
}
