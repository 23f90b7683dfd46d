// Scrape over HTTP (BEP 48): what a tracker knows of torrents, without announcing.

import { encodeBencode, toHex, toLatin1 } from '@shoal/base';
import { TrackerError } from '../errors.ts';
import { decodeAnswer } from './http-announce.ts';
import { percentEncode } from './query.ts';
import type { ScrapeEntry } from './types.ts';

/** Undefined where the announce URL does not say how to scrape: its last path segment must begin with "announce". */
export function scrapeUrl(trackerUrl: string, infoHashes: readonly Uint8Array[]): string | undefined {
  const [bare = ''] = trackerUrl.split('#');
  const query = bare.indexOf('?');
  const path = query === -1 ? bare : bare.slice(0, query);
  const slash = path.lastIndexOf('/');
  if (!path.startsWith('announce', slash + 1)) return undefined;
  const scrape = `${path.slice(0, slash + 1)}scrape${path.slice(slash + 1 + 'announce'.length)}`;
  const old = query === -1 ? [] : [bare.slice(query + 1)];
  return `${scrape}?${[...old, ...infoHashes.map((hash) => `info_hash=${percentEncode(hash)}`)].join('&')}`;
}

/** Entries by hex info hash; hashes that the tracker does not know are missing. Throws TrackerError. */
export function parseScrapeAnswer(bytes: Uint8Array): Map<string, ScrapeEntry> {
  const files = decodeAnswer(bytes).get('files');
  if (files?.kind !== 'dictionary')
    throw new TrackerError('malformed', 'The tracker answered a scrape without "files".');
  const entries = new Map<string, ScrapeEntry>();
  for (const [key, value] of files.entries()) {
    const hash = key.asBytes(20);
    if (hash === undefined) continue;
    const count = (name: string) => Math.max(0, value.get(name)?.asInteger() ?? 0);
    entries.set(toHex(hash), {
      seeders: count('complete'),
      leechers: count('incomplete'),
      downloads: count('downloaded'),
    });
  }
  return entries;
}

export function encodeScrapeAnswer(
  entries: Iterable<readonly [infoHash: Uint8Array, ScrapeEntry]>,
): Uint8Array {
  const files = new Map<Uint8Array, { complete: number; downloaded: number; incomplete: number }>();
  const seen = new Set<string>();
  for (const [hash, { seeders, leechers, downloads }] of entries) {
    const key = toLatin1(hash);
    if (seen.has(key)) continue;
    seen.add(key);
    files.set(hash, { complete: seeders, downloaded: downloads, incomplete: leechers });
  }
  return encodeBencode({ files });
}
