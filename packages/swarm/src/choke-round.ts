// Carries out what the choker decides for one transfer: every ten seconds, and at once while slots are free.
// Invariant: a peer is unchoked only while it is interested or was when the round was; `isUnchoked` is what it was told.

import type { Random } from '@shoal/base';
import { chooseUnchoked, optimisticMs, slotsFor } from './choker.ts';
import type { Peer } from './peer.ts';
import type { Rate } from './rate.ts';

export interface ChokeRoundOptions {
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

export class ChokeRound {
  readonly #o: ChokeRoundOptions;
  #unchoked = 0;
  #isRunScheduled = false;

  constructor(options: ChokeRoundOptions) {
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
    const { peers, random, isSeeding, quotaBytes } = this.#o;
    const nowMs = this.#o.nowMs();
    const { unchoked, newlyOptimistic } = chooseUnchoked(peers, {
      isSeeding: isSeeding(),
      slots: this.#slots,
      nowMs,
      random,
      quotaBytes,
    });
    for (const peer of peers) if (peer.isUnchoked && !unchoked.has(peer)) this.#set(peer, false);
    for (const peer of unchoked) if (!peer.isUnchoked) this.#set(peer, true);
    for (const peer of newlyOptimistic) peer.optimisticUntilMs = nowMs + optimisticMs;
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
