// Which block to ask of whom. A piece is in exactly one of five states (piece-table.ts):
//   missing → open (some block was asked) → verifying (all received) → writing (verified) → have
// with the ways back: open → missing when nothing of it is asked or received any more, verifying → open or missing
// when it was bad, writing or have → missing when the disk lost it.
// Invariant: no block is asked of two peers, except in endgame. Each step takes constant time, whatever the piece count.

import type { Bitfield, Random } from '@shoal/base';
import { mostSuggestions } from '../bounds.ts';
import { AlsoAsked } from './also-asked.ts';
import type { Pace } from './choose-missing.ts';
import { Chooser, type Run, type RunOptions } from './chooser.ts';
import { blockAsked, blockReceived, nobody, type OpenPiece } from './open-piece.ts';
import { OpenPieces } from './open-pieces.ts';
import type { PeerPieces, PickerPeer } from './peer-pieces.ts';
import { type PieceState, PieceTable } from './piece-table.ts';

export type { Run } from './chooser.ts';

export const blockLength = 16_384;

export interface PickerOptions {
  readonly pieceCount: number;
  readonly pieceLength: (piece: number) => number;
  readonly random: Random;
}

export interface PieceUnderWay {
  readonly piece: number;
  readonly blocks: number;
  readonly received: number;
  readonly bySlot: ReadonlyMap<number, { readonly received: number; readonly asked: number }>;
}

export class Picker {
  readonly #table: PieceTable;
  readonly #pieceLength: (piece: number) => number;
  readonly #chooser: Chooser;
  readonly #open: OpenPieces;
  readonly #alsoAsked = new AlsoAsked();
  /** Pieces that were bad and came from several peers: next time from one alone, so that it is clear who lies. */
  readonly #alone = new Set<number>();

  constructor(options: PickerOptions) {
    this.#table = new PieceTable(options.pieceCount);
    this.#open = new OpenPieces(this.#table);
    this.#pieceLength = options.pieceLength;
    this.#chooser = new Chooser({
      table: this.#table,
      open: this.#open,
      alsoAsked: this.#alsoAsked,
      alone: this.#alone,
      random: options.random,
      blockCount: (piece) => this.blockCount(piece),
    });
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
    return this.#chooser.isEndgame;
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
    this.letGo(peer);
    this.#table.removePeer(this.#own(peer));
  }

  /** It cannot be asked any more: what was to come from it alone may come from others. */
  letGo(peer: PeerPieces): void {
    for (const record of this.#open.values()) this.#share(record, peer);
  }

  #share(record: OpenPiece, peer: PeerPieces): void {
    if (record.exclusiveTo !== peer.slot) return;
    record.exclusiveTo = nobody;
    this.#table.changes++;
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
    for (const record of this.#open.values()) if (!peer.has(record.piece)) this.#share(record, peer);
  }

  peerLacks(peer: PeerPieces, piece: number): void {
    this.#table.peerLacks(this.#own(peer), piece);
    const record = this.#open.get(piece);
    if (record !== undefined) this.#share(record, peer);
  }

  /** A hint (BEP 6): it would like to be asked for this piece. */
  suggested(peer: PeerPieces, piece: number): void {
    const { suggested } = this.#own(peer);
    if (suggested.includes(piece)) return;
    suggested.push(piece);
    if (suggested.length > mostSuggestions) suggested.shift();
  }

  /** 0 is not wanted at all. Blocks that were asked already may still come. */
  setPriority(piece: number, priority: number): void {
    this.#table.setPriority(piece, priority);
    const record = this.#open.get(piece);
    if (record !== undefined) this.#open.listOrNot(record);
  }

  /** A block of it is free, and it is wanted. */
  isAskable(piece: number): boolean {
    if (this.#table.missing.has(piece)) return true;
    const record = this.#open.get(piece);
    return record !== undefined && record.freeCount > 0 && this.state(piece) === 'open';
  }

  /** A block that was asked of another, who is late, is asked of this peer as well. */
  askAlso(peer: PeerPieces, piece: number, block: number): boolean {
    const record = this.#open.get(piece);
    if (record?.state[block] !== blockAsked || record.owner[block] === peer.slot) return false;
    if (!peer.has(piece) || this.#alone.has(piece)) return false;
    return this.#alsoAsked.add(piece, block, peer.slot);
  }

  /**
   * These pieces first, in this order, before any priority: somebody is watching. Replaces the list before. Of some, each
   * peer takes a share only, and slow ones nothing.
   */
  setUrgent(pieces: readonly number[], shares?: ReadonlyMap<number, number>): void {
    this.#chooser.setUrgent(pieces, shares);
  }

  /**
   * Chooses up to `limit` blocks to ask of the peer, as pairs of piece and block in `out`; returns how many.
   * Blocks count as asked from here on.
   */
  pick(peer: PeerPieces, limit: number, pace: Pace, out: Int32Array): number {
    return this.#chooser.pick(this.#own(peer), limit, pace, out);
  }

  /** Like `pick`, but only from these pieces: those that a choking peer allows (BEP 6). */
  pickFrom(peer: PeerPieces, pieces: Iterable<number>, limit: number, out: Int32Array): number {
    return this.#chooser.pickFrom(this.#own(peer), pieces, limit, out);
  }

  /**
   * Up to `limit` blocks that lie one after the other, over as many pieces: for a source that is asked for ranges. Whole
   * pieces but for the first. They count as asked; undefined when there is nothing for it.
   */
  pickRun(peer: PeerPieces, limit: number, options: RunOptions): Run | undefined {
    return this.#chooser.pickRun(this.#own(peer), limit, options);
  }

  /** In endgame: up to `limit` blocks that were asked of others, to be asked of this peer as well. */
  pickAgain(peer: PeerPieces, limit: number, out: Int32Array): number {
    return this.#chooser.pickAgain(peer, limit, out);
  }

  /** A block came, asked or asked before. 'surplus': we have it already, or no longer fetch that piece. */
  received(peer: PeerPieces, piece: number, block: number): 'stored' | 'finished' | 'surplus' {
    const record = this.#open.get(piece);
    if (record === undefined || this.state(piece) !== 'open') return 'surplus';
    if (block >= record.blockCount || record.state[block] === blockReceived) return 'surplus';
    this.#alsoAsked.clear(piece, block);
    record.receive(block, peer.slot);
    if (record.freeCount === 0) this.#open.unlist(record);
    if (record.receivedCount < record.blockCount) return 'stored';
    this.#table.setState(piece, 'verifying');
    return 'finished';
  }

  /** The peer will not send this block: it goes to whoever can, at once. */
  abandon(peer: PeerPieces, piece: number, block: number): void {
    const record = this.#open.get(piece);
    if (record === undefined || record.state[block] !== blockAsked) return;
    if (record.owner[block] === peer.slot) {
      const next = this.#alsoAsked.shift(piece, block);
      if (next !== undefined) record.owner[block] = next;
      else record.free(block);
    } else this.#alsoAsked.remove(piece, block, peer.slot);
    if (record.exclusiveTo === peer.slot) record.exclusiveTo = nobody;
    this.#open.freed(record);
  }

  /** Slots of the peers that were asked for a block and have not sent it. */
  askedOf(piece: number, block: number): readonly number[] {
    const record = this.#open.get(piece);
    if (record === undefined || record.state[block] !== blockAsked) return [];
    return [record.owner[block] ?? nobody, ...this.#alsoAsked.of(piece, block)];
  }

  /** Of the pieces that are under way, the oldest first: how many blocks each slot sent, and was asked for. */
  *underWay(most: number): Generator<PieceUnderWay> {
    let told = 0;
    for (const { piece, blockCount, receivedCount, state, owner } of this.#open.values()) {
      if (told++ >= most) return;
      const bySlot = new Map<number, { received: number; asked: number }>();
      for (let block = 0; block < blockCount; block++) {
        const slot = owner[block] ?? nobody;
        if (slot === nobody) continue;
        const share = bySlot.get(slot) ?? { received: 0, asked: 0 };
        if (state[block] === blockReceived) share.received++;
        else share.asked++;
        bySlot.set(slot, share);
      }
      yield { piece, blocks: blockCount, received: receivedCount, bySlot };
    }
  }

  isAskedOnlyOf(peer: PeerPieces, piece: number, block: number): boolean {
    const record = this.#open.get(piece);
    return (
      record?.state[block] === blockAsked &&
      record.owner[block] === peer.slot &&
      !this.#alsoAsked.has(piece, block)
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
    this.#open.freed(record);
  }

  written(piece: number): void {
    this.#expect(piece, 'writing');
    this.#open.close(piece);
    this.#alone.delete(piece);
    this.#table.setState(piece, 'have');
  }

  /** A block that was received could not be kept: it is fetched again. */
  dropped(piece: number, block: number): void {
    const record = this.#open.get(piece);
    if (record === undefined || this.state(piece) !== 'open' || record.state[block] !== blockReceived) return;
    record.free(block);
    this.#open.freed(record);
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
    if (state === 'writing') this.#open.close(piece);
    this.#table.setState(piece, 'missing');
    this.#table.changes++;
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
    const faults = [...this.#table.checkInvariants(), ...this.#open.checkInvariants()];
    for (const { piece, blockCount } of this.#open.values())
      for (let block = 0; block < blockCount; block++)
        for (const slot of this.askedOf(piece, block))
          if (!this.#table.peers.has(slot))
            faults.push(`block ${piece}:${block} is asked of ${slot}, who left`);
    for (const [piece, block] of this.#alsoAsked.blocks())
      if (this.#open.get(piece)?.state[block] !== blockAsked)
        faults.push(`block ${piece}:${block} is asked twice, but not asked`);
    return faults;
  }
}
