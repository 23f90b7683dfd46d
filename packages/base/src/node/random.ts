// The system's secure random source, drawn in pages: a system call for four bytes costs more than the bytes.
// Invariant: no byte of a page is handed out twice.

import { randomFillSync } from 'node:crypto';
import { WorldError } from '../world/errors.ts';
import type { Random } from '../world/random.ts';

const pageLength = 4096;
const longestBound = 2 ** 32;

export function createRandom(): Random {
  const page = new Uint8Array(pageLength);
  const words = new DataView(page.buffer);
  let used = pageLength;

  function reserve(length: number): number {
    if (used + length > pageLength) {
      randomFillSync(page);
      used = 0;
    }
    const offset = used;
    used += length;
    return offset;
  }

  return {
    fill(bytes) {
      if (bytes.length > 64) {
        randomFillSync(bytes);
        return;
      }
      const offset = reserve(bytes.length);
      bytes.set(page.subarray(offset, used));
      page.fill(0, offset, used);
    },
    below(bound) {
      if (!Number.isInteger(bound) || bound < 1 || bound > longestBound)
        throw new WorldError('invalid', 'A random bound is a whole number from 1 to 2^32', { value: bound });
      // Words at and above the last whole multiple of `bound` would favour small numbers: draw again.
      const limit = longestBound - (longestBound % bound);
      for (;;) {
        const word = words.getUint32(reserve(4));
        if (word < limit) return word % bound;
      }
    },
  };
}
