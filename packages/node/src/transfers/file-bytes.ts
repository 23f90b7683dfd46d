// How much of each file is verified: from the pieces while they are traded, and from the record while nothing is open.

import type { Torrent } from '@shoal/metainfo';
import type { Transfer } from '@shoal/swarm';
import { mostFileRuns } from '../bounds.ts';

/** So many files in a row with this many verified bytes, or with all of theirs. */
export type FileRun = readonly [bytes: number | 'all', count: number];

/** Undefined while pieces are not traded. */
export function fileBytesOf(transfer: Transfer, { layout }: Torrent): number[] | undefined {
  const states = transfer.pieceMap?.states;
  if (states === undefined) return undefined;
  const { pieceLength } = layout;
  return layout.files.map(({ offset, length, isPad }, index) => {
    if (isPad || length === 0) return 0;
    let bytes = 0;
    const { first, end } = layout.filePieces(index);
    for (let piece = first; piece < end; piece++) {
      if (states[piece] !== 2) continue;
      bytes += Math.min(offset + length, (piece + 1) * pieceLength) - Math.max(offset, piece * pieceLength);
    }
    return bytes;
  });
}

/** For the record; nothing where that is not known, or can be told otherwise. */
export function fileRunsOf(transfer: Transfer): { readonly fileRuns?: readonly FileRun[] } {
  const { torrent } = transfer;
  if (torrent === undefined || transfer.isComplete) return {};
  const bytes = fileBytesOf(transfer, torrent);
  if (bytes === undefined) return {};
  const runs: [number | 'all', number][] = [];
  for (const [index, { length, isPad }] of torrent.layout.files.entries()) {
    const value = isPad || bytes[index] === length ? 'all' : (bytes[index] ?? 0);
    const last = runs.at(-1);
    if (last?.[0] === value) last[1]++;
    else runs.push([value, 1]);
  }
  return { fileRuns: runs.length > mostFileRuns ? [] : runs };
}

/** As the record has it. */
export function recordedBytes(runs: readonly FileRun[], { layout }: Torrent): number[] {
  const values = runs.flatMap(([value, count]) =>
    Array.from({ length: Math.min(count, layout.files.length) }, () => value),
  );
  return layout.files.map(({ length, isPad }, index) => {
    const value = values[index] ?? 0;
    return isPad ? 0 : value === 'all' ? length : Math.min(value, length);
  });
}
