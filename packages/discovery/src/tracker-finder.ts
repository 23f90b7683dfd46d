// Trackers as a finder: each name of the torrent is announced to its trackers (hybrids under both hashes), renewed by
// their intervals, and taken back when the search ends.

import type { Clock, Finder, FindOptions, Random, Search, TellerReport } from '@shoal/base';
import { createTrackers, TrackerList, type TrackerParts, type TrackerStatus } from '@shoal/tracker';
import { maxTrackersAskedOnce, peersAskedOnce } from './bounds.ts';
import { onAbort, PeerSearch } from './search.ts';

export interface TrackerFinderOptions {
  readonly peerId: Uint8Array;
  readonly userAgent?: string;
}

export interface TrackerFinderParts extends TrackerParts {
  readonly clock: Clock;
  readonly random: Random;
}

export function createTrackerFinder(
  parts: TrackerFinderParts,
  { peerId, userAgent }: TrackerFinderOptions,
): Finder {
  const { clock, random } = parts;
  const trackers = createTrackers(parts, userAgent === undefined ? {} : { userAgent });
  const key = random.below(2 ** 32);
  const endings = new Set<Promise<void>>();

  function keepAsking(infoHashes: readonly Uint8Array[], options: FindOptions): Search {
    const { port, amounts, trackers: tiers = [], failed, report } = options;
    const lists = infoHashes.map(
      (infoHash) =>
        new TrackerList({
          trackers,
          clock,
          random,
          tiers,
          infoHash,
          peerId,
          port,
          key,
          counts: amounts,
          onChange: (status) => {
            const { url, state, message = '' } = status;
            report?.(url, reportOf(status));
            // A tracker that knows only one name of a hybrid torrent serves it all the same.
            if (state === 'failing' && lists.every((list) => isFailing(list, url))) failed?.(url, message);
          },
          onPeers: (peers, teller) => {
            for (const peer of peers) search.push({ address: { kind: 'ip', ...peer }, teller });
          },
        }),
    );
    const search = new PeerSearch({ renew: () => lists.map((list) => list.askNow()) });
    for (const list of lists) list.start();
    onAbort(options.signal, () => {
      search.finish();
      void Promise.all(lists.map((list) => list.stop())).then(() => search.end());
    });
    return search;
  }

  function askOnce(infoHashes: readonly Uint8Array[], options: FindOptions): Search {
    const search = new PeerSearch({ renew: () => {} });
    const urls = [...new Set(options.trackers?.flat())].slice(0, maxTrackersAskedOnce);
    const { port, amounts, signal, failed } = options;
    const request = { peerId, port, key, ...amounts(), peersWanted: peersAskedOnce };
    async function ask(url: string, infoHash: Uint8Array): Promise<void> {
      const { peers } = await trackers.announce(url, { ...request, infoHash, event: 'started' }, signal);
      for (const peer of peers) search.push({ address: { kind: 'ip', ...peer }, teller: url });
      await trackers.announce(url, { ...request, infoHash, event: 'stopped', peersWanted: 0 }, signal);
    }
    const asked = urls.map(async (url) => {
      const results = await Promise.allSettled(infoHashes.map((infoHash) => ask(url, infoHash)));
      const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      const [failure] = failures;
      if (failures.length === results.length && failure instanceof Error && !signal.aborted)
        failed?.(url, failure.message);
    });
    void Promise.all(asked).then(() => search.end());
    return search;
  }

  return {
    kind: 'tracker',
    find(infoHashes, options) {
      const search = (options.once === true ? askOnce : keepAsking)(infoHashes, options);
      endings.add(search.ended);
      void search.ended.then(() => endings.delete(search.ended));
      return search;
    },
    async close() {
      await Promise.all(endings);
      await trackers.close();
    },
  };
}

function reportOf({ state, message, seeders, leechers, nextAskMs }: TrackerStatus): TellerReport {
  return {
    state: state === 'failing' ? 'failed' : state === 'working' ? 'answered' : 'asking',
    ...(message !== undefined && { message }),
    ...(seeders !== undefined && { seeds: seeders }),
    ...(leechers !== undefined && { leechers }),
    ...(nextAskMs !== undefined && { nextMs: nextAskMs }),
  };
}

function isFailing(list: TrackerList, url: string): boolean {
  return list.status().some((tracker) => tracker.url === url && tracker.state === 'failing');
}
