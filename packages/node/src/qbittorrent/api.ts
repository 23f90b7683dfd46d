// The parts that the actions of the Web API work on, and how they name transfers.

import type { World } from '@shoal/base';
import type { LiveConfig } from '../config/live.ts';
import type { Labels } from '../labels/labels.ts';
import type { Log } from '../log.ts';
import type { Feed } from '../server/feed.ts';
import type { Item } from '../transfers/item.ts';
import type { Transfers } from '../transfers/transfers.ts';
import { hashOf, type LabelKinds } from './describe.ts';
import { WebApiError } from './errors.ts';
import type { Form } from './form.ts';
import type { Session } from './sessions.ts';

export interface WebApiParts {
  readonly world: Pick<World, 'clock' | 'disk' | 'names' | 'random'>;
  readonly transfers: Transfers;
  readonly labels: Labels;
  readonly feed: Feed;
  readonly live: LiveConfig;
  readonly log: Log;
  readonly facts: () => ServerFacts;
}

export interface ServerFacts {
  readonly version: string;
  readonly peerPort: number;
  readonly dhtNodes: number;
  readonly freeBytes: number;
  readonly connections: number;
  readonly isReachable: boolean;
  readonly downRate: number;
  readonly upRate: number;
  readonly downloaded: number;
  readonly uploaded: number;
}

export interface Call {
  readonly form: Form;
  readonly session: Session;
}

/** Text, bytes of a torrent file, or what is sent as JSON; nothing is an empty text. */
export type Answer = string | Uint8Array | object | undefined;

export interface Action {
  /** It changes something, and is refused as a GET. */
  readonly changes?: boolean;
  run(call: Call): Answer | Promise<Answer>;
}
export type Actions = Readonly<Record<string, Action>>;

export function itemOf(transfers: Transfers, form: Form, key = 'hash'): Item {
  const [item] = named(transfers, [form.needed(key)]);
  if (item === undefined) throw new WebApiError('not-found', 'Not Found');
  return item;
}

/** Those that are here, each once; `all` is every one. */
export function itemsOf(transfers: Transfers, form: Form): Item[] {
  form.needed('hashes');
  const names = form.list('hashes', '|');
  return names.length === 1 && names[0] === 'all' ? [...transfers.all] : named(transfers, names);
}

export function named(transfers: Transfers, names: readonly string[]): Item[] {
  let halves: Map<string, Item> | undefined;
  const found = new Set<Item>();
  for (const name of names) {
    const hash = name.toLowerCase();
    let item = transfers.find(hash);
    if (item === undefined && /^[0-9a-f]{40}$/.test(hash)) {
      // Others name hybrids by the first half of their v2 hash.
      halves ??= new Map(
        transfers.all.flatMap((one) => (one.record.v2 ? [[one.record.v2.slice(0, 40), one]] : [])),
      );
      item = halves.get(hash);
    }
    if (item !== undefined) found.add(item);
  }
  return [...found];
}

/** A category is the first label that was made as one; the others are tags. */
export function kindsOf(labels: Labels): LabelKinds {
  const isCategory = (label: string) => labels.known.get(label)?.isCategory === true;
  return {
    category: (all) => all.find(isCategory) ?? '',
    tags: (all) => all.filter((label) => !isCategory(label)),
  };
}

export { hashOf };
