// The one pass over bencoded bytes that checks everything. It yields three numbers a value, in document order:
// where the value starts, where it ends, and where its content starts (strings) or which token follows it (lists, dictionaries).

import { maxIntegerDigits } from './bencode-bounds.ts';
import { BencodeError, type BencodeErrorCode } from './bencode-error.ts';

export interface TokenRules {
  readonly lenient: boolean;
  readonly allowTrailing: boolean;
  readonly maxDepth: number;
  readonly maxLength: number;
}

export interface Tokens {
  readonly tokens: Int32Array;
  /** Index of the token of the outermost value. */
  readonly root: number;
}

const colon = 0x3a;
const minus = 0x2d;
const digit0 = 0x30;
const digit9 = 0x39;
const letterD = 0x64;
const letterE = 0x65;
const letterI = 0x69;
const letterL = 0x6c;

/** Small documents share one array, carved from front to back, because making a typed array costs more than a packet. */
const poolLength = 3 * 4096;
const longestPooled = 1500;
let pool = new Int32Array(poolLength);
let poolUsed = 0;

/** What is open, by depth: its token and, in a dictionary, the token of its last key (-1 before the first). */
let openTokens = new Int32Array(256);
let lastKeys = new Int32Array(256);

export function tokenize(bytes: Uint8Array, rules: TokenRules): Tokens {
  const length = bytes.length;
  if (length > rules.maxLength)
    fail('too-long', bytes, 0, `${length} bytes are more than ${rules.maxLength}`);
  if (openTokens.length < rules.maxDepth) {
    openTokens = new Int32Array(rules.maxDepth);
    lastKeys = new Int32Array(rules.maxDepth);
  }
  const { lenient } = rules;
  const most = 3 * ((length >> 1) + 1);
  const pooled = length <= longestPooled;
  if (pooled && poolUsed + most > poolLength) {
    pool = new Int32Array(poolLength);
    poolUsed = 0;
  }
  const root = pooled ? poolUsed : 0;
  let tokens = pooled ? pool : new Int32Array(Math.min(most, 3 * ((length >> 4) + 64)));
  let used = root;
  let depth = 0;
  let at = 0;
  let inDictionary = false;
  /** In a dictionary: a key (or its end) comes next, not a value. */
  let wantsKey = false;

  do {
    if (at >= length) fail('truncated', bytes, at, 'it ends inside a value');
    const first = bytes[at] ?? 0;
    if (used + 3 > tokens.length) {
      const larger = new Int32Array(Math.min(most, tokens.length * 4));
      larger.set(tokens);
      tokens = larger;
    }
    if (first <= digit9 && first >= digit0) {
      const start = at;
      let size = first - digit0;
      at++;
      if (size === 0 && !lenient && isDigit(bytes[at])) {
        fail('leading-zero', bytes, start, 'a length begins with zero');
      }
      for (;;) {
        const byte = bytes[at];
        if (byte === undefined) fail('truncated', bytes, at, 'it ends inside a length');
        if (byte === colon) break;
        if (byte < digit0 || byte > digit9)
          fail('unexpected-byte', bytes, at, 'a length needs digits and a colon');
        size = size * 10 + byte - digit0;
        if (size > length) fail('truncated', bytes, start, 'a string is longer than the rest');
        at++;
      }
      at++;
      const content = at;
      at += size;
      if (at > length) fail('truncated', bytes, start, 'a string is longer than the rest');
      tokens[used] = start;
      tokens[used + 1] = at;
      tokens[used + 2] = content;
      if (wantsKey) {
        const previous = lastKeys[depth - 1] ?? -1;
        if (!lenient && previous >= 0) checkOrder(bytes, tokens, previous, used);
        lastKeys[depth - 1] = used;
        used += 3;
        wantsKey = false;
        continue;
      }
      used += 3;
    } else if (first === letterE && depth > 0) {
      if (inDictionary && !wantsKey) {
        fail('missing-value', bytes, at, 'a key has no value');
      }
      at++;
      depth--;
      const token = openTokens[depth] ?? 0;
      tokens[token + 1] = at;
      tokens[token + 2] = used;
      inDictionary = depth > 0 && isOpenDictionary(bytes, tokens, depth);
    } else if (wantsKey) {
      fail('key-not-string', bytes, at, 'a key has to be a string');
    } else if (first === letterI) {
      const start = at;
      at = skipInteger(bytes, at, lenient);
      tokens[used] = start;
      tokens[used + 1] = at;
      tokens[used + 2] = 0;
      used += 3;
    } else if (first === letterL || first === letterD) {
      if (depth >= rules.maxDepth) fail('too-deep', bytes, at, `it nests deeper than ${rules.maxDepth}`);
      openTokens[depth] = used;
      lastKeys[depth] = -1;
      depth++;
      tokens[used] = at;
      tokens[used + 1] = 0;
      tokens[used + 2] = 0;
      used += 3;
      at++;
      inDictionary = first === letterD;
    } else {
      fail('unexpected-byte', bytes, at, 'no value begins with this');
    }
    wantsKey = inDictionary;
  } while (depth > 0);

  if (at < length && !rules.allowTrailing) fail('trailing-bytes', bytes, at, 'something follows the value');
  if (pooled) poolUsed = used;
  return { tokens, root };
}

function isOpenDictionary(bytes: Uint8Array, tokens: Int32Array, depth: number): boolean {
  return bytes[tokens[openTokens[depth - 1] ?? 0] ?? 0] === letterD;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= digit0 && byte <= digit9;
}

/** From `i` to after `e`. */
function skipInteger(bytes: Uint8Array, start: number, lenient: boolean): number {
  let at = start + 1;
  const negative = bytes[at] === minus;
  if (negative) at++;
  const digits = at;
  while (isDigit(bytes[at])) at++;
  if (at >= bytes.length) fail('truncated', bytes, at, 'it ends inside an integer');
  if (at === digits || bytes[at] !== letterE)
    fail('bad-integer', bytes, start, 'an integer needs digits and an e');
  if (at - digits > maxIntegerDigits) {
    fail('too-many-digits', bytes, start, `an integer has more than ${maxIntegerDigits} digits`);
  }
  if (bytes[digits] === digit0 && !lenient) {
    if (at - digits > 1) fail('leading-zero', bytes, start, 'an integer begins with zero');
    if (negative) fail('negative-zero', bytes, start, 'minus zero is no integer');
  }
  return at + 1;
}

/** Keys ascend as raw bytes and come once. */
function checkOrder(bytes: Uint8Array, tokens: Int32Array, previous: number, current: number): void {
  let a = tokens[previous + 2] ?? 0;
  let b = tokens[current + 2] ?? 0;
  const aEnd = tokens[previous + 1] ?? 0;
  const bEnd = tokens[current + 1] ?? 0;
  while (a < aEnd && b < bEnd) {
    const difference = (bytes[a++] ?? 0) - (bytes[b++] ?? 0);
    if (difference < 0) return;
    if (difference > 0) fail('unsorted-keys', bytes, tokens[current] ?? 0, 'keys are not in order');
  }
  if (b < bEnd) return;
  if (a < aEnd) fail('unsorted-keys', bytes, tokens[current] ?? 0, 'keys are not in order');
  fail('duplicate-key', bytes, tokens[current] ?? 0, 'a key comes twice');
}

function fail(code: BencodeErrorCode, bytes: Uint8Array, at: number, what: string): never {
  const near = bytes.subarray(at, at + 24);
  const value = Array.from(near, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join(
    '',
  );
  throw new BencodeError(code, `Not bencode at byte ${at}: ${what}.`, { value });
}
