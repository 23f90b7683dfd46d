// How many share what was found, as trackers and the DHT count them at this moment: asked only where it was wanted, since
// the trackers are those that publishers named.

import type { Merged } from '@shoal/directory';
import { createTrackers } from '@shoal/tracker';
import { openDht } from '../dht/open-dht.ts';
import type { Context } from '../verb.ts';

export interface ScrapingFlags {
  readonly dhtBootstrap?: readonly string[];
  readonly data: string;
  readonly asksDht: boolean;
}

interface Count {
  readonly seeds: number;
  readonly leechers: number;
}

/** All of it together; who answers later is not waited for. */
const patienceMs = 10_000;
const mostTrackers = 30;
/** Each is a lookup through a dozen nodes. */
const mostLookups = 20;
const lookupsAtOnce = 4;

/** The highest counts that anybody told; what nobody told of stays as the indexes said. */
export async function scrapeFound(
  context: Context,
  found: readonly Merged[],
  flags: ScrapingFlags,
): Promise<Merged[]> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(patienceMs)]);
  const counts = new Map<string, Count>();
  const add = (infoHash: string, { seeds, leechers }: Count): void => {
    const before = counts.get(infoHash) ?? { seeds: 0, leechers: 0 };
    counts.set(infoHash, {
      seeds: Math.max(before.seeds, seeds),
      leechers: Math.max(before.leechers, leechers),
    });
  };
  await Promise.all([
    askTrackers(context, found, signal, add),
    ...(flags.asksDht ? [askDht(context, found, flags, signal, add)] : []),
  ]);
  context.signal.throwIfAborted();
  return found.map((one) => ({ ...one, ...counts.get(one.infoHash) }));
}

type Add = (infoHash: string, count: Count) => void;

async function askTrackers(
  context: Context,
  found: readonly Merged[],
  signal: AbortSignal,
  add: Add,
): Promise<void> {
  const asked = new Map<string, Uint8Array[]>();
  for (const { entry } of found)
    for (const url of entry.publication.trackers) {
      const hashes = asked.get(url);
      if (hashes !== undefined) hashes.push(entry.publication.torrent);
      else if (asked.size < mostTrackers) asked.set(url, [entry.publication.torrent]);
    }
  const trackers = createTrackers(await context.world(), { userAgent: `Shoal/${context.version}` });
  try {
    const asking = [...asked].map(async ([url, hashes]) => {
      try {
        for (const [infoHash, { seeders, leechers }] of await trackers.scrape(url, hashes, signal))
          add(infoHash, { seeds: seeders, leechers });
      } catch (error) {
        context.output.note(`${url}: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
    await Promise.all(asking);
  } finally {
    await trackers.close();
  }
}

async function askDht(
  context: Context,
  found: readonly Merged[],
  { dhtBootstrap, data }: ScrapingFlags,
  signal: AbortSignal,
  add: Add,
): Promise<void> {
  const flags = { data, ...(dhtBootstrap && { dhtBootstrap }) };
  const opened = await openDht(context, {
    flags,
    addresses: [],
    port: 0,
    isReadOnly: true,
    isLimited: true,
  });
  const waiting = found.slice(0, mostLookups);
  async function lookUp(): Promise<void> {
    for (let one = waiting.shift(); one !== undefined && !signal.aborted; one = waiting.shift()) {
      try {
        const { seeds, peers } = await opened.dht.scrape(one.entry.publication.torrent, { signal });
        add(one.infoHash, { seeds, leechers: peers });
      } catch (error) {
        if (signal.aborted) return;
        context.output.note(`The DHT: ${error instanceof Error ? error.message : String(error)}`);
        return;
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: lookupsAtOnce }, lookUp));
  } finally {
    await opened.close();
  }
}
