// All web seeds of one transfer: those of its torrent or link, and those that were added.
// Invariant: each URL is there once; only while content is traded is anybody asked.

import type { Torrent } from '@shoal/metainfo';
import { SwarmError } from '../errors.ts';
import type { Lanes } from '../limits/limiter.ts';
import type { Rate } from '../rate.ts';
import type { SessionParts } from '../session-parts.ts';
import type { Status } from '../status.ts';
import type { Trade } from '../trade.ts';
import type { WebSeedFacts } from '../types.ts';
import * as bound from './bounds.ts';
import { webAddress } from './urls.ts';
import { WebSeed, type WebSeedSource, type Work } from './web-seed.ts';

export interface WebSeedsOptions {
  readonly parts: SessionParts;
  readonly status: Status;
  /** Of the transfer. */
  readonly download: Rate;
  readonly lanes: Lanes;
  activate(): void;
}

export class WebSeeds {
  readonly #o: WebSeedsOptions;
  readonly #seeds = new Map<string, WebSeed>();
  readonly #told = new Map<WebSeed, string>();
  /** From all of them. */
  receivedBytes = 0;
  #torrent: Torrent | undefined;
  #trade: Trade | undefined;
  #isFeedScheduled = false;
  #isClosed = false;

  constructor(options: WebSeedsOptions) {
    this.#o = options;
  }

  get facts(): WebSeedFacts[] {
    return Array.from(this.#seeds.values(), (seed) => seed.facts);
  }

  /** Those of a torrent that make no sense show up as unusable; the user hears of it at once. */
  add(url: string, source: WebSeedSource): void {
    if (source === 'given' && webAddress(url) === undefined)
      throw new SwarmError('invalid', 'a web seed has an http: or https: address', { value: url });
    if (this.#seeds.has(url) || this.#seeds.size >= bound.mostWebSeeds || this.#isClosed) return;
    const { clock, random, nowMs, http, client, limiter } = this.#o.parts;
    const seed = new WebSeed(
      {
        http,
        clock,
        random,
        nowMs,
        userAgent: client,
        changed: (changed) => this.#tell(changed),
        feedSoon: this.feedSoon,
        received: (bytes) => {
          this.#o.download.add(bytes);
          this.receivedBytes += bytes;
        },
        openAllowance: (address) => limiter.openSource(this.#o.lanes, { address }),
      },
      url,
      source,
    );
    this.#seeds.set(url, seed);
    if (this.#torrent !== undefined && this.#trade !== undefined)
      this.#employ(seed, this.#torrent, this.#trade);
  }

  /** Pieces are traded from now on. */
  begin(torrent: Torrent, trade: Trade): void {
    this.#torrent = torrent;
    this.#trade = trade;
    for (const seed of this.#seeds.values()) this.#employ(seed, torrent, trade);
  }

  #employ(seed: WebSeed, torrent: Torrent, trade: Trade): void {
    const { picker, assembler, downloads } = trade;
    const work: Work = {
      field: { picker, assembler, downloads, memory: this.#o.parts.memory, layout: torrent.layout },
      torrent,
      pieces: trade.addSource(),
      sources: () => this.#usable().length + trade.givingPeers,
      hasPeers: () => trade.peerCount > 0,
    };
    seed.begin(work);
    this.feedSoon();
  }

  #usable(): WebSeed[] {
    return [...this.#seeds.values()].filter((seed) => seed.isUsable && !seed.isResting);
  }

  /** Whoever has room may have another run. Once for all that happens in one turn. */
  readonly feedSoon = (): void => {
    if (this.#isFeedScheduled || this.#trade === undefined || this.#seeds.size === 0) return;
    this.#isFeedScheduled = true;
    queueMicrotask(() => {
      this.#isFeedScheduled = false;
      if (this.#isClosed || !this.#isWanted) return;
      this.#o.activate();
      for (const seed of this.#usable().slice(0, bound.mostActiveSeeds)) seed.feed();
    });
  };

  /** It sent a bad piece, all by itself, or a block that was bad. False when that slot is none of ours. */
  convict(slot: number, piece: number): boolean {
    for (const seed of this.#seeds.values()) {
      if (seed.slot !== slot) continue;
      if (seed.isUsable) seed.ban(piece);
      return true;
    }
    return false;
  }

  /** Undefined when that slot is none of ours. */
  urlOf(slot: number): string | undefined {
    for (const [url, seed] of this.#seeds) if (seed.slot === slot) return url;
    return undefined;
  }

  /** Those that are asked: each has all pieces. */
  get usableUrls(): string[] {
    return this.#usable().map(({ facts }) => facts.url);
  }

  /** True while there is somebody to ask, and something to ask for. */
  tick(nowMs: number): boolean {
    for (const seed of this.#seeds.values()) {
      seed.tick(nowMs);
      this.#tell(seed);
    }
    const isWanted = this.#isWanted;
    return [...this.#seeds.values()].some((seed) => seed.isBusy || (isWanted && seed.isUsable));
  }

  /** There is something to ask for. */
  get #isWanted(): boolean {
    return (this.#trade?.picker.wanted ?? 0) > 0 && this.#trade?.downloads.isPaused === false;
  }

  /** What was asked goes back, until pieces are asked for again. */
  pause(): void {
    for (const seed of this.#seeds.values()) seed.stop();
  }

  tightened(): void {
    for (const seed of this.#seeds.values()) seed.tightened();
    this.feedSoon();
  }

  /** Pieces are traded no longer, for now. */
  rest(): void {
    for (const seed of this.#seeds.values()) seed.rest();
    this.#torrent = undefined;
    this.#trade = undefined;
  }

  close(): void {
    this.#isClosed = true;
    for (const seed of this.#seeds.values()) seed.leave();
  }

  #tell(seed: WebSeed): void {
    const { url, state, reason } = seed.facts;
    const words = `${state} ${reason ?? ''}`;
    if (this.#told.get(seed) === words) return;
    this.#told.set(seed, words);
    this.#o.status.emit({ kind: 'web-seed', url, state, ...(reason === undefined ? {} : { reason }) });
  }
}
