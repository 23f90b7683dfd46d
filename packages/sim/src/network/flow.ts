// One direction of a connection. Bytes leave in segments as the lane gives turns and the window allows, arrive in
// order, and count as outstanding until the receiver has taken them. Loss makes them late (sent again) and narrows
// the window, as TCP's does; where there is no way they are sent again until `streamTimeoutMs` is over.

import { firstRetryMs, longestRetryMs, packetBytes, shortestSegment, streamTimeoutMs } from '../bounds.ts';
import { Fifo } from '../fifo.ts';
import { Route } from './fabric.ts';
import type { Lane, LaneUser } from './line.ts';
import type { Machine } from './machine.ts';
import type { Net } from './net.ts';
import type { Segment } from './segments.ts';
import type { SimStream } from './stream.ts';

interface Chunk {
  readonly bytes: Uint8Array;
  readonly released: (() => void) | undefined;
  offset: number;
}

/** The ends of a way through the network, which is looked up anew for each segment: lines and links may change. */
export interface Way {
  readonly from: Machine;
  readonly fromAddress: string;
  readonly to: Machine;
  /** The outer one where `to` stands behind a router. */
  readonly toAddress: string;
  /** Inside the home of `to`. */
  readonly extraLatencyMs: number;
}

const route = new Route();

/** One time in this many a segment is cut somewhere, since nothing promises where reads break. */
const cutEvery = 16;

export class Flow implements LaneUser {
  queuedBytes = 0;
  readonly #net: Net;
  readonly #way: Way;
  readonly #windowBytes: number;
  readonly #source: SimStream;
  readonly #target: SimStream;
  readonly #queue = new Fifo<Chunk>();
  readonly #flight = new Fifo<Segment>();
  readonly #acks = new Fifo<{ atMs: number; bytes: number }>();
  #outstanding = 0;
  #latencyMs = 0;
  #endWanted = false;
  #endSent = false;
  #isStopped = false;
  #isFlushing = false;
  #isWaiting = false;
  #active: readonly Lane[] | undefined;
  #blockedSinceMs: number | undefined;
  #retryMs = firstRetryMs;

  readonly #flushing = { isOff: false, happen: (): void => this.#flush() };
  readonly #arriving = { isOff: false, happen: (): void => this.#arrive() };
  readonly #acking = { isOff: false, happen: (): void => this.#acknowledged() };

  constructor(net: Net, way: Way, ends: { source: SimStream; target: SimStream; windowBytes: number }) {
    this.#net = net;
    this.#way = way;
    this.#source = ends.source;
    this.#target = ends.target;
    this.#windowBytes = ends.windowBytes;
  }

  get endSent(): boolean {
    return this.#endSent;
  }

  get latencyMs(): number {
    return this.#latencyMs;
  }

  queue(bytes: Uint8Array, released: (() => void) | undefined): void {
    this.#queue.push({ bytes, released, offset: 0 });
    this.queuedBytes += bytes.length;
    this.#armFlush();
  }

  end(): void {
    this.#endWanted = true;
    this.#armFlush();
  }

  /** Nothing more is taken from the queue. Yields the callbacks that are still owed. */
  stop(): (() => void)[] {
    this.#isStopped = true;
    const owed: (() => void)[] = [];
    for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift())
      if (chunk.released !== undefined) owed.push(chunk.released);
    this.queuedBytes = 0;
    this.#rest();
    return owed;
  }

  /** Tells the other side that this one is gone. */
  signal(kind: 'end' | 'reset'): void {
    if (kind === 'end') this.#endSent = true;
    this.#launch(this.#net.segments.signal(kind), this.#findWay());
  }

  /** The receiver has taken these bytes. */
  taken(bytes: number): void {
    const atMs = Math.max(this.#net.timeline.nowMs + this.#latencyMs, this.#acks.last()?.atMs ?? 0);
    const last = this.#acks.last();
    if (last?.atMs === atMs) last.bytes += bytes;
    else this.#acks.push({ atMs, bytes });
    if (this.#acks.length === 1 && last === undefined) this.#net.timeline.at(atMs, this.#acking);
  }

  takeTurn(): boolean {
    if (this.#sendNext()) return true;
    this.#isWaiting = false;
    return false;
  }

  #armFlush(): void {
    if (this.#isFlushing || this.#isStopped) return;
    this.#isFlushing = true;
    this.#net.timeline.after(0, this.#flushing);
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#isWaiting || this.#isStopped) return;
    if (this.#findWay() && route.up !== undefined && !route.up.isUnlimited) {
      this.#isWaiting = true;
      route.up.queue(this);
      return;
    }
    while (this.#sendNext());
  }

  /** True when it sent something. */
  #sendNext(): boolean {
    if (this.#isStopped || !this.#source.isAlive) return false;
    const hasWay = this.#findWay();
    if (this.queuedBytes === 0) {
      if (!this.#endWanted || this.#endSent) return false;
      this.#endSent = true;
      this.#launch(this.#net.segments.signal('end'), hasWay);
      this.#source.noteEndSent();
      return true;
    }
    this.#work();
    const length = this.#sendable();
    if (length === 0) return false;
    const segment = this.#net.segments.take(length);
    const owed = this.#fill(segment.bytes);
    this.#outstanding += length;
    this.#launch(segment, hasWay);
    for (const released of owed) if (!this.#source.hasVanished) released();
    if (this.queuedBytes === 0) this.#source.noteDrained();
    return true;
  }

  #sendable(): number {
    const { random } = this.#way.from;
    const lanes = this.#active ?? [];
    let segment = Math.min(...lanes.map((lane) => lane.segmentBytes), 64 * 1024);
    let limit = this.#windowBytes;
    if (route.loss > 0) limit = Math.min(limit, (1.22 * packetBytes) / Math.sqrt(route.loss));
    const rate = Math.min(...lanes.map((lane) => lane.bytesPerSecond / Math.max(1, lane.activeFlows)));
    if (rate < Infinity) limit = Math.min(limit, (rate * (2 * route.latencyMs + route.queueMs)) / 1000);
    limit = Math.max(limit, 2 * shortestSegment);
    segment = Math.min(segment, this.queuedBytes);
    const room = Math.floor(limit) - this.#outstanding;
    // Waits for room rather than to send slivers, unless nothing is on its way that would make room.
    if (room < segment && this.#outstanding > 0 && room < limit / 4) return 0;
    const length = Math.max(1, Math.min(segment, room));
    return random.below(cutEvery) === 0 ? 1 + random.below(length) : length;
  }

  /** Copies queued bytes into the segment; yields the callbacks of chunks that are used up. */
  #fill(target: Uint8Array): (() => void)[] {
    const owed: (() => void)[] = [];
    let at = 0;
    while (at < target.length) {
      const chunk = this.#queue.first();
      if (chunk === undefined) break;
      const length = Math.min(chunk.bytes.length - chunk.offset, target.length - at);
      target.set(chunk.bytes.subarray(chunk.offset, chunk.offset + length), at);
      at += length;
      chunk.offset += length;
      if (chunk.offset < chunk.bytes.length) break;
      this.#queue.shift();
      if (chunk.released !== undefined) owed.push(chunk.released);
    }
    this.queuedBytes -= at;
    return owed;
  }

  #launch(segment: Segment, hasWay: boolean): void {
    const { timeline } = this.#net;
    const { length } = segment.bytes;
    let arriveMs = timeline.nowMs;
    if (hasWay) {
      if (route.up !== undefined && length > 0) arriveMs = route.up.pass(length);
      arriveMs += this.#latencyMs;
      if (route.jitterMs > 0) arriveMs += this.#way.from.random.fraction() * route.jitterMs;
      if (route.loss > 0 && route.loss < 1) arriveMs += this.#lossDelayMs(length);
    }
    // The next one arrives no sooner than this one has: `#arrive` takes them one by one.
    segment.arriveMs = arriveMs;
    this.#flight.push(segment);
    if (this.#flight.length === 1) timeline.at(arriveMs, this.#arriving);
  }

  /** A lost packet comes a round trip later (fast retransmit), and later still when it is lost again. */
  #lossDelayMs(bytes: number): number {
    const { random } = this.#way.from;
    const packets = Math.max(1, Math.ceil(bytes / packetBytes));
    if (!random.chance(1 - (1 - route.loss) ** packets)) return 0;
    let delayMs = 2 * route.latencyMs + 1;
    for (let waitMs = firstRetryMs; waitMs < longestRetryMs && random.chance(route.loss); waitMs *= 2)
      delayMs += waitMs;
    return delayMs;
  }

  #findWay(): boolean {
    const { from, fromAddress, toAddress, extraLatencyMs } = this.#way;
    if (!this.#net.fabric.find(from, fromAddress, toAddress, route)) return false;
    this.#latencyMs = route.latencyMs + extraLatencyMs;
    return true;
  }

  #isBlocked(): boolean {
    const { from, to } = this.#way;
    if (!to.isUp || this.#net.fabric.isCut(from, to) || !this.#findWay() || route.loss >= 1) return true;
    // The address may have gone to another machine since.
    return route.to !== to && route.to !== to.lan?.gateway;
  }

  #arrive(): void {
    const { timeline, trace } = this.#net;
    const segment = this.#flight.first();
    if (segment === undefined) return;
    if (this.#isBlocked()) {
      this.#retry();
      return;
    }
    this.#blockedSinceMs = undefined;
    this.#retryMs = firstRetryMs;
    if (!segment.hasPassedDown && route.down !== undefined && !route.down.isUnlimited) {
      segment.hasPassedDown = true;
      timeline.at(route.down.pass(segment.bytes.length), this.#arriving);
      return;
    }
    this.#flight.shift();
    const next = this.#flight.first();
    if (next !== undefined) timeline.at(next.arriveMs, this.#arriving);
    trace.add(timeline.nowMs, segment.kind, this.#way.to, segment.bytes.length);
    trace.bytes(segment.bytes);
    this.#target.arrived(segment);
  }

  #retry(): void {
    const { timeline } = this.#net;
    this.#blockedSinceMs ??= timeline.nowMs;
    if (timeline.nowMs - this.#blockedSinceMs >= streamTimeoutMs) {
      this.#flight.clear();
      this.#source.fail('timeout', 'The other side no longer answers');
      return;
    }
    timeline.after(this.#retryMs, this.#arriving);
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }

  #acknowledged(): void {
    const ack = this.#acks.shift();
    if (ack === undefined) return;
    const next = this.#acks.first();
    if (next !== undefined) this.#net.timeline.at(next.atMs, this.#acking);
    this.#outstanding -= ack.bytes;
    if (this.#source.hasVanished) {
      this.#disown();
      return;
    }
    if (this.#outstanding === 0 && this.queuedBytes === 0) this.#rest();
    else this.#flush();
  }

  /** A machine that is up again, and knows nothing of this connection, resets it. */
  #disown(): void {
    if (!this.#way.from.isUp || !this.#target.isAlive) return;
    const happen = (): void => this.#target.fail('reset', 'The other side was restarted');
    this.#net.timeline.after(this.#latencyMs, { isOff: false, happen });
  }

  /** Counts for a share of the lanes from the first byte to the last acknowledgement. */
  #work(): void {
    if (this.#active !== undefined) return;
    this.#active = [route.up, route.down].filter((lane) => lane !== undefined);
    for (const lane of this.#active) lane.activeFlows++;
  }

  #rest(): void {
    for (const lane of this.#active ?? []) lane.activeFlows--;
    this.#active = undefined;
  }
}
