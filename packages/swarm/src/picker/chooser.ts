// Which free block to ask of whom: what is urgent, then pieces that were begun, then new ones (choose-missing.ts), and in
// endgame what others were asked for. The picker says what each of its methods does.
// Invariant: a block that is chosen counts as asked at once.

import type { Random } from '@shoal/base';
import type { AlsoAsked } from './also-asked.ts';
import { candidatesPerPick, chooseMissing, type Pace } from './choose-missing.ts';
import { blockAsked, nobody, type OpenPiece } from './open-piece.ts';
import type { OpenPieces } from './open-pieces.ts';
import type { PeerPieces, PickerPeer } from './peer-pieces.ts';
import type { PieceTable } from './piece-table.ts';

/** Blocks that lie one after the other, from this one on. */
export interface Run {
  readonly piece: number;
  readonly block: number;
  readonly count: number;
}

export interface RunOptions {
  readonly pace: 'first-run' | 'any-run';
  /** Only from the first free block of this piece on. */
  readonly at?: number;
}

export interface ChooserParts {
  readonly table: PieceTable;
  readonly open: OpenPieces;
  readonly alsoAsked: AlsoAsked;
  /** Pieces that come from one peer alone. */
  readonly alone: ReadonlySet<number>;
  readonly random: Random;
  readonly blockCount: (piece: number) => number;
}

export class Chooser {
  readonly #table: PieceTable;
  readonly #open: OpenPieces;
  readonly #alsoAsked: AlsoAsked;
  readonly #alone: ReadonlySet<number>;
  readonly #random: Random;
  readonly #blockCount: (piece: number) => number;
  #urgent: readonly number[] = [];
  /** Urgent pieces that many are to bring together: how many blocks one peer may take at a time. */
  #shares: ReadonlyMap<number, number> = new Map();

  constructor(parts: ChooserParts) {
    this.#table = parts.table;
    this.#open = parts.open;
    this.#alsoAsked = parts.alsoAsked;
    this.#alone = parts.alone;
    this.#random = parts.random;
    this.#blockCount = parts.blockCount;
  }

  get isEndgame(): boolean {
    return this.#open.oldest === undefined && this.#table.buckets.size === 0 && this.#open.size > 0;
  }

  setUrgent(pieces: readonly number[], shares: ReadonlyMap<number, number> = new Map()): void {
    this.#urgent = pieces;
    this.#shares = shares;
    this.#table.changes++;
  }

  pick(asker: PickerPeer, limit: number, pace: Pace, out: Int32Array): number {
    if (asker.sawNothingAt === this.#table.changes) return 0;
    const most = Math.min(limit, out.length >>> 1);
    let count = this.#urgent.length === 0 ? 0 : this.#pickUrgent(asker, most, out);
    while (count < most) {
      const record = this.#ordinaryRecord(asker, pace);
      if (record === undefined) {
        // Of urgent pieces there may be more for it soon, when others had their share.
        if (this.#urgent.length === 0) asker.sawNothingAt = this.#table.changes;
        break;
      }
      count = this.#askAll(record, asker, most, count, out);
    }
    return count;
  }

  #pickUrgent(asker: PickerPeer, most: number, out: Int32Array): number {
    let count = 0;
    for (const piece of this.#urgent) {
      const record = this.#urgentRecord(asker, piece);
      if (record === undefined) continue;
      count = this.#askAll(
        record,
        asker,
        Math.min(most, count + (this.#shares.get(piece) ?? most)),
        count,
        out,
      );
      if (count === most) break;
    }
    return count;
  }

  pickFrom(asker: PickerPeer, pieces: Iterable<number>, limit: number, out: Int32Array): number {
    const most = Math.min(limit, out.length >>> 1);
    let count = 0;
    for (const piece of pieces) {
      if (!asker.has(piece) || this.#table.priority(piece) === 0) continue;
      const record =
        this.#open.get(piece) ??
        (this.#table.missing.has(piece) && count < most ? this.#begin(asker, piece, false) : undefined);
      if (record !== undefined && this.#table.state(piece) === 'open' && this.#mayTake(record, asker))
        count = this.#askAll(record, asker, most, count, out);
    }
    return count;
  }

  pickRun(asker: PickerPeer, limit: number, options: RunOptions): Run | undefined {
    const record =
      options.at === undefined ? this.#nextRecord(asker, options.pace) : this.#recordAt(asker, options.at);
    const block = record?.askNext(asker.slot) ?? -1;
    if (record === undefined || block < 0) return undefined;
    let count = 1;
    while (count < limit && record.isFree(block + count)) {
      record.askNext(asker.slot);
      count++;
    }
    if (record.freeCount === 0) this.#open.unlist(record);
    const isToItsEnd = block + count === record.blockCount;
    for (let next = record.piece + 1; isToItsEnd; next++) {
      const blocks = next < this.#table.pieceCount ? this.#blockCount(next) : limit;
      if (count + blocks > limit || !asker.has(next) || !this.#table.missing.has(next)) break;
      if (this.#table.priority(next) < this.#table.priority(record.piece)) break;
      const following = this.#begin(asker, next, true);
      while (following.freeCount > 0) following.askNext(asker.slot);
      this.#open.unlist(following);
      count += blocks;
    }
    return { piece: record.piece, block, count };
  }

  pickAgain(peer: PeerPieces, limit: number, out: Int32Array): number {
    if (!this.isEndgame) return 0;
    let count = 0;
    let looked = 0;
    for (const record of this.#open.values()) {
      if (count >= limit || looked++ > candidatesPerPick) break;
      if (this.#table.state(record.piece) !== 'open' || this.#table.priority(record.piece) === 0) continue;
      if (!peer.has(record.piece) || this.#alone.has(record.piece)) continue;
      // From the end: those that were asked last come last.
      for (let block = record.blockCount - 1; block >= 0 && count < limit; block--) {
        if (record.state[block] !== blockAsked || record.owner[block] === peer.slot) continue;
        if (!this.#alsoAsked.add(record.piece, block, peer.slot)) continue;
        out[2 * count] = record.piece;
        out[2 * count + 1] = block;
        count++;
      }
    }
    return count;
  }

  #askAll(record: OpenPiece, asker: PickerPeer, most: number, from: number, out: Int32Array): number {
    let count = from;
    while (count < most) {
      const block = record.askNext(asker.slot);
      if (block < 0) break;
      out[2 * count] = record.piece;
      out[2 * count + 1] = block;
      count++;
    }
    if (record.freeCount === 0) this.#open.unlist(record);
    return count;
  }

  /** Unless the piece is to come from one peer alone, and that is another one. */
  #mayTake(record: OpenPiece, peer: PickerPeer): boolean {
    if (!this.#alone.has(record.piece)) return true;
    if (record.exclusiveTo === nobody) record.exclusiveTo = peer.slot;
    return record.exclusiveTo === peer.slot;
  }

  #nextRecord(peer: PickerPeer, pace: Pace): OpenPiece | undefined {
    for (const piece of this.#urgent) {
      const record = this.#urgentRecord(peer, piece);
      if (record !== undefined) return record;
    }
    return this.#ordinaryRecord(peer, pace);
  }

  /** Many are to bring it together; not what is to come from one alone, be that one slow. */
  #isShared(piece: number): boolean {
    return this.#shares.has(piece) && !this.#alone.has(piece);
  }

  #urgentRecord(peer: PickerPeer, piece: number): OpenPiece | undefined {
    if (!peer.has(piece) || (peer.isSlow && this.#isShared(piece))) return undefined;
    const record = this.#open.get(piece);
    if (record === undefined)
      return this.#table.missing.has(piece) ? this.#begin(peer, piece, false) : undefined;
    const isAskable = record.freeCount > 0 && this.#table.state(piece) === 'open';
    return isAskable && this.#mayTake(record, peer) ? record : undefined;
  }

  #ordinaryRecord(peer: PickerPeer, pace: Pace): OpenPiece | undefined {
    const best = this.#table.buckets.bestPriority;
    const unfinished = this.#unfinishedFor(peer, best, false);
    if (unfinished !== undefined) return unfinished;
    const piece = chooseMissing(this.#table, this.#random, peer, pace);
    if (piece >= 0) return this.#begin(peer, piece, pace !== 'shared');
    return this.#unfinishedFor(peer, 0, true);
  }

  /** This very piece, if a block of it is free. */
  #recordAt(peer: PickerPeer, piece: number): OpenPiece | undefined {
    if (!peer.has(piece)) return undefined;
    if (this.#table.missing.has(piece)) return this.#begin(peer, piece, true);
    const record = this.#open.get(piece);
    const isOfUse = record !== undefined && record.freeCount > 0 && this.#table.priority(piece) > 0;
    return isOfUse && this.#table.state(piece) === 'open' && this.#mayTake(record, peer) ? record : undefined;
  }

  #unfinishedFor(peer: PickerPeer, leastPriority: number, evenOfOthers: boolean): OpenPiece | undefined {
    let looked = 0;
    for (let record = this.#open.oldest; record !== undefined; record = record.newer) {
      if (looked++ > candidatesPerPick) return undefined;
      if (!evenOfOthers && record.exclusiveTo !== nobody && record.exclusiveTo !== peer.slot) continue;
      if (this.#table.priority(record.piece) < leastPriority || !peer.has(record.piece)) continue;
      if (this.#shares.size > 0 && this.#isShared(record.piece)) continue;
      if (this.#mayTake(record, peer)) return record;
    }
    return undefined;
  }

  #begin(peer: PickerPeer, piece: number, whole: boolean): OpenPiece {
    peer.lastPiece = piece;
    const exclusiveTo = whole || this.#alone.has(piece) ? peer.slot : nobody;
    return this.#open.begin(piece, this.#blockCount(piece), exclusiveTo);
  }
}
