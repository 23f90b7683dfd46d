// Mainline DHT as others use it: one node for each address family that was bound. A question goes to both, and their
// answers come as one.

import { atEveryAddress, type Endpoint, encodeBencode, type IpFamily, noBytes } from '@shoal/base';
import { bucketSize, maxSaltBytes, maxSavedNodes, maxValueBytes } from './bounds.ts';
import { bloomBytes, estimateBloom } from './codec/bloom.ts';
import { errorCodes, type PutItem } from './codec/krpc.ts';
import { compactContacts, stateOf } from './contact.ts';
import { DhtError } from './errors.ts';
import { FamilyNode } from './family-node.ts';
import { ItemStore } from './item-store.ts';
import { type Item, immutableTarget, mutableTarget, signedBytes } from './items.ts';
import { merge } from './merge.ts';
import { compareDistance, idLength, sharedPrefix } from './node-id.ts';
import { readTables, writeTables } from './saved.ts';
import { findItem, findNodes, findPeers, putAt, type SearchParts, scrapeInto } from './searches.ts';
import type { Dht, DhtOptions, NewItem, PeersEvent, PutResult } from './types.ts';
import { Upkeep } from './upkeep.ts';

interface Half extends SearchParts {
  readonly upkeep: Upkeep;
  /** Told of by the way; asked when the table is empty. */
  readonly hints: Endpoint[];
}

/** Rejects with the WorldError of an address that cannot be bound. */
export async function createDht(options: DhtOptions): Promise<Dht> {
  const { clock, random, hashing, interfaces, bootstrap = [], bind } = options;
  const datagrams = interfaces === undefined ? options.datagrams : atEveryAddress({ ...options, interfaces });
  const saved = readTables(options.saved ?? noBytes);
  const items = new ItemStore(hashing);
  const halves: Half[] = [];
  const closing: Promise<void>[] = [];
  let isClosed = false;

  const halfOf = (family: IpFamily): Half | undefined => halves.find(({ node }) => node.family === family);

  for (const local of bind) {
    const family = familyOf(local);
    if (halfOf(family) !== undefined)
      throw new DhtError('invalid', 'One address of each family can be bound', { value: local.address });
    const { promise, resolve } = Promise.withResolvers<void>();
    const node = new FamilyNode(
      { ...options, datagrams },
      {
        family,
        id: saved[family].id,
        isReadOnly: options.isReadOnly ?? false,
        isLimited: options.isLimited ?? true,
        enforcesIds: options.enforcesIds ?? true,
        items,
        tableOf: (wanted) => halfOf(wanted)?.node.table,
        onClose: () => resolve(),
      },
    );
    const hints: Endpoint[] = saved[family].nodes.map(({ endpoint }) => endpoint);
    const upkeep = new Upkeep({
      node,
      clock,
      random,
      entrances: () => [...hints, ...bootstrap.filter((one) => familyOf(one) === family)],
      onOthers(nodes) {
        const other = halfOf(family === 4 ? 6 : 4);
        if (other !== undefined)
          remember(
            other.hints,
            nodes.map(({ endpoint }) => endpoint),
          );
      },
      wantsOthers: () => (halfOf(family === 4 ? 6 : 4)?.node.table.size ?? bucketSize) < bucketSize,
    });
    halves.push({
      node,
      upkeep,
      hints,
      clock,
      random,
      hashing,
      paths: options.paths,
      connected: () => upkeep.join(),
    });
    closing.push(promise);
  }
  if (halves.length === 0) throw new DhtError('invalid', 'A DHT node needs an address to listen at');
  try {
    for (const [i, { node }] of halves.entries()) {
      const local = bind[i];
      if (local !== undefined) await node.bind(local);
    }
  } catch (error) {
    for (const { node } of halves) node.close();
    throw error;
  }
  const ready = Promise.all(halves.map(({ upkeep }) => upkeep.start())).then(() => {});

  function check(id: Uint8Array, what: string): void {
    if (isClosed) throw new DhtError('closed', 'The DHT node was closed');
    if (id.length !== idLength) throw new DhtError('invalid', `${what} has 20 bytes`, { value: id.length });
  }

  function halfFor(endpoint: Endpoint): Half {
    if (isClosed) throw new DhtError('closed', 'The DHT node was closed');
    const half = halfOf(familyOf(endpoint));
    if (half === undefined)
      throw new DhtError('invalid', `No IPv${familyOf(endpoint)} address is bound`, {
        value: endpoint.address,
      });
    return half;
  }

  async function* peers(
    infoHash: Uint8Array,
    { signal, announce }: Parameters<Dht['peers']>[1] = {},
  ): AsyncGenerator<PeersEvent, void, void> {
    check(infoHash, 'An info hash');
    let answered = 0;
    for await (const event of merge(halves.map((half) => findPeers(half, infoHash, announce, signal)))) {
      if (event.kind === 'done') answered += event.answered;
      yield event;
    }
    if (answered === 0) throw nobody();
  }

  async function getItem(
    target: Uint8Array,
    { signal, salt = noBytes }: Parameters<Dht['getItem']>[1] = {},
  ): Promise<Item | undefined> {
    check(target, 'A target');
    const isImmutable = (item: Item): boolean => item.key === undefined;
    const own = items.get(target, clock.nowMs());
    if (own !== undefined && isImmutable(own)) return own;
    const enough = new AbortController();
    let isAnybody = own !== undefined;
    const either = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]);
    const found = await Promise.all(
      halves.map(async (half) => {
        try {
          const { item, answered } = await findItem(half, target, salt, isImmutable, either);
          if (item !== undefined && isImmutable(item)) enough.abort();
          isAnybody ||= answered > 0;
          return item;
        } catch (error) {
          if (enough.signal.aborted) return undefined;
          throw error;
        }
      }),
    );
    if (!isAnybody) throw nobody();
    return newest([own, ...found]);
  }

  async function putItem(item: NewItem, { signal }: Parameters<Dht['putItem']>[1] = {}): Promise<PutResult> {
    const { signer, salt = noBytes, cas } = item;
    const raw = encodeBencode(item.value);
    if (raw.length > maxValueBytes)
      throw new DhtError('invalid', `A value has at most ${maxValueBytes} bytes, this one ${raw.length}`);
    if (salt.length > maxSaltBytes)
      throw new DhtError('invalid', `A salt has at most ${maxSaltBytes} bytes, this one ${salt.length}`);
    const target =
      signer === undefined ? immutableTarget(hashing, raw) : mutableTarget(hashing, signer.publicKey, salt);
    check(target, 'A target');
    const searches = await Promise.all(
      halves.map(async (half) => ({ half, ...(await findItem(half, target, salt, () => false, signal)) })),
    );
    if (searches.every(({ closest }) => closest.length === 0)) throw nobody();
    const current = newest(searches.map((search) => search.item));
    const sequence = item.sequence ?? (current?.sequence ?? 0) + 1;
    const put: PutItem =
      signer === undefined
        ? { raw }
        : {
            raw,
            mutable: {
              key: signer.publicKey,
              salt,
              sequence,
              signature: signer.sign(signedBytes(salt, sequence, raw)),
              cas,
            },
          };
    const outcomes = { stored: 0, refusals: [] as { code: number; message: string }[] };
    await Promise.all(searches.map(({ half, closest }) => putAt(half.node, put, closest, outcomes)));
    const [refusal] = outcomes.refusals;
    if (outcomes.stored === 0)
      throw refusal === undefined
        ? nobody()
        : new DhtError('refused', refusalText(refusal), { value: refusal.code });
    return { target, sequence: signer === undefined ? undefined : sequence, stored: outcomes.stored };
  }

  return {
    get endpoints() {
      return halves.flatMap(({ node }) => node.local ?? []);
    },
    ready,
    peers,
    async announce(infoHash, announcement, { signal } = {}) {
      const found: Endpoint[] = [];
      let stored = 0;
      for await (const event of peers(infoHash, { signal, announce: announcement })) {
        if (event.kind === 'peers') found.push(...event.peers);
        if (event.kind === 'announced') stored++;
      }
      return { stored, peers: found };
    },
    async scrape(infoHash, { signal } = {}) {
      check(infoHash, 'An info hash');
      const filters = { seeds: new Uint8Array(bloomBytes), peers: new Uint8Array(bloomBytes) };
      await Promise.all(halves.map((half) => scrapeInto(half, infoHash, filters, signal)));
      return { seeds: estimateBloom(filters.seeds), peers: estimateBloom(filters.peers) };
    },
    async findNodes(target, { signal } = {}) {
      check(target, 'A target');
      const found = await Promise.all(halves.map((half) => findNodes(half, target, signal)));
      return found.flat().sort((a, b) => compareDistance(target, a.id, b.id));
    },
    getItem,
    putItem,
    async sampleInfohashes(to, target) {
      const { node } = halfFor(to);
      const want = { 4: node.family === 4, 6: node.family === 6 };
      const query = { method: 'sample_infohashes', target: target ?? node.ownId, want } as const;
      const outcome = await node.ask(query, to);
      if (outcome.kind !== 'answered') throw failure(outcome, to);
      const { samples, nodes, nodes6 } = outcome.answer;
      if (samples === undefined)
        throw new DhtError('refused', 'The node gives no samples', { value: endpointText(to) });
      return { ...samples, nodes: node.family === 4 ? nodes : nodes6 };
    },
    async ping(to) {
      const outcome = await halfFor(to).node.ask({ method: 'ping' }, to);
      if (outcome.kind !== 'answered') throw failure(outcome, to);
      return { id: outcome.answer.id, rttMs: outcome.rttMs };
    },
    nodes() {
      const nowMs = clock.nowMs();
      return halves.flatMap(({ node: { family, table } }) =>
        table.contacts().map((contact) => {
          const { id, endpoint, rttMs, lastHeardMs } = contact;
          const state = stateOf(contact, nowMs);
          const sharedBits = sharedPrefix(table.own, id);
          return { family, id, endpoint, rttMs, state, quietMs: nowMs - lastHeardMs, sharedBits };
        }),
      );
    },
    addNode(endpoint) {
      const half = isClosed ? undefined : halfOf(familyOf(endpoint));
      if (half === undefined || !(endpoint.port > 0)) return;
      const { node, hints, upkeep } = half;
      remember(hints, [endpoint]);
      if (node.table.size === 0) void upkeep.join();
      else node.meet(endpoint);
    },
    save: () =>
      writeTables(
        halves.map(({ node: { family, table } }) => ({
          family,
          id: table.own,
          compact: compactContacts(table.closest(table.own, maxSavedNodes)),
        })),
      ),
    stats: () => ({
      items: items.count,
      families: halves.map(({ node }) => ({
        ...node.counts,
        family: node.family,
        id: node.ownId,
        local: node.local,
        externalAddress: node.externalAddress,
        nodes: node.table.size,
        replacements: node.table.replacementCount,
        swarms: node.peers.swarmCount,
        peers: node.peers.peerCount,
        banned: node.visitors.banCount,
        roundTripMs: node.questions.roundTrips.smoothMs,
      })),
    }),
    async close() {
      if (!isClosed)
        for (const { node, upkeep } of halves) {
          upkeep.stop();
          node.close();
        }
      isClosed = true;
      await Promise.all(closing);
    },
  };
}

/** The oldest make room. */
function remember(hints: Endpoint[], more: readonly Endpoint[]): void {
  hints.push(...more);
  hints.splice(0, hints.length - maxSavedNodes);
}

function familyOf({ address }: Endpoint): IpFamily {
  return address.includes(':') ? 6 : 4;
}

function newest(found: readonly (Item | undefined)[]): Item | undefined {
  let best: Item | undefined;
  for (const item of found)
    if (item !== undefined && (best === undefined || (item.sequence ?? 0) > (best.sequence ?? 0)))
      best = item;
  return best;
}

function nobody(): DhtError {
  return new DhtError(
    'no-nodes',
    'No DHT node answers. Give the address of one that is running (--dht-bootstrap HOST:PORT).',
  );
}

function failure(
  outcome: { readonly kind: string; readonly code?: number; readonly message?: string },
  to: Endpoint,
): DhtError {
  const value = endpointText(to);
  if (outcome.kind === 'refused')
    return new DhtError('refused', `${value} says: ${outcome.message} (${outcome.code})`, { value });
  if (outcome.kind === 'closed') return new DhtError('closed', 'The DHT node was closed');
  return new DhtError('timeout', `${value} does not answer`, { value });
}

function refusalText({ code, message }: { readonly code: number; readonly message: string }): string {
  if (code === errorCodes.casMismatch) return 'The item was changed meanwhile: read it and try again';
  if (code === errorCodes.oldSequence) return 'There is a newer item with a higher sequence number';
  return `The nodes refuse the item: ${message} (${code})`;
}

function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
