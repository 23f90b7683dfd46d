// HTTP/1.1 on the wire (RFC 9112): heads, and bodies in their three framings. Bytes in, calls out; bounded.

import { WorldError } from '@shoal/base';
import { longestHttpHead } from '../bounds.ts';

export interface Head {
  /** The request line or the status line. */
  readonly start: string;
  /** Names in lower case; repeated ones joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export function httpError(message: string, value?: unknown): WorldError {
  return new WorldError('http', message, { value });
}

/** Collects bytes up to the blank line. */
export class HeadReader {
  #text = '';

  get isEmpty(): boolean {
    return this.#text === '';
  }

  /** The head and how many of these bytes were of it, once it is whole. Throws a WorldError (`http`). */
  push(bytes: Uint8Array): { head: Head; used: number } | undefined {
    const before = this.#text.length;
    this.#text += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const end = this.#text.indexOf('\r\n\r\n');
    if ((end === -1 ? this.#text.length : end) > longestHttpHead) throw httpError('The head is too long');
    if (end === -1) return undefined;
    const head = parseHead(this.#text.slice(0, end));
    this.#text = '';
    return { head, used: end + 4 - before };
  }
}

function parseHead(text: string): Head {
  const [start = '', ...lines] = text.split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (!token.test(name)) throw httpError('Not a header', line);
    const value = line.slice(colon + 1).trim();
    const known = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = known === undefined ? value : `${known}, ${value}`;
  }
  return { start, headers };
}

/** Throws a WorldError (`invalid`) for what would break out of its line. */
export function writeHead(start: string, headers: Readonly<Record<string, string>>): Uint8Array {
  const lines = Object.entries(headers).map(([name, value]) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    if (!token.test(name) || /[\0-\x08\x0a-\x1f\x7f]/.test(value))
      throw new WorldError('invalid', 'Not a header', { value: name });
    return `${name}: ${value}\r\n`;
  });
  return new Uint8Array(Buffer.from(`${start}\r\n${lines.join('')}\r\n`, 'latin1'));
}

export type Framing =
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' | 'until-close' };

export function framingOf(headers: Head['headers'], otherwise: Framing): Framing {
  const encoding = headers['transfer-encoding'];
  if (encoding !== undefined) {
    if (encoding.toLowerCase().split(',').at(-1)?.trim() !== 'chunked')
      throw httpError('An unknown framing', encoding);
    return { kind: 'chunked' };
  }
  const text = headers['content-length'];
  if (text === undefined) return otherwise;
  const [first = '', ...others] = text.split(',').map((part) => part.trim());
  if (!/^\d{1,15}$/.test(first) || others.some((other) => other !== first))
    throw httpError('Not a length', text);
  return { kind: 'length', length: Number(first) };
}

const longestLine = 1024;

/** Finds the body in the bytes that follow a head. */
export class BodyReader {
  isDone = false;
  readonly #framing: Framing;
  /** Of the body, or of the chunk that is being read. */
  #left = 0;
  #line = '';
  #state: 'size' | 'bytes' | 'after' | 'trailer' = 'size';

  constructor(framing: Framing) {
    this.#framing = framing;
    if (framing.kind !== 'length') return;
    this.#left = framing.length;
    this.isDone = framing.length === 0;
  }

  /** One run of body bytes, perhaps empty, and how many of the given bytes were used. Throws a WorldError (`http`). */
  next(bytes: Uint8Array): { body: Uint8Array; used: number } {
    if (this.#framing.kind === 'until-close') return { body: bytes, used: bytes.length };
    if (this.#framing.kind === 'length' || this.#state === 'bytes') {
      const body = bytes.subarray(0, this.#left);
      this.#left -= body.length;
      if (this.#left === 0) {
        if (this.#framing.kind === 'length') this.isDone = true;
        else this.#state = 'after';
      }
      return { body, used: body.length };
    }
    return { body: bytes.subarray(0, 0), used: this.#readLine(bytes) };
  }

  #readLine(bytes: Uint8Array): number {
    const end = bytes.indexOf(10);
    const used = end === -1 ? bytes.length : end + 1;
    this.#line += Buffer.from(bytes.buffer, bytes.byteOffset, used).toString('latin1');
    if (this.#line.length > longestLine) throw httpError('A line of the chunked body is too long');
    if (end === -1) return used;
    const line = this.#line.trim();
    this.#line = '';
    if (this.#state === 'after') {
      if (line !== '') throw httpError('A chunk is longer than it said', line);
      this.#state = 'size';
    } else if (this.#state === 'trailer') {
      if (line === '') this.isDone = true;
    } else {
      const size = line.split(';', 1)[0]?.trim() ?? '';
      if (!/^[0-9a-f]{1,12}$/i.test(size)) throw httpError('Not the size of a chunk', line);
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'bytes';
    }
    return used;
  }

  /** The connection ended here: true when that is how this body ends. */
  end(): boolean {
    if (this.#framing.kind === 'until-close') this.isDone = true;
    return this.isDone;
  }
}
