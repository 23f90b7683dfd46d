// Where else a torrent can be had, as people write it down: trackers and web seeds, trimmed, each once, addresses only.

import { maxSources } from './bounds.ts';

/** Tiers without what is no address; empty tiers vanish, and what came in an earlier tier is not repeated. */
export function cleanTiers(tiers: readonly (readonly string[])[]): string[][] {
  const seen = new Set<string>();
  return tiers.map((tier) => cleanInto(seen, tier)).filter((tier) => tier.length > 0);
}

export function cleanUrls(urls: readonly string[]): string[] {
  return cleanInto(new Set(), urls);
}

function cleanInto(seen: Set<string>, urls: readonly string[]): string[] {
  const clean: string[] = [];
  for (const url of urls) {
    const trimmed = url.trim();
    if (seen.size >= maxSources || seen.has(trimmed) || !isAddress(trimmed)) continue;
    seen.add(trimmed);
    clean.push(trimmed);
  }
  return clean;
}

/** A scheme and a host. Which schemes are spoken is not decided here. */
function isAddress(url: string): boolean {
  return url.length <= longestAddress && /^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(url) && URL.canParse(url);
}

/** What web servers take as one line, and more. */
const longestAddress = 16_384;
