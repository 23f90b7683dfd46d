// Other trackers for a transfer: those that stay keep their tiers (BEP 12), new ones stand after them, each for itself.

import type { TransferChange } from '@shoal/api';
import { NodeError } from '../errors.ts';
import type { TransferRecord } from './record.ts';

/** As the API takes them for a new one. */
const mostTrackers = 100;

const schemes: ReadonlySet<string> = new Set(['http:', 'https:', 'udp:', 'ws:', 'wss:']);

/** Undefined when nothing is said of them. Throws a NodeError `invalid`. */
export function changedTrackers(
  before: TransferRecord['trackers'],
  { trackers, addTrackers = [] }: TransferChange,
): TransferRecord['trackers'] | undefined {
  if (trackers === undefined && addTrackers.length === 0) return undefined;
  const wanted = [...new Set([...(trackers ?? before.flat()), ...addTrackers])];
  const known = new Set(before.flat());
  if (wanted.length > Math.max(mostTrackers, known.size))
    throw new NodeError('invalid', `A transfer has at most ${mostTrackers} trackers.`, {
      value: wanted.length,
    });
  for (const url of wanted)
    if (!known.has(url) && !isTracker(url))
      throw new NodeError('invalid', `A tracker is an address like udp://… or https://…, not ${url}.`, {
        value: url,
      });
  const kept = before.map((tier) => tier.filter((url) => wanted.includes(url)));
  return [
    ...kept.filter((tier) => tier.length > 0),
    ...wanted.filter((url) => !known.has(url)).map((url) => [url]),
  ];
}

function isTracker(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && schemes.has(url.protocol) && url.hostname !== '';
}
