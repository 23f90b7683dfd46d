// What several indexes found, as one list: a torrent once, with all that published it, in an order that no index decides
// alone. Invariant: a result stands as high as the best place that an index gave it, those first that more of them found.

import { toHex } from '@shoal/base';
import type { ReadEntry, ReadFound } from './catalogue-answers.ts';

export interface Merged {
  readonly infoHash: string;
  /** The best of them first. */
  readonly entry: ReadEntry;
  readonly publishers: readonly string[];
  readonly indexes: readonly string[];
  readonly seeds: number;
  readonly leechers: number;
  readonly stars: number;
  readonly ratings: number;
  readonly reports: number;
}

interface Place {
  readonly entry: ReadEntry;
  readonly url: string;
  readonly rank: number;
}

export type Order = (a: Merged, b: Merged) => number;

/** Where it was not asked for by relevance. */
export const mergedOrders: Readonly<Record<string, Order>> = {
  newest: (a, b) => b.entry.addedMs - a.entry.addedMs,
  oldest: (a, b) => a.entry.addedMs - b.entry.addedMs,
  seeds: (a, b) => b.seeds - a.seeds,
  size: (a, b) => (b.entry.publication.size ?? -1) - (a.entry.publication.size ?? -1),
  smallest: (a, b) => (a.entry.publication.size ?? -1) - (b.entry.publication.size ?? -1),
  rating: (a, b) => b.stars - a.stars || b.ratings - a.ratings,
};

export function mergeFound(
  found: readonly { readonly url: string; readonly answer: ReadFound }[],
  order: Order | undefined,
): Merged[] {
  const places = new Map<string, Place[]>();
  for (const { url, answer } of found)
    for (const [rank, entry] of answer.entries.entries()) {
      const infoHash = toHex(entry.publication.torrent);
      const known = places.get(infoHash);
      if (known === undefined) places.set(infoHash, [{ entry, url, rank }]);
      else known.push({ entry, url, rank });
    }
  const merged = [...places].map(([infoHash, all]) => ({ all, one: mergeOne(infoHash, all) }));
  const best = ({ all }: { all: readonly Place[] }): number => Math.min(...all.map(({ rank }) => rank));
  merged.sort(
    (a, b) =>
      (order?.(a.one, b.one) ?? 0) || best(a) - best(b) || b.one.indexes.length - a.one.indexes.length,
  );
  return merged.map(({ one }) => one);
}

function mergeOne(infoHash: string, all: readonly Place[]): Merged {
  const [first] = all.toSorted((a, b) => a.rank - b.rank);
  if (first === undefined) throw new RangeError('nothing to merge');
  const most = (value: (entry: ReadEntry) => number): number =>
    Math.max(...all.map(({ entry }) => value(entry)));
  const rated = all.toSorted((a, b) => b.entry.ratings - a.entry.ratings)[0]?.entry;
  return {
    infoHash,
    entry: first.entry,
    publishers: [...new Set(all.map(({ entry }) => toHex(entry.publication.record.key)))],
    indexes: [...new Set(all.map(({ url }) => url))],
    // Indexes may count the same ones, so that sums would be too high.
    seeds: most(({ health }) => health.seeds),
    leechers: most(({ health }) => health.leechers),
    stars: rated?.stars ?? 0,
    ratings: rated?.ratings ?? 0,
    reports: most(({ reports }) => reports),
  };
}
