// Numbers and bytes from a seed, for mutations.

export type Below = (bound: number) => number;

export function randomBelow(seed: number): Below {
  let state = seed | 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * bound);
  };
}

export function bytesOf(below: Below, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => below(256));
}
