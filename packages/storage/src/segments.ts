// Pure arithmetic between pieces, files and lists of buffers.

import type { Layout } from '@shoal/metainfo';

/** A run of bytes in one file. */
export interface Segment {
  readonly file: number;
  readonly offset: number;
  length: number;
}

/**
 * The runs that hold `length` bytes from `begin` of `piece` on, over as many pieces as it takes; what adjoins within a
 * file is one run. Undefined when the content ends before.
 */
export function segmentsOf(
  layout: Layout,
  piece: number,
  begin: number,
  length: number,
): Segment[] | undefined {
  const segments: Segment[] = [];
  let skip = begin;
  let left = length;
  for (let index = piece; left > 0; index++) {
    if (index >= layout.pieceCount) return undefined;
    for (const range of layout.pieceRanges(index)) {
      if (skip >= range.length) {
        skip -= range.length;
        continue;
      }
      const count = Math.min(left, range.length - skip);
      if (count === 0) break;
      const offset = range.offset + skip;
      const last = segments.at(-1);
      if (last !== undefined && last.file === range.file && last.offset + last.length === offset)
        last.length += count;
      else segments.push({ file: range.file, offset, length: count });
      skip = 0;
      left -= count;
    }
  }
  return segments;
}

/** The `length` bytes from `from` on of what the buffers hold together. */
export function cutBuffers(buffers: readonly Uint8Array[], from: number, length: number): Uint8Array[] {
  const cut: Uint8Array[] = [];
  let skip = from;
  let left = length;
  for (const buffer of buffers) {
    if (left === 0) break;
    if (skip >= buffer.length) {
      skip -= buffer.length;
      continue;
    }
    const count = Math.min(left, buffer.length - skip);
    cut.push(count === buffer.length ? buffer : buffer.subarray(skip, skip + count));
    skip = 0;
    left -= count;
  }
  return cut;
}

export function bytesIn(buffers: readonly Uint8Array[]): number {
  let total = 0;
  for (const buffer of buffers) total += buffer.length;
  return total;
}
