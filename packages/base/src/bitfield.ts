// A fixed number of flags in the byte layout of the peer protocol: flag 0 is the highest bit of byte 0 (BEP 3).
// Invariant: spare bits after the last flag are zero, and `count` is the number of flags that are set.

export class Bitfield {
  readonly length: number;
  readonly bytes: Uint8Array;
  #count = 0;

  constructor(length: number) {
    this.length = length;
    this.bytes = new Uint8Array((length + 7) >>> 3);
  }

  /** Undefined when the size does not fit `length` or a spare bit is set: both are breaches on the wire. */
  static parse(bytes: Uint8Array, length: number): Bitfield | undefined {
    const field = new Bitfield(length);
    if (bytes.length !== field.bytes.length) return undefined;
    const spareBits = field.bytes.length * 8 - length;
    if (spareBits > 0 && ((bytes[bytes.length - 1] ?? 0) & ((1 << spareBits) - 1)) !== 0) return undefined;
    field.bytes.set(bytes);
    field.#count = countBits(field.bytes);
    return field;
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.length;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  has(index: number): boolean {
    return index < this.length && ((this.bytes[index >>> 3] ?? 0) & (0x80 >>> (index & 7))) !== 0;
  }

  /** True when this changed the flag. */
  set(index: number): boolean {
    if (index < 0 || index >= this.length || this.has(index)) return false;
    this.bytes[index >>> 3] = (this.bytes[index >>> 3] ?? 0) | (0x80 >>> (index & 7));
    this.#count++;
    return true;
  }

  /** True when this changed the flag. */
  clear(index: number): boolean {
    if (!this.has(index)) return false;
    this.bytes[index >>> 3] = (this.bytes[index >>> 3] ?? 0) & ~(0x80 >>> (index & 7));
    this.#count--;
    return true;
  }

  setAll(): void {
    this.bytes.fill(0xff);
    const spareBits = this.bytes.length * 8 - this.length;
    if (spareBits > 0) this.bytes[this.bytes.length - 1] = (0xff << spareBits) & 0xff;
    this.#count = this.length;
  }

  clearAll(): void {
    this.bytes.fill(0);
    this.#count = 0;
  }

  copy(): Bitfield {
    const field = new Bitfield(this.length);
    field.bytes.set(this.bytes);
    field.#count = this.#count;
    return field;
  }

  /** True when `other` has a flag that this one lacks: what a peer is interesting for. */
  lacksAnyOf(other: Bitfield): boolean {
    for (let i = 0; i < this.bytes.length; i++) {
      if (((other.bytes[i] ?? 0) & ~(this.bytes[i] ?? 0)) !== 0) return true;
    }
    return false;
  }

  /** Indices of the flags that are set, in order. */
  *indices(): Generator<number> {
    for (let byte = 0; byte < this.bytes.length; byte++) {
      const value = this.bytes[byte] ?? 0;
      if (value === 0) continue;
      for (let bit = 0; bit < 8; bit++) if (value & (0x80 >>> bit)) yield byte * 8 + bit;
    }
  }
}

function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) {
    let value = byte - ((byte >>> 1) & 0x55);
    value = (value & 0x33) + ((value >>> 2) & 0x33);
    count += (value + (value >>> 4)) & 0x0f;
  }
  return count;
}
