// Which pieces are believed, which have to be hashed, and which are known to be missing.
// Invariant: believed is only what the journal has, or was hashed just now, in files that look exactly as they did then.

import { Bitfield, type FileStat } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import type { FileSlot } from './file-slot.ts';
import type { Journal } from './journal.ts';
import type { PartsFile } from './parts-file.ts';
import type { FileStamp } from './types.ts';

export interface TrustOptions {
  readonly layout: Layout;
  readonly slots: readonly (FileSlot | undefined)[];
  readonly parts: PartsFile;
  /** 1 for files whose bytes lie in the parts file. */
  readonly inParts: Uint8Array;
  /** How a file, or the parts file, looks now. */
  readonly lookOf: (index: number) => FileStat | undefined;
  readonly journal: Journal;
  readonly hashed: readonly FileStamp[];
}

export interface Sorted {
  readonly trusted: number[];
  readonly unchecked: Bitfield;
  /** Recorded, and not believed any more. */
  readonly lost: number[];
}

export function sortPieces(options: TrustOptions): Sorted {
  const { layout, slots, parts, inParts, journal, lookOf } = options;
  const { stamps, doubtful, isClean } = journal.state;
  const hashed = new Map(options.hashed.map((stamp) => [stamp.file, stamp]));
  const isUnchanged = remember((index) => looksLike(stamps.get(index), lookOf(index)));
  const isAsHashed = remember((index) => looksLike(hashed.get(index), lookOf(index)));

  const sorted: Sorted = { trusted: [], unchecked: new Bitfield(layout.pieceCount), lost: [] };
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    let isThere = true;
    let areAllUnchanged = true;
    let areAllAsHashed = hashed.size > 0;
    for (const { file, offset, length } of layout.pieceRanges(piece)) {
      const slot = slots[file];
      if (slot === undefined) continue;
      const isInParts = inParts[file] === 1;
      const place = isInParts ? parts : slot;
      const end = (isInParts ? (layout.files[file]?.offset ?? 0) : 0) + offset + length;
      isThere &&= place.isMade && end <= place.presentLength;
      areAllUnchanged &&= isUnchanged(place.index);
      areAllAsHashed &&= isAsHashed(place.index);
    }
    const isRecorded = journal.isGood(piece);
    if (isThere && ((isRecorded && areAllUnchanged) || areAllAsHashed)) {
      sorted.trusted.push(piece);
      continue;
    }
    // After a clean stop, or a kill while nothing was written, what is not recorded in an unchanged file is not there.
    const isKnownMissing = isClean && areAllUnchanged && !doubtful.has(piece);
    if (isThere && !isKnownMissing) sorted.unchecked.set(piece);
    if (isRecorded || doubtful.has(piece)) sorted.lost.push(piece);
  }
  return sorted;
}

function looksLike(stamp: FileStamp | undefined, look: FileStat | undefined): boolean {
  return (
    stamp !== undefined &&
    look !== undefined &&
    stamp.id === look.id &&
    stamp.length === look.length &&
    stamp.modifiedMs === look.modifiedMs
  );
}

function remember(ask: (index: number) => boolean): (index: number) => boolean {
  const answers = new Map<number, boolean>();
  return (index) => {
    let answer = answers.get(index);
    if (answer === undefined) {
      answer = ask(index);
      answers.set(index, answer);
    }
    return answer;
  };
}
