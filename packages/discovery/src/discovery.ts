// One question, "who has this?", asked of every finder that the network mode allows, all at once: what comes first is
// handed over first. Invariant: a finder that the mode forbids does not exist.

import type { Finder, FinderKind } from '@shoal/base';
import type { DhtFinder } from './dht-finder.ts';
import type { IndexFinder } from './index-finder.ts';
import { Lookout } from './lookout.ts';
import { RunningQuest } from './quest.ts';
import { Trust } from './trust.ts';
import type { Discovery, DiscoveryOptions, DiscoveryParts, NetworkMode } from './types.ts';

const kindsOf: Readonly<Record<NetworkMode, readonly FinderKind[]>> = {
  hybrid: ['given', 'lan', 'tracker', 'index', 'dht'],
  centralized: ['given', 'tracker', 'index'],
  distributed: ['given', 'lan', 'dht'],
};

/** A room is loaded when its finder is asked first, so that nobody waits for what is not used. */
export function createDiscovery(parts: DiscoveryParts, options: DiscoveryOptions): Discovery {
  const { lan, index, dht = {} } = options;
  const kinds = kindsOf[options.mode]
    .filter((kind) => kind !== 'lan' || lan !== false)
    .filter((kind) => kind !== 'index' || (index?.urls ?? []).length > 0);
  const finders = new Map<FinderKind, Promise<Finder>>();
  const quests = new Set<RunningQuest>();
  const trust = new Trust(parts.clock);
  const lookout = new Lookout(parts, () => {
    for (const quest of quests) quest.renew();
  });
  let dhtFinder: Promise<DhtFinder> | undefined;
  let runningDht: DhtFinder | undefined;
  let runningIndexes: IndexFinder | undefined;
  let isClosed = false;

  async function makeDht(): Promise<DhtFinder> {
    const { createDhtFinder } = await import('./dht-finder.ts');
    runningDht = createDhtFinder(parts, { port: dht.port ?? 0, saved: dht.saved });
    for (const node of dht.bootstrap ?? []) runningDht.addNode(node);
    return runningDht;
  }

  async function make(kind: 'lan' | 'tracker' | 'index'): Promise<Finder> {
    if (kind === 'index' && index !== undefined) {
      const { createIndexFinder } = await import('./index-finder.ts');
      runningIndexes = createIndexFinder(parts, { ...options, ...index });
      return runningIndexes;
    }
    if (kind === 'tracker') return (await import('./tracker-finder.ts')).createTrackerFinder(parts, options);
    const { createLanFinder } = await import('./lan-finder.ts');
    return createLanFinder(parts, lan === false ? undefined : lan);
  }

  /** Undefined for one that the mode forbids, and for a DHT without a way in. */
  function finderOf(kind: FinderKind): Promise<Finder> | undefined {
    if (isClosed || !kinds.includes(kind)) return undefined;
    if (kind === 'dht') {
      if ((dht.bootstrap ?? []).length > 0 || (dht.saved ?? []).length > 0) dhtFinder ??= makeDht();
      return dhtFinder;
    }
    if (kind === 'given') return undefined;
    const made = finders.get(kind) ?? make(kind);
    finders.set(kind, made);
    return made;
  }

  return {
    kinds,
    seek(subject, found, { once = false } = {}) {
      const quest = new RunningQuest({ parts, subject, found, once, trust, kinds, finderOf });
      quests.add(quest);
      void quest.ended.then(() => quests.delete(quest));
      return quest;
    },
    addDhtNode(node) {
      if (isClosed || !kinds.includes('dht')) return;
      dhtFinder ??= makeDht();
      void dhtFinder.then((finder) => finder.addNode(node));
      for (const quest of quests) quest.ask('dht');
    },
    joinDht: () => void finderOf('dht'),
    get dhtPort() {
      return runningDht?.node?.endpoints[0]?.port;
    },
    get dhtNodes() {
      return runningDht?.node?.nodes().length;
    },
    get dhtTable() {
      const node = runningDht?.node;
      return node && { families: node.stats().families, nodes: node.nodes() };
    },
    get indexes() {
      return runningIndexes?.standings ?? [];
    },
    get seenAddress() {
      const families = runningDht?.node?.stats().families ?? [];
      return families.find(({ externalAddress }) => externalAddress !== undefined)?.externalAddress;
    },
    saveNodes: () => runningDht?.node?.save(),
    async close() {
      if (isClosed) return;
      isClosed = true;
      lookout.stop();
      await Promise.all([...quests].map((quest) => quest.stop()));
      const made = await Promise.all([...finders.values(), ...(dhtFinder === undefined ? [] : [dhtFinder])]);
      await Promise.all(made.map((finder) => finder.close()));
    },
  };
}
