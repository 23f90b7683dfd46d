// Health from elsewhere, when somebody asks for it: what the trackers that a torrent's publications name count, and what the
// DHT knows (BEP 33). Invariants: about one torrent nobody is asked twice within ten minutes, and how much is asked at once
// is bounded; what strangers count is shown with their names, and ranks nothing, since they may say anything.

import { type Clock, fromHex, toHex } from '@shoal/base';
import type { Dht } from '@shoal/dht';
import { TrackerError, type Trackers } from '@shoal/tracker';
import { RemoteOf } from '../http/remote.ts';
import { errorResponse, type IndexRequest, type IndexResponse, jsonResponse } from '../http/routes.ts';
import { networkOf } from '../network.ts';
import { maxNetworksLimited } from '../registry/bounds.ts';
import { Limiter } from '../registry/limiter.ts';
import { refuse } from '../registry/refusals.ts';
import type { Section } from '../section.ts';
import {
  askedAgainMs,
  askingRate,
  longestAskingMs,
  maxAsked,
  maxAskedAtOnce,
  maxTrackersAsked,
} from './bounds.ts';
import type { Catalogue, TorrentDetails } from './catalogue.ts';

export interface AskedHealthOptions {
  readonly clock: Clock;
  readonly catalogue: Catalogue;
  /** Whatever is published names trackers: who makes this sees to it that it reaches public addresses alone. */
  readonly trackers: Pick<Trackers, 'scrape'>;
  readonly dht?: Pick<Dht, 'scrape'> | undefined;
  readonly unlimited?: boolean;
  readonly proxies?: readonly string[];
}

interface Counted {
  /** The URL of a tracker, or "dht". */
  readonly from: string;
  readonly seeds?: number;
  readonly leechers?: number;
  readonly completed?: number;
  /** In place of numbers. */
  readonly error?: string;
}

interface Asked {
  readonly atMs: number;
  readonly sources: Promise<readonly Counted[]>;
}

export function askedHealthSection(options: AskedHealthOptions): Section {
  const { clock, catalogue, trackers, dht, unlimited = false, proxies = [] } = options;
  const remoteOf = new RemoteOf(proxies);
  const limiter = new Limiter(clock, askingRate, maxNetworksLimited);
  const stop = new AbortController();
  const asked = new Map<string, Asked>();
  let running = 0;

  async function countOf(from: string, names: readonly Uint8Array[], signal: AbortSignal): Promise<Counted> {
    try {
      const entries = [...(await trackers.scrape(from, names, signal)).values()];
      if (entries.length === 0) return { from, error: 'unknown' };
      const most = (pick: (entry: (typeof entries)[number]) => number): number =>
        Math.max(...entries.map(pick));
      return {
        from,
        seeds: most(({ seeders }) => seeders),
        leechers: most(({ leechers }) => leechers),
        completed: most(({ downloads }) => downloads),
      };
    } catch (error) {
      return { from, error: error instanceof TrackerError ? error.code : 'unreachable' };
    }
  }

  async function dhtCount(
    node: Pick<Dht, 'scrape'>,
    names: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<Counted> {
    try {
      const counts = await Promise.all(names.map((name) => node.scrape(name, { signal })));
      return {
        from: 'dht',
        seeds: whole(Math.max(...counts.map(({ seeds }) => seeds))),
        leechers: whole(Math.max(...counts.map(({ peers }) => peers))),
      };
    } catch {
      return { from: 'dht', error: 'unreachable' };
    }
  }

  async function askAll(details: TorrentDetails): Promise<readonly Counted[]> {
    const timeout = new AbortController();
    const timer = clock.setTimer(longestAskingMs, () => timeout.abort());
    const signal = AbortSignal.any([stop.signal, timeout.signal]);
    running++;
    try {
      const names = namesOf(details);
      return await Promise.all([
        ...trackersOf(details).map((url) => countOf(url, names, signal)),
        ...(dht === undefined ? [] : [dhtCount(dht, names, signal)]),
      ]);
    } finally {
      running--;
      timer.cancel();
    }
  }

  async function answer(request: IndexRequest): Promise<IndexResponse> {
    const waitMs = unlimited ? 0 : limiter.take(networkOf(remoteOf.address(request)));
    if (waitMs > 0) return refuse('too-many', 'Your network asks too often.', { retryInMs: waitMs });
    const details = await catalogue.details(request.params.infoHash ?? '');
    if (details === undefined) return errorResponse(404, 'not-found', 'No such torrent is published here.');
    const { infoHash, publications } = details;
    const before = asked.get(infoHash);
    let current = before;
    if (before === undefined || clock.nowMs() - before.atMs > askedAgainMs) {
      if (running >= maxAskedAtOnce)
        return refuse('unavailable', 'Too much is asked at the moment.', { retryInMs: longestAskingMs });
      current = { atMs: clock.nowMs(), sources: askAll(details) };
      asked.delete(infoHash);
      asked.set(infoHash, current);
      const [oldest] = asked.keys();
      if (asked.size > maxAsked && oldest !== undefined) asked.delete(oldest);
    }
    const own = publications[0]?.health;
    return jsonResponse({
      infoHash,
      sources: [
        { from: 'index', seeds: own?.seeds, leechers: own?.leechers, completed: own?.completed },
        ...((await current?.sources) ?? []),
      ],
    });
  }

  return {
    routes: [{ method: 'GET', path: '/api/content/:infoHash/health', handle: answer }],
    async close() {
      stop.abort();
      await Promise.allSettled([...asked.values()].map(({ sources }) => sources));
    },
  };
}

/** Of an estimate, which is 0.5 where there is nobody. */
function whole(estimate: number): number {
  return estimate < 0.75 ? 0 : Math.round(estimate);
}

function namesOf({ publications }: TorrentDetails): Uint8Array[] {
  const names = publications.flatMap(({ publication: { infoHashes } }) => [
    infoHashes.v1,
    infoHashes.v2?.subarray(0, 20),
  ]);
  const texts = new Set(names.flatMap((name) => (name === undefined ? [] : [toHex(name)])));
  return [...texts].slice(0, 4).map((text) => fromHex(text) ?? new Uint8Array(20));
}

function trackersOf({ publications }: TorrentDetails): string[] {
  const all = publications.flatMap(({ publication }) => publication.trackers);
  return [...new Set(all)].filter((url) => /^(https?|udp):/.test(url)).slice(0, maxTrackersAsked);
}
