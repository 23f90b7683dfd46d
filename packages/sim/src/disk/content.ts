// The bytes of one file, now and as they would be after a power cut. What changed since the last sync is kept in its
// old form beside the new one; a sync forgets the old.

import { WorldError } from '@shoal/base';
import { allocationUnit, chunkLength, longestFile, sectorLength } from '../bounds.ts';
import type { SeededRandom } from '../random.ts';
import type { Chunk, ChunkStore } from './chunks.ts';

/** Counts what a volume has given out. */
export interface Space {
  usedBytes: number;
  readonly capacityBytes: number;
}

const scratch = new Uint8Array(chunkLength);

export class Content {
  readonly #store: ChunkStore;
  readonly #space: Space;
  readonly #chunks = new Map<number, Chunk>();
  #length = 0;
  #allocated = 0;
  /** Chunks that differ from what is safe, with what is safe in their place. */
  readonly #unsafe = new Map<number, Chunk | undefined>();
  #safeLength = 0;
  #isCounted = true;

  constructor(store: ChunkStore, space: Space) {
    this.#store = store;
    this.#space = space;
  }

  get length(): number {
    return this.#length;
  }

  get allocated(): number {
    return this.#allocated;
  }

  /** Fills from `position`; the count is short at the end. */
  read(target: Uint8Array, position: number): number {
    const end = Math.min(this.#length, position + target.length);
    let at = position;
    while (at < end) {
      const start = at % chunkLength;
      const length = Math.min(chunkLength - start, end - at);
      const part = target.subarray(at - position, at - position + length);
      const bytes = this.#chunks.get(Math.floor(at / chunkLength))?.bytes;
      const known = bytes === undefined ? 0 : Math.max(0, Math.min(length, bytes.length - start));
      if (bytes !== undefined && known > 0) part.set(bytes.subarray(start, start + known));
      if (known < length) part.fill(0, known);
      at += length;
    }
    return Math.max(0, end - position);
  }

  /** What fits is written, and then it throws, as a full disk does. */
  write(bytes: Uint8Array, position: number): void {
    if (position + bytes.length > longestFile)
      throw new WorldError('invalid', 'Larger than any file', { value: position + bytes.length });
    let at = 0;
    while (at < bytes.length) {
      const place = position + at;
      const start = place % chunkLength;
      const length = Math.min(chunkLength - start, bytes.length - at);
      this.#writeChunk(Math.floor(place / chunkLength), start, bytes.subarray(at, at + length));
      at += length;
      this.#length = Math.max(this.#length, place + length);
    }
  }

  #writeChunk(index: number, start: number, bytes: Uint8Array): void {
    const old = this.#chunks.get(index);
    const oldLength = old?.bytes.length ?? 0;
    let whole = bytes;
    if (start > 0 || bytes.length < oldLength) {
      whole = scratch.subarray(0, Math.max(oldLength, start + bytes.length));
      if (old !== undefined) whole.set(old.bytes);
      if (oldLength < start) whole.fill(0, oldLength, start);
      whole.set(bytes, start);
    }
    this.#allocate(unitsOf(whole.length) - unitsOf(oldLength));
    this.#put(index, this.#store.hold(whole));
  }

  #allocate(bytes: number): void {
    if (bytes > 0 && this.#space.usedBytes + bytes > this.#space.capacityBytes)
      throw new WorldError('no-space', 'The disk is full');
    this.#space.usedBytes += bytes;
    this.#allocated += bytes;
  }

  /** Takes over the reference to `next`. */
  #put(index: number, next: Chunk | undefined): void {
    const old = this.#chunks.get(index);
    if (this.#unsafe.has(index)) this.#store.release(old);
    else this.#unsafe.set(index, old);
    if (next === undefined) this.#chunks.delete(index);
    else this.#chunks.set(index, next);
  }

  truncate(length: number): void {
    if (length > longestFile) throw new WorldError('invalid', 'Larger than any file', { value: length });
    if (length < this.#length) {
      const edge = length % chunkLength;
      const lastIndex = Math.floor(length / chunkLength);
      const firstGone = edge === 0 ? lastIndex : lastIndex + 1;
      for (const [index, chunk] of [...this.#chunks]) {
        if (index < firstGone) continue;
        this.#allocate(-unitsOf(chunk.bytes.length));
        this.#put(index, undefined);
      }
      const last = this.#chunks.get(lastIndex);
      if (edge > 0 && last !== undefined && last.bytes.length > edge) {
        this.#allocate(unitsOf(edge) - unitsOf(last.bytes.length));
        this.#put(lastIndex, this.#store.hold(last.bytes.subarray(0, edge)));
      }
    }
    this.#length = length;
  }

  sync(): void {
    for (const old of this.#unsafe.values()) this.#store.release(old);
    this.#unsafe.clear();
    this.#safeLength = this.#length;
  }

  /** What was not synced is lost; or, torn, each sector of it is lost or kept as chance has it. */
  lose(torn: SeededRandom | undefined): void {
    this.count();
    const newLength = this.#length;
    const keepsLength = torn !== undefined && torn.below(2) === 0;
    for (const [index, safe] of this.#unsafe) {
      const unsafe = this.#chunks.get(index);
      const left = torn === undefined ? safe : this.#tear(safe, unsafe, torn);
      if (torn !== undefined) this.#store.release(safe);
      this.#store.release(unsafe);
      if (left === undefined) this.#chunks.delete(index);
      else this.#chunks.set(index, left);
    }
    this.#unsafe.clear();
    this.#length = this.#safeLength;
    this.truncate(keepsLength ? newLength : this.#safeLength);
    this.#dropBeyond();
    this.sync();
    this.#recount();
  }

  /** A new reference to a mixture of the two, sector by sector; either may be a hole. */
  #tear(safe: Chunk | undefined, unsafe: Chunk | undefined, random: SeededRandom): Chunk {
    const length = Math.max(safe?.bytes.length ?? 0, unsafe?.bytes.length ?? 0);
    const mixed = new Uint8Array(length);
    for (let at = 0; at < length; at += sectorLength) {
      const source = random.below(2) === 0 ? safe : unsafe;
      if (source !== undefined) mixed.set(source.bytes.subarray(at, at + sectorLength), at);
    }
    return this.#store.hold(mixed);
  }

  /** Chunks, or parts of the last one, that lie beyond the end. */
  #dropBeyond(): void {
    const length = this.#length;
    this.#length = longestFile;
    this.truncate(length);
  }

  #recount(): void {
    let allocated = 0;
    for (const chunk of this.#chunks.values()) allocated += unitsOf(chunk.bytes.length);
    this.#space.usedBytes += allocated - this.#allocated;
    this.#allocated = allocated;
  }

  /** No name and no handle leads to the file any more, though a power cut may bring it back. */
  discount(): void {
    if (!this.#isCounted) return;
    this.#space.usedBytes -= this.#allocated;
    this.#isCounted = false;
  }

  /** A name leads to the file again. */
  count(): void {
    if (this.#isCounted) return;
    this.#space.usedBytes += this.#allocated;
    this.#isCounted = true;
  }

  /** The file is gone for good. */
  free(): void {
    this.count();
    this.truncate(0);
    this.sync();
  }
}

function unitsOf(bytes: number): number {
  return Math.ceil(bytes / allocationUnit) * allocationUnit;
}
