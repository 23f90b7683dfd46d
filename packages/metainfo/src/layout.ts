// Where files lie in the space of pieces, the same for all three formats.
// In v1 and hybrid torrents files follow each other without gaps (a hybrid's pads are files). In v2 torrents each file
// begins at a piece, and the last piece of a file is as short as the file needs it (BEP 52): no piece spans two files.

import type { TorrentFile } from './types.ts';

/** A run of bytes of one file. */
export interface FileRange {
  /** Index into `files`. */
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

export class Layout {
  readonly files: readonly TorrentFile[];
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** All files together, pads not counted. */
  readonly contentLength: number;
  /** Where the last file ends in the space of pieces. */
  readonly endOffset: number;
  /** Pieces never span files, since gaps align them (v2). */
  readonly hasGaps: boolean;

  constructor(files: readonly TorrentFile[], pieceLength: number, hasGaps: boolean) {
    this.files = files;
    this.pieceLength = pieceLength;
    this.hasGaps = hasGaps;
    let contentLength = 0;
    let endOffset = 0;
    for (const file of files) {
      if (!file.isPad) contentLength += file.length;
      if (file.length > 0) endOffset = file.offset + file.length;
    }
    this.contentLength = contentLength;
    this.endOffset = endOffset;
    this.pieceCount = Math.ceil(endOffset / pieceLength);
  }

  /** Bytes of a piece as peers exchange it: padding counts, gaps do not. */
  pieceSize(piece: number): number {
    const start = piece * this.pieceLength;
    let end = this.endOffset;
    if (this.hasGaps) {
      const file = this.files[this.#fileAt(start)];
      if (file !== undefined) end = file.offset + file.length;
    }
    return Math.min(this.pieceLength, end - start);
  }

  /** What a part of a piece consists of, in order; no range is empty. */
  pieceRanges(piece: number, begin = 0, length = this.pieceSize(piece) - begin): FileRange[] {
    const ranges: FileRange[] = [];
    let offset = piece * this.pieceLength + begin;
    const end = offset + length;
    for (let index = this.#fileAt(offset); offset < end; index++) {
      const file = this.files[index];
      if (file === undefined) break;
      const inFile = offset - file.offset;
      const taken = Math.min(file.length - inFile, end - offset);
      if (taken <= 0) continue;
      ranges.push({ file: index, offset: inFile, length: taken });
      offset += taken;
    }
    return ranges;
  }

  /** The pieces that hold bytes of a file, `end` not included; none for an empty file. */
  filePieces(index: number): { readonly first: number; readonly end: number } {
    const file = this.files[index];
    if (file === undefined || file.length === 0) return { first: 0, end: 0 };
    return {
      first: Math.floor(file.offset / this.pieceLength),
      end: Math.ceil((file.offset + file.length) / this.pieceLength),
    };
  }

  /** The file whose bytes a piece begins with: in v2 and hybrid torrents, the one file it belongs to. */
  fileOfPiece(piece: number): number {
    return this.#fileAt(piece * this.pieceLength);
  }

  /** The last file that begins at or before the offset: the one that holds it, unless it is empty. */
  #fileAt(offset: number): number {
    let low = 0;
    let high = this.files.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.files[middle]?.offset ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
