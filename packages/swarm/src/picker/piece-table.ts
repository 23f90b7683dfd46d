// What is known of every piece: its state, its priority, how many peers have it; and who has what.
// Invariant: a piece is in exactly one of five states. `missing` pieces that are wanted, and only those, are in the
// rarity buckets. Peers that have everything are only counted, so that a seed joins and leaves at no cost.

import { Bitfield } from '@shoal/base';
import { PickerPeer } from './peer-pieces.ts';
import { mostPriority, usualPriority } from './priority.ts';
import { RarityBuckets } from './rarity-buckets.ts';

export type PieceState = 'missing' | 'open' | 'verifying' | 'writing' | 'have';
const stateNames: readonly PieceState[] = ['missing', 'open', 'verifying', 'writing', 'have'];
const haveCode = stateNames.indexOf('have');

export class PieceTable {
  readonly pieceCount: number;
  readonly buckets: RarityBuckets;
  /** The pieces that are in the buckets, in the byte layout of peers' bitfields. */
  readonly missing: Bitfield;
  readonly have: Bitfield;
  readonly peers = new Map<number, PickerPeer>();
  readonly #state: Uint8Array;
  readonly #priority: Uint8Array;
  readonly #copies: Uint16Array;
  #seeds = 0;
  #wanted: number;
  #nextSlot = 0;
  /** Grows whenever something may have become pickable that was not. */
  changes = 0;

  constructor(pieceCount: number) {
    this.pieceCount = pieceCount;
    this.buckets = new RarityBuckets(pieceCount);
    this.missing = new Bitfield(pieceCount);
    this.have = new Bitfield(pieceCount);
    this.#state = new Uint8Array(pieceCount);
    this.#priority = new Uint8Array(pieceCount).fill(usualPriority);
    this.#copies = new Uint16Array(pieceCount);
    this.#wanted = pieceCount;
    for (let piece = 0; piece < pieceCount; piece++) this.#place(piece);
  }

  /** Pieces that are wanted and not had. */
  get wanted(): number {
    return this.#wanted;
  }

  get seeds(): number {
    return this.#seeds;
  }

  state(piece: number): PieceState {
    return stateNames[this.#state[piece] ?? 0] ?? 'missing';
  }

  priority(piece: number): number {
    return this.#priority[piece] ?? 0;
  }

  /** How many connected peers have the piece. */
  copies(piece: number): number {
    return (this.#copies[piece] ?? 0) + this.#seeds;
  }

  setState(piece: number, state: PieceState): void {
    const code = stateNames.indexOf(state);
    const before = this.#state[piece] ?? 0;
    if (before === code) return;
    this.#state[piece] = code;
    if (code === haveCode || before === haveCode) {
      if (code === haveCode) this.have.set(piece);
      else this.have.clear(piece);
      if (this.priority(piece) > 0) this.#countWanted(piece, code === haveCode ? -1 : 1);
    }
    this.#place(piece);
  }

  setPriority(piece: number, priority: number): void {
    const before = this.#priority[piece];
    if (before === undefined || before === priority) return;
    this.#priority[piece] = Math.max(0, Math.min(mostPriority, priority));
    if (this.#state[piece] !== haveCode && (before === 0) !== (priority === 0))
      this.#countWanted(piece, priority === 0 ? -1 : 1);
    this.#place(piece);
    this.changes++;
  }

  addPeer(): PickerPeer {
    const peer = new PickerPeer(this.#nextSlot++, this.pieceCount, () => this.#wanted);
    this.peers.set(peer.slot, peer);
    return peer;
  }

  removePeer(peer: PickerPeer): void {
    if (!this.peers.delete(peer.slot)) return;
    this.#forget(peer);
  }

  peerHasAll(peer: PickerPeer): void {
    if (peer.hasAll) return;
    this.#forget(peer);
    peer.hasAll = true;
    this.#seeds++;
    this.changes++;
  }

  peerHasOnly(peer: PickerPeer, pieces: Bitfield): void {
    this.#forget(peer);
    if (pieces.isFull) {
      this.peerHasAll(peer);
      return;
    }
    peer.pieces = pieces;
    for (const piece of pieces.indices()) this.#copied(peer, piece, 1);
    this.changes++;
  }

  /** False when it was known already. */
  peerHas(peer: PickerPeer, piece: number): boolean {
    if (peer.hasAll) return false;
    peer.pieces ??= new Bitfield(this.pieceCount);
    if (!peer.pieces.set(piece)) return false;
    if (peer.pieces.isFull) {
      // As many copies as before, but counted as a seed from now on.
      peer.pieces.clear(piece);
      this.peerHasAll(peer);
      return true;
    }
    this.#copied(peer, piece, 1);
    this.changes++;
    return true;
  }

  peerLacks(peer: PickerPeer, piece: number): void {
    if (!peer.has(piece)) return;
    if (peer.hasAll) {
      const pieces = new Bitfield(this.pieceCount);
      pieces.setAll();
      pieces.clear(piece);
      this.peerHasOnly(peer, pieces);
      return;
    }
    peer.pieces?.clear(piece);
    this.#copied(peer, piece, -1);
  }

  #forget(peer: PickerPeer): void {
    if (peer.hasAll) this.#seeds--;
    else if (peer.pieces !== undefined)
      for (const piece of peer.pieces.indices()) this.#copied(peer, piece, -1);
    peer.hasAll = false;
    peer.pieces = undefined;
  }

  #copied(peer: PickerPeer, piece: number, by: 1 | -1): void {
    this.#copies[piece] = (this.#copies[piece] ?? 0) + by;
    if (this.#state[piece] !== haveCode && this.priority(piece) > 0) peer.wantedOfSome += by;
    this.#place(piece);
  }

  #countWanted(piece: number, by: 1 | -1): void {
    this.#wanted += by;
    for (const peer of this.peers.values()) if (peer.pieces?.has(piece) === true) peer.wantedOfSome += by;
  }

  #place(piece: number): void {
    if (this.#state[piece] === 0 && this.priority(piece) > 0) {
      this.buckets.put(piece, this.priority(piece), this.#copies[piece] ?? 0);
      this.missing.set(piece);
    } else if (this.missing.clear(piece)) this.buckets.remove(piece);
  }

  checkInvariants(): string[] {
    const faults = this.buckets.checkInvariants((piece) =>
      this.#state[piece] === 0 && this.priority(piece) > 0
        ? { priority: this.priority(piece), copies: this.#copies[piece] ?? 0 }
        : undefined,
    );
    let wanted = 0;
    for (let piece = 0; piece < this.pieceCount; piece++) {
      if (this.have.has(piece) !== (this.#state[piece] === haveCode))
        faults.push(`piece ${piece}: have disagrees`);
      if (this.missing.has(piece) !== this.buckets.has(piece))
        faults.push(`piece ${piece}: missing disagrees`);
      if (this.#state[piece] !== haveCode && this.priority(piece) > 0) wanted++;
      let copies = 0;
      for (const peer of this.peers.values()) if (peer.pieces?.has(piece) === true) copies++;
      if (copies !== this.#copies[piece])
        faults.push(`piece ${piece}: ${copies} copies, counted ${this.#copies[piece]}`);
    }
    if (wanted !== this.#wanted) faults.push(`${wanted} pieces wanted, counted ${this.#wanted}`);
    let seeds = 0;
    for (const peer of this.peers.values()) {
      if (peer.hasAll) seeds++;
      let interesting = 0;
      for (const piece of peer.pieces?.indices() ?? [])
        if (this.#state[piece] !== haveCode && this.priority(piece) > 0) interesting++;
      if (interesting !== peer.wantedOfSome)
        faults.push(`peer ${peer.slot}: ${interesting} wanted, counted ${peer.wantedOfSome}`);
    }
    if (seeds !== this.#seeds) faults.push(`${seeds} seeds, counted ${this.#seeds}`);
    return faults;
  }
}
