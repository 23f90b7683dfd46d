// The body of a request, by its length or in chunks (RFC 9112, 6 and 7.1), gathered up to a bound.

import { maxChunkLineBytes } from '../bounds.ts';

const [lineFeed, carriageReturn] = [10, 13];

type State = 'data' | 'size' | 'after-data' | 'trailers' | 'done';

export class BodyReader {
  readonly #most: number;
  readonly #isChunked: boolean;
  readonly #parts: Uint8Array[] = [];
  #state: State;
  #left: number;
  #length = 0;
  #line = '';
  #lineBytes = 0;

  constructor(contentLength: number, isChunked: boolean, most: number) {
    this.#most = most;
    this.#isChunked = isChunked;
    this.#left = contentLength;
    this.#state = isChunked ? 'size' : contentLength === 0 ? 'done' : 'data';
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** Answers how far it read, or, negative, the status to refuse the body with. */
  read(bytes: Uint8Array, start: number): number {
    let at = start;
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        if (this.#length + this.#left > this.#most) return -413;
        const part = bytes.slice(at, at + this.#left);
        this.#parts.push(part);
        this.#length += part.length;
        this.#left -= part.length;
        at += part.length;
        if (this.#left === 0) this.#state = this.#isChunked ? 'after-data' : 'done';
      } else {
        const byte = bytes[at++] ?? 0;
        if (++this.#lineBytes > maxChunkLineBytes) return -400;
        if (byte === lineFeed) {
          if (!this.#line.endsWith('\r') || !this.#endLine(this.#line.slice(0, -1))) return -400;
          this.#line = '';
        } else if (this.#line.endsWith('\r')) return -400;
        else if (byte < 32 && byte !== carriageReturn && byte !== 9) return -400;
        else this.#line += String.fromCharCode(byte);
      }
    }
    return at;
  }

  take(): Uint8Array {
    if (this.#parts.length === 1 && this.#parts[0] !== undefined) return this.#parts[0];
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #endLine(line: string): boolean {
    switch (this.#state) {
      case 'size': {
        const size = /^[0-9a-f]{1,8}(?=\s*(;|$))/i.exec(line);
        if (size === null) return false;
        this.#left = Number.parseInt(size[0], 16);
        this.#state = this.#left === 0 ? 'trailers' : 'data';
        if (this.#left > 0) this.#lineBytes = 0;
        return true;
      }
      case 'after-data':
        this.#state = 'size';
        return line === '';
      case 'trailers':
        if (line === '') this.#state = 'done';
        return true;
      case 'data':
      case 'done':
        return false;
    }
  }
}
