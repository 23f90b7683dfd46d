// Where the bytes of a content lie: each file in a file of its own, or in the parts file while nobody wants it.
// Invariant: padding lies nowhere; it is read as zeros, and hashed as zeros where v1 has it so.

import type { Bitfield, HashSource } from '@shoal/base';
import type { FileRange, Layout } from '@shoal/metainfo';
import { StorageError } from './errors.ts';
import type { FileSlot } from './file-slot.ts';
import type { PartsFile } from './parts-file.ts';
import { bytesIn, cutBuffers, segmentsOf } from './segments.ts';

export type Place = FileSlot | PartsFile;

/** A file that is read somewhere else: a copy of it. */
export interface Instead {
  readonly file: number;
  readonly path: string;
}

export interface PlacementParts {
  readonly layout: Layout;
  /** One for each file; undefined for padding and links. */
  readonly slots: readonly (FileSlot | undefined)[];
  readonly parts: PartsFile;
  /** 1 for each file whose bytes are, or go, into the parts file. */
  readonly inParts: Uint8Array;
}

export class Placement {
  readonly #layout: Layout;
  readonly #slots: readonly (FileSlot | undefined)[];
  readonly #parts: PartsFile;
  readonly #inParts: Uint8Array;

  constructor({ layout, slots, parts, inParts }: PlacementParts) {
    this.#layout = layout;
    this.#slots = slots;
    this.#parts = parts;
    this.#inParts = inParts;
  }

  isInParts(file: number): boolean {
    return this.#inParts[file] === 1;
  }

  put(file: number, where: 'own' | 'parts'): void {
    this.#inParts[file] = where === 'parts' ? 1 : 0;
  }

  /** Undefined for padding. */
  placeOf(file: number): Place | undefined {
    const slot = this.#slots[file];
    return slot === undefined ? undefined : this.isInParts(file) ? this.#parts : slot;
  }

  positionOf({ file, offset }: FileRange): number {
    return this.isInParts(file) ? this.offsetOf(file) + offset : offset;
  }

  /** In the parts file. */
  offsetOf(file: number): number {
    return this.#layout.files[file]?.offset ?? 0;
  }

  *placesOf(piece: number): Generator<Place> {
    for (const { file } of this.#layout.pieceRanges(piece)) {
      const place = this.placeOf(file);
      if (place !== undefined) yield place;
    }
  }

  pathsOf(piece: number): string[] {
    return Array.from(this.placesOf(piece), ({ path }) => path);
  }

  /** Another file has bytes of this piece, too. */
  isShared(piece: number, file: number): boolean {
    return this.#layout
      .pieceRanges(piece)
      .some((range) => range.file !== file && this.#slots[range.file] !== undefined);
  }

  /** Where these pieces lie in a file. */
  *rangesOf(file: number, pieces: Bitfield): Generator<{ piece: number; offset: number; length: number }> {
    const { first, end } = this.#layout.filePieces(file);
    for (let piece = first; piece < end; piece++) {
      if (!pieces.has(piece)) continue;
      for (const range of this.#layout.pieceRanges(piece)) if (range.file === file) yield { piece, ...range };
    }
  }

  /** False when it is not all there. */
  async read(piece: number, begin: number, buffers: readonly Uint8Array[]): Promise<boolean> {
    const segments = segmentsOf(this.#layout, piece, begin, bytesIn(buffers));
    if (segments === undefined) return false;
    let from = 0;
    for (const segment of segments) {
      const { file, length } = segment;
      const own = segments.length === 1 ? buffers : cutBuffers(buffers, from, length);
      from += length;
      const place = this.placeOf(file);
      if (place === undefined) for (const buffer of own) buffer.fill(0);
      else if (!(await readFrom(place, own, this.positionOf(segment), length))) return false;
    }
    return true;
  }

  /** Undefined when the files do not reach so far. */
  hashSource(piece: number, withPadding: boolean, instead?: Instead): HashSource | undefined {
    const ranges: { path: string; offset: number; length: number }[] = [];
    for (const range of this.#layout.pieceRanges(piece)) {
      const place = this.placeOf(range.file);
      if (place === undefined) {
        if (withPadding) ranges.push({ path: '', offset: 0, length: range.length });
        continue;
      }
      const offset = this.positionOf(range);
      if (!place.isMade || offset + range.length > place.presentLength) return undefined;
      const path = range.file === instead?.file ? instead.path : place.path;
      ranges.push({ path, offset, length: range.length });
    }
    return { kind: 'file', ranges };
  }

  /** As much of a piece in memory as is hashed. */
  trimmed(piece: number, blocks: readonly Uint8Array[], withPadding: boolean): readonly Uint8Array[] {
    let length = 0;
    for (const range of this.#layout.pieceRanges(piece)) {
      if (withPadding || this.placeOf(range.file) !== undefined) length += range.length;
    }
    return cutBuffers(blocks, 0, length);
  }
}

export async function readFrom(
  place: Place,
  buffers: readonly Uint8Array[],
  position: number,
  length: number,
): Promise<boolean> {
  try {
    return place.isMade && (await place.read(buffers, position)) === length;
  } catch (error) {
    if (error instanceof StorageError && error.code === 'missing') return false;
    throw error;
  }
}
