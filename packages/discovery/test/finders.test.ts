// One suite that every finder passes, each in a simulated world of its own kind.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Finder, FindOptions, FoundPeer, PeerAddress } from '@shoal/base';
import { createDht } from '@shoal/dht';
import { identityFromSeed } from '@shoal/identity';
import type { SimHost, Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { startSimIndex } from '../../../lab/clients/sim-index.ts';
import { createDhtFinder } from '../src/dht-finder.ts';
import { createGivenFinder } from '../src/given-finder.ts';
import { createIndexFinder } from '../src/index-finder.ts';
import { createLanFinder } from '../src/lan-finder.ts';
import { createTrackerFinder } from '../src/tracker-finder.ts';
import { peerIdOf, type SimTracker, startTracker, trackerUrl } from './sim-tracker.ts';

const hash = new Uint8Array(20).fill(7);
const second = new Uint8Array(20).fill(8);

interface Ground {
  host(): SimHost;
  finder(host: SimHost): Finder;
  /** Whether the other side knows us as a peer under this hash. */
  knows?(host: SimHost, infoHash: Uint8Array): boolean;
  /** How long it may take to hear of each other. */
  readonly patienceMs: number;
}

type MakeGround = (simulation: Simulation) => Promise<Ground>;

async function trackerGround(simulation: Simulation): Promise<Ground> {
  const tracker: SimTracker = startTracker(simulation);
  return {
    patienceMs: 2_000_000,
    host: () => simulation.addHost(),
    finder: (host) => createTrackerFinder(host.world, { peerId: peerIdOf(host.name) }),
    knows: (host, infoHash) => tracker.knows(infoHash, host.address),
  };
}

async function dhtGround(simulation: Simulation): Promise<Ground> {
  const first = simulation.addHost({ name: 'first' });
  const nodes = [];
  for (const host of [first, ...Array.from({ length: 9 }, () => simulation.addHost())]) {
    const made = createDht({
      ...host.world,
      bind: [{ address: host.address, port: 6881 }],
      bootstrap: host === first ? [] : [{ address: first.address, port: 6881 }],
    });
    nodes.push(await simulation.settle(made));
  }
  await simulation.settle(Promise.all(nodes.map(({ ready }) => ready)));
  return {
    patienceMs: 120_000,
    host: () => simulation.addHost(),
    finder: (host) => {
      const finder = createDhtFinder(host.world, { port: 6881 });
      finder.addNode({ host: 'first', port: 6881 });
      return finder;
    },
  };
}

async function indexGround(simulation: Simulation): Promise<Ground> {
  const index = await startSimIndex(simulation);
  return {
    patienceMs: 120_000,
    host: () => simulation.addHost(),
    finder: (host) =>
      createIndexFinder(host.world, {
        peerId: peerIdOf(host.name),
        urls: [index.url],
        identity: identityFromSeed(new Uint8Array(32).fill(Number(host.name.slice(1)))),
      }),
    knows: (host, infoHash) => index.knows(infoHash, host.address),
  };
}

async function lanGround(simulation: Simulation): Promise<Ground> {
  const lan = simulation.addLan({ ipv6: true });
  return {
    patienceMs: 2_000,
    host: () => simulation.addHost({ lan }),
    finder: (host) => createLanFinder(host.world, undefined),
  };
}

function optionsOf(more: Partial<FindOptions> = {}): FindOptions {
  return {
    signal: new AbortController().signal,
    port: 7000,
    amounts: () => ({ uploaded: 0, downloaded: 0, left: 5 }),
    trackers: [[trackerUrl]],
    ...more,
  };
}

/** Collects what a search yields, while the world goes on. */
function collect(search: AsyncIterable<FoundPeer>): {
  peers: FoundPeer[];
  over: Promise<void>;
  isOver: boolean;
} {
  const collected = { peers: [] as FoundPeer[], over: Promise.resolve(), isOver: false };
  collected.over = (async () => {
    for await (const peer of search) collected.peers.push(peer);
    collected.isOver = true;
  })();
  return collected;
}

const isOf = (host: SimHost) => (peer: FoundPeer) =>
  host.world.interfaces.list().some(({ address }) => address === peer.address.address);

function suite(name: string, ground: MakeGround): void {
  describe(name, () => {
    simTest('yields who else seeks the same, with who told', { seeds: 3 }, async (simulation) => {
      const { host, finder, patienceMs } = await ground(simulation);
      const [a, b] = [host(), host()];
      const [ofA, ofB] = [finder(a), finder(b)];
      const stop = new AbortController();
      const first = collect(ofA.find([hash], optionsOf({ signal: stop.signal, port: 7001 })));
      await simulation.advance(5_000);
      const next = collect(ofB.find([hash], optionsOf({ signal: stop.signal, port: 7002 })));
      await simulation.run(() => next.peers.some(isOf(a)), { limitMs: patienceMs });
      const told = next.peers.find(isOf(a));
      assert.equal(told?.address.port, 7001);
      assert.notEqual(told?.teller, '');
      assert.equal(first.isOver, false);
      stop.abort();
      await simulation.settle(Promise.all([first.over, next.over]));
      await simulation.settle(Promise.all([ofA.close(), ofB.close()]));
    });

    simTest('tells nobody of torrents that others seek', {}, async (simulation) => {
      const { host, finder } = await ground(simulation);
      const [a, b] = [host(), host()];
      const [ofA, ofB] = [finder(a), finder(b)];
      const stop = new AbortController();
      collect(ofA.find([hash], optionsOf({ signal: stop.signal })));
      await simulation.advance(20_000);
      const other = collect(ofB.find([second], optionsOf({ signal: stop.signal })));
      await simulation.advance(20_000);
      assert.deepEqual(other.peers.filter(isOf(a)), []);
      stop.abort();
      await simulation.settle(Promise.all([ofA.close(), ofB.close()]));
    });

    simTest('asks under all names of a torrent', {}, async (simulation) => {
      const { host, finder, patienceMs } = await ground(simulation);
      const [a, b, c] = [host(), host(), host()];
      const [ofA, ofB, ofC] = [finder(a), finder(b), finder(c)];
      const stop = new AbortController();
      const options = optionsOf({ signal: stop.signal });
      collect(ofA.find([hash], options));
      collect(ofB.find([second], options));
      await simulation.advance(20_000);
      const hybrid = collect(ofC.find([hash, second], options));
      await simulation.run(() => hybrid.peers.some(isOf(a)) && hybrid.peers.some(isOf(b)), {
        limitMs: patienceMs,
      });
      stop.abort();
      await simulation.settle(Promise.all([ofA, ofB, ofC].map((one) => one.close())));
    });

    simTest('asked once, it tells who is there and ends by itself', {}, async (simulation) => {
      const { host, finder, knows } = await ground(simulation);
      const [a, b] = [host(), host()];
      const [ofA, ofB] = [finder(a), finder(b)];
      const stop = new AbortController();
      collect(ofA.find([hash], optionsOf({ signal: stop.signal })));
      await simulation.advance(20_000);
      const search = ofB.find([hash], optionsOf({ once: true }));
      const asked = collect(search);
      await simulation.settle(asked.over);
      assert.ok(asked.peers.some(isOf(a)), JSON.stringify(asked.peers));
      await simulation.settle(search.ended);
      assert.equal(knows?.(b, hash) ?? false, false);
      stop.abort();
      await simulation.settle(Promise.all([ofA.close(), ofB.close()]));
    });

    simTest('ends at once when it is stopped, also before it began', {}, async (simulation) => {
      const { host, finder, knows } = await ground(simulation);
      const a = host();
      const ofA = finder(a);
      const stop = new AbortController();
      const running = ofA.find([hash], optionsOf({ signal: stop.signal }));
      const peers = collect(running);
      await simulation.advance(20_000);
      stop.abort();
      const begunMs = simulation.nowMs;
      await simulation.settle(peers.over);
      assert.ok(simulation.nowMs - begunMs < 10);
      await simulation.settle(running.ended);
      assert.ok(simulation.nowMs - begunMs < 4_000);
      assert.equal(knows?.(a, hash) ?? false, false);
      const never = ofA.find([hash], optionsOf({ signal: AbortSignal.abort() }));
      await simulation.settle(collect(never).over);
      await simulation.settle(never.ended);
      running.renew();
      await simulation.settle(ofA.close());
      await simulation.settle(ofA.close());
    });

    simTest('does without anybody who answers', {}, async (simulation) => {
      const { host, finder } = await ground(simulation);
      const a = host();
      simulation.partition(
        [a],
        simulation.hosts.filter((other) => other !== a),
      );
      const ofA = finder(a);
      const stop = new AbortController();
      const search = ofA.find([hash], optionsOf({ signal: stop.signal }));
      const peers = collect(search);
      await simulation.advance(10 * 60_000);
      assert.deepEqual(peers.peers, []);
      assert.equal(peers.isOver, false);
      stop.abort();
      await simulation.settle(search.ended);
      await simulation.settle(ofA.close());
    });
  });
}

suite('trackers', trackerGround);
suite('an index', indexGround);
suite('the DHT', dhtGround);
suite('the local network', lanGround);

simTest('named peers are yielded by all addresses of their names', {}, async (simulation) => {
  const [a, b] = [simulation.addHost(), simulation.addHost({ name: 'b', ipv6: true })];
  const finder = createGivenFinder(a.world, [
    { host: 'b', port: 5 },
    { host: 'nobody', port: 6 },
    { host: '192.0.2.1', port: 7 },
  ]);
  const found = collect(finder.find([hash], optionsOf({ once: true })));
  await simulation.settle(found.over);
  const addresses = found.peers.map(
    ({ address }: { address: PeerAddress }) => `${address.address} ${address.port}`,
  );
  const own = b.world.interfaces.list().filter(({ isLoopback }) => !isLoopback);
  assert.deepEqual(new Set(addresses), new Set([...own.map(({ address }) => `${address} 5`), '192.0.2.1 7']));
});

simTest(
  'an index that restarts and forgot has its leases again within two minutes',
  { seeds: 2 },
  async (simulation) => {
    const index = await startSimIndex(simulation);
    const [a, b] = [simulation.addHost(), simulation.addHost()];
    const finderOf = (host: SimHost, id: number) =>
      createIndexFinder(host.world, {
        peerId: peerIdOf(host.name),
        urls: [index.url],
        identity: identityFromSeed(new Uint8Array(32).fill(id)),
      });
    const [ofA, ofB] = [finderOf(a, 1), finderOf(b, 2)];
    const stop = new AbortController();
    const failures: string[] = [];
    const failed = (_: string, message: string) => void failures.push(message);
    collect(ofA.find([hash], optionsOf({ signal: stop.signal, failed })));
    await simulation.run(() => index.knows(hash, a.address), { limitMs: 5_000 });
    await index.restart();
    assert.equal(index.knows(hash, a.address), false);
    await simulation.run(() => index.knows(hash, a.address), { limitMs: 120_000 });
    // While it is gone, that is told once; and what is sought meanwhile stands there when it is back.
    index.host.crash();
    collect(ofA.find([second], optionsOf({ signal: stop.signal, failed })));
    await simulation.advance(30 * 60_000);
    assert.ok(failures.length >= 1 && failures.length <= 6, failures.join());
    await index.restart();
    await simulation.run(() => index.knows(hash, a.address) && index.knows(second, a.address), {
      limitMs: 10 * 60_000,
    });
    const found = collect(ofB.find([second], optionsOf({ once: true })));
    await simulation.settle(found.over);
    assert.ok(found.peers.some(isOf(a)));
    stop.abort();
    await simulation.settle(Promise.all([ofA.close(), ofB.close()]));
    assert.equal(index.knows(hash, a.address), false);
  },
);
