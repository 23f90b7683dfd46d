// Ids of nodes and keys: 20 bytes, and the distance between two is their XOR, read as a number (BEP 5).

import { type Random, toLatin1 } from '@shoal/base';

export const idLength = 20;
export const idBits = 160;

/** How many leading bits two ids share: the bucket of one in the table of the other. */
export function sharedPrefix(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < idLength; i++) {
    const difference = (a[i] ?? 0) ^ (b[i] ?? 0);
    if (difference !== 0) return i * 8 + Math.clz32(difference) - 24;
  }
  return idBits;
}

/** Below 0 when `a` is nearer to the target than `b`. */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < idLength; i++) {
    const goal = target[i] ?? 0;
    const difference = ((a[i] ?? 0) ^ goal) - ((b[i] ?? 0) ^ goal);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function randomId(random: Random): Uint8Array {
  const id = new Uint8Array(idLength);
  random.fill(id);
  return id;
}

/** A random id that shares exactly `bits` leading bits with `own`. */
export function randomIdAt(random: Random, own: Uint8Array, bits: number): Uint8Array {
  const id = randomId(random);
  for (let bit = 0; bit <= bits && bit < idBits; bit++) {
    const at = bit >> 3;
    const mask = 0x80 >> (bit & 7);
    const wanted = bit < bits ? (own[at] ?? 0) & mask : ~(own[at] ?? 0) & mask;
    id[at] = ((id[at] ?? 0) & ~mask) | wanted;
  }
  return id;
}

/** An id as the key of a Map. */
export function idKey(id: Uint8Array): string {
  return toLatin1(id);
}
