// Blocks asked of peers, and what becomes of them.
// Invariants: a block stands in one peer's request window from the request until it came, was rejected or was given up,
// and in the picker as asked of that peer for the same time (more than one peer only in endgame); every block in a
// window is counted in the session's memory. When a peer dies, stalls or chokes us, its blocks move on at once.

import { BlockLedger, type ContentShape } from '@shoal/wire';
import type { Assembler } from './assembler.ts';
import * as bound from './bounds.ts';
import type { Taker } from './limits/flow.ts';
import { blockCost } from './limits/paced-channel.ts';
import type { BlockMemory } from './memory.ts';
import type { Peer } from './peer.ts';
import { blockLength, type Picker } from './picker/picker.ts';
import type { Waste } from './statistics.ts';
import type { WasteReason } from './types.ts';

export interface DownloadsOptions {
  readonly picker: Picker;
  readonly assembler: Assembler;
  readonly memory: BlockMemory;
  readonly shape: ContentShape;
  readonly peers: ReadonlySet<Peer>;
  readonly waste: Waste;
  readonly nowMs: () => number;
  /** Something is free again, for those too who are no peers. */
  feedOthers(): void;
}

/** A peer that brings a piece within this time gets pieces of its own. */
const wholePieceSeconds = 20;
/** From this rate on pieces that lie side by side are read and written faster than others. Below it they would only lead peers to the same pieces, with nothing to trade. */
const sequentialRate = 16_000_000;
/** The same, before there is a measured rate: slow start grows so far only with peers that answer at once. */
const fastRequests = 128;
const sequentialRequests = 256;
/** In endgame, blocks that are asked of one more peer at a time. */
const endgameBatch = 16;

export class Downloads {
  readonly #o: DownloadsOptions;
  readonly #picked = new Int32Array(2 * bound.mostRequests);
  readonly #bySlot = new Map<number, Peer>();
  #isFeedScheduled = false;
  /** Nothing is asked while the disk is full or the transfer stops. */
  isPaused = false;
  /** Somebody watches: queues are kept short. */
  isStreaming = false;
  /** Not for those who watch: they ask others for what is late (streams/rescue.ts), and would waste a third of all otherwise. */
  hasEndgame = true;

  constructor(options: DownloadsOptions) {
    this.#o = options;
  }

  add(peer: Peer): void {
    if (peer.pieces === undefined) return;
    peer.ledger = new BlockLedger(this.#o.shape);
    this.#bySlot.set(peer.pieces.slot, peer);
    peer.asker = this.#askerFor(peer);
  }

  remove(peer: Peer): void {
    this.#giveUpAll(peer);
    if (peer.asker !== undefined) peer.channel.leaveLine(peer.asker);
    if (peer.incoming !== null) this.#o.memory.give(peer.incoming);
    peer.incoming = null;
    if (peer.pieces !== undefined) this.#bySlot.delete(peer.pieces.slot);
    this.feedSoon();
  }

  peerOf(slot: number): Peer | undefined {
    return this.#bySlot.get(slot);
  }

  choked(peer: Peer): void {
    if (peer.pieces !== undefined) this.#o.picker.letGo(peer.pieces);
    // With the fast extension each request is answered still, be it by a reject (BEP 6).
    if (!peer.fast) this.#giveUpAll(peer);
    this.feedSoon();
  }

  blockStart(peer: Peer, piece: number, begin: number, length: number): Uint8Array | null {
    const outcome = peer.ledger?.answered(piece, begin, length);
    peer.isIncomingWanted = outcome === 'wanted';
    peer.incoming = this.#o.picker.isAwaited(piece, begin / blockLength)
      ? (this.#o.memory.take() ?? null)
      : null;
    return peer.incoming;
  }

  blockEnd(peer: Peer, piece: number, begin: number, length: number): void {
    const { picker, memory, assembler } = this.#o;
    const block = begin / blockLength;
    const slab = peer.incoming;
    peer.incoming = null;
    const { lastBlockMs } = peer;
    peer.lastBlockMs = peer.lastHeardMs;
    peer.isSnubbing = false;
    peer.fromIt.add(length);
    // Not if it was given up since its first byte: then it may have been asked for anew, and that request stands.
    const wasAsked = peer.isIncomingWanted && peer.requests.remove(piece, block);
    if (wasAsked) {
      memory.settle(1);
      peer.requests.grow();
      peer.service.served(peer.requests.removedAskedMs, lastBlockMs, peer.lastHeardMs);
    }
    if (peer.pieces === undefined) return;
    if (slab === null) {
      this.#o.waste.add('late', length);
      if (wasAsked) picker.abandon(peer.pieces, piece, block);
      return;
    }
    if (!wasAsked && peer.requests.remove(piece, block)) {
      // What was given up came after all, while it stands here asked for anew: one answer is enough.
      memory.settle(1);
      peer.ledger?.forgive(piece, begin);
      peer.outbox.cancel(piece, begin, length);
    }
    if (!picker.isAskedOnlyOf(peer.pieces, piece, block)) this.#cancelOthers(peer, piece, block, length);
    const outcome = picker.received(peer.pieces, piece, block);
    if (outcome === 'surplus') {
      this.#o.waste.add('twice', length);
      memory.give(slab);
    } else assembler.add(piece, block, slab, outcome === 'finished');
  }

  rejected(peer: Peer, piece: number, begin: number, length: number): void {
    if (peer.ledger?.rejected(piece, begin, length) !== 'wanted') return;
    // It said that it would not: asking it again for the same would go round in circles.
    peer.fastPieces.delete(piece);
    this.#settle(peer, piece, begin / blockLength);
    // Transmission rejects its whole queue, and only then says that it chokes: hundreds of rejects are no flood.
    if (!peer.isChokingUs) {
      peer.annoy();
      // Or it rejects whatever it is asked: then others come first.
      peer.restsUntilMs = this.#o.nowMs() + bound.rejectRestMs;
    }
    this.feedSoon();
  }

  /** Asks the peer for as much as its window, our memory and limits allow. */
  fill(peer: Peer): void {
    const { requests, channel } = peer;
    const { memory } = this.#o;
    const wanted = this.#wantedOf(peer);
    if (wanted <= 0) return;
    if (channel.isHeldDown) {
      if (peer.asker !== undefined) channel.waitForTurn(peer.asker);
      return;
    }
    // In batches, unless it has nothing to do: a few blocks at a time would cost a write, and wake the peer, for each few.
    if (requests.count > 0) {
      if (wanted < requests.size >> 2) return;
      if (memory.credit < Math.min(wanted, memory.batch)) {
        memory.whenFree(this.feedSoon);
        return;
      }
    }
    this.#fillUpTo(peer, wanted);
  }

  /** Blocks that the peer could be asked for now. */
  #wantedOf(peer: Peer): number {
    const { pieces, requests } = peer;
    if (this.isPaused || pieces === undefined || peer.hasLeft || pieces.wanted === 0) return 0;
    if (peer.isChokingUs && peer.fastPieces.size === 0) return 0;
    return Math.min(requests.size, this.#o.memory.share) - requests.count;
  }

  /** How many were asked for. */
  #fillUpTo(peer: Peer, wanted: number): number {
    const { picker, memory } = this.#o;
    const { pieces, requests } = peer;
    if (pieces === undefined || !peer.channel.mayAsk) return 0;
    const room = Math.min(wanted, memory.credit);
    if (room <= 0) {
      memory.whenFree(this.feedSoon);
      return 0;
    }
    const nowMs = this.#o.nowMs();
    if (peer.restsUntilMs > nowMs) return 0;
    if (peer.isChokingUs)
      return this.#ask(peer, picker.pickFrom(pieces, peer.fastPieces, room, this.#picked), nowMs);
    const rate = peer.bytesPerSecondFromIt;
    const isFast = rate * wholePieceSeconds >= this.#o.shape.pieceLength || requests.size >= fastRequests;
    const pace =
      rate >= sequentialRate || requests.size >= sequentialRequests
        ? 'sequential'
        : isFast
          ? 'whole'
          : 'shared';
    let count = picker.pick(pieces, room, pace, this.#picked);
    if (count === 0 && requests.count === 0 && this.hasEndgame)
      count = picker.pickAgain(pieces, Math.min(room, endgameBatch), this.#picked);
    return this.#ask(peer, count, nowMs);
  }

  /** For as long as its way in is limited. */
  #askerFor(peer: Peer): Taker {
    const { channel } = peer;
    return {
      ...channel.wayDown,
      least: () => (this.#wantedOf(peer) > 0 ? blockCost : 0),
      take: (bytes) => {
        const wanted = Math.min(this.#wantedOf(peer), Math.floor(bytes / blockCost));
        const paid = this.#fillUpTo(peer, wanted) * blockCost;
        channel.asked(paid);
        return paid;
      },
    };
  }

  /** A limit became tighter: what was asked for under the old one would come all at once. */
  tightened(): void {
    for (const peer of this.#o.peers) {
      if (!peer.channel.isHeldDown) continue;
      for (const [piece, block] of peer.requests)
        peer.outbox.cancel(piece, block * blockLength, this.#o.picker.blockLength(piece, block));
      this.#giveUpAll(peer);
    }
    this.feedSoon();
  }

  /** All peers that may have room: something became free. Once for all that happens in one turn. */
  readonly feedSoon = (): void => {
    if (this.#isFeedScheduled) return;
    this.#isFeedScheduled = true;
    queueMicrotask(() => {
      this.#isFeedScheduled = false;
      // Those who wait for nothing else come first, and those who let us wait last.
      for (const peer of this.#o.peers) if (peer.requests.count === 0 && !peer.isSnubbing) this.fill(peer);
      for (const peer of this.#o.peers) if (peer.requests.count > 0 || peer.isSnubbing) this.fill(peer);
      this.#o.feedOthers();
    });
  };

  /** By somebody who is no peer. */
  wasted(reason: WasteReason, length: number): void {
    this.#o.waste.add(reason, length);
  }

  /** Somebody who is no peer has sent this block: peers that were asked for it need not. */
  cameFromElsewhere(piece: number, block: number, length: number): void {
    this.#cancelOthers(undefined, piece, block, length);
  }

  tick(nowMs: number): void {
    const { memory, assembler } = this.#o;
    for (const peer of this.#o.peers) {
      this.pace(peer);
      const oldestMs = peer.requests.oldestMs;
      if (oldestMs === undefined) continue;
      const patienceMs = peer.incoming === null ? bound.stallMs : bound.dripMs;
      if (nowMs - Math.max(peer.lastBlockMs, oldestMs) > patienceMs) this.#stalled(peer);
      else if (nowMs - oldestMs > bound.lostRequestMs) this.#giveUpAll(peer);
    }
    if (assembler.waitingSlabs > memory.capacity / 2 || memory.credit === 0) assembler.spillLargest();
    this.feedSoon();
  }

  /** How much the peer may be asked for at once, by how fast it is. */
  pace({ requests, service, bytesPerSecondFromIt }: Peer): void {
    if (this.isStreaming) requests.follow(service.blockMs, bound.streamingHorizonMs + 2 * service.latencyMs);
    else requests.tick(bytesPerSecondFromIt);
  }

  /** Takes back what was asked of the peer and is of no use now; it may come still. */
  giveUp(peer: Peer, isOfNoUse: (piece: number, block: number) => boolean): void {
    for (const [piece, block] of [...peer.requests]) {
      if (!isOfNoUse(piece, block)) continue;
      peer.outbox.cancel(piece, block * blockLength, this.#o.picker.blockLength(piece, block));
      peer.ledger?.forgive(piece, block * blockLength);
      this.#settle(peer, piece, block);
    }
  }

  /** Asks the peer for a block that was asked of another, who is late. */
  askAlso(peer: Peer, piece: number, block: number): boolean {
    const { picker, memory, nowMs } = this.#o;
    if (this.isPaused || peer.pieces === undefined || peer.restsUntilMs > nowMs()) return false;
    // A little beyond its window: it was chosen because it answers soon.
    if (memory.credit === 0 || peer.requests.count > peer.requests.size + 4) return false;
    if (!picker.askAlso(peer.pieces, piece, block)) return false;
    this.#picked[0] = piece;
    this.#picked[1] = block;
    this.#ask(peer, 1, nowMs());
    return true;
  }

  /** Blocks that the peer was asked for go to others; it may still send them. */
  #giveUpAll(peer: Peer): void {
    const { picker, memory } = this.#o;
    const { pieces } = peer;
    peer.isIncomingWanted = false;
    peer.ledger?.forgiveAll(() => {});
    memory.settle(peer.requests.count);
    peer.requests.drain((piece, block) => {
      if (pieces !== undefined) picker.abandon(pieces, piece, block);
    });
    peer.channel.settle();
  }

  #stalled(peer: Peer): void {
    if (!peer.isSnubbing) peer.snubbingSinceMs = this.#o.nowMs();
    peer.isSnubbing = true;
    this.#giveUpAll(peer);
    peer.requests.shrink();
    this.feedSoon();
  }

  #settle(peer: Peer, piece: number, block: number): void {
    if (!peer.requests.remove(piece, block)) return;
    this.#o.memory.settle(1);
    if (peer.requests.count === 0) peer.channel.settle();
    if (peer.pieces !== undefined) this.#o.picker.abandon(peer.pieces, piece, block);
  }

  #ask(peer: Peer, count: number, nowMs: number): number {
    if (count === 0) return 0;
    const { picker, memory } = this.#o;
    memory.ask(count);
    for (let i = 0; i < count; i++) {
      const piece = this.#picked[2 * i] ?? 0;
      const block = this.#picked[2 * i + 1] ?? 0;
      peer.requests.add(piece, block, nowMs);
      peer.ledger?.asked(piece, block * blockLength);
      peer.outbox.request(piece, block * blockLength, picker.blockLength(piece, block));
    }
    return count;
  }

  #cancelOthers(sender: Peer | undefined, piece: number, block: number, length: number): void {
    for (const slot of this.#o.picker.askedOf(piece, block)) {
      const peer = this.#bySlot.get(slot);
      if (peer === undefined || peer === sender) continue;
      peer.outbox.cancel(piece, block * blockLength, length);
      peer.ledger?.forgive(piece, block * blockLength);
      this.#settle(peer, piece, block);
    }
  }

  checkInvariants(): string[] {
    const { picker } = this.#o;
    const faults: string[] = [];
    for (const peer of this.#o.peers) {
      if (peer.pieces === undefined) continue;
      const seen = new Set<string>();
      for (const [piece, block] of peer.requests) {
        if (seen.has(`${piece}:${block}`))
          faults.push(`${piece}:${block} is asked of ${peer.pieces.slot} twice`);
        seen.add(`${piece}:${block}`);
        const state = picker.state(piece);
        if (state === 'open' && picker.isAwaited(piece, block)) {
          if (!picker.askedOf(piece, block).includes(peer.pieces.slot))
            faults.push(`${piece}:${block} is in the window of ${peer.pieces.slot}, but not asked of it`);
        }
      }
    }
    return faults;
  }
}
