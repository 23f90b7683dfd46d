// Keeps blocks that are needed soon with those who can bring them soon. Rules: those who are slow beside others are not
// asked for what is needed now, if others have it; a block that stands too deep in a queue, or whose peer fell
// silent, is asked of somebody else as well, and a queue full of other things is given up for what somebody waits for.

import * as bound from '../bounds.ts';
import type { Peer } from '../peer.ts';
import type { Trade } from '../trade.ts';

interface Late {
  readonly peer: Peer;
  readonly piece: number;
  readonly block: number;
  readonly inMs: number;
  readonly isStalled: boolean;
}

export class Rescue {
  readonly #trade: Trade;
  readonly #peers: ReadonlySet<Peer>;
  /** Pieces that slow peers must leave to others, and how many blocks each of those takes at a time. */
  readonly shares = new Map<number, number>();

  constructor(trade: Trade, peers: ReadonlySet<Peer>) {
    this.#trade = trade;
    this.#peers = peers;
  }

  /** `due`: the pieces ahead of readers, and how soon each is needed. */
  run(due: ReadonlyMap<number, number>, mayFreeQueues: boolean, nowMs: number): void {
    const { downloads, wishes } = this.#trade;
    const now = new Map([...due].filter(([, inMs]) => inMs < bound.urgentMs).slice(0, bound.mostReserved));
    const askable = [...this.#peers].filter(
      (peer) => peer.pieces !== undefined && !peer.isChokingUs && !peer.hasLeft,
    );
    for (const peer of askable) {
      const isOfUse = mayFreeQueues && [...now.keys()].some((piece) => peer.pieces?.has(piece) === true);
      downloads.giveUp(peer, (piece) => !wishes.isWanted(piece) || (isOfUse && !due.has(piece)));
      downloads.pace(peer);
    }
    this.#sortOut(askable, now, nowMs);
    for (const late of this.#late(askable, now, nowMs)) this.#askAnother(late, askable, nowMs);
  }

  #sortOut(askable: readonly Peer[], now: ReadonlyMap<number, number>, nowMs: number): void {
    this.shares.clear();
    let best = Number.POSITIVE_INFINITY;
    for (const peer of askable) best = Math.min(best, etaMs(peer, nowMs));
    const fast: Peer[] = [];
    for (const peer of askable) {
      const isSlow = etaMs(peer, nowMs) > slowFactor * best + slackMs;
      if (peer.pieces !== undefined) peer.pieces.isSlow = isSlow;
      if (!isSlow) fast.push(peer);
    }
    for (const piece of now.keys()) {
      let have = 0;
      for (const peer of fast) if (peer.pieces?.has(piece) === true) have++;
      if (have > 0) this.shares.set(piece, Math.ceil(this.#trade.picker.blockCount(piece) / have));
    }
  }

  /** Blocks that will come too late from those who were asked. */
  #late(askable: readonly Peer[], now: ReadonlyMap<number, number>, nowMs: number): Late[] {
    const late: Late[] = [];
    if (now.size === 0) return late;
    for (const peer of askable) {
      const isStalled = silentMs(peer, nowMs) > stalledAfterMs(peer);
      let ahead = 0;
      for (const [piece, block] of peer.requests) {
        const neededInMs = now.get(piece);
        const inMs = silentMs(peer, nowMs) * Number(isStalled) + (ahead + 1) * peer.service.blockMs;
        ahead++;
        if (neededInMs !== undefined && (isStalled || inMs > neededInMs + slackMs))
          late.push({ peer, piece, block, inMs, isStalled });
      }
    }
    return late;
  }

  #askAnother({ peer, piece, block, inMs, isStalled }: Late, askable: readonly Peer[], nowMs: number): void {
    const { downloads } = this.#trade;
    let best: Peer | undefined;
    let bestMs = inMs / 2 - slackMs / 2;
    for (const other of askable) {
      if (other === peer || other.pieces?.has(piece) !== true || other.isSnubbing) continue;
      const otherMs = etaMs(other, nowMs);
      if (otherMs >= bestMs) continue;
      best = other;
      bestMs = otherMs;
    }
    // Whoever is only busy gives the block up; one that is silent may still be the first to answer.
    if (best !== undefined && downloads.askAlso(best, piece, block) && !isStalled)
      downloads.giveUp(peer, (otherPiece, otherBlock) => otherPiece === piece && otherBlock === block);
  }
}

const slowFactor = 3;
const slackMs = 100;

function etaMs(peer: Peer, nowMs: number): number {
  const silence = silentMs(peer, nowMs);
  return peer.service.etaMs(peer.requests.count) + (silence > stalledAfterMs(peer) ? 2 * silence : 0);
}

/** Since when it has sent no block although some were asked. */
function silentMs(peer: Peer, nowMs: number): number {
  const { oldestMs } = peer.requests;
  return oldestMs === undefined ? 0 : nowMs - Math.max(oldestMs, peer.lastBlockMs);
}

function stalledAfterMs({ service }: Peer): number {
  return slackMs + 2 * (service.latencyMs + service.blockMs);
}
