// Big-endian numbers and the one bulk copy of this room.

export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)) >>>
    0
  );
}

export function writeU16(buffer: Uint8Array, at: number, value: number): number {
  buffer[at] = value >>> 8;
  buffer[at + 1] = value;
  return at + 2;
}

export function writeU32(buffer: Uint8Array, at: number, value: number): number {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
  return at + 4;
}

type Copy = (source: Uint8Array, target: Uint8Array, targetAt: number, from: number, to: number) => void;

/**
 * Copies `source[from, to)`. Measured on Node 26 with 16 KiB into shared memory: Buffer's copy 27 GB/s and no
 * allocation, `set(subarray())` 3.5 GB/s, because V8 copies into shared memory byte by byte.
 */
export const copyBytes: Copy =
  typeof globalThis.Buffer === 'function'
    ? (source, target, targetAt, from, to) => {
        nativeCopy.call(source, target, targetAt, from, to);
      }
    : (source, target, targetAt, from, to) => {
        target.set(source.subarray(from, to), targetAt);
      };

const nativeCopy: (
  this: Uint8Array,
  target: Uint8Array,
  targetAt: number,
  from: number,
  to: number,
) => number = globalThis.Buffer?.prototype.copy;
