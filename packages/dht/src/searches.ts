// What is asked of many nodes at once, in one family: peers and announces (BEP 5), scrapes (BEP 33), items (BEP 44).

import { type Clock, type Endpoint, type Hashing, noBytes, type Random } from '@shoal/base';
import { bucketSize, scoutsPerLookup } from './bounds.ts';
import { uniteBlooms } from './codec/bloom.ts';
import type { PutItem, Query, Want } from './codec/krpc.ts';
import type { NodeInfo } from './codec/nodes.ts';
import type { FamilyNode } from './family-node.ts';
import { type Item, judgeItem } from './items.ts';
import {
  type AnsweredNode,
  finish,
  isPlausible,
  type LookupEvent,
  type LookupResult,
  lookup,
} from './lookup.ts';
import type { Announcement, PeersEvent } from './types.ts';

export interface SearchParts {
  readonly node: FamilyNode;
  readonly clock: Clock;
  readonly random: Random;
  readonly hashing: Hashing;
  readonly paths: number | undefined;
  /** Resolves when a way in was tried, where the table is empty. */
  readonly connected: () => Promise<void>;
}

type Lookup = AsyncGenerator<LookupEvent, LookupResult, void>;

async function* search(
  { node, random, paths, connected }: SearchParts,
  target: Uint8Array,
  query: Query,
  signal: AbortSignal | undefined,
): Lookup {
  if (node.table.size === 0) await connected();
  const seeds = node.table.closest(target, 2 * bucketSize);
  const scouts = node.table.sample(scoutsPerLookup, random);
  return yield* lookup(node, {
    target,
    query,
    seeds,
    scouts,
    signal,
    ...(paths === undefined ? {} : { paths }),
  });
}

function ownFamily({ node }: SearchParts): Want {
  return { 4: node.family === 4, 6: node.family === 6 };
}

export async function* findPeers(
  parts: SearchParts,
  infoHash: Uint8Array,
  announcement: Announcement | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<PeersEvent, void, void> {
  const { node, clock } = parts;
  const seen = new Set<string>();
  const fresh = (peers: readonly Endpoint[], from: Endpoint | undefined): Endpoint[] =>
    peers.filter((peer) => {
      const key = `${peer.address}|${peer.port}`;
      if (seen.has(key) || (from !== undefined && !isPlausible(peer, from))) return false;
      seen.add(key);
      return true;
    });
  const kept = fresh(node.peers.endpoints(infoHash, clock.nowMs()), undefined);
  if (kept.length > 0) yield { kind: 'peers', peers: kept, from: undefined };

  const query = { method: 'get_peers', infoHash, want: ownFamily(parts), scrape: false } as const;
  const events = search(parts, infoHash, query, signal);
  let result: LookupResult;
  try {
    for (;;) {
      const step = await events.next();
      if (step.done === true) {
        result = step.value;
        break;
      }
      const event = step.value;
      if (event.kind !== 'answered') {
        yield event;
        continue;
      }
      const { answer, rttMs, hops, ...found } = event.node;
      yield { kind: 'answered', node: found, rttMs, hops };
      const peers = fresh(answer.values, found.endpoint);
      if (peers.length > 0) yield { kind: 'peers', peers, from: found };
    }
  } finally {
    await events.return({ closest: [], asked: 0, answered: 0, hops: 0 });
  }
  const told =
    announcement === undefined ? [] : await announceTo(node, infoHash, announcement, result.closest);
  for (const to of told) yield { kind: 'announced', to };
  const { asked, answered, hops } = result;
  yield { kind: 'done', family: node.family, asked, answered, hops, announced: told.length };
}

async function announceTo(
  node: FamilyNode,
  infoHash: Uint8Array,
  { port, isSeed = false }: Announcement,
  closest: readonly AnsweredNode[],
): Promise<NodeInfo[]> {
  const told: NodeInfo[] = [];
  const announce = async ({ id, endpoint, answer: { token } }: AnsweredNode): Promise<void> => {
    if (token === undefined) return;
    const outcome = await node.ask({ method: 'announce_peer', infoHash, token, port, isSeed }, endpoint);
    if (outcome.kind === 'answered') told.push({ id, endpoint });
  };
  await Promise.all(closest.map(announce));
  return told;
}

export interface Filters {
  readonly seeds: Uint8Array;
  readonly peers: Uint8Array;
}

/** Adds to the filters what all the nearest nodes have in theirs. */
export async function scrapeInto(
  parts: SearchParts,
  infoHash: Uint8Array,
  filters: Filters,
  signal: AbortSignal | undefined,
): Promise<void> {
  const query = { method: 'get_peers', infoHash, want: ownFamily(parts), scrape: true } as const;
  for await (const event of search(parts, infoHash, query, signal)) {
    if (event.kind !== 'answered' || event.node.answer.scrape === undefined) continue;
    uniteBlooms(filters.seeds, event.node.answer.scrape.seeds);
    uniteBlooms(filters.peers, event.node.answer.scrape.peers);
  }
}

export async function findNodes(
  parts: SearchParts,
  target: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<readonly NodeInfo[]> {
  const query = { method: 'find_node', target, want: ownFamily(parts) } as const;
  const { closest } = await finish(search(parts, target, query, signal));
  return closest.map(({ id, endpoint }) => ({ id, endpoint }));
}

export interface ItemSearch {
  /** The newest that is genuine. */
  readonly item: Item | undefined;
  readonly answered: number;
  readonly closest: readonly AnsweredNode[];
}

/** `isEnough` ends the search early. Who sends a forgery is banned. */
export async function findItem(
  parts: SearchParts,
  target: Uint8Array,
  salt: Uint8Array,
  isEnough: (item: Item) => boolean,
  signal: AbortSignal | undefined,
): Promise<ItemSearch> {
  const query = { method: 'get', target, want: ownFamily(parts), sequence: undefined } as const;
  const events = search(parts, target, query, signal);
  let best: Item | undefined;
  let answered = 0;
  let closest: readonly AnsweredNode[] = [];
  const forgers = new Set<Uint8Array>();
  for (;;) {
    const step = await events.next();
    if (step.done === true) {
      closest = step.value.closest;
      break;
    }
    if (step.value.kind !== 'answered') continue;
    answered++;
    const { id, endpoint, answer } = step.value.node;
    if (answer.item === undefined) continue;
    const judged = judgeItem(parts.hashing, target, salt, answer.item);
    if (judged === 'forged') {
      forgers.add(id);
      parts.node.banLiar(endpoint);
    } else if (judged !== 'unrelated') {
      if (best === undefined || (judged.sequence ?? 0) > (best.sequence ?? 0)) best = judged;
      if (isEnough(judged)) {
        await events.return({ closest: [], asked: 0, answered: 0, hops: 0 });
        break;
      }
    }
  }
  return { item: best, answered, closest: closest.filter(({ id }) => !forgers.has(id)) };
}

export interface PutOutcomes {
  stored: number;
  readonly refusals: { readonly code: number; readonly message: string }[];
}

export async function putAt(
  node: FamilyNode,
  item: PutItem,
  closest: readonly AnsweredNode[],
  outcomes: PutOutcomes,
): Promise<void> {
  const put = async ({ endpoint, answer }: AnsweredNode): Promise<void> => {
    const { token = noBytes } = answer;
    if (token.length === 0) return;
    const outcome = await node.ask({ method: 'put', token, item }, endpoint);
    if (outcome.kind === 'answered') outcomes.stored++;
    if (outcome.kind === 'refused') outcomes.refusals.push(outcome);
  };
  await Promise.all(closest.map(put));
}
