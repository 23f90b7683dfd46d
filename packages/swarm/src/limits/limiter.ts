// The limits of a session as they hold now: the pools of both directions for each class of peers, and the flows that share
// them out. Invariant: without a limit nothing here is asked about a block.

import { type Clock, ipScope, type PeerAddress, TokenBucket } from '@shoal/base';
import * as bound from '../bounds.ts';
import { Flow, Lane, Pool } from './flow.ts';
import { checkSchedule, limitsAt } from './schedule.ts';
import { checkCounts, checkSpeeds, type LimitSettings, type SpeedLimits } from './settings.ts';
import { SourceAllowance } from './source-allowance.ts';

export interface Pools {
  readonly down: Pool;
  readonly up: Pool;
}

/** Those of one torrent. */
export interface Lanes {
  readonly down: Lane;
  readonly up: Lane;
}

export class Limiter {
  readonly down: Flow;
  readonly up: Flow;
  readonly #clock: Clock;
  readonly #all: Pools;
  readonly #lan: Pools;
  readonly #dials: TokenBucket;
  #settings: LimitSettings = {};
  #minute = Number.NaN;
  #current: SpeedLimits = {};
  /** A limit became tighter: what was asked under the old one is too much. */
  #onTighter: () => void;

  constructor(clock: Clock, onTighter: () => void) {
    this.#clock = clock;
    this.#onTighter = onTighter;
    this.down = new Flow(clock);
    this.up = new Flow(clock);
    this.#all = { down: new Pool(clock), up: new Pool(clock) };
    this.#lan = { down: new Pool(clock), up: new Pool(clock) };
    this.#dials = new TokenBucket(clock, { ratePerSecond: bound.dialsPerSecond, burstMs: 1000 });
  }

  get settings(): LimitSettings {
    return this.#settings;
  }

  /** What holds at this time of the week. */
  get current(): SpeedLimits {
    return this.#current;
  }

  /** What one torrent may send to peers elsewhere, in bytes a second. */
  uploadLimit({ up }: Lanes): number {
    return Math.min(up.ratePerSecond, this.#current.upBytesPerSecond ?? Number.POSITIVE_INFINITY);
  }

  get connections(): number {
    return this.#settings.connections ?? bound.mostConnections;
  }

  get connectionsPerTransfer(): number {
    return this.#settings.connectionsPerTransfer ?? bound.mostConnectionsPerTransfer;
  }

  get halfOpen(): number {
    return this.#settings.halfOpen ?? bound.mostHalfOpen;
  }

  /** Throws a SwarmError `invalid`, and then nothing has changed. */
  set(settings: LimitSettings): void {
    checkSpeeds(settings);
    checkCounts(settings);
    if (typeof settings.lan === 'object') checkSpeeds(settings.lan);
    if (settings.schedule !== undefined) checkSchedule(settings.schedule);
    this.#settings = settings;
    this.#dials.setRate(settings.dialsPerSecond ?? bound.dialsPerSecond);
    this.#minute = Number.NaN;
    this.tick();
  }

  /** Looks at the clock on the wall, once a minute. */
  tick(): void {
    const wallMs = this.#clock.wallTimeMs();
    const minute = Math.floor(wallMs / 60_000);
    if (minute === this.#minute) return;
    this.#minute = minute;
    const limits = limitsAt(this.#settings.schedule, wallMs, this.#settings);
    const { downBytesPerSecond, upBytesPerSecond } = limits;
    this.#current = {
      ...(downBytesPerSecond === undefined ? {} : { downBytesPerSecond }),
      ...(upBytesPerSecond === undefined ? {} : { upBytesPerSecond }),
    };
    const isTighter = setPools(this.#all, limits);
    const { lan = 'exempt' } = this.#settings;
    if (lan === 'limited') {
      this.#lan.down.bucket = this.#all.down.bucket;
      this.#lan.up.bucket = this.#all.up.bucket;
    } else {
      for (const pool of [this.#lan.down, this.#lan.up])
        if (pool.bucket === this.#all.down.bucket || pool.bucket === this.#all.up.bucket)
          pool.bucket = undefined;
      setPools(this.#lan, lan === 'exempt' ? {} : lan);
    }
    this.#changed(isTighter);
  }

  /** A torrent's own, that its peers and web seeds go through. */
  lanes(limits: SpeedLimits = {}): Lanes {
    const lanes = { down: new Lane(this.#clock), up: new Lane(this.#clock) };
    checkSpeeds(limits);
    setPools(lanes, limits);
    return lanes;
  }

  setLanes(lanes: Lanes, limits: SpeedLimits): void {
    checkSpeeds(limits);
    this.#changed(setPools(lanes, limits));
  }

  poolsFor({ address }: Pick<PeerAddress, 'address'>): Pools {
    return isLan(address) ? this.#lan : this.#all;
  }

  /** For a source that is no peer: what it may take from the limits of one torrent. */
  openSource(lanes: Lanes, address: Pick<PeerAddress, 'address'>): SourceAllowance {
    return new SourceAllowance(this, lanes, this.poolsFor(address));
  }

  /** Dials that may begin now, of at most so many. */
  takeDials(count: number): number {
    let taken = 0;
    while (taken < count && this.#dials.take(1)) taken++;
    return taken;
  }

  checkInvariants(): string[] {
    return [this.#all, this.#lan].flatMap(({ down, up }) => [
      ...down.checkInvariants(),
      ...up.checkInvariants(),
    ]);
  }

  close(): void {
    this.down.close();
    this.up.close();
  }

  #changed(isTighter: boolean): void {
    if (isTighter) this.#onTighter();
    this.down.runSoon();
    this.up.runSoon();
  }
}

/** The local network, and not this machine: what dials from there may be a proxy for anybody. */
export function isLan(address: string): boolean {
  const scope = ipScope(address);
  return scope === 'private' || scope === 'link-local';
}

/** True when less than before may come in. */
function setPools(pools: Pools, limits: SpeedLimits): boolean {
  const before = pools.down.ratePerSecond;
  pools.down.setRate(limits.downBytesPerSecond);
  pools.up.setRate(limits.upBytesPerSecond);
  return pools.down.ratePerSecond < before;
}
