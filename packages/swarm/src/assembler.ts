// Pieces between their first block and the disk: collected, judged, written.
// Invariants: a slab taken for a block is given back exactly once, when its bytes were written, spilled or thrown away;
// a piece is announced (`onHave`) only after it was judged good and written. Blocks of pieces that are too long for
// memory are written to their place as they come, and read back by the hasher.

import type { Content, Judgement } from '@shoal/storage';
import * as bound from './bounds.ts';
import type { BlockMemory } from './memory.ts';
import { blockLength, type Picker } from './picker/picker.ts';

export interface AssemblerOptions {
  readonly picker: Picker;
  readonly content: Content;
  readonly memory: BlockMemory;
  onHave(piece: number): void;
  /** Its bytes are gone from memory when this returns; who sent which block is still known to the picker. */
  onBad(piece: number, blocks: BadPiece): void;
  /** The piece is to be fetched again: its bytes could not be kept. */
  onStorageError(error: unknown): void;
}

export interface BadPiece {
  /** Bytes of a block, while they are in memory: for digests of them. */
  readonly blocks: readonly (Uint8Array | undefined)[];
  readonly leaves: Uint8Array | undefined;
}

class Assembly {
  readonly piece: number;
  readonly blockCount: number;
  /** In memory, not yet on disk. */
  readonly slabs: (Uint8Array | undefined)[];
  inMemory = 0;
  spills = 0;
  hasSpilled = false;
  isFinished = false;
  hasFailed = false;

  constructor(piece: number, blockCount: number) {
    this.piece = piece;
    this.blockCount = blockCount;
    this.slabs = new Array(blockCount).fill(undefined);
  }
}

export class Assembler {
  readonly #o: AssemblerOptions;
  readonly #assemblies = new Map<number, Assembly>();
  #waitingSlabs = 0;
  #isClosed = false;
  #underWay = 0;
  #onIdle: (() => void)[] = [];

  constructor(options: AssemblerOptions) {
    this.#o = options;
  }

  /** Slabs of pieces that still wait for blocks. */
  get waitingSlabs(): number {
    return this.#waitingSlabs;
  }

  /** Takes the slab over. The picker has accepted the block as received. */
  add(piece: number, block: number, slab: Uint8Array, isLast: boolean): void {
    let assembly = this.#assemblies.get(piece);
    if (assembly === undefined) {
      assembly = new Assembly(piece, this.#o.picker.blockCount(piece));
      this.#assemblies.set(piece, assembly);
    }
    assembly.slabs[block] = slab;
    assembly.inMemory++;
    this.#waitingSlabs++;
    if (isLast) this.#finish(assembly);
    else if (assembly.blockCount * blockLength > bound.longestPieceInMemory)
      this.#spillRuns(assembly, bound.spillRunBlocks, block);
  }

  /** Memory is short: the piece that holds most of it goes to disk, as far as it came. */
  spillLargest(): void {
    let largest: Assembly | undefined;
    for (const assembly of this.#assemblies.values())
      if (!assembly.isFinished && assembly.inMemory > (largest?.inMemory ?? 0)) largest = assembly;
    if (largest !== undefined) this.#spillAll(largest);
  }

  /** A block of an unfinished piece is fetched again: its bytes are worth nothing. */
  drop(piece: number): void {
    const assembly = this.#assemblies.get(piece);
    if (assembly === undefined || assembly.isFinished) return;
    this.#waitingSlabs -= assembly.inMemory;
    this.#giveAll(assembly);
    this.#assemblies.delete(piece);
  }

  /** Resolves when nothing is being judged or written any more. Pieces that are not finished are dropped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const piece of [...this.#assemblies.keys()]) this.drop(piece);
    if (this.#underWay > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  #finish(assembly: Assembly): void {
    assembly.isFinished = true;
    this.#waitingSlabs -= assembly.inMemory;
    if (assembly.hasSpilled) {
      this.#spillAll(assembly);
      this.#judgeSpilled(assembly);
    } else void this.#run(() => this.#judge(assembly), assembly);
  }

  async #judge(assembly: Assembly): Promise<void> {
    const { picker, content } = this.#o;
    const { piece } = assembly;
    const blocks = this.#exactBlocks(assembly);
    const judgement = await content.storePiece(piece, blocks);
    if (judgement.verdict !== 'good') {
      this.#bad(assembly, judgement, blocks);
      return;
    }
    picker.verified(piece);
    this.#giveAll(assembly);
    this.#assemblies.delete(piece);
    picker.written(piece);
    this.#o.onHave(piece);
  }

  /** Goes on only when the last spill is on disk. */
  #judgeSpilled(assembly: Assembly): void {
    if (!assembly.isFinished || assembly.spills > 0) return;
    void this.#run(async () => {
      if (assembly.hasFailed) throw new Error('a block could not be written');
      const { picker, content } = this.#o;
      const judgement = await content.judge(assembly.piece);
      if (judgement.verdict !== 'good') {
        this.#bad(assembly, judgement, assembly.slabs);
        return;
      }
      picker.verified(assembly.piece);
      content.acceptPiece(assembly.piece);
      this.#assemblies.delete(assembly.piece);
      picker.written(assembly.piece);
      this.#o.onHave(assembly.piece);
    }, assembly);
  }

  #bad(assembly: Assembly, judgement: Judgement, blocks: readonly (Uint8Array | undefined)[]): void {
    this.#assemblies.delete(assembly.piece);
    this.#o.onBad(assembly.piece, { blocks, leaves: judgement.leaves });
    this.#giveAll(assembly);
  }

  async #run(work: () => Promise<void>, assembly: Assembly): Promise<void> {
    this.#underWay++;
    try {
      await work();
    } catch (error) {
      this.#assemblies.delete(assembly.piece);
      this.#giveAll(assembly);
      const { picker } = this.#o;
      if (picker.state(assembly.piece) === 'verifying') picker.failed(assembly.piece);
      else if (picker.state(assembly.piece) === 'writing') picker.lost(assembly.piece);
      if (!this.#isClosed) this.#o.onStorageError(error);
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
    }
  }

  /** Writes runs of at least `least` blocks around `block`, which lie side by side. */
  #spillRuns(assembly: Assembly, least: number, block: number): void {
    let first = block;
    let end = block + 1;
    while (first > 0 && assembly.slabs[first - 1] !== undefined) first--;
    while (end < assembly.blockCount && assembly.slabs[end] !== undefined) end++;
    if (end - first >= least) this.#spill(assembly, first, end);
  }

  #spillAll(assembly: Assembly): void {
    for (let first = 0; first < assembly.blockCount; first++) {
      if (assembly.slabs[first] === undefined) continue;
      let end = first + 1;
      while (end < assembly.blockCount && assembly.slabs[end] !== undefined) end++;
      this.#spill(assembly, first, end);
      first = end;
    }
  }

  #spill(assembly: Assembly, first: number, end: number): void {
    const { picker, content } = this.#o;
    const slabs: Uint8Array[] = [];
    const blocks: Uint8Array[] = [];
    for (let block = first; block < end; block++) {
      const slab = assembly.slabs[block];
      if (slab === undefined) continue;
      assembly.slabs[block] = undefined;
      slabs.push(slab);
      blocks.push(trimmed(slab, picker.blockLength(assembly.piece, block)));
    }
    assembly.inMemory -= slabs.length;
    if (!assembly.isFinished) this.#waitingSlabs -= slabs.length;
    assembly.hasSpilled = true;
    assembly.spills++;
    this.#underWay++;
    void content
      .writeBlocks(assembly.piece, first * blockLength, blocks)
      .catch((error: unknown) => {
        assembly.hasFailed = true;
        if (!this.#isClosed) this.#o.onStorageError(error);
      })
      .then(() => {
        this.#giveBack(slabs);
        assembly.spills--;
        this.#judgeSpilled(assembly);
        this.#underWay--;
        if (this.#underWay === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
      });
  }

  #exactBlocks(assembly: Assembly): Uint8Array[] {
    const blocks: Uint8Array[] = [];
    for (let block = 0; block < assembly.blockCount; block++) {
      const slab = assembly.slabs[block];
      if (slab === undefined) throw new RangeError(`piece ${assembly.piece} lacks block ${block}`);
      blocks.push(trimmed(slab, this.#o.picker.blockLength(assembly.piece, block)));
    }
    return blocks;
  }

  #giveAll(assembly: Assembly): void {
    this.#giveBack(assembly.slabs);
    assembly.slabs.fill(undefined);
    assembly.inMemory = 0;
  }

  /** Last first: slabs are taken newest first, so the next piece gets them in order, and is hashed and written as one. */
  #giveBack(slabs: readonly (Uint8Array | undefined)[]): void {
    for (let i = slabs.length - 1; i >= 0; i--) {
      const slab = slabs[i];
      if (slab !== undefined) this.#o.memory.give(slab);
    }
  }
}

function trimmed(slab: Uint8Array, length: number): Uint8Array {
  return slab.length === length ? slab : slab.subarray(0, length);
}
