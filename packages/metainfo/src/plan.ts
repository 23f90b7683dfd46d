// How files will lie in a torrent that is to be made: their order, the padding between them (hybrid, BEP 47), and what has
// to be hashed for each piece. Hashing itself is the caller's, who has a disk.

import { compareBytes, toUtf8 } from '@shoal/base';
import { leafLength, maxFiles, maxPieceLength, maxPieces } from './bounds.ts';
import { check } from './errors.ts';
import { type FileRange, Layout } from './layout.ts';
import { leafCountOf } from './merkle.ts';
import type { TorrentFile, TorrentFormat } from './types.ts';

export interface SourceFile {
  /** Names below the torrent's folder, as they are on the disk. */
  readonly path: readonly string[];
  readonly length: number;
}

export interface TorrentPlan {
  readonly name: string;
  readonly format: TorrentFormat;
  /** The torrent is one file, whose name is the torrent's. */
  readonly isOneFile: boolean;
  /** Paths are as they were given here, not made safe. */
  readonly layout: Layout;
  /** For each file of the layout which one of the given files it is; -1 for padding. */
  readonly sources: readonly number[];
}

export interface PieceWork {
  /** What SHA-1 goes over; undefined in v2. */
  readonly v1: readonly FileRange[] | undefined;
  /** What the merkle tree goes over, always of one file; undefined in v1. */
  readonly v2: FileRange | undefined;
  /** Leaves of the tree, a power of two. */
  readonly leafCount: number;
}

/** `files` is one source file, whose path is ignored, or the files of a folder in any order. */
export function planTorrent(options: {
  readonly name: string;
  readonly files: SourceFile | readonly SourceFile[];
  readonly format: TorrentFormat;
  readonly pieceLength?: number;
}): TorrentPlan {
  const { name, format } = options;
  const isOneFile = !isList(options.files);
  const files = isList(options.files) ? options.files : [{ ...options.files, path: [name] }];
  const total = files.reduce((sum, file) => sum + file.length, 0);
  const pieceLength = options.pieceLength ?? choosePieceLength(total, files.length);
  check(name !== '', 'A torrent needs a name.');
  check(total > 0, 'There is nothing in it: a torrent needs at least one byte of content.');
  check(files.length <= maxFiles, `A torrent has at most ${maxFiles} files.`);
  check(
    Number.isInteger(pieceLength) && pieceLength >= 1 && pieceLength <= maxPieceLength,
    `A piece length is a whole number up to ${maxPieceLength}.`,
  );
  if (format !== 'v1') {
    const isPower = pieceLength >= leafLength && (pieceLength & (pieceLength - 1)) === 0;
    check(isPower, 'A piece length of a v2 or hybrid torrent is a power of two from 16384 on.');
  }
  const order = sortedOrder(files);
  const layout = lay(files, order, pieceLength, format);
  check(layout.layout.pieceCount <= maxPieces, `That makes more than ${maxPieces} pieces: take longer ones.`);
  return { name, format, isOneFile, ...layout };
}

/**
 * About two thousand pieces, as most programs choose: little to hash again when one is bad, and a torrent file that
 * stays small. From 16 KiB to 16 MiB, and more only where the number of pieces would pass its bound.
 */
export function choosePieceLength(total: number, fileCount = 1): number {
  let length = leafLength;
  while (length < 16 * 1024 * 1024 && total / length > 2048) length *= 2;
  while (length < maxPieceLength && total / length + fileCount > maxPieces) length *= 2;
  return length;
}

export function pieceWork(plan: TorrentPlan, piece: number): PieceWork {
  const { layout, format } = plan;
  const ranges = layout.pieceRanges(piece);
  const file = layout.files[layout.fileOfPiece(piece)];
  const length = file?.length ?? 0;
  return {
    v1: format === 'v2' ? undefined : ranges,
    v2: format === 'v1' ? undefined : ranges[0],
    leafCount: format === 'v1' ? 0 : leafCountOf(Math.min(length, layout.pieceLength), leafLength),
  };
}

/** Names as raw bytes, folder by folder: the order that a file tree has (BEP 52), for all formats alike. */
function sortedOrder(files: readonly SourceFile[]): number[] {
  const keys = files.map((file) => file.path.map(toUtf8));
  return files.map((_, index) => index).sort((a, b) => compareNames(keys[a] ?? [], keys[b] ?? []));
}

function compareNames(a: readonly Uint8Array[], b: readonly Uint8Array[]): number {
  for (const [depth, name] of a.entries()) {
    const other = b[depth];
    if (other === undefined) return 1;
    const difference = compareBytes(name, other);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function lay(
  files: readonly SourceFile[],
  order: readonly number[],
  pieceLength: number,
  format: TorrentFormat,
): { readonly layout: Layout; readonly sources: number[] } {
  const laid: TorrentFile[] = [];
  const sources: number[] = [];
  let offset = 0;
  for (const source of order) {
    const file = files[source];
    if (file === undefined) continue;
    const gap = Math.ceil(offset / pieceLength) * pieceLength - offset;
    if (format !== 'v1' && gap > 0 && file.length > 0) {
      if (format === 'hybrid') {
        laid.push(plannedFile(['.pad', String(gap)], gap, offset, true));
        sources.push(-1);
      }
      offset += gap;
    }
    const { path, length } = file;
    laid.push(plannedFile(path, length, offset, false));
    sources.push(source);
    offset += length;
  }
  return { layout: new Layout(laid, pieceLength, format === 'v2'), sources };
}

function plannedFile(path: readonly string[], length: number, offset: number, isPad: boolean): TorrentFile {
  return {
    path,
    length,
    offset,
    isPad,
    isExecutable: false,
    isHidden: false,
    linkTarget: undefined,
    piecesRoot: undefined,
    originalPath: path.map(toUtf8),
  };
}

function isList(files: SourceFile | readonly SourceFile[]): files is readonly SourceFile[] {
  return Array.isArray(files);
}
