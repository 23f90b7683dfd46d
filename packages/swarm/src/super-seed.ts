// Super-seeding (BEP 16): the only seed of new content shows each peer a piece or two at a time, and the next when another
// peer has got one of them, so that what it sends is passed on before it sends it again.
// Invariant: while it is on, a peer knows of exactly those pieces that were shown to it.

import type { Random } from '@shoal/base';
import * as bound from './bounds.ts';
import type { Peer } from './peer.ts';
import type { Picker } from './picker/picker.ts';

export interface SuperSeedOptions {
  readonly picker: Picker;
  readonly peers: ReadonlySet<Peer>;
  readonly random: Random;
  readonly nowMs: () => number;
}

interface Shown {
  readonly pieces: Set<number>;
  /** Those that no other peer is known to have, and since when. */
  readonly waiting: Map<number, number>;
}

/** Pieces that are looked at for the next to show. */
const candidates = 64;

export class SuperSeed {
  readonly #o: SuperSeedOptions;
  #isOn = false;
  #shown = new Map<Peer, Shown>();
  /** Each piece once, in an order of its own. */
  #order: Uint32Array = new Uint32Array(0);
  #at = 0;

  constructor(options: SuperSeedOptions) {
    this.#o = options;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Peers that are connected already know all that we have. */
  start(): void {
    if (this.#isOn) return;
    const { picker, random } = this.#o;
    this.#isOn = true;
    this.#order = Uint32Array.from({ length: picker.pieceCount }, (_, piece) => piece);
    this.#at = 0;
    for (let last = this.#order.length - 1; last > 0; last--) {
      const other = random.below(last + 1);
      [this.#order[last], this.#order[other]] = [this.#order[other] ?? 0, this.#order[last] ?? 0];
    }
  }

  /** Everybody hears what was kept from him. */
  stop(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    for (const [peer, { pieces }] of this.#shown)
      for (const piece of this.#o.picker.have.indices()) if (!pieces.has(piece)) peer.outbox.have(piece);
    this.#shown.clear();
    this.#order = new Uint32Array(0);
  }

  /** In place of what we have. */
  welcome(peer: Peer): void {
    if (peer.fast) peer.outbox.haveNone();
    this.#shown.set(peer, { pieces: new Set(), waiting: new Map() });
  }

  left(peer: Peer): void {
    this.#shown.delete(peer);
  }

  /** A peer has got a piece: whoever it was shown to has passed it on, if that is another. */
  seen(by: Peer, piece: number): void {
    for (const [peer, { waiting }] of this.#shown)
      if (waiting.has(piece) && (peer !== by || this.#isOfUseToNobody(piece, by))) {
        waiting.delete(piece);
        this.#showMore(peer);
      }
  }

  tick(): void {
    const nowMs = this.#o.nowMs();
    for (const [peer, { waiting }] of this.#shown) {
      for (const [piece, sinceMs] of waiting) {
        const isPassedOn = this.#isAtAnother(piece, peer) || this.#isOfUseToNobody(piece, peer);
        // It may never pass on what it got: others would, but they are not to wait for it.
        if (isPassedOn || nowMs - sinceMs > bound.superSeedPatienceMs) waiting.delete(piece);
      }
      this.#showMore(peer);
    }
  }

  #isAtAnother(piece: number, peer: Peer): boolean {
    for (const other of this.#o.peers) if (other !== peer && other.pieces?.has(piece) === true) return true;
    return false;
  }

  /** The peer has it, and there is no other that lacks it. */
  #isOfUseToNobody(piece: number, peer: Peer): boolean {
    if (peer.pieces?.has(piece) !== true) return false;
    for (const other of this.#o.peers) if (other !== peer && other.pieces?.has(piece) === false) return false;
    return true;
  }

  #showMore(peer: Peer): void {
    const shown = this.#shown.get(peer);
    while (shown !== undefined && shown.waiting.size < bound.superSeedPieces) {
      const piece = this.#next(peer, shown.pieces);
      if (piece === undefined) return;
      shown.pieces.add(piece);
      shown.waiting.set(piece, this.#o.nowMs());
      peer.outbox.have(piece);
    }
  }

  /** One that nobody has and nobody was shown, as long as there are such; then the rarest of some that it lacks. */
  #next(peer: Peer, shown: ReadonlySet<number>): number | undefined {
    const { picker, random } = this.#o;
    const lacks = (piece: number) => peer.pieces?.has(piece) !== true && !shown.has(piece);
    while (this.#at < this.#order.length) {
      const piece = this.#order[this.#at++] ?? 0;
      if (picker.copies(piece) === 0 && lacks(piece)) return piece;
    }
    const { pieceCount } = picker;
    let best: number | undefined;
    const start = random.below(pieceCount);
    let found = 0;
    for (let i = 0; i < pieceCount && found < candidates; i++) {
      const piece = (start + i) % pieceCount;
      if (!lacks(piece)) continue;
      found++;
      if (best === undefined || picker.copies(piece) < picker.copies(best)) best = piece;
    }
    return best;
  }
}
