// Bytes that came and were not understood yet. Memory follows what has arrived.

import { copyBytes } from '../bytes.ts';

export class Gathered {
  #bytes = new Uint8Array(1024);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  append(bytes: Uint8Array): void {
    const needed = this.#end + bytes.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      copyBytes(this.#bytes, grown, 0, 0, this.#end);
      this.#bytes = grown;
    }
    copyBytes(bytes, this.#bytes, this.#end, 0, bytes.length);
    this.#end = needed;
  }

  /** Takes bytes from the front: a view that the taker may change. */
  take(count: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#start, this.#start + count);
    this.#start += count;
    return taken;
  }

  /**
   * Looks for `pattern` within its first `reach` places and takes everything up to its end. True when it was there,
   * false when more bytes may bring it, undefined when it cannot come any more.
   */
  takeThrough(pattern: Uint8Array, reach: number): boolean | undefined {
    const last = Math.min(this.length - pattern.length, reach);
    for (let skipped = 0; skipped <= last; skipped++) {
      if (this.#holds(pattern, this.#start + skipped)) {
        this.#start += skipped + pattern.length;
        return true;
      }
    }
    return last < reach ? false : undefined;
  }

  #holds(pattern: Uint8Array, at: number): boolean {
    for (let i = 0; i < pattern.length; i++) if (this.#bytes[at + i] !== pattern[i]) return false;
    return true;
  }
}
