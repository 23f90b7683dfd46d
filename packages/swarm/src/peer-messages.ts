// What the messages of a transfer's peers do: each goes to the part that it concerns.
// Invariant: before the metadata is known, what a peer has is only remembered, and a block from it is a breach.

import { Bitfield } from '@shoal/base';
import { type HashRequest, WireError } from '@shoal/wire';
import * as bound from './bounds.ts';
import type { ChokeRound } from './choke-round.ts';
import type { Leave } from './errors.ts';
import type { ExtensionDesk } from './extension-desk.ts';
import type { HashExchange } from './hash-exchange.ts';
import type { BlockMemory } from './memory.ts';
import type { Peer, PeerHost } from './peer.ts';
import type { Trade } from './trade.ts';

export interface PeerMessagesOptions {
  readonly memory: BlockMemory;
  readonly desk: ExtensionDesk;
  readonly chokes: Pick<ChokeRound<Peer>, 'interested'>;
  readonly trade: () => Trade | undefined;
  readonly hashes: () => HashExchange | undefined;
  partIfPointless(peer: Peer): void;
  /** Perhaps the last ones that were missing. */
  hashesCame(): void;
  hasDhtNode(address: string, port: number): void;
  left(peer: Peer, reason: Leave): void;
}

export class PeerMessages implements PeerHost {
  readonly #o: PeerMessagesOptions;

  constructor(options: PeerMessagesOptions) {
    this.#o = options;
  }

  get #trade(): Trade | undefined {
    return this.#o.trade();
  }

  get #hashes(): HashExchange | undefined {
    return this.#o.hashes();
  }

  interestChanged(peer: Peer): void {
    if (peer.isInterested) this.#o.chokes.interested(peer);
  }

  chokeChanged(peer: Peer): void {
    this.#o.memory.activePeers += peer.isChokingUs ? -1 : 1;
    if (peer.isChokingUs) this.#trade?.downloads.choked(peer);
    else this.#trade?.downloads.fill(peer);
  }

  has(peer: Peer, piece: number): void {
    if (peer.pieces === undefined || this.#trade === undefined) {
      peer.early?.has(piece);
      return;
    }
    if (!this.#trade.picker.peerHas(peer.pieces, piece)) peer.annoy();
    this.#trade.passedOn(peer, piece);
    this.#piecesChanged(peer);
  }

  hasOnly(peer: Peer, bits: Uint8Array): void {
    if (peer.pieces === undefined || this.#trade === undefined) {
      peer.early?.hasOnly(bits);
      return;
    }
    const pieces = Bitfield.parse(bits, this.#trade.shape.pieceCount);
    if (pieces !== undefined) this.#trade.picker.peerHasOnly(peer.pieces, pieces);
    this.#piecesChanged(peer);
  }

  hasAll(peer: Peer): void {
    if (peer.pieces === undefined || this.#trade === undefined) {
      peer.early?.hasAll();
      return;
    }
    this.#trade.picker.peerHasAll(peer.pieces);
    this.#piecesChanged(peer);
  }

  #piecesChanged(peer: Peer): void {
    this.#trade?.interest(peer);
    this.#trade?.downloads.fill(peer);
    this.#o.partIfPointless(peer);
  }

  requested(peer: Peer, piece: number, begin: number, length: number): void {
    this.#trade?.uploads.requested(peer, piece, begin, length);
  }

  cancelled(peer: Peer, piece: number, begin: number, length: number): void {
    this.#trade?.uploads.cancelled(peer, piece, begin, length);
  }

  blockStart(peer: Peer, piece: number, begin: number, length: number): Uint8Array | null {
    if (this.#trade === undefined)
      throw new WireError('block-unrequested', 'A block came before the metadata.');
    return this.#trade.downloads.blockStart(peer, piece, begin, length);
  }

  blockEnd(peer: Peer, piece: number, begin: number, length: number): void {
    this.#trade?.downloads.blockEnd(peer, piece, begin, length);
  }

  rejected(peer: Peer, piece: number, begin: number, length: number): void {
    this.#trade?.downloads.rejected(peer, piece, begin, length);
  }

  allowedFast(peer: Peer, piece: number): void {
    peer.annoy();
    if (peer.fastPieces.size < bound.mostFastPieces) peer.fastPieces.add(piece);
    if (peer.isChokingUs) this.#trade?.downloads.fill(peer);
  }

  suggested(peer: Peer, piece: number): void {
    if (peer.pieces !== undefined) this.#trade?.picker.suggested(peer.pieces, piece);
  }

  extended(peer: Peer, id: number, payload: Uint8Array): void {
    this.#o.desk.received(peer, id, payload);
  }

  hashesRequested(peer: Peer, range: HashRequest): void {
    if (this.#hashes === undefined) peer.outbox.hashReject(range);
    else void this.#hashes.requested(peer, range);
  }

  hashesCame(peer: Peer, range: HashRequest, hashes: Uint8Array): void {
    this.#hashes?.came(peer, range, hashes);
    this.#o.hashesCame();
  }

  hasDhtNode({ address }: Peer, port: number): void {
    if (port > 0) this.#o.hasDhtNode(address.address, port);
  }

  hashesRejected(peer: Peer, range: HashRequest): void {
    this.#hashes?.rejected(peer, range);
  }

  heard(peer: Peer): void {
    this.#trade?.downloads.fill(peer);
  }

  left(peer: Peer, reason: Leave): void {
    this.#o.left(peer, reason);
  }
}
