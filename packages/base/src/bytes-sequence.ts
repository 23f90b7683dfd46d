// Reading and writing packed fields one after the other, integers in network order (big-endian).

import { toUtf8 } from './bytes.ts';
import { RoomError } from './errors.ts';

export class BytesError extends RoomError<'truncated'> {}

/** Throws BytesError `truncated` when fewer bytes are left than a field needs. */
export class ByteReader {
  readonly bytes: Uint8Array;
  position: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.position = position;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.position;
  }

  u8(): number {
    return this.#view.getUint8(this.#pass(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#pass(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#pass(4));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#pass(8));
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    const at = this.#pass(length);
    return this.bytes.subarray(at, at + length);
  }

  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  #pass(length: number): number {
    if (length > this.remaining) {
      throw new BytesError('truncated', `${length} bytes are needed where ${this.remaining} are left`);
    }
    const at = this.position;
    this.position += length;
    return at;
  }
}

/** Grows as needed. Integers are cut to their width, as typed arrays do. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  length = 0;

  constructor(expectedLength = 64) {
    this.#bytes = new Uint8Array(expectedLength);
    this.#view = new DataView(this.#bytes.buffer);
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value);
    return this;
  }

  put(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  text(text: string): this {
    return this.put(toUtf8(text));
  }

  /** What was written, as a view of the writer's memory: take it last. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  #room(length: number): number {
    const at = this.length;
    const needed = at + length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.length = needed;
    return at;
  }
}
