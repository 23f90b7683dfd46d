// The head of an HTTP/1.1 request, read where it lies (RFC 9112, 2 to 7). Nothing is copied or made into text until
// somebody asks for it, and nothing lenient: what two readers could take for two different requests is refused.

import { fromUtf8, toLatin1 } from '@shoal/base';
import { maxHeadBytes, maxHeaders, maxTargetBytes } from '../bounds.ts';

const [tab, lineFeed, carriageReturn, space, colon, questionMark, slash] = [9, 10, 13, 32, 58, 63, 47];

/** RFC 9110, 5.6.2: what names of methods and headers are made of. */
const isTokenByte = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
  isTokenByte[character.charCodeAt(0)] = 1;

/** The rest of the head has not come yet. */
export const needsMore = 0;

export class RequestHead {
  /** 0 for HTTP/1.0, 1 for HTTP/1.1 and what follows it. */
  minorVersion = 1;
  keepsAlive = true;
  contentLength = 0;
  isChunked = false;
  expectsContinue = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #methodEnd = 0;
  #start = 0;
  #pathStart = 0;
  #pathEnd = 0;
  #targetEnd = 0;
  #headerCount = 0;
  #method: string | undefined;
  #path: string | undefined;
  /** Start and end of each name, then of each value. */
  #headers = new Int32Array(4 * maxHeaders);

  /**
   * Reads the head that begins at `start`. Answers where it ends, `needsMore`, or, negative, the status to refuse it
   * with.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    this.#bytes = bytes;
    this.#method = undefined;
    this.#path = undefined;
    this.#headerCount = 0;
    this.contentLength = 0;
    this.isChunked = false;
    this.expectsContinue = false;
    let at = start;
    // RFC 9112, 2.2: empty lines before a request are passed over.
    while (at + 1 < end && bytes[at] === carriageReturn && bytes[at + 1] === lineFeed) at += 2;
    const limit = Math.min(end, start + maxHeadBytes);
    at = this.#readRequestLine(bytes, at, limit);
    if (at > 0) at = this.#readHeaders(bytes, at, limit);
    if (at === needsMore && end - start >= maxHeadBytes) return this.#targetEnd === 0 ? -414 : -431;
    return at;
  }

  get method(): string {
    this.#method ??= toLatin1(this.#bytes.subarray(this.#start, this.#methodEnd));
    return this.#method;
  }

  /** As it was sent, percent-encoded, without the query. */
  get path(): string {
    this.#path ??= toLatin1(this.#bytes.subarray(this.#pathStart, this.#pathEnd));
    return this.#path;
  }

  /** Behind the question mark, as it was sent. A view. */
  get query(): Uint8Array {
    return this.#bytes.subarray(Math.min(this.#pathEnd + 1, this.#targetEnd), this.#targetEnd);
  }

  /** Names in lower case. Values of a name that comes more than once are joined with ", ". */
  header(name: string): string | undefined {
    let found: string | undefined;
    for (let i = 0; i < 4 * this.#headerCount; i += 4) {
      if (!this.#isNamed(i, name)) continue;
      const bytes = this.#bytes.subarray(this.#headers[i + 2], this.#headers[i + 3]);
      const value = fromUtf8(bytes) ?? toLatin1(bytes);
      found = found === undefined ? value : `${found}, ${value}`;
    }
    return found;
  }

  /** Makes it independent of the bytes it was read from. */
  keep(): void {
    const from = this.#start;
    const lastValue = this.#headers[4 * this.#headerCount - 1] ?? 0;
    this.#bytes = this.#bytes.slice(from, Math.max(lastValue, this.#targetEnd));
    this.#start = 0;
    this.#methodEnd -= from;
    this.#pathStart -= from;
    this.#pathEnd -= from;
    this.#targetEnd -= from;
    this.#headers = this.#headers.slice(0, 4 * this.#headerCount).map((at) => at - from);
  }

  #readRequestLine(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    this.#start = start;
    this.#targetEnd = 0;
    while (at < end && isTokenByte[bytes[at] ?? 0] === 1) at++;
    if (at >= end) return needsMore;
    if (at === start || bytes[at] !== space) return -400;
    this.#methodEnd = at++;
    const target = at;
    let query = -1;
    for (; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte <= space || byte >= 127) break;
      if (byte === questionMark && query < 0) query = at;
    }
    if (at - target > maxTargetBytes) return -414;
    if (at >= end) return needsMore;
    if (bytes[at] !== space || at === target) return -400;
    this.#targetEnd = at;
    this.#pathEnd = query < 0 ? at : query;
    this.#pathStart = target;
    if (bytes[target] !== slash) {
      const path = originOf(bytes, target, this.#pathEnd);
      if (path < 0) return -400;
      this.#pathStart = path;
    }
    at++;
    if (at + 10 > end) return startsLikeVersion(bytes, at, end) ? needsMore : -400;
    if (!startsLikeVersion(bytes, at, at + 7)) return -400;
    const minor = (bytes[at + 7] ?? 0) - 48;
    if (minor < 0 || minor > 9 || bytes[at + 8] !== carriageReturn || bytes[at + 9] !== lineFeed) return -400;
    this.minorVersion = Math.min(minor, 1);
    this.keepsAlive = minor > 0;
    return at + 10;
  }

  #readHeaders(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    let hosts = 0;
    let lengths = 0;
    for (;;) {
      if (at + 1 >= end) return needsMore;
      if (bytes[at] === carriageReturn) {
        if (bytes[at + 1] !== lineFeed) return -400;
        break;
      }
      const nameStart = at;
      while (at < end && isTokenByte[bytes[at] ?? 0] === 1) at++;
      if (at >= end) return needsMore;
      if (at === nameStart || bytes[at] !== colon) return -400;
      const nameEnd = at++;
      while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
      const valueStart = at;
      for (; at < end; at++) {
        const byte = bytes[at] ?? 0;
        if ((byte < space && byte !== tab) || byte === 127) break;
      }
      if (at + 1 >= end) return needsMore;
      if (bytes[at] !== carriageReturn || bytes[at + 1] !== lineFeed) return -400;
      let valueEnd = at;
      while (valueEnd > valueStart && (bytes[valueEnd - 1] === space || bytes[valueEnd - 1] === tab))
        valueEnd--;
      at += 2;
      if (this.#headerCount === maxHeaders) return -431;
      const i = 4 * this.#headerCount++;
      this.#headers[i] = nameStart;
      this.#headers[i + 1] = nameEnd;
      this.#headers[i + 2] = valueStart;
      this.#headers[i + 3] = valueEnd;
      // The few names that say how to go on, told apart by their lengths first.
      switch (nameEnd - nameStart) {
        case 4:
          if (this.#isNamed(i, 'host')) hosts++;
          break;
        case 6:
          if (this.#isNamed(i, 'expect')) {
            if (!this.#says(i, '100-continue')) return -417;
            this.expectsContinue = true;
          }
          break;
        case 10:
          if (this.#isNamed(i, 'connection')) {
            if (this.#lists(i, 'close')) this.keepsAlive = false;
            else if (this.minorVersion === 0 && this.#lists(i, 'keep-alive')) this.keepsAlive = true;
          }
          break;
        case 14:
          if (this.#isNamed(i, 'content-length')) {
            const length = digits(bytes, valueStart, valueEnd);
            if (length < 0 || (lengths++ > 0 && length !== this.contentLength)) return -400;
            this.contentLength = length;
          }
          break;
        case 17:
          if (this.#isNamed(i, 'transfer-encoding')) {
            if (this.isChunked || this.minorVersion === 0) return -400;
            if (!this.#says(i, 'chunked')) return -501;
            this.isChunked = true;
          }
          break;
      }
    }
    if (hosts > 1 || (hosts === 0 && this.minorVersion > 0)) return -400;
    if (this.isChunked && lengths > 0) return -400;
    return at + 2;
  }

  #isNamed(i: number, name: string): boolean {
    return this.#equals(this.#headers[i] ?? 0, this.#headers[i + 1] ?? 0, name);
  }

  #says(i: number, word: string): boolean {
    return this.#equals(this.#headers[i + 2] ?? 0, this.#headers[i + 3] ?? 0, word);
  }

  #lists(i: number, word: string): boolean {
    if (this.#says(i, word)) return true;
    const bytes = this.#bytes.subarray(this.#headers[i + 2], this.#headers[i + 3]);
    return toLatin1(bytes)
      .toLowerCase()
      .split(',')
      .some((part) => part.trim() === word);
  }

  /** `word` in lower case. */
  #equals(start: number, end: number, word: string): boolean {
    if (end - start !== word.length) return false;
    for (let i = 0; i < word.length; i++) {
      let byte = this.#bytes[start + i] ?? 0;
      if (byte >= 65 && byte <= 90) byte |= 32;
      if (byte !== word.charCodeAt(i)) return false;
    }
    return true;
  }
}

/** RFC 9112, 3.2.2: "http://host/path" is a target as well. Answers where its path begins, or -1. */
function originOf(bytes: Uint8Array, start: number, end: number): number {
  const text = toLatin1(bytes.subarray(start, end));
  const scheme = /^https?:\/\/[^/?#@]+(?=\/)/i.exec(text);
  return scheme === null ? -1 : start + scheme[0].length;
}

const versionPrefix = [72, 84, 84, 80, 47, 49, 46];

function startsLikeVersion(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = 0; i < versionPrefix.length && at + i < end; i++)
    if (bytes[at + i] !== versionPrefix[i]) return false;
  return true;
}

/** -1 for what is no length. 15 digits are exact. */
function digits(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 15) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = 10 * value + digit;
  }
  return value;
}
