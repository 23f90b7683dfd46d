// The tracker as a part of the index: its routes and numbers, and an API for its operator.

import { equalBytes, fromHex, toUtf8 } from '@shoal/base';
import { maxListedBody, maxThinAnswer } from '../bounds.ts';
import { IndexError } from '../errors.ts';
import type { RemoteOf } from '../http/remote.ts';
import { type IndexRequest, jsonResponse, queryOf, type Route } from '../http/routes.ts';
import type { Metric, Section } from '../section.ts';
import { parseHash } from './hash-list.ts';
import { HttpTracker } from './http.ts';
import { knowledgeOf } from './knowledge.ts';
import type { Tracker } from './tracker.ts';
import type { UdpTracker } from './udp.ts';

export interface TrackerSectionOptions {
  readonly tracker: Tracker;
  readonly udp: UdpTracker;
  readonly remoteOf: RemoteOf;
  /** What an operator shows as "Authorization: Bearer …"; without it nobody is one. */
  readonly operatorToken?: string | undefined;
  /** The list changed by the API, to be kept. */
  readonly listedChanged?: (() => Promise<void>) | undefined;
}

export function trackerSection(options: TrackerSectionOptions): Section {
  const { tracker, udp, remoteOf } = options;
  const { listed } = tracker.access ?? {};
  const http = new HttpTracker(tracker, remoteOf);
  const knowledge = knowledgeOf(tracker);

  const about: Route = {
    method: 'GET',
    path: '/api/tracker',
    handle: () =>
      jsonResponse({
        kind: kindOf(tracker),
        intervalSeconds: tracker.settings.intervalSeconds,
        swarms: tracker.swarms.table.size,
        peers: tracker.swarms.peers4.size + tracker.swarms.peers6.size,
      }),
  };

  const thin: Route = {
    method: 'GET',
    path: '/api/tracker/thin',
    handle(request) {
      // What an open tracker knows is not listed for everybody: hashes are how private content is kept private.
      if (listed === undefined) requireOperator(request, options.operatorToken);
      const asked = Number(queryOf(request).get('limit') ?? 100);
      if (!Number.isInteger(asked) || asked < 1)
        throw new IndexError('invalid', 'A limit is a number from 1 on.');
      const hashes = listed === undefined ? undefined : [...listed].flatMap((hash) => fromHex(hash) ?? []);
      return jsonResponse({ content: knowledge.thin(Math.min(asked, maxThinAnswer), hashes) });
    },
  };

  const change: Route = {
    method: 'POST',
    path: '/api/tracker/listed',
    maxBodyBytes: maxListedBody,
    async handle(request) {
      requireOperator(request, options.operatorToken);
      if (listed === undefined)
        throw new IndexError('conflict', 'This tracker serves all, not what is on a list.');
      const { add, remove } = readChange(request.body);
      for (const hash of add) listed.add(hash);
      for (const hash of remove) listed.remove(hash);
      await options.listedChanged?.();
      return jsonResponse({ listed: listed.size });
    },
  };

  return {
    routes: [...http.routes, about, thin, change],
    metrics: () => metricsOf(tracker, udp),
  };
}

export function kindOf({ access }: Tracker): 'open' | 'listed' | 'private' {
  return access?.users !== undefined ? 'private' : access?.listed !== undefined ? 'listed' : 'open';
}

/** Throws IndexError `unauthorized`. */
export function requireOperator(request: IndexRequest, token: string | undefined): void {
  if (!isOperator(request.head, token))
    throw new IndexError('unauthorized', "This needs the operator's token.");
}

export function isOperator(head: IndexRequest['head'], token: string | undefined): boolean {
  const said = /^Bearer (\S+)$/i.exec(head.header('authorization') ?? '')?.[1];
  return token !== undefined && said !== undefined && isSame(said, token);
}

/** In the same time wherever they differ. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [toUtf8(a), toUtf8(b)];
  let difference = one.length ^ other.length;
  for (let i = 0; i < other.length; i++) difference |= (one[i] ?? 0) ^ (other[i] ?? 0);
  return difference === 0 && equalBytes(one, other);
}

function readChange(body: Uint8Array): { readonly add: Uint8Array[]; readonly remove: Uint8Array[] } {
  const value = readObject(body);
  return { add: hashesIn(value, 'add'), remove: hashesIn(value, 'remove') };
}

export function readObject(body: Uint8Array): object {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new IndexError('invalid', 'The body is no JSON.', { cause });
  }
  if (typeof value !== 'object' || value === null) throw new IndexError('invalid', 'The body is no object.');
  return value;
}

function hashesIn(value: object, name: string): Uint8Array[] {
  const list: unknown = Reflect.get(value, name) ?? [];
  if (!Array.isArray(list)) throw new IndexError('invalid', `"${name}" is no list.`);
  return list.map((hash: unknown) => parseHash(typeof hash === 'string' ? hash : ''));
}

function metricsOf(tracker: Tracker, udp: UdpTracker): Metric[] {
  const { swarms, counts } = tracker;
  const one = (name: string, help: string, kind: Metric['kind'], value: number): Metric => ({
    name,
    help,
    kind,
    values: [{ value }],
  });
  return [
    one('swarms', 'Swarms that are known.', 'gauge', swarms.table.size),
    {
      name: 'peers',
      help: 'Peers in swarms, by address family.',
      kind: 'gauge',
      values: [
        { labels: { family: '4' }, value: swarms.peers4.size },
        { labels: { family: '6' }, value: swarms.peers6.size },
      ],
    },
    one('announces_total', 'Announces that were answered, over HTTP and UDP.', 'counter', counts.announces),
    one('scrapes_total', 'Scrapes that were answered, over HTTP and UDP.', 'counter', counts.scrapes),
    one('refused_total', 'Announces and scrapes that were refused.', 'counter', counts.refused),
    one('expired_total', 'Peers that were not heard of any more.', 'counter', counts.expired),
    {
      name: 'udp_packets_total',
      help: 'Datagrams, by what became of them.',
      kind: 'counter',
      values: Object.entries(udp.allCounts()).map(([what, value]) => ({ labels: { what }, value })),
    },
  ];
}
