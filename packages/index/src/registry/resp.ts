// RESP 2, what Redis and Valkey speak: requests out, answers in as they come, in any pieces.

import { concatBytes, toLatin1, toUtf8 } from '@shoal/base';

export type RespValue = string | number | null | Uint8Array | RespError | RespValue[];

export class RespError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

const crlf = toUtf8('\r\n');
/** An answer of scripts nests three deep. */
const deepest = 8;

export function encodeRequest(words: readonly (string | number | Uint8Array)[]): Uint8Array {
  const parts: Uint8Array[] = [toUtf8(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = word instanceof Uint8Array ? word : toUtf8(String(word));
    parts.push(toUtf8(`$${bytes.length}\r\n`), bytes, crlf);
  }
  return concatBytes(...parts);
}

export class RespReader {
  readonly #longest: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Nothing can be whole before so many bytes are here. */
  #wanted = 1;

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The answers that these bytes make whole. Throws an Error for what is no RESP, or longer than the bound. */
  read(bytes: Uint8Array): RespValue[] {
    this.#bytes = concatBytes(this.#bytes, bytes);
    if (this.#bytes.length > this.#longest) throw new Error(`an answer of more than ${this.#longest} bytes`);
    const values: RespValue[] = [];
    while (this.#bytes.length >= this.#wanted) {
      this.#at = 0;
      const value = this.#value(0);
      if (value === undefined) break;
      values.push(value);
      this.#bytes = this.#bytes.slice(this.#at);
      this.#wanted = 1;
    }
    return values;
  }

  /** Undefined while it is not whole. */
  #value(depth: number): RespValue | undefined {
    if (depth > deepest) throw new Error('an answer that nests too deep');
    const line = this.#line();
    if (line === undefined) return undefined;
    const rest = line.slice(1);
    switch (line[0]) {
      case '+':
        return rest;
      case '-':
        return new RespError(rest);
      case ':':
        return count(rest);
      case '$':
        return this.#bulk(count(rest));
      case '*':
        return this.#list(count(rest), depth);
      default:
        throw new Error(`an answer that begins with "${line.slice(0, 20)}"`);
    }
  }

  #line(): string | undefined {
    const end = this.#bytes.indexOf(13, this.#at);
    if (end === -1 || end + 1 >= this.#bytes.length) {
      this.#wanted = this.#bytes.length + 1;
      return undefined;
    }
    const line = toLatin1(this.#bytes.subarray(this.#at, end));
    this.#at = end + 2;
    return line;
  }

  #bulk(length: number): Uint8Array | null | undefined {
    if (length < 0) return null;
    const end = this.#at + length;
    if (this.#bytes.length < end + 2) {
      this.#wanted = end + 2;
      return undefined;
    }
    const value = this.#bytes.slice(this.#at, end);
    this.#at = end + 2;
    return value;
  }

  #list(length: number, depth: number): RespValue[] | null | undefined {
    if (length < 0) return null;
    const items: RespValue[] = [];
    for (let i = 0; i < length; i++) {
      const item = this.#value(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }
}

function count(text: string): number {
  if (!/^-?\d{1,16}$/.test(text)) throw new Error(`a number that is "${text.slice(0, 20)}"`);
  return Number(text);
}
