// The pieces that are being fetched: their records, and among them those that have a free block and are wanted, oldest
// first. Invariant: a record is in the list exactly while it belongs there (`belongs`); records are reused.

import { OpenPiece } from './open-piece.ts';
import type { PieceTable } from './piece-table.ts';

/** Records of pieces kept for reuse. */
const spareRecords = 256;

export class OpenPieces {
  readonly #table: PieceTable;
  readonly #records = new Map<number, OpenPiece>();
  readonly #spare: OpenPiece[] = [];
  /** Looked up last: blocks come piece by piece. */
  #last: OpenPiece | undefined;
  #oldest: OpenPiece | undefined;
  #newest: OpenPiece | undefined;

  constructor(table: PieceTable) {
    this.#table = table;
  }

  get size(): number {
    return this.#records.size;
  }

  /** The first of those with a free block; the next is its `newer`. */
  get oldest(): OpenPiece | undefined {
    return this.#oldest;
  }

  get(piece: number): OpenPiece | undefined {
    if (this.#last?.piece === piece) return this.#last;
    const record = this.#records.get(piece);
    if (record !== undefined) this.#last = record;
    return record;
  }

  values(): IterableIterator<OpenPiece> {
    return this.#records.values();
  }

  /** `exclusiveTo`: the slot of the peer that has it to itself, or nobody. */
  begin(piece: number, blocks: number, exclusiveTo: number): OpenPiece {
    const record = this.#spare.pop() ?? new OpenPiece(blocks);
    record.begin(piece, blocks);
    record.exclusiveTo = exclusiveTo;
    this.#records.set(piece, record);
    this.#table.setState(piece, 'open');
    this.listOrNot(record);
    return record;
  }

  close(piece: number): void {
    const record = this.#records.get(piece);
    if (record === undefined) return;
    this.unlist(record);
    if (record === this.#last) this.#last = undefined;
    this.#records.delete(piece);
    if (this.#spare.length < spareRecords) this.#spare.push(record);
  }

  /** Blocks of it became free; a piece of which nothing is asked or received any more is missing again. */
  freed(record: OpenPiece): void {
    if (record.freeCount === record.blockCount) {
      this.close(record.piece);
      this.#table.setState(record.piece, 'missing');
    } else this.listOrNot(record);
    this.#table.changes++;
  }

  listOrNot(record: OpenPiece): void {
    if (!this.#belongs(record)) this.unlist(record);
    else if (record !== this.#newest && record.newer === undefined) {
      record.older = this.#newest;
      if (this.#newest === undefined) this.#oldest = record;
      else this.#newest.newer = record;
      this.#newest = record;
    }
  }

  unlist(record: OpenPiece): void {
    if (record !== this.#newest && record.newer === undefined) return;
    if (record.older === undefined) this.#oldest = record.newer;
    else record.older.newer = record.newer;
    if (record.newer === undefined) this.#newest = record.older;
    else record.newer.older = record.older;
    record.older = undefined;
    record.newer = undefined;
  }

  #belongs({ piece, freeCount }: OpenPiece): boolean {
    return freeCount > 0 && this.#table.priority(piece) > 0 && this.#table.state(piece) === 'open';
  }

  checkInvariants(): string[] {
    const faults: string[] = [];
    const table = this.#table;
    for (let piece = 0; piece < table.pieceCount; piece++) {
      const state = table.state(piece);
      const isOpen = state === 'open' || state === 'verifying' || state === 'writing';
      if (this.#records.has(piece) !== isOpen)
        faults.push(`piece ${piece} is ${state}, with a record: ${!isOpen}`);
    }
    const listed = new Set<OpenPiece>();
    for (let record = this.#oldest; record !== undefined; record = record.newer) {
      if (listed.has(record)) return [...faults, 'the list of unfinished pieces runs in a circle'];
      if (record.newer === undefined && record !== this.#newest) faults.push('the list ends early');
      listed.add(record);
    }
    for (const [piece, record] of this.#records) {
      faults.push(...record.checkInvariants());
      const state = table.state(piece);
      if (record.piece !== piece) faults.push(`the record of ${piece} says ${record.piece}`);
      const belongs = this.#belongs(record);
      if (belongs !== listed.delete(record))
        faults.push(`piece ${piece} is listed as unfinished: ${!belongs}`);
      if (state !== 'open' && record.receivedCount !== record.blockCount)
        faults.push(`piece ${piece} is ${state} with blocks missing`);
      if (state === 'open' && record.freeCount === record.blockCount)
        faults.push(`piece ${piece} is open for nothing`);
    }
    for (const record of listed) faults.push(`piece ${record.piece} is listed, but not open`);
    return faults;
  }
}
