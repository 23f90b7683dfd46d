// Carries out what the choker decides for one transfer: every ten seconds, and in between while slots are free.
// Invariant: a peer is unchoked only while it is interested or was when the round was; `isUnchoked` is what it was told.

import type { Random } from '@shoal/base';
import { type ChokeCandidate, chooseUnchoked, optimisticMs, slotsFor } from './choker.ts';
import type { Outbox } from './outbox.ts';
import type { Rate } from './rate.ts';

/** What of a peer it needs to know, and says to it. */
export interface Chokeable extends ChokeCandidate {
  isUnchoked: boolean;
  unchokedAtMs: number;
  chokedAtMs: number;
  optimisticUntilMs: number;
  bytesAtUnchoke: number;
  readonly toIt: { readonly total: number };
  readonly outbox: Pick<Outbox, 'choke' | 'unchoke'>;
}

export interface ChokeRoundOptions<Peer extends Chokeable> {
  readonly peers: ReadonlySet<Peer>;
  readonly random: Random;
  readonly nowMs: () => number;
  /** What this transfer sends. */
  readonly upload: Rate;
  /** What it may send at most, in bytes a second. */
  readonly uploadLimit: () => number;
  readonly isSeeding: () => boolean;
  readonly quotaBytes: number;
  /** Its queue of requests has to be rejected. */
  choked(peer: Peer): void;
}

export class ChokeRound<Peer extends Chokeable> {
  readonly #o: ChokeRoundOptions<Peer>;
  #unchoked = 0;
  #isRunScheduled = false;

  constructor(options: ChokeRoundOptions<Peer>) {
    this.#o = options;
  }

  get #slots(): number {
    return slotsFor(this.#o.upload.bytesPerSecond, this.#o.uploadLimit());
  }

  /** A peer became interested: it need not wait for the next round if there is a slot. */
  interested(peer: Peer): void {
    if (!peer.isUnchoked && this.#unchoked < this.#slots) this.#set(peer, true);
  }

  left(peer: Peer): void {
    if (!peer.isUnchoked) return;
    this.#unchoked--;
    // Its slot is for those who wait, and not for whoever comes first: that could be the same one again.
    if (this.#isRunScheduled) return;
    this.#isRunScheduled = true;
    queueMicrotask(() => {
      this.#isRunScheduled = false;
      this.run();
    });
  }

  run(): void {
    const { peers } = this.#o;
    const chosen = this.#choose(peers, this.#slots);
    for (const peer of peers) if (peer.isUnchoked && !chosen.has(peer)) this.#set(peer, false);
    for (const peer of chosen) if (!peer.isUnchoked) this.#set(peer, true);
  }

  /** Between rounds: slots that there are now, as the rate rose or whoever had one wants nothing more, go to those who wait. */
  fill(): void {
    const { peers } = this.#o;
    const waiting = [...peers].filter((peer) => peer.isInterested && !peer.isUnchoked);
    if (waiting.length === 0) return;
    for (const peer of peers) if (peer.isUnchoked && !peer.isInterested) this.#set(peer, false);
    const free = this.#slots - this.#unchoked;
    if (free > 0) for (const peer of this.#choose(waiting, free)) this.#set(peer, true);
  }

  #choose(peers: Iterable<Peer>, slots: number): ReadonlySet<Peer> {
    const { random, isSeeding, quotaBytes } = this.#o;
    const nowMs = this.#o.nowMs();
    const rules = { isSeeding: isSeeding(), slots, nowMs, random, quotaBytes };
    const { unchoked, newlyOptimistic } = chooseUnchoked(peers, rules);
    for (const peer of newlyOptimistic) peer.optimisticUntilMs = nowMs + optimisticMs;
    return unchoked;
  }

  #set(peer: Peer, isUnchoked: boolean): void {
    const nowMs = this.#o.nowMs();
    peer.isUnchoked = isUnchoked;
    this.#unchoked += isUnchoked ? 1 : -1;
    if (isUnchoked) {
      peer.unchokedAtMs = nowMs;
      peer.bytesAtUnchoke = peer.toIt.total;
      peer.outbox.unchoke();
    } else {
      peer.chokedAtMs = nowMs;
      peer.outbox.choke();
      this.#o.choked(peer);
    }
  }

  checkInvariants(): string[] {
    let unchoked = 0;
    for (const peer of this.#o.peers) if (peer.isUnchoked) unchoked++;
    return unchoked === this.#unchoked ? [] : [`${unchoked} peers are unchoked, counted ${this.#unchoked}`];
  }
}
