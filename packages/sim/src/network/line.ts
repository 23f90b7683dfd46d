// The line that connects a machine (or a home network) with the rest: how fast, how far, how lossy. Each direction
// is a lane that serves one sender at a time; flows take turns of one segment, datagrams queue up to a bound.

import { lineQueueMs, longestSegment, segmentMs, shortestSegment } from '../bounds.ts';
import { SimError } from '../errors.ts';
import type { Timeline } from '../timeline.ts';

export interface LineOptions {
  /** One way, from here to the middle of the internet. Default 5. */
  readonly latencyMs?: number;
  /** Added to each packet at random, up to this; datagrams overtake each other then. */
  readonly jitterMs?: number;
  /** Chance that a packet is lost. Streams get it late instead. */
  readonly loss?: number;
  /** Chance that a datagram is held back by `reorderMs`. */
  readonly reorder?: number;
  readonly reorderMs?: number;
  /** Chance that a datagram comes twice. */
  readonly duplicate?: number;
  /** Default: no limit. */
  readonly upBytesPerSecond?: number;
  readonly downBytesPerSecond?: number;
  /** How much is queued at a slow line before datagrams are dropped. Default 100. */
  readonly queueMs?: number;
}

/** A sender that takes its turn on a lane. */
export interface LaneUser {
  /** Sends one segment; true when it could send another at once. */
  takeTurn(): boolean;
}

export class Lane {
  bytesPerSecond: number;
  /** Flows with something to send or on the way: what a fair share is divided by. */
  activeFlows = 0;
  readonly isOff = false;
  readonly #timeline: Timeline;
  #busyUntilMs = 0;
  readonly #waiting: LaneUser[] = [];
  #isArmed = false;

  constructor(timeline: Timeline, bytesPerSecond: number) {
    this.#timeline = timeline;
    this.bytesPerSecond = bytesPerSecond;
  }

  get isUnlimited(): boolean {
    return this.bytesPerSecond === Infinity;
  }

  get segmentBytes(): number {
    if (this.isUnlimited) return longestSegment;
    const bytes = Math.floor((this.bytesPerSecond * segmentMs) / 1000);
    return Math.max(shortestSegment, Math.min(longestSegment, bytes));
  }

  /** Takes the lane for this many bytes and says when the last one is through. */
  pass(bytes: number): number {
    const nowMs = this.#timeline.nowMs;
    if (this.isUnlimited) return nowMs;
    const startMs = this.#busyUntilMs > nowMs ? this.#busyUntilMs : nowMs;
    this.#busyUntilMs = startMs + (bytes * 1000) / this.bytesPerSecond;
    return this.#busyUntilMs;
  }

  /** What comes now would have to wait for this long. */
  get waitMs(): number {
    return Math.max(0, this.#busyUntilMs - this.#timeline.nowMs);
  }

  /** Puts a flow in the round. Only once until its turn has come. */
  queue(user: LaneUser): void {
    this.#waiting.push(user);
    this.#arm();
  }

  happen(): void {
    this.#isArmed = false;
    const user = this.#waiting.shift();
    if (user === undefined) return;
    if (user.takeTurn()) this.#waiting.push(user);
    this.#arm();
  }

  #arm(): void {
    if (this.#isArmed || this.#waiting.length === 0) return;
    this.#isArmed = true;
    this.#timeline.at(this.#busyUntilMs, this);
  }
}

export class Line {
  readonly up: Lane;
  readonly down: Lane;
  latencyMs = 5;
  jitterMs = 0;
  loss = 0;
  reorder = 0;
  reorderMs = 0;
  duplicate = 0;
  queueMs = lineQueueMs;

  constructor(timeline: Timeline, options: LineOptions) {
    this.up = new Lane(timeline, Infinity);
    this.down = new Lane(timeline, Infinity);
    this.set(options);
  }

  set(options: LineOptions): void {
    checkLine(options);
    this.latencyMs = options.latencyMs ?? this.latencyMs;
    this.jitterMs = options.jitterMs ?? this.jitterMs;
    this.loss = options.loss ?? this.loss;
    this.reorder = options.reorder ?? this.reorder;
    this.reorderMs = options.reorderMs ?? (this.reorderMs || this.latencyMs * 2);
    this.duplicate = options.duplicate ?? this.duplicate;
    this.queueMs = options.queueMs ?? this.queueMs;
    this.up.bytesPerSecond = options.upBytesPerSecond ?? this.up.bytesPerSecond;
    this.down.bytesPerSecond = options.downBytesPerSecond ?? this.down.bytesPerSecond;
  }
}

/** What is given of these has to make sense: chances from 0 to 1, times from 0, rates above 0. */
export function checkLine(options: LineOptions): void {
  const {
    loss = 0,
    reorder = 0,
    duplicate = 0,
    latencyMs = 0,
    jitterMs = 0,
    reorderMs = 0,
    queueMs = 0,
  } = options;
  const { upBytesPerSecond = 1, downBytesPerSecond = 1 } = options;
  const areChances = [loss, reorder, duplicate].every((chance) => chance >= 0 && chance <= 1);
  const areTimes = [latencyMs, jitterMs, reorderMs, queueMs].every((time) => time >= 0 && time < Infinity);
  if (!areChances || !areTimes || !(upBytesPerSecond > 0) || !(downBytesPerSecond > 0))
    throw new SimError('invalid', 'No line is like that', { value: JSON.stringify(options) });
}
