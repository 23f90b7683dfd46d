// BEP 33: sets of addresses as bloom filters of 2,048 bits, whose union counts a swarm over many nodes.

import type { Hashing } from '@shoal/base';

export const bloomBytes = 256;
const bits = bloomBytes * 8;

/** Adds an address of 4 or 16 bytes. */
export function addToBloom(hashing: Hashing, filter: Uint8Array, ip: Uint8Array): void {
  const [a = 0, b = 0, c = 0, d = 0] = hashing.digest('sha1', ip);
  for (const index of [(a | (b << 8)) % bits, (c | (d << 8)) % bits])
    filter[index >> 3] = (filter[index >> 3] ?? 0) | (1 << (index & 7));
}

/** Adds all that is in `other`. */
export function uniteBlooms(filter: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < bloomBytes; i++) filter[i] = (filter[i] ?? 0) | (other[i] ?? 0);
}

/** About how many addresses were added. */
export function estimateBloom(filter: Uint8Array): number {
  let zeros = 0;
  for (const byte of filter) for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) === 0) zeros++;
  const counted = Math.min(bits - 1, Math.max(1, zeros));
  return Math.log(counted / bits) / (2 * Math.log(1 - 1 / bits));
}
