// Which block to ask of whom. A piece is in exactly one of five states (piece-table.ts):
//   missing → open (some block was asked) → verifying (all received) → writing (verified) → have
// with the ways back: open → missing when nothing of it is asked or received any more, verifying → open or missing
// when it was bad, writing or have → missing when the disk lost it.
// Invariant: no block is asked of two peers, except in endgame. Each step takes constant time, whatever the piece count.

import type { Bitfield, Random } from '@shoal/base';
import { candidatesPerPick, chooseMissing, type Pace } from './choose-missing.ts';
import { blockAsked, blockReceived, nobody, OpenPiece } from './open-piece.ts';
import type { PeerPieces, PickerPeer } from './peer-pieces.ts';
import { type PieceState, PieceTable } from './piece-table.ts';

export const blockLength = 16_384;

export interface PickerOptions {
  readonly pieceCount: number;
  readonly pieceLength: (piece: number) => number;
  readonly random: Random;
}

/** In endgame at most so many peers are asked for one block: more only waste what they send. */
const askedAtOnce = 3;
/** More blocks than a piece can have: pieces of 16 GiB. */
const keyBase = 2 ** 20;
/** Records of pieces kept for reuse. */
const spareRecords = 256;

export class Picker {
  readonly #table: PieceTable;
  readonly #pieceLength: (piece: number) => number;
  readonly #random: Random;
  readonly #open = new Map<number, OpenPiece>();
  readonly #spare: OpenPiece[] = [];
  /** Open and wanted pieces that have a free block, oldest first. */
  #oldest: OpenPiece | undefined;
  #newest: OpenPiece | undefined;
  /** Endgame only: the further peers a block was asked of, by block key. */
  readonly #alsoAsked = new Map<number, number[]>();
  #urgent: readonly number[] = [];
  /** Pieces that were bad and came from several peers: next time from one alone, so that it is clear who lies. */
  readonly #alone = new Set<number>();

  constructor(options: PickerOptions) {
    this.#table = new PieceTable(options.pieceCount);
    this.#pieceLength = options.pieceLength;
    this.#random = options.random;
  }

  get pieceCount(): number {
    return this.#table.pieceCount;
  }

  get have(): Bitfield {
    return this.#table.have;
  }

  /** Wanted pieces that are not had yet. */
  get wanted(): number {
    return this.#table.wanted;
  }

  get seeds(): number {
    return this.#table.seeds;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Every block that is still wanted has been asked of somebody. */
  get isEndgame(): boolean {
    return this.#oldest === undefined && this.#table.buckets.size === 0 && this.#open.size > 0;
  }

  blockCount(piece: number): number {
    return Math.ceil(this.#pieceLength(piece) / blockLength);
  }

  blockLength(piece: number, block: number): number {
    return Math.min(blockLength, this.#pieceLength(piece) - block * blockLength);
  }

  state(piece: number): PieceState {
    return this.#table.state(piece);
  }

  priority(piece: number): number {
    return this.#table.priority(piece);
  }

  copies(piece: number): number {
    return this.#table.copies(piece);
  }

  addPeer(): PeerPieces {
    return this.#table.addPeer();
  }

  /** Its asked blocks must have been abandoned before. */
  removePeer(peer: PeerPieces): void {
    this.#table.removePeer(this.#own(peer));
  }

  peerHas(peer: PeerPieces, piece: number): boolean {
    return this.#table.peerHas(this.#own(peer), piece);
  }

  peerHasAll(peer: PeerPieces): void {
    this.#table.peerHasAll(this.#own(peer));
  }

  /** Takes the bitfield over. */
  peerHasOnly(peer: PeerPieces, pieces: Bitfield): void {
    this.#table.peerHasOnly(this.#own(peer), pieces);
  }

  peerLacks(peer: PeerPieces, piece: number): void {
    this.#table.peerLacks(this.#own(peer), piece);
  }

  /** 0 is not wanted at all. Blocks that were asked already may still come. */
  setPriority(piece: number, priority: number): void {
    this.#table.setPriority(piece, priority);
    const record = this.#open.get(piece);
    if (record !== undefined) this.#listOrNot(record);
  }

  /** These pieces first, in this order, before any priority: somebody is watching. Replaces the list before. */
  setUrgent(pieces: readonly number[]): void {
    this.#urgent = pieces;
    this.#table.changes++;
  }

  /**
   * Chooses up to `limit` blocks to ask of the peer, as pairs of piece and block in `out`; returns how many.
   * Blocks count as asked from here on.
   */
  pick(peer: PeerPieces, limit: number, pace: Pace, out: Int32Array): number {
    const asker = this.#own(peer);
    if (asker.sawNothingAt === this.#table.changes) return 0;
    const most = Math.min(limit, out.length >>> 1);
    let count = 0;
    while (count < most) {
      const record = this.#nextRecord(asker, pace);
      if (record === undefined) {
        asker.sawNothingAt = this.#table.changes;
        break;
      }
      count = this.#askAll(record, asker, most, count, out);
    }
    return count;
  }

  /** Like `pick`, but only from these pieces: those that a choking peer allows (BEP 6). */
  pickFrom(peer: PeerPieces, pieces: Iterable<number>, limit: number, out: Int32Array): number {
    const asker = this.#own(peer);
    const most = Math.min(limit, out.length >>> 1);
    let count = 0;
    for (const piece of pieces) {
      if (!peer.has(piece) || this.priority(piece) === 0) continue;
      const record =
        this.#open.get(piece) ??
        (this.#table.missing.has(piece) && count < most ? this.#begin(asker, piece, false) : undefined);
      if (record !== undefined && this.state(piece) === 'open' && this.#mayTake(record, asker))
        count = this.#askAll(record, asker, most, count, out);
    }
    return count;
  }

  /** In endgame: up to `limit` blocks that were asked of others, to be asked of this peer as well. */
  pickAgain(peer: PeerPieces, limit: number, out: Int32Array): number {
    if (!this.isEndgame) return 0;
    let count = 0;
    let looked = 0;
    for (const record of this.#open.values()) {
      if (count >= limit || looked++ > candidatesPerPick) break;
      if (this.state(record.piece) !== 'open' || this.priority(record.piece) === 0) continue;
      if (!peer.has(record.piece) || this.#alone.has(record.piece)) continue;
      // From the end: those that were asked last come last.
      for (let block = record.blockCount - 1; block >= 0 && count < limit; block--) {
        if (record.state[block] !== blockAsked || record.owner[block] === peer.slot) continue;
        const key = this.#key(record.piece, block);
        const others = this.#alsoAsked.get(key);
        if (others !== undefined && (others.length + 1 >= askedAtOnce || others.includes(peer.slot)))
          continue;
        if (others === undefined) this.#alsoAsked.set(key, [peer.slot]);
        else others.push(peer.slot);
        out[2 * count] = record.piece;
        out[2 * count + 1] = block;
        count++;
      }
    }
    return count;
  }

  /** A block came, asked or asked before. 'surplus': we have it already, or no longer fetch that piece. */
  received(peer: PeerPieces, piece: number, block: number): 'stored' | 'finished' | 'surplus' {
    const record = this.#open.get(piece);
    if (record === undefined || this.state(piece) !== 'open') return 'surplus';
    if (block >= record.blockCount || record.state[block] === blockReceived) return 'surplus';
    this.#alsoAsked.delete(this.#key(piece, block));
    record.receive(block, peer.slot);
    if (record.freeCount === 0) this.#unlist(record);
    if (record.receivedCount < record.blockCount) return 'stored';
    this.#table.setState(piece, 'verifying');
    return 'finished';
  }

  /** The peer will not send this block: it goes to whoever can, at once. */
  abandon(peer: PeerPieces, piece: number, block: number): void {
    const record = this.#open.get(piece);
    if (record === undefined || record.state[block] !== blockAsked) return;
    const key = this.#key(piece, block);
    const others = this.#alsoAsked.get(key);
    if (record.owner[block] === peer.slot) {
      const next = others?.shift();
      if (next !== undefined) record.owner[block] = next;
      else record.free(block);
    } else if (others?.includes(peer.slot) === true) others.splice(others.indexOf(peer.slot), 1);
    if (others?.length === 0) this.#alsoAsked.delete(key);
    if (record.exclusiveTo === peer.slot) record.exclusiveTo = nobody;
    this.#freed(record);
  }

  /** Slots of the peers that were asked for a block and have not sent it. */
  askedOf(piece: number, block: number): readonly number[] {
    const record = this.#open.get(piece);
    if (record === undefined || record.state[block] !== blockAsked) return [];
    return [record.owner[block] ?? nobody, ...(this.#alsoAsked.get(this.#key(piece, block)) ?? [])];
  }

  isAskedOnlyOf(peer: PeerPieces, piece: number, block: number): boolean {
    const record = this.#open.get(piece);
    return (
      record?.state[block] === blockAsked &&
      record.owner[block] === peer.slot &&
      !(this.#alsoAsked.size > 0 && this.#alsoAsked.has(this.#key(piece, block)))
    );
  }

  /** Whether the block can still be used, so that its bytes are worth keeping. */
  isAwaited(piece: number, block: number): boolean {
    const record = this.#open.get(piece);
    return record !== undefined && block < record.blockCount && record.state[block] !== blockReceived;
  }

  /** The slot that sent a block of a piece that is open, being verified or written; -1 for none. */
  senderOf(piece: number, block: number): number {
    const record = this.#open.get(piece);
    return record?.state[block] === blockReceived ? (record.owner[block] ?? nobody) : nobody;
  }

  /** The piece was what its hash says; it is not had before it is written. */
  verified(piece: number): void {
    this.#expect(piece, 'verifying');
    this.#table.setState(piece, 'writing');
  }

  /** From now on all blocks of the piece are asked of one peer, as long as that one answers. */
  fetchAlone(piece: number): void {
    this.#alone.add(piece);
  }

  /** The piece was bad. Blocks for which `isGood` says so are kept, the others fetched again. */
  failed(piece: number, isGood?: (block: number) => boolean): void {
    this.#expect(piece, 'verifying');
    const record = this.#open.get(piece);
    if (record === undefined) return;
    this.#table.setState(piece, 'open');
    record.exclusiveTo = nobody;
    for (let block = 0; block < record.blockCount; block++)
      if (isGood === undefined || !isGood(block)) record.free(block);
    this.#freed(record);
  }

  written(piece: number): void {
    this.#expect(piece, 'writing');
    this.#close(piece);
    this.#alone.delete(piece);
    this.#table.setState(piece, 'have');
  }

  /** A block that was received could not be kept: it is fetched again. */
  dropped(piece: number, block: number): void {
    const record = this.#open.get(piece);
    if (record === undefined || this.state(piece) !== 'open' || record.state[block] !== blockReceived) return;
    record.free(block);
    this.#freed(record);
  }

  /** Known to be on disk and good (resume, recheck). Only for a piece that is missing. */
  found(piece: number): void {
    this.#expect(piece, 'missing');
    this.#table.setState(piece, 'have');
  }

  /** It could not be written, or is no longer on disk: it has to be fetched again. */
  lost(piece: number): void {
    const state = this.state(piece);
    if (state !== 'writing' && state !== 'have') throw new RangeError(`piece ${piece} is ${state}, not had`);
    if (state === 'writing') this.#close(piece);
    this.#table.setState(piece, 'missing');
    this.#table.changes++;
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
    if (record.freeCount === 0) this.#unlist(record);
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
      if (!peer.has(piece)) continue;
      const record = this.#open.get(piece);
      if (
        record !== undefined
          ? record.freeCount > 0 && this.state(piece) === 'open' && this.#mayTake(record, peer)
          : this.#table.missing.has(piece)
      )
        return record ?? this.#begin(peer, piece, false);
    }
    const best = this.#table.buckets.bestPriority;
    const unfinished = this.#unfinishedFor(peer, best, false);
    if (unfinished !== undefined) return unfinished;
    const piece = chooseMissing(this.#table, this.#random, peer, pace);
    if (piece >= 0) return this.#begin(peer, piece, pace !== 'shared');
    return this.#unfinishedFor(peer, 0, true);
  }

  #unfinishedFor(peer: PickerPeer, leastPriority: number, evenOfOthers: boolean): OpenPiece | undefined {
    let looked = 0;
    for (let record = this.#oldest; record !== undefined; record = record.newer) {
      if (looked++ > candidatesPerPick) return undefined;
      if (!evenOfOthers && record.exclusiveTo !== nobody && record.exclusiveTo !== peer.slot) continue;
      if (this.priority(record.piece) < leastPriority || !peer.has(record.piece)) continue;
      if (this.#mayTake(record, peer)) return record;
    }
    return undefined;
  }

  #begin(peer: PickerPeer, piece: number, whole: boolean): OpenPiece {
    const blocks = this.blockCount(piece);
    const record = this.#spare.pop() ?? new OpenPiece(blocks);
    record.begin(piece, blocks);
    if (whole || this.#alone.has(piece)) record.exclusiveTo = peer.slot;
    peer.lastPiece = piece;
    this.#open.set(piece, record);
    this.#table.setState(piece, 'open');
    this.#listOrNot(record);
    return record;
  }

  #close(piece: number): void {
    const record = this.#open.get(piece);
    if (record === undefined) return;
    this.#unlist(record);
    this.#open.delete(piece);
    if (this.#spare.length < spareRecords) this.#spare.push(record);
  }

  #freed(record: OpenPiece): void {
    if (record.freeCount === record.blockCount) {
      this.#close(record.piece);
      this.#table.setState(record.piece, 'missing');
    } else this.#listOrNot(record);
    this.#table.changes++;
  }

  #listOrNot(record: OpenPiece): void {
    const belongs =
      record.freeCount > 0 && this.priority(record.piece) > 0 && this.state(record.piece) === 'open';
    if (!belongs) this.#unlist(record);
    else if (record !== this.#newest && record.newer === undefined) {
      record.older = this.#newest;
      if (this.#newest === undefined) this.#oldest = record;
      else this.#newest.newer = record;
      this.#newest = record;
    }
  }

  #unlist(record: OpenPiece): void {
    if (record !== this.#newest && record.newer === undefined) return;
    if (record.older === undefined) this.#oldest = record.newer;
    else record.older.newer = record.newer;
    if (record.newer === undefined) this.#newest = record.older;
    else record.newer.older = record.older;
    record.older = undefined;
    record.newer = undefined;
  }

  #key(piece: number, block: number): number {
    return piece * keyBase + block;
  }

  #own(peer: PeerPieces): PickerPeer {
    const own = this.#table.peers.get(peer.slot);
    if (own !== peer) throw new RangeError(`peer ${peer.slot} is not of this picker`);
    return own;
  }

  #expect(piece: number, state: PieceState): void {
    const is = this.state(piece);
    if (is !== state) throw new RangeError(`piece ${piece} is ${is}, not ${state}`);
  }

  /** What is wrong inside; empty when all is well. Slow: for tests and simulated runs. */
  checkInvariants(): string[] {
    const faults = this.#table.checkInvariants();
    for (let piece = 0; piece < this.pieceCount; piece++) {
      const state = this.state(piece);
      const isOpen = state === 'open' || state === 'verifying' || state === 'writing';
      if (this.#open.has(piece) !== isOpen)
        faults.push(`piece ${piece} is ${state}, with a record: ${!isOpen}`);
    }
    const listed = new Set<OpenPiece>();
    for (let record = this.#oldest; record !== undefined; record = record.newer) {
      if (listed.has(record)) return [...faults, 'the list of unfinished pieces runs in a circle'];
      if (record.newer === undefined && record !== this.#newest) faults.push('the list ends early');
      listed.add(record);
    }
    for (const [piece, record] of this.#open) {
      faults.push(...record.checkInvariants());
      if (record.piece !== piece) faults.push(`the record of ${piece} says ${record.piece}`);
      const belongs = record.freeCount > 0 && this.priority(piece) > 0 && this.state(piece) === 'open';
      if (belongs !== listed.delete(record))
        faults.push(`piece ${piece} is listed as unfinished: ${!belongs}`);
      if (this.state(piece) !== 'open' && record.receivedCount !== record.blockCount)
        faults.push(`piece ${piece} is ${this.state(piece)} with blocks missing`);
      if (this.state(piece) === 'open' && record.freeCount === record.blockCount)
        faults.push(`piece ${piece} is open for nothing`);
      for (let block = 0; block < record.blockCount; block++)
        for (const slot of this.askedOf(piece, block))
          if (!this.#table.peers.has(slot))
            faults.push(`block ${piece}:${block} is asked of ${slot}, who left`);
    }
    for (const record of listed) faults.push(`piece ${record.piece} is listed, but not open`);
    for (const key of this.#alsoAsked.keys()) {
      const piece = Math.floor(key / keyBase);
      if (this.#open.get(piece)?.state[key % keyBase] !== blockAsked)
        faults.push(`block ${piece}:${key % keyBase} is asked twice, but not asked`);
    }
    return faults;
  }
}
