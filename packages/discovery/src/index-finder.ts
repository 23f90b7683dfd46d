// An index as a finder: what we seek stands in one lease there, and it is asked who else holds it. It is a tracker, too,
// and announced to as one, so that peers that know trackers alone are found and find us. The lease is told anew as what
// we have grows, and made again when the index restarted; both through `Registration`.

import { equalBytes, type Finder, type FindOptions, type FoundPeer, type Hashing } from '@shoal/base';
import {
  announceUrlOf,
  createIndexClient,
  type IndexClient,
  type IndexClientParts,
  type Offer,
  parseIndexUrl,
  Registration,
} from '@shoal/directory';
import type { Identity } from '@shoal/identity';
import { grownShare, indexAskMs, indexRestMs } from './bounds.ts';
import { onAbort, PeerSearch } from './search.ts';
import { createTrackerFinder, type TrackerFinderOptions, type TrackerFinderParts } from './tracker-finder.ts';
import type { IndexStanding } from './types.ts';

export interface IndexFinderParts extends IndexClientParts, TrackerFinderParts {
  readonly hashing: Pick<Hashing, 'digest'>;
}

export interface IndexFinderOptions extends TrackerFinderOptions {
  /** Whose lease it is. */
  readonly identity: Identity;
  /** Each the address of an index. */
  readonly urls: readonly string[];
}

interface Sought {
  readonly infoHash: Uint8Array;
  have(): number;
}

/** One index, and our standing with it. */
interface Desk {
  readonly url: string;
  /** As its address was written. */
  readonly given: string;
  readonly client: IndexClient;
  registration: Registration | undefined;
  /** What it last said was wrong; undefined while it answers. */
  failure: string | undefined;
}

export interface IndexFinder extends Finder {
  readonly standings: readonly IndexStanding[];
}

export function createIndexFinder(parts: IndexFinderParts, options: IndexFinderOptions): IndexFinder {
  const { clock, random } = parts;
  const { identity, userAgent = 'Shoal' } = options;
  const trackers = createTrackerFinder(parts, options);
  const sought = new Set<Sought>();
  const endings = new Set<Promise<void>>();
  const listeners = new Set<NonNullable<FindOptions['failed']>>();
  const urls = new Map(options.urls.map((given) => [parseIndexUrl(given).href, given]));
  const desks = [...urls].map(([url, given]): Desk => {
    const client = createIndexClient(parts, { url, userAgent });
    return { url, given, client, registration: undefined, failure: undefined };
  });

  function* offers(): Generator<Offer> {
    for (const { infoHash, have } of sought) yield { infoHash, have: have() };
  }

  function tell(desk: Desk, failure: string | undefined): void {
    if (desk.failure === failure) return;
    desk.failure = failure;
    if (failure !== undefined) for (const failed of listeners) failed(desk.url, failure);
  }

  function register(desk: Desk, port: number): void {
    if (desk.registration !== undefined) {
      desk.registration.changed();
      return;
    }
    desk.registration = new Registration({
      ...parts,
      index: desk.client,
      identity,
      port,
      client: userAgent,
      offers,
      onChange: (state) => tell(desk, state.kind === 'failing' ? state.error.message : undefined),
    });
    desk.registration.renew();
  }

  /** One question. What it is told goes to the search; true when it was answered. */
  async function ask(
    desk: Desk,
    infoHash: Uint8Array,
    search: PeerSearch,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      const { index, holders, store } = await desk.client.holders(infoHash, signal);
      desk.registration?.sawIndex(index);
      if (store !== undefined) search.push({ address: { kind: 'ip', ...store.address }, teller: desk.url });
      for (const { lease, addresses } of holders) {
        const instance = desk.registration?.instance;
        const isSameRun = instance !== undefined && equalBytes(instance, lease.instance);
        if (isSameRun && equalBytes(identity.publicKey, lease.record.key)) continue;
        for (const address of addresses)
          search.push({ address: { kind: 'ip', ...address }, teller: desk.url });
      }
      if (desk.registration === undefined) tell(desk, undefined);
      return true;
    } catch (error) {
      if (!signal.aborted) tell(desk, error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** Announces to it as to a tracker. */
  function announce(desk: Desk, infoHashes: readonly Uint8Array[], found: FindOptions, search: PeerSearch) {
    const url = announceUrlOf(desk.url);
    const announcing = trackers.find(infoHashes, {
      ...found,
      trackers: [[url]],
      // The index stands under its own address, whatever it is asked as.
      report: (_, report) => found.report?.(desk.url, report),
      failed: (_, message) => {
        // While the index is gone, its registry says so.
        if (desk.failure === undefined) found.failed?.(desk.url, message);
      },
    });
    async function pass(): Promise<void> {
      for await (const { address } of announcing)
        search.push({ address, teller: desk.url } satisfies FoundPeer);
      await announcing.ended;
    }
    return { announcing, over: pass() };
  }

  function keepAsking(infoHashes: readonly Uint8Array[], found: FindOptions): PeerSearch {
    const { signal, amounts, failed } = found;
    const wakes = new Set<() => void>();
    const search = new PeerSearch({
      renew() {
        for (const desk of desks) desk.registration?.renew();
        for (const { announcing } of announcements) announcing.renew();
        for (const wake of [...wakes]) wake();
      },
    });
    const own = infoHashes.map((infoHash): Sought => ({ infoHash, have: () => shareOf(amounts()) }));
    const announcements = desks.map((desk) => announce(desk, infoHashes, found, search));
    if (signal.aborted) {
      void Promise.all(announcements.map(({ over }) => over)).then(() => search.end());
      return search;
    }
    for (const one of own) sought.add(one);
    if (failed !== undefined) listeners.add(failed);
    for (const desk of desks) register(desk, found.port);

    async function follow(desk: Desk, infoHash: Uint8Array): Promise<void> {
      let toldShare = shareOf(amounts());
      while (!signal.aborted) {
        await ask(desk, infoHash, search, signal);
        const share = shareOf(amounts());
        if (Math.abs(share - toldShare) >= grownShare || (share === 1 && toldShare < 1)) {
          toldShare = share;
          desk.registration?.changed();
        }
        await rest(share === 1 ? indexRestMs : indexAskMs);
      }
    }

    function rest(ms: number): Promise<void> {
      return new Promise((resolve) => {
        const timer = clock.setTimer(ms * (1 + random.below(250) / 1000), done);
        function done(): void {
          timer.cancel();
          wakes.delete(done);
          resolve();
        }
        wakes.add(done);
        if (signal.aborted) done();
      });
    }

    async function end(): Promise<void> {
      search.finish();
      for (const wake of [...wakes]) wake();
      for (const one of own) sought.delete(one);
      if (failed !== undefined) listeners.delete(failed);
      await Promise.all([leave(), ...announcements.map(({ over }) => over)]);
      search.end();
    }

    for (const desk of desks) for (const infoHash of infoHashes) void follow(desk, infoHash);
    onAbort(signal, () => void end());
    return search;
  }

  /** With nothing left to seek, the lease is taken back; else it is told anew, which nobody waits for. */
  async function leave(): Promise<void> {
    await Promise.all(
      desks.map(async (desk) => {
        const { registration } = desk;
        if (sought.size > 0) registration?.changed();
        else {
          desk.registration = undefined;
          await registration?.stop();
        }
      }),
    );
  }

  function askOnce(infoHashes: readonly Uint8Array[], found: FindOptions): PeerSearch {
    const search = new PeerSearch({ renew() {} });
    const { signal, failed } = found;
    if (failed !== undefined) listeners.add(failed);
    const asked = desks.flatMap((desk) => [
      announce(desk, infoHashes, found, search).over,
      ...infoHashes.map((infoHash) => ask(desk, infoHash, search, signal)),
    ]);
    void Promise.all(asked).then(() => {
      if (failed !== undefined) listeners.delete(failed);
      search.end();
    });
    return search;
  }

  return {
    kind: 'index',
    get standings() {
      return desks.map(({ given: url, failure, registration }): IndexStanding => {
        if (failure !== undefined) return { url, state: 'failed', message: failure };
        return { url, state: registration?.isRegistered === true ? 'working' : 'waiting' };
      });
    },
    find(infoHashes, found) {
      const search = (found.once === true ? askOnce : keepAsking)(infoHashes, found);
      endings.add(search.ended);
      void search.ended.then(() => endings.delete(search.ended));
      return search;
    },
    async close() {
      await Promise.all(endings);
      await Promise.all(desks.map((desk) => desk.registration?.stop()));
      await trackers.close();
    },
  };
}

/** How much of it is here, 0 to 1. */
function shareOf({ left, total }: ReturnType<FindOptions['amounts']>): number {
  if (left === 0) return 1;
  return left < 0 || total === undefined || total <= 0 ? 0 : Math.max(0, 1 - left / total);
}
