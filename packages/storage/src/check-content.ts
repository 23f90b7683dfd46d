// Looks at content that lies in a folder, without a journal and without changing anything: what `shoal check` says.
// Invariant: a file is complete when all its pieces are good and it stands under its own name with its exact length.

import { Bitfield, type Disk, type FileRange, type Hashing } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import { mostHashesAtOnce } from './bounds.ts';
import { StorageError } from './errors.ts';
import { judgePiece } from './judge.ts';
import { type FilePaths, filePaths } from './names.ts';
import { findOddNames } from './odd-names.ts';
import { eachAtOnce, type Found, nothing, survey } from './survey.ts';
import type { CheckOptions, Home, KnownHashes } from './types.ts';

export interface CheckedFile {
  /** Index in the layout; padding and links are left out. */
  readonly file: number;
  readonly isComplete: boolean;
  /** What stands under its name, by its length alone; `incomplete`: it has its incomplete name. */
  readonly standing: 'whole' | 'too long' | 'too short' | 'incomplete' | 'absent' | 'not a file';
  readonly goodPieces: number;
  readonly pieces: number;
}

export interface CheckedContent {
  readonly isComplete: boolean;
  readonly good: Bitfield;
  readonly files: readonly CheckedFile[];
}

export interface CheckContentOptions {
  readonly disk: Disk;
  readonly hashing: Hashing;
  readonly layout: Layout;
  readonly hashes: KnownHashes;
  /** Absolute; the layout's paths begin below it. */
  readonly folder: string;
}

interface Present {
  readonly path: string;
  readonly length: number;
}

export async function checkContent(
  { disk, hashing, layout, hashes, folder }: CheckContentOptions,
  { signal, onPiece }: CheckOptions = {},
): Promise<CheckedContent> {
  const names = await findOddNames(disk, layout, folder);
  const home = names === undefined ? { folder } : { folder, paths: names };
  const paths = filePaths(layout, home, (name, bytes) => hashing.digest(name, bytes));
  const found = await survey(disk, paths, signal);
  const present = paths.map((own, file) => presentOf(own, found[file] ?? nothing));
  const good = new Bitfield(layout.pieceCount);

  const sourceOf = (piece: number, withPadding: boolean) => {
    const ranges: FileRange[] = [];
    for (const { file, offset, length } of layout.pieceRanges(piece)) {
      const there = present[file];
      if (paths[file] === undefined) {
        if (withPadding) ranges.push({ path: '', offset: 0, length });
      } else if (there === undefined || offset + length > there.length) return undefined;
      else ranges.push({ path: there.path, offset, length });
    }
    return { kind: 'file' as const, ranges };
  };

  const pieces = Array.from({ length: layout.pieceCount }, (_, piece) => piece);
  await eachAtOnce(mostHashesAtOnce, pieces, async (piece) => {
    if (signal?.aborted) throw new StorageError('aborted', 'Stopped while checking');
    const source = (withPadding: boolean) => sourceOf(piece, withPadding);
    const { verdict } = await judgePiece(
      hashing,
      hashes,
      piece,
      source,
      signal === undefined ? {} : { signal },
    );
    if (verdict === 'good') good.set(piece);
    onPiece?.(piece, verdict);
  });

  const files: CheckedFile[] = [];
  for (const [file, own] of paths.entries()) {
    if (own !== undefined) files.push(checkedFile(layout, file, found[file] ?? nothing, good));
  }
  return { isComplete: good.isFull && files.every(({ isComplete }) => isComplete), good, files };
}

/** Whether any file of a content stands where it would be, whatever is in it. */
export async function findsFiles(
  { disk, hashing, layout }: Pick<CheckContentOptions, 'disk' | 'hashing' | 'layout'>,
  home: Home,
): Promise<boolean> {
  const paths = filePaths(layout, home, (name, bytes) => hashing.digest(name, bytes));
  const found = await survey(disk, paths);
  return found.some(({ final, incomplete }) => final !== undefined || incomplete !== undefined);
}

/** The file that pieces are looked for in. Links are followed, since nothing is written. */
function presentOf(paths: FilePaths | undefined, { final, incomplete, linked }: Found): Present | undefined {
  if (paths === undefined) return undefined;
  const own = linked ?? final;
  if (own?.kind === 'file') return { path: paths.final, length: own.length };
  return incomplete?.kind === 'file' ? { path: paths.incomplete, length: incomplete.length } : undefined;
}

function checkedFile(layout: Layout, file: number, found: Found, good: Bitfield): CheckedFile {
  const length = layout.files[file]?.length ?? 0;
  const { first, end } = layout.filePieces(file);
  let goodPieces = 0;
  for (let piece = first; piece < end; piece++) if (good.has(piece)) goodPieces++;
  const standing = standingOf(found, length);
  const isComplete = standing === 'whole' && goodPieces === end - first;
  return { file, isComplete, standing, goodPieces, pieces: end - first };
}

function standingOf({ final, incomplete, linked }: Found, length: number): CheckedFile['standing'] {
  const own = linked ?? final;
  if (own?.kind === 'file')
    return own.length === length ? 'whole' : own.length > length ? 'too long' : 'too short';
  if (incomplete?.kind === 'file') return 'incomplete';
  return own === undefined ? 'absent' : 'not a file';
}
