// Randomness and hashing for tests: from a seed, and from Node.

import { createHash } from 'node:crypto';
import type { EncryptionWorld } from '@shoal/wire';

export interface Seeded {
  next(): number;
  below(bound: number): number;
  fill(bytes: Uint8Array): void;
}

export function seeded(seed: number): Seeded {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    below,
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = below(256);
    },
  };
}

export const nodeHashing: EncryptionWorld['hashing'] = {
  digest: (name, bytes) => new Uint8Array(createHash(name).update(bytes).digest()),
};

export function encryptionWorld(seed: number): EncryptionWorld {
  return { hashing: nodeHashing, random: seeded(seed) };
}
