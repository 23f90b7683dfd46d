// Whose the files are that stand under a content's names. Invariant: a file that is in the way and has no good piece is
// somebody else's, and is neither written nor renamed, unless overwriting was asked for.

import type { Bitfield, Disk, FileStat } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import { inTheWay } from './carry.ts';
import type { FileSlot } from './file-slot.ts';
import type { Found } from './survey.ts';
import type { FileStamp } from './types.ts';

export interface FindingsOptions {
  readonly disk: Disk;
  readonly layout: Layout;
  readonly slots: readonly (FileSlot | undefined)[];
  readonly found: readonly Found[];
  /** How this content's files looked when they were last recorded. */
  readonly stamps: ReadonlyMap<number, FileStamp>;
  /** What was written before may be lost: a file of ours need not have a good piece. */
  readonly hasRestarted: boolean;
  readonly overwrite: boolean;
  readonly isWanted: (file: number) => boolean;
}

/** What `settle` may know of a content, and change in it. */
export interface Settling {
  readonly good: Bitfield;
  isWanted(file: number): boolean;
  /** The bytes of this file are, or go, into the parts file. */
  keepInParts(file: number): void;
}

export class Findings {
  readonly #options: FindingsOptions;
  readonly #looks = new Map<number, FileStat>();
  /** Recorded as made by this content, and since then changed by nobody but a power cut. */
  readonly #ours = new Set<number>();

  constructor(options: FindingsOptions) {
    this.#options = options;
  }

  /** How a file looked when it was found, where one is taken to be this content's. */
  lookOf(file: number): FileStat | undefined {
    return this.#looks.get(file);
  }

  /** Picks one file for each slot, to be proved by its pieces. */
  async choose(): Promise<void> {
    for (const [index, found] of this.#options.found.entries()) {
      const slot = this.#options.slots[index];
      if (slot !== undefined && (found.final ?? found.incomplete) !== undefined)
        await this.#chooseFor(slot, found);
    }
  }

  async #chooseFor(slot: FileSlot, { final, incomplete, linked }: Found): Promise<void> {
    const { disk, stamps, isWanted } = this.#options;
    const ownId = stamps.get(slot.index)?.id;
    const isOurPart = incomplete?.kind === 'file' && incomplete.id === ownId;
    if (isOurPart && final?.id === incomplete.id) {
      // A stop between the two steps of taking the final name left both.
      await disk.removeFile(slot.paths.incomplete);
      this.#take(slot, 'final', final);
      return;
    }
    if (isOurPart && final?.id !== ownId) {
      this.#ours.add(slot.index);
      this.#take(slot, 'incomplete', incomplete);
      return;
    }
    const look = linked ?? final;
    // What nobody wants is only looked at when it may be whole.
    const isCandidate = look?.kind === 'file' && (isWanted(slot.index) || look.length === slot.length);
    if (isCandidate && this.#options.hasRestarted && look.id === ownId) this.#ours.add(slot.index);
    if (isCandidate) this.#take(slot, 'final', look, linked !== undefined);
    else if (incomplete?.kind === 'file') this.#take(slot, 'incomplete', incomplete);
  }

  #take(slot: FileSlot, standing: 'final' | 'incomplete', look: FileStat, isLink = false): void {
    slot.adopt(standing, look, isLink);
    this.#looks.set(slot.index, look);
  }

  #drop(slot: FileSlot): void {
    slot.abandon();
    this.#looks.delete(slot.index);
  }

  /**
   * After hashing: lets go of files that have no good piece. Answers the pieces that may be good in another file;
   * when there are none left, throws if something of somebody else's is in the way.
   */
  settle(content: Settling): Set<number> {
    const again = new Set<number>();
    for (const slot of this.#options.slots) {
      if (slot?.standing === 'final' && !this.#isProved(slot, content))
        this.#letGoOfFinal(slot, content, again);
    }
    if (again.size > 0) return again;
    for (const slot of this.#options.slots) {
      if (slot?.standing === 'incomplete' && !this.#isOurPart(slot, content)) {
        this.#drop(slot);
        if (!content.isWanted(slot.index)) content.keepInParts(slot.index);
      }
    }
    for (const slot of this.#options.slots) {
      if (slot !== undefined && content.isWanted(slot.index)) this.#refuseInTheWay(slot, content);
    }
    return again;
  }

  /** One of its pieces is good, or it is as empty as it should be. */
  #isProved(slot: FileSlot, { good }: Settling): boolean {
    if (this.#ours.has(slot.index)) return true;
    if (slot.length === 0) return slot.presentLength === 0;
    const { first, end } = this.#options.layout.filePieces(slot.index);
    for (let piece = first; piece < end; piece++) if (good.has(piece)) return true;
    return false;
  }

  /** Once some piece of the content is good, what is called incomplete beside it belongs to it. */
  #isOurPart(slot: FileSlot, content: Settling): boolean {
    return this.#ours.has(slot.index) || slot.presentLength === 0 || !content.good.isEmpty;
  }

  #letGoOfFinal(slot: FileSlot, content: Settling, again: Set<number>): void {
    const { layout, found } = this.#options;
    const incomplete = found[slot.index]?.incomplete;
    this.#drop(slot);
    if (incomplete?.kind === 'file') this.#take(slot, 'incomplete', incomplete);
    else if (!content.isWanted(slot.index)) content.keepInParts(slot.index);
    else return;
    const { first, end } = layout.filePieces(slot.index);
    for (let piece = first; piece < end; piece++) if (!content.good.has(piece)) again.add(piece);
  }

  #refuseInTheWay(slot: FileSlot, content: Settling): void {
    const { overwrite, found } = this.#options;
    const { final, incomplete } = found[slot.index] ?? {};
    if (slot.standing === 'final') {
      if (slot.isReleased && this.#isWhole(slot, content)) return;
      // To be completed it has to get its incomplete name.
      if (slot.isLink) throw inTheWay(slot.paths.final, 'link');
      if (incomplete !== undefined && !(incomplete.kind === 'file' && (overwrite || incomplete.length === 0)))
        throw inTheWay(slot.paths.incomplete, incomplete.kind);
      return;
    }
    if (slot.standing === 'absent' && incomplete !== undefined) {
      if (incomplete.kind !== 'file' || !overwrite) throw inTheWay(slot.paths.incomplete, incomplete.kind);
    }
    if (final === undefined) return;
    if (final.kind !== 'file') throw inTheWay(slot.paths.final, final.kind);
    // A file whose pieces all need other files, too, may turn out to be right: it is compared when it would be replaced.
    const mayBeRight = final.length === slot.length && !this.#hasOwnPiece(slot);
    if (!overwrite && !mayBeRight) throw inTheWay(slot.paths.final, final.kind);
  }

  #isWhole(slot: FileSlot, { good }: Settling): boolean {
    const { first, end } = this.#options.layout.filePieces(slot.index);
    for (let piece = first; piece < end; piece++) if (!good.has(piece)) return false;
    return true;
  }

  /** Some piece needs this file alone. */
  #hasOwnPiece(slot: FileSlot): boolean {
    const { layout, slots } = this.#options;
    const { first, end } = layout.filePieces(slot.index);
    for (let piece = first; piece < end; piece++) {
      const isShared = layout
        .pieceRanges(piece)
        .some(({ file }) => file !== slot.index && slots[file] !== undefined);
      if (!isShared) return true;
    }
    return false;
  }
}
