// All trackers of one torrent, in tiers (BEP 12): in each tier one tracker is talked to, the next when it fails;
// the one that answers moves to the front. Announces are leases: renewed in the tracker's interval, given back at the end.
// Invariant: a tracker hears "started" first and once, "completed" at most once, and "stopped" only if it heard "started".

import type { Clock, Endpoint, Random, Timer } from '@shoal/base';
import {
  defaultPeersWanted,
  maxIntervalSeconds,
  maxTrackers,
  minIntervalSeconds,
  stopTimeoutMs,
} from './bounds.ts';
import { parseTrackerUrl, type Trackers } from './client.ts';
import type { AnnounceAnswer, AnnounceEvent } from './codec/types.ts';
import { TrackerError } from './errors.ts';

export interface TransferCounts {
  readonly uploaded: number;
  readonly downloaded: number;
  /** -1 where it is not known yet. */
  readonly left: number;
}

export interface TrackerListOptions {
  readonly trackers: Trackers;
  readonly clock: Clock;
  readonly random: Random;
  readonly tiers: readonly (readonly string[])[];
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly key: number;
  readonly counts: () => TransferCounts;
  readonly onPeers: (peers: readonly Endpoint[], trackerUrl: string) => void;
  readonly onChange?: (status: TrackerStatus) => void;
}

export interface TrackerStatus {
  readonly url: string;
  readonly tier: number;
  readonly state: 'unused' | 'asking' | 'working' | 'failing';
  readonly failures: number;
  /** The last error, warning, or nothing. */
  readonly message: string | undefined;
  readonly seeders: number | undefined;
  readonly leechers: number | undefined;
  readonly peersGiven: number;
  /** On the clock's nowMs. */
  readonly nextAskMs: number | undefined;
}

/** The first wait after every tracker of a tier failed; it doubles up to the longest. */
const firstRetryMs = 10_000;
const longestRetryMs = 30 * 60_000;

interface Tracker {
  readonly url: string;
  status: TrackerStatus;
  trackerId: Uint8Array | undefined;
  /** What the tracker has acknowledged. */
  hasHeardStart: boolean;
  wasComplete: boolean;
}

interface Tier {
  readonly order: Tracker[];
  timer: Timer | undefined;
  asking: AbortController | undefined;
  failedRounds: number;
}

export class TrackerList {
  readonly #options: TrackerListOptions;
  readonly #tiers: Tier[];
  #isRunning = false;

  constructor(options: TrackerListOptions) {
    this.#options = options;
    this.#tiers = readTiers(options);
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (const tier of this.#tiers) void this.#ask(tier);
  }

  /** Call when the last piece was verified: trackers that knew us as incomplete are told at once. */
  completed(): void {
    this.askNow();
  }

  /** Asks again without waiting for the interval: more peers are wanted, or our address changed. */
  askNow(): void {
    if (!this.#isRunning) return;
    for (const tier of this.#tiers) {
      if (tier.asking !== undefined) continue;
      tier.timer?.cancel();
      void this.#ask(tier);
    }
  }

  /** Tells every tracker that knows us that we are gone, and waits for their word no longer than a bound. */
  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    const patience = new AbortController();
    const timer = this.#options.clock.setTimer(stopTimeoutMs, () => patience.abort());
    const told: Promise<unknown>[] = [];
    for (const tier of this.#tiers) {
      tier.timer?.cancel();
      tier.asking?.abort();
      for (const tracker of tier.order) {
        if (tracker.hasHeardStart)
          told.push(this.#announce(tracker, 'stopped', patience.signal).catch(() => {}));
        tracker.hasHeardStart = false;
      }
    }
    await Promise.all(told);
    timer.cancel();
  }

  status(): TrackerStatus[] {
    return this.#tiers.flatMap((tier) => tier.order.map((tracker) => tracker.status));
  }

  /** Goes through the tier until a tracker answers, then sets the time for the next round. */
  async #ask(tier: Tier): Promise<void> {
    const asking = new AbortController();
    tier.asking = asking;
    let retryInSeconds: number | undefined;
    for (const tracker of [...tier.order]) {
      this.#change(tracker, { state: 'asking', nextAskMs: undefined });
      const left = this.#options.counts().left;
      const event = this.#eventFor(tracker, left);
      try {
        const answer = await this.#announce(tracker, event, asking.signal);
        if (!this.#isRunning) return;
        tier.asking = undefined;
        this.#accept(tier, tracker, answer, left);
        return;
      } catch (error) {
        if (!this.#isRunning) return;
        const failure =
          error instanceof TrackerError
            ? error
            : new TrackerError('unreachable', String(error), { cause: error });
        if (failure.retryInSeconds !== undefined) {
          retryInSeconds = Math.min(retryInSeconds ?? Number.POSITIVE_INFINITY, failure.retryInSeconds);
        }
        this.#change(tracker, {
          state: 'failing',
          failures: tracker.status.failures + 1,
          message: failure.message,
        });
      }
    }
    tier.asking = undefined;
    const backOffMs = Math.min(longestRetryMs, firstRetryMs * 2 ** tier.failedRounds);
    tier.failedRounds++;
    // A tier that said "never" as a whole is left alone; a person may still ask for it.
    if (retryInSeconds === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.max(backOffMs, Math.min(retryInSeconds ?? 0, maxIntervalSeconds) * 1000);
    this.#schedule(tier, this.#withJitter(waitMs));
  }

  #eventFor(tracker: Tracker, left: number): AnnounceEvent | undefined {
    if (!tracker.hasHeardStart) return 'started';
    return left === 0 && !tracker.wasComplete ? 'completed' : undefined;
  }

  #announce(
    tracker: Tracker,
    event: AnnounceEvent | undefined,
    signal: AbortSignal,
  ): Promise<AnnounceAnswer> {
    const { trackers, counts, infoHash, peerId, port, key } = this.#options;
    const { uploaded, downloaded, left } = counts();
    const peersWanted = event === 'stopped' ? 0 : defaultPeersWanted;
    const { trackerId } = tracker;
    const request = {
      infoHash,
      peerId,
      port,
      uploaded,
      downloaded,
      left,
      event,
      peersWanted,
      key,
      trackerId,
    };
    return trackers.announce(tracker.url, request, signal);
  }

  #accept(tier: Tier, tracker: Tracker, answer: AnnounceAnswer, left: number): void {
    tracker.hasHeardStart = true;
    tracker.wasComplete = left === 0;
    tracker.trackerId = answer.trackerId ?? tracker.trackerId;
    tier.failedRounds = 0;
    const at = tier.order.indexOf(tracker);
    tier.order.splice(at, 1);
    tier.order.unshift(tracker);
    const seconds = Math.max(answer.intervalSeconds, answer.minIntervalSeconds ?? 0, minIntervalSeconds);
    // It became complete while the answer was under way: that news does not wait for the interval.
    const hasNews = left !== 0 && this.#options.counts().left === 0;
    const waitMs = hasNews ? 0 : this.#withJitter(Math.min(seconds, maxIntervalSeconds) * 1000);
    this.#schedule(tier, waitMs);
    this.#change(tracker, {
      state: 'working',
      failures: 0,
      message: answer.warning,
      seeders: answer.seeders,
      leechers: answer.leechers,
      peersGiven: answer.peers.length,
    });
    if (answer.peers.length > 0) this.#options.onPeers(answer.peers, tracker.url);
  }

  #schedule(tier: Tier, waitMs: number): void {
    const { clock } = this.#options;
    tier.timer = clock.setTimer(waitMs, () => void this.#ask(tier));
    const [front] = tier.order;
    if (front !== undefined) this.#change(front, { nextAskMs: clock.nowMs() + waitMs });
  }

  /** Up to a tenth later, so that torrents added together do not announce together for ever. */
  #withJitter(waitMs: number): number {
    return waitMs + this.#options.random.below(Math.floor(waitMs / 10) + 1);
  }

  #change(tracker: Tracker, change: Partial<TrackerStatus>): void {
    tracker.status = { ...tracker.status, ...change };
    this.#options.onChange?.(tracker.status);
  }
}

/** URLs that nobody speaks are left out, as are repeated ones; each tier is shuffled once (BEP 12). */
function readTiers({ tiers, random }: TrackerListOptions): Tier[] {
  const seen = new Set<string>();
  const result: Tier[] = [];
  for (const urls of tiers) {
    const order: Tracker[] = [];
    for (const url of urls) {
      if (seen.size >= maxTrackers || seen.has(url) || !isSpoken(url)) continue;
      seen.add(url);
      order.splice(random.below(order.length + 1), 0, newTracker(url, result.length));
    }
    if (order.length > 0) result.push({ order, timer: undefined, asking: undefined, failedRounds: 0 });
  }
  return result;
}

function newTracker(url: string, tier: number): Tracker {
  const nothingYet = { message: undefined, seeders: undefined, leechers: undefined, nextAskMs: undefined };
  const status: TrackerStatus = { url, tier, state: 'unused', failures: 0, peersGiven: 0, ...nothingYet };
  return { url, status, trackerId: undefined, hasHeardStart: false, wasComplete: false };
}

function isSpoken(url: string): boolean {
  try {
    parseTrackerUrl(url);
    return true;
  } catch {
    return false;
  }
}
