// Trackers of a torrent as Transmission's `torrent-set` changes them: by number as `trackers` tells them, or all at once.

import { NodeError } from '../errors.ts';
import type { TransferRecord } from '../transfers/record.ts';

type Tiers = TransferRecord['trackers'];

/** As many as the API takes for a new torrent. */
const mostTrackers = 100;

/** As `trackers` of fields.ts numbers them. */
export function trackerNumber(tier: number, index: number): number {
  return 1000 * tier + index;
}

/** Undefined where nothing is said of them. */
export function changedTrackers(before: Tiers, given: Readonly<Record<string, unknown>>): Tiers | undefined {
  const { trackerAdd, trackerRemove, trackerReplace, trackerList } = given;
  if ([trackerAdd, trackerRemove, trackerReplace, trackerList].every((one) => one === undefined))
    return undefined;
  let tiers = before;
  if (typeof trackerList === 'string')
    tiers = trackerList.split(/\n\s*\n/).map((tier) => tier.split('\n').flatMap((url) => url.trim() || []));
  if (Array.isArray(trackerReplace)) {
    const pairs = new Map<unknown, unknown>();
    for (let at = 0; at + 1 < trackerReplace.length; at += 2)
      pairs.set(trackerReplace[at], trackerReplace[at + 1]);
    tiers = tiers.map((tier, number) =>
      tier.map((url, index) => {
        const next = pairs.get(trackerNumber(number, index));
        return typeof next === 'string' ? next : url;
      }),
    );
  }
  if (Array.isArray(trackerRemove)) {
    const gone = new Set<unknown>(trackerRemove);
    tiers = tiers.map((tier, number) => tier.filter((_, index) => !gone.has(trackerNumber(number, index))));
  }
  if (Array.isArray(trackerAdd)) {
    const known = new Set(tiers.flat());
    const added = [...new Set(trackerAdd.map(String))].filter((url) => !known.has(url));
    tiers = [...tiers, ...added.map((url) => [url])];
  }
  const all = tiers.flat();
  const wrong = all.find((url) => !/^(?:https?|udp|wss?):\/\/\S+$/i.test(url) || !URL.canParse(url));
  if (wrong !== undefined)
    throw new NodeError('invalid', `${wrong.slice(0, 200)} is no tracker.`, { value: wrong });
  if (all.length > mostTrackers && all.length > before.flat().length)
    throw new NodeError('too-large', `A torrent has at most ${mostTrackers} trackers.`);
  return tiers.filter((tier) => tier.length > 0);
}
