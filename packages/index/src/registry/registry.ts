// The registry of peers: who is where and holds what, from signed leases, joined with what the tracker's swarms know.
// Invariant: nobody is named under an address that it did not sign or did not come from, nor under one that whoever
// asks could not have; what a node holds is told only to who names it, for hashes are how private content is kept
// private; and a question costs no more the more there are.

import { type Clock, type Endpoint, fromHex, type Hashing, ipScope, type Timer } from '@shoal/base';
import {
  encodeHolders,
  encodePeers,
  longestRegistration,
  maxHolders,
  maxPeersPerPage,
  readLease,
  type StoreOffer,
} from '@shoal/directory';
import { RemoteOf } from '../http/remote.ts';
import { type IndexRequest, type IndexResponse, jsonResponse, queryOf, type Route } from '../http/routes.ts';
import { networkOf } from '../network.ts';
import type { Metric, Section } from '../section.ts';
import {
  maxNetworksLimited,
  maxThin,
  questionsBurst,
  questionsPerSecond,
  sweepEveryMs,
  thinFreshMs,
} from './bounds.ts';
import type { HeldLease, Holder, LeaseStore } from './lease-store.ts';
import { Limiter } from './limiter.ts';
import { refuse, refuseError } from './refusals.ts';
import { Registering } from './registering.ts';

/** What the tracker knows, as far as the registry and the store want to. */
export interface Swarms {
  /** Undefined for a torrent that nobody announced. */
  counts(infoHash: Uint8Array): { readonly seeds: number; readonly peers: number } | undefined;
}

export interface RegistryParts {
  readonly clock: Clock;
  readonly hashing: Pick<Hashing, 'digest'>;
  readonly store: LeaseStore;
}

export interface RegistryOptions extends RegistryParts {
  /** Lifts the limits of rate. */
  readonly unlimited?: boolean;
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  readonly proxies?: readonly string[];
  readonly swarms?: Swarms;
  /** The index's own copy. */
  readonly storeOffer?: (infoHash: string) => StoreOffer | undefined;
  readonly failed?: (error: unknown) => void;
}

export interface Content {
  readonly infoHash: string;
  /** Leases that name it, and those that have all of it. */
  readonly holders: number;
  readonly complete: number;
}

export interface Registry extends Section {
  /** Where some of those who hold it can be reached. */
  holdersOf(infoHash: string): Promise<{ readonly address: Endpoint; readonly have: number }[]>;
  countOf(infoHash: string): Promise<{ readonly holders: number; readonly complete: number }>;
  /** What fewest have whole. From here fragments will be given to those whose leases say that they keep. */
  thin(most: number): Promise<readonly Content[]>;
}

export function createRegistry(options: RegistryOptions): Registry {
  const { clock, store, swarms, storeOffer, unlimited = false } = options;
  const registering = new Registering({ ...options, isLimited: !unlimited });
  const rate = { perSecond: questionsPerSecond, burst: questionsBurst };
  const remoteOf = new RemoteOf(options.proxies ?? []);
  const questions = new Limiter(clock, rate, maxNetworksLimited);
  let sweeping: Timer | undefined;
  let thinnest: { readonly untilMs: number; readonly list: Promise<readonly Content[]> } | undefined;
  let totals = { leases: 0, offers: 0 };
  let isClosed = false;

  function sweepLater(): void {
    if (isClosed) return;
    sweeping = clock.setTimer(sweepEveryMs, () => {
      const swept = store.sweep(clock.wallTimeMs()).then(async () => {
        totals = await store.totals();
      });
      void swept.catch((error: unknown) => options.failed?.(error)).finally(sweepLater);
    });
  }

  function thin(): Promise<readonly Content[]> {
    const nowMs = clock.nowMs();
    if (thinnest === undefined || thinnest.untilMs < nowMs) {
      const list = store.thin(maxThin);
      thinnest = { untilMs: nowMs + thinFreshMs, list };
      list.catch(() => {
        thinnest = undefined;
      });
    }
    return thinnest.list;
  }

  async function holders(request: IndexRequest): Promise<IndexResponse> {
    const infoHash = hashOf(request);
    if (infoHash === undefined) return refuse('bad-hash', 'An info hash has 40 or 64 hexadecimal digits.');
    const [found, count] = await Promise.all([
      store.holders(infoHash, maxHolders, clock.wallTimeMs()),
      store.count(infoHash),
    ]);
    const swarm = swarms?.counts(fromHex(infoHash) ?? new Uint8Array(20));
    const body = encodeHolders({
      index: store.start,
      // Who announces and registers is counted by both: the larger one is nearer to the truth than the sum.
      seeds: Math.max(count.complete, swarm?.seeds ?? 0),
      peers: Math.max(count.holders, swarm?.peers ?? 0),
      store: storeOffer?.(infoHash),
      holders: found.map(({ lease, have }) => ({ have, ...named(lease, remoteOf.address(request)) })),
    });
    return json(body);
  }

  async function peers(request: IndexRequest): Promise<IndexResponse> {
    const after = queryOf(request).get('after') ?? undefined;
    const [{ leases, next }, { leases: total }] = await Promise.all([
      store.page(after, maxPeersPerPage, clock.wallTimeMs()),
      store.totals(),
    ]);
    return json(
      encodePeers({
        index: store.start,
        total,
        next,
        peers: leases.map((one) => named(one, remoteOf.address(request))),
      }),
    );
  }

  async function peer(request: IndexRequest): Promise<IndexResponse> {
    const key = request.params.key?.toLowerCase() ?? '';
    if (!/^[0-9a-f]{64}$/.test(key)) return refuse('bad-hash', 'A key has 64 hexadecimal digits.');
    const leases = await store.ofKey(key, clock.wallTimeMs());
    if (leases.length === 0) return refuse('not-found', 'No node with this key is registered.');
    return jsonResponse({
      index: store.start,
      peers: leases.map((one) => {
        const { lease, confirmed } = named(one, remoteOf.address(request));
        return { lease: Buffer.from(lease).toString('base64'), confirmed };
      }),
    });
  }

  function ask(path: string, handle: (request: IndexRequest) => Promise<IndexResponse>): Route {
    return {
      method: 'GET',
      path,
      async handle(request) {
        const waitMs = unlimited ? 0 : questions.take(networkOf(remoteOf.address(request)));
        if (waitMs > 0) return refuse('too-many', 'Your network asks too often.', { retryInMs: waitMs });
        return handle(request).catch(refuseError);
      },
    };
  }

  sweepLater();
  return {
    routes: [
      {
        method: 'POST',
        path: '/api/leases',
        maxBodyBytes: longestRegistration,
        handle: (request) => registering.take(request.body, remoteOf.address(request)).catch(refuseError),
      },
      ask('/api/peers', peers),
      ask('/api/peers/:key', peer),
      ask('/api/content/:infoHash/holders', holders),
    ],
    async holdersOf(infoHash) {
      const found = await store.holders(infoHash, maxHolders, clock.wallTimeMs());
      return found.flatMap((one) => endpointsOf(one));
    },
    countOf: (infoHash) => store.count(infoHash),
    thin: async (most) => (await thin()).slice(0, most),
    metrics: (): Metric[] => [
      gauge('leases', 'Leases that stand.', totals.leases),
      gauge('offers', 'Torrents named in leases, each time counted.', totals.offers),
      {
        name: 'registrations_total',
        help: 'Leases taken.',
        kind: 'counter',
        values: [{ value: registering.taken }],
      },
    ],
    ailment: () => store.ailment,
    async close() {
      isClosed = true;
      sweeping?.cancel();
      await store.close();
    },
  };
}

/** 40 digits; those of v2 hashes, which have 64, are cut. */
function hashOf({ params }: IndexRequest): string | undefined {
  const text = params.infoHash?.toLowerCase() ?? '';
  return /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text) ? text.slice(0, 40) : undefined;
}

/** The lease with those of its confirmed addresses that whoever asks could reach. */
function named({ lease, confirmed }: HeldLease, asker: string) {
  const isPublic = ipScope(asker) === 'public';
  const may = confirmed.filter((address) => !isPublic || ipScope(address) === 'public');
  const places = readLease(lease).addresses.flatMap(({ address }, i) => (may.includes(address) ? [i] : []));
  return { lease, confirmed: places };
}

function endpointsOf({ lease: { lease, confirmed }, have }: Holder) {
  const { addresses } = readLease(lease);
  return addresses.filter(({ address }) => confirmed.includes(address)).map((address) => ({ address, have }));
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, kind: 'gauge', values: [{ value }] };
}

function json(body: string): IndexResponse {
  return { status: 200, headers: { 'Content-Type': 'application/json' }, body };
}
