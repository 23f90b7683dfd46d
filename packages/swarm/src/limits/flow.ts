// One direction of a session's traffic while limits hold: who may take how much now, in turns.
// Invariants: whatever takes is paid for beforehand by every bucket on its way, so that no payload overdraws one; torrents
// take turns, and so do the peers of each; who waits for a shared bucket keeps its place at the head, and nobody who
// needs less comes before it. Messages are charged as they happen, and later takings wait for their debt.

import { type Clock, type Timer, TokenBucket } from '@shoal/base';

/** Nothing on earth is faster: such a limit is none, and costs nothing. */
const leastEndlessRate = 1e11;
const burstMs = 100;
/** Long enough to hand out many turns at once where the rate is high. */
const leastTickMs = 5;
/** What one turn takes, unless it is too little for a block: the other peers wait for this time. */
const turnMs = 10;
const mostPerTurn = 64 * 16_397;
const leastPerTurn = 16_397;
/** Debt beyond this is forgiven: what was on its way when a limit came should not stop everything for minutes. */
const mostDebtMs = 10_000;
const leastDebt = 256 * 1024;

/** What some of the traffic shares: all peers that count, those of the local network, or one torrent's. */
export class Pool {
  readonly #clock: Clock;
  bucket: TokenBucket | undefined;
  /** Of the run of the flow that found it so. */
  dryInRun = -1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined for no limit; 0 lets nothing flow. */
  setRate(bytesPerSecond: number | undefined): void {
    if (bytesPerSecond === undefined || bytesPerSecond >= leastEndlessRate) this.bucket = undefined;
    else if (this.bucket === undefined)
      this.bucket = new TokenBucket(this.#clock, {
        ratePerSecond: bytesPerSecond,
        burstMs,
        startsEmpty: true,
      });
    else if (this.bucket.ratePerSecond !== bytesPerSecond) this.bucket.setRate(bytesPerSecond);
  }

  /** Never more than a burst, nor more debt than is ever asked back; both but for what is lost in adding up. */
  checkInvariants(): string[] {
    const { bucket } = this;
    if (bucket === undefined) return [];
    const { tokens, burst } = bucket;
    const isWithin = tokens <= burst + 1 && tokens >= -mostDebtOf(bucket) - 1;
    return isWithin ? [] : [`a bucket holds ${tokens}, its burst is ${burst}`];
  }

  get ratePerSecond(): number {
    return this.bucket?.ratePerSecond ?? Number.POSITIVE_INFINITY;
  }
}

/** The buckets on the way of one taker. */
export interface Way {
  readonly lane: Lane;
  readonly pool: Pool;
}

/** Somebody who waits for its turn. */
export interface Taker extends Way {
  /** The fewest bytes that are of use to it now; 0 when it wants nothing any more. */
  least(): number;
  /** Takes at most so many, and says how many; 0 when it wants nothing any more. */
  take(bytes: number): number;
}

/** One torrent's pool, and those of its peers that wait, whose turn is next first. */
export class Lane extends Pool {
  readonly waiting = new Set<Taker>();
  /** What the turn of the first has left. */
  turnLeft = 0;
}

export function isHeld({ lane, pool }: Way): boolean {
  return lane.bucket !== undefined || pool.bucket !== undefined;
}

/** Of the slower of both; Infinity without a limit. */
export function rateOf({ lane, pool }: Way): number {
  return Math.min(lane.ratePerSecond, pool.ratePerSecond);
}

export class Flow {
  readonly #clock: Clock;
  /** Those with somebody who waits, whose turn is next first. */
  readonly #lanes = new Set<Lane>();
  /** Readers that were stopped until debts are paid. */
  readonly #stopped = new Map<() => void, Way>();
  #run = 0;
  #isScheduled = false;
  #timer: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Puts it at the end of the line, if it does not stand there already. */
  want(taker: Taker): void {
    const { lane, pool } = taker;
    if (lane.waiting.has(taker)) return;
    lane.waiting.add(taker);
    this.#lanes.add(lane);
    // Others wait for the same bucket, and are told when there is something in it.
    const isDry = pool.dryInRun === this.#run || lane.dryInRun === this.#run;
    if (!isDry || this.#timer === undefined) this.runSoon();
  }

  leave(taker: Taker): void {
    const { lane } = taker;
    if (lane.waiting.values().next().value === taker) lane.turnLeft = 0;
    lane.waiting.delete(taker);
    if (lane.waiting.size === 0) this.#lanes.delete(lane);
  }

  /** What happened without being asked for. */
  charge({ lane, pool }: Way, bytes: number): void {
    for (const { bucket } of [lane, pool]) {
      if (bucket === undefined || bucket.ratePerSecond === 0) continue;
      bucket.charge(Math.max(0, Math.min(bytes, mostDebtOf(bucket) + bucket.tokens)));
    }
  }

  /** What was taken and will not be used. */
  giveBack({ lane, pool }: Way, bytes: number): void {
    lane.bucket?.giveBack(bytes);
    pool.bucket?.giveBack(bytes);
    if (this.#lanes.size > 0) this.runSoon();
  }

  /** More is owed than a burst would pay: time to read no more. */
  isDeepInDebt({ lane, pool }: Way): boolean {
    return [lane, pool].some(
      ({ bucket }) =>
        bucket !== undefined && bucket.ratePerSecond > 0 && bucket.tokens < -Math.max(bucket.burst, 4096),
    );
  }

  /** Calls once, when all debts on the way are paid; never if it is given up. */
  whenPaid(way: Way, callback: () => void): void {
    this.#stopped.set(callback, way);
    this.runSoon();
  }

  giveUp(callback: () => void): void {
    this.#stopped.delete(callback);
  }

  /** Limits were changed, or there is something new to share out. In a microtask, once for all that happens in one turn. */
  runSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(this.#share);
  }

  close(): void {
    this.#timer?.cancel();
    this.#lanes.clear();
    this.#stopped.clear();
  }

  readonly #share = (): void => {
    this.#isScheduled = false;
    this.#run++;
    let waitMs = this.#resumeReaders();
    for (let failures = 0; failures < this.#lanes.size; ) {
      const lane = this.#lanes.values().next().value;
      if (lane === undefined) break;
      const waitsMs = this.#serve(lane);
      if (waitsMs === undefined) failures = 0;
      else {
        failures++;
        waitMs = Math.min(waitMs, waitsMs);
        this.#toTheEnd(lane);
      }
    }
    this.#wakeIn(waitMs);
  };

  /** One turn, or what is left of it. Undefined when somebody got something, else how long nobody of this lane can. */
  #serve(lane: Lane): number | undefined {
    let waitMs = Number.POSITIVE_INFINITY;
    for (const taker of lane.waiting) {
      const { pool } = taker;
      if (pool.dryInRun === this.#run || lane.dryInRun === this.#run) continue;
      const least = taker.least();
      const dry = least === 0 ? undefined : [lane, pool].find((it) => (it.bucket?.tokens ?? least) < least);
      if (dry?.bucket !== undefined) {
        dry.dryInRun = this.#run;
        dry.bucket.saveFor(least);
        waitMs = Math.min(waitMs, dry.bucket.waitMs(least));
        continue;
      }
      const isFirst = lane.waiting.values().next().value === taker;
      const turn = isFirst && lane.turnLeft > 0 ? lane.turnLeft : turnOf(taker);
      const tokens = Math.min(
        ...[lane, pool].map(({ bucket }) => bucket?.tokens ?? Number.POSITIVE_INFINITY),
      );
      const room = Math.min(tokens, Math.max(turn, least));
      const used = least === 0 ? 0 : taker.take(room);
      if (used === 0) {
        this.leave(taker);
        continue;
      }
      lane.bucket?.charge(used);
      pool.bucket?.charge(used);
      if (isFirst) lane.turnLeft = turn - used;
      if (!isFirst || lane.turnLeft < 1) this.#endTurn(lane, taker);
      return undefined;
    }
    return waitMs;
  }

  #endTurn(lane: Lane, taker: Taker): void {
    lane.turnLeft = 0;
    // It may have left while it took.
    if (lane.waiting.delete(taker)) lane.waiting.add(taker);
    this.#toTheEnd(lane);
  }

  #toTheEnd(lane: Lane): void {
    this.#lanes.delete(lane);
    if (lane.waiting.size > 0) this.#lanes.add(lane);
  }

  #resumeReaders(): number {
    let waitMs = Number.POSITIVE_INFINITY;
    for (const [callback, { lane, pool }] of this.#stopped) {
      const buckets = [lane.bucket, pool.bucket].filter((bucket) => bucket !== undefined);
      const waitsMs = Math.max(
        0,
        ...buckets.map((bucket) => (bucket.ratePerSecond === 0 ? 0 : bucket.waitMs(0))),
      );
      if (waitsMs > 0) waitMs = Math.min(waitMs, waitsMs);
      else {
        this.#stopped.delete(callback);
        callback();
      }
    }
    return waitMs;
  }

  #wakeIn(waitMs: number): void {
    const dueMs = this.#clock.nowMs() + Math.max(waitMs, leastTickMs);
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#dueMs = dueMs;
    this.#timer = this.#clock.setTimer(dueMs - this.#clock.nowMs(), () => {
      this.#timer = undefined;
      this.#share();
    });
  }
}

function mostDebtOf({ ratePerSecond }: TokenBucket): number {
  return Math.max(leastDebt, (ratePerSecond * mostDebtMs) / 1000);
}

function turnOf(way: Way): number {
  return Math.max(leastPerTurn, Math.min(mostPerTurn, (rateOf(way) * turnMs) / 1000));
}
