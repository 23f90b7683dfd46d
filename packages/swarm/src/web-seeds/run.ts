// A run of blocks as ranges of files, in the order of its bytes.

import type { Layout } from '@shoal/metainfo';
import { blockLength, type Run } from '../picker/picker.ts';

export interface Segment {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
  /** Zeros that nobody is asked for. */
  readonly isPad: boolean;
}

export function segmentsOf(layout: Layout, run: Run): Segment[] {
  const segments: Segment[] = [];
  let left = run.count;
  let begin = run.block * blockLength;
  for (let piece = run.piece; left > 0 && piece < layout.pieceCount; piece++) {
    const length = Math.min(layout.pieceSize(piece) - begin, left * blockLength);
    left -= Math.ceil(length / blockLength);
    for (const range of layout.pieceRanges(piece, begin, length)) {
      const last = segments.at(-1);
      if (last !== undefined && last.file === range.file && last.offset + last.length === range.offset)
        segments[segments.length - 1] = { ...last, length: last.length + range.length };
      else segments.push({ ...range, isPad: layout.files[range.file]?.isPad === true });
    }
    begin = 0;
  }
  return segments;
}
