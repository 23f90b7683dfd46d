// Whole networks in virtual time: joining, finding, nodes that go, NATs, both families, another address.

import assert from 'node:assert/strict';
import type { Endpoint } from '@shoal/base';
import { createDht, type Dht, isIdAllowed, type PeersEvent } from '@shoal/dht';
import type { Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { addressOf, addressOf6, growNetwork, infoHash, port, type SimNode, startNode } from './network.ts';

interface Found {
  readonly peers: readonly Endpoint[];
  readonly hops: number;
  readonly asked: number;
  readonly tookMs: number;
}

async function find(simulation: Simulation, dht: Dht, hash: Uint8Array): Promise<Found> {
  const startedMs = simulation.nowMs;
  const search = async (): Promise<Omit<Found, 'tookMs'>> => {
    const peers: Endpoint[] = [];
    let done: (PeersEvent & { kind: 'done' }) | undefined;
    for await (const event of dht.peers(hash)) {
      if (event.kind === 'peers') peers.push(...event.peers);
      if (event.kind === 'done') done = event;
    }
    return { peers, hops: done?.hops ?? 0, asked: done?.asked ?? 0 };
  };
  const found = await simulation.settle(search());
  return { ...found, tookMs: simulation.nowMs - startedMs };
}

function pick(nodes: readonly SimNode[], n: number): SimNode {
  const node = nodes[n % nodes.length];
  if (node === undefined) throw new Error('nobody to pick');
  return node;
}

simTest('two nodes: what one announces the other finds', {}, async (simulation) => {
  const [a, b] = await growNetwork(simulation, 2);
  assert.ok(a && b);
  const hash = infoHash(simulation, 'x');
  const { stored } = await simulation.settle(b.dht.announce(hash, { port: 4000 }));
  assert.equal(stored, 1);
  const { peers } = await find(simulation, a.dht, hash);
  assert.deepEqual(peers, [{ address: b.host.address, port: 4000 }]);
});

simTest('without a port, the one that the datagram came from is announced', {}, async (simulation) => {
  const [a, b] = await growNetwork(simulation, 2);
  assert.ok(a && b);
  const hash = infoHash(simulation, 'x');
  await simulation.settle(b.dht.announce(hash, {}));
  assert.deepEqual((await find(simulation, a.dht, hash)).peers, [{ address: b.host.address, port }]);
});

simTest(
  'among 200 nodes every key is found in few hops, and with a tenth of the nodes gone 99 of 100',
  { repeats: false },
  async (simulation) => {
    const nodes = await growNetwork(simulation, 200);
    const keys = Array.from({ length: 100 }, (_, i) => infoHash(simulation, `key ${i}`));
    for (const [i, key] of keys.entries()) {
      const { stored } = await simulation.settle(pick(nodes, i * 7).dht.announce(key, { port: 1000 + i }));
      assert.ok(stored >= 8, `${stored} nodes took key ${i}`);
    }
    for (const [i, key] of keys.slice(0, 30).entries()) {
      const { peers, hops, asked, tookMs } = await find(simulation, pick(nodes, i * 11 + 5).dht, key);
      assert.equal(peers.length, 1, `key ${i}`);
      assert.ok(hops <= 5 && asked <= 60 && tookMs < 4000, `${hops} hops, ${asked} asked, ${tookMs} ms`);
    }
    const living = nodes.filter((_, i) => i % 10 !== 3);
    for (const [i, { host }] of nodes.entries()) if (i % 10 === 3) host.crash();
    let found = 0;
    for (const [i, key] of keys.entries()) {
      const { peers, tookMs } = await find(simulation, pick(living, i * 13 + 3).dht, key);
      if (peers.length === 1) found++;
      assert.ok(tookMs < 6000, `${tookMs} ms`);
    }
    assert.ok(found >= 99, `${found} of 100`);
  },
);

simTest('ids fit the addresses that others see, behind a NAT too', {}, async (simulation) => {
  const nodes = await growNetwork(simulation, 20);
  const lan = simulation.addLan({ nat: { kind: 'port-restricted' } });
  const inside = simulation.addHost({ lan });
  const dht = await simulation.settle(
    startNode(inside, { bootstrap: nodes.slice(0, 3).flatMap((node) => node.dht.endpoints) }),
  );
  await simulation.settle(dht.ready);
  await simulation.advance(30_000);
  const [family] = dht.stats().families;
  assert.ok(family?.externalAddress !== undefined && !family.externalAddress.startsWith('192.168.'));
  assert.ok(isIdAllowed(family.id, { address: family.externalAddress, port: 1 }));
  for (const { dht: other } of nodes)
    for (const { id, endpoint } of other.nodes()) assert.ok(isIdAllowed(id, endpoint));
  for (const { id, sharedBits, quietMs } of dht.nodes()) {
    const at = id.findIndex((byte, index) => byte !== family.id[index]);
    assert.ok(
      sharedBits >= 8 * at && sharedBits < 8 * (at + 1) && quietMs >= 0 && quietMs <= simulation.nowMs,
    );
  }
  const hash = infoHash(simulation, 'x');
  const { stored } = await simulation.settle(dht.announce(hash, { port: 4000 }));
  assert.ok(stored >= 8);
  const { peers } = await find(simulation, pick(nodes, 9).dht, hash);
  assert.deepEqual(peers, [{ address: family.externalAddress, port: 4000 }]);
});

simTest('a machine that moves to another address takes an id that fits it', {}, async (simulation) => {
  const nodes = await growNetwork(simulation, 20);
  const mover = pick(nodes, 19);
  const dht = mover.dht;
  await simulation.settle(dht.close());
  // As a laptop does: bound to all addresses, so that the socket survives.
  const roaming = await simulation.settle(
    createDht({
      ...mover.host.world,
      bind: [{ address: '0.0.0.0', port }],
      bootstrap: pick(nodes, 0).dht.endpoints,
    }),
  );
  await simulation.settle(roaming.ready);
  await simulation.advance(60_000);
  const before = roaming.stats().families[0];
  assert.equal(before?.externalAddress, addressOf(19));
  mover.host.setAddresses([addressOf(500)]);
  await simulation.advance(15 * 60_000);
  const after = roaming.stats().families[0];
  assert.equal(after?.externalAddress, addressOf(500));
  assert.ok(isIdAllowed(after.id, { address: addressOf(500), port }));
});

simTest('peers of both families are found, each over its own', {}, async (simulation) => {
  const nodes: SimNode[] = [];
  for (let i = 0; i < 12; i++) {
    const host = simulation.addHost({ addresses: [addressOf(i), addressOf6(i)] });
    const dht = await simulation.settle(
      createDht({
        ...host.world,
        bind: host.addresses.map((address) => ({ address, port })),
        // Over IPv4 alone: the way into IPv6 is told by the others (BEP 32).
        bootstrap: (nodes[0]?.dht.endpoints ?? []).filter(({ address }) => !address.includes(':') || i < 4),
      }),
    );
    await simulation.settle(dht.ready);
    nodes.push({ host, dht });
  }
  await simulation.advance(60_000);
  for (const { dht } of nodes)
    for (const { family, nodes: size } of dht.stats().families) assert.ok(size > 0, `IPv${family}`);
  const hash = infoHash(simulation, 'both');
  await simulation.settle(pick(nodes, 11).dht.announce(hash, { port: 4000 }));
  const { peers } = await find(simulation, pick(nodes, 5).dht, hash);
  assert.deepEqual(peers.map(({ address }) => address).sort(), [...pick(nodes, 11).host.addresses].sort());
});

simTest(
  'a saved table leads in without any entrance, and a damaged one does no harm',
  {},
  async (simulation) => {
    const nodes = await growNetwork(simulation, 30);
    const old = pick(nodes, 7);
    const saved = old.dht.save();
    const { id } = old.dht.stats().families[0] ?? {};
    await simulation.settle(old.dht.close());
    const again = await simulation.settle(startNode(old.host, { saved }));
    await simulation.settle(again.ready);
    assert.ok(again.nodes().length > 8);
    assert.deepEqual(again.stats().families[0]?.id, id);
    await simulation.settle(again.close());
    for (const damaged of [new Uint8Array(0), saved.slice(0, 50), saved.map((byte) => byte ^ 0x55)]) {
      const fresh = await simulation.settle(startNode(old.host, { saved: damaged }));
      await simulation.settle(fresh.ready);
      assert.equal(fresh.nodes().length, 0);
      await simulation.settle(fresh.close());
    }
  },
);

simTest(
  'a node that somebody told us of leads in; one that is not there does no harm',
  {},
  async (simulation) => {
    const nodes = await growNetwork(simulation, 20);
    const dht = await simulation.settle(startNode(simulation.addHost({ addresses: [addressOf(900)] })));
    await simulation.settle(dht.ready);
    assert.equal(dht.nodes().length, 0);
    dht.addNode({ address: addressOf(800), port });
    dht.addNode({ address: pick(nodes, 4).host.address, port });
    dht.addNode({ address: '0.0.0.0', port: 0 });
    await simulation.advance(30_000);
    assert.ok(dht.nodes().length >= 8, `${dht.nodes().length}`);
  },
);

simTest(
  'a node whose whole table went away finds back when its entrance is there again',
  {},
  async (simulation) => {
    const nodes = await growNetwork(simulation, 5);
    const alone = pick(nodes, 4);
    const others = nodes.filter((node) => node !== alone);
    const cut = simulation.partition(
      [alone.host],
      others.map(({ host }) => host),
    );
    await simulation.advance(60 * 60_000);
    assert.equal(alone.dht.nodes().length, 0);
    cut.heal();
    await simulation.advance(10 * 60_000);
    assert.ok(alone.dht.nodes().length >= 3, `${alone.dht.nodes().length}`);
  },
);

simTest('a read-only node finds, and nobody keeps it', {}, async (simulation) => {
  const nodes = await growNetwork(simulation, 10);
  const bootstrap = pick(nodes, 0).dht.endpoints;
  const host = simulation.addHost({ addresses: [addressOf(77)] });
  const dht = await simulation.settle(startNode(host, { bootstrap, isReadOnly: true }));
  await simulation.settle(dht.ready);
  const hash = infoHash(simulation, 'x');
  await simulation.settle(pick(nodes, 3).dht.announce(hash, { port: 4000 }));
  assert.equal((await find(simulation, dht, hash)).peers.length, 1);
  await simulation.advance(60_000);
  for (const node of nodes)
    assert.ok(!node.dht.nodes().some(({ endpoint }) => endpoint.address === host.address));
  await assert.rejects(simulation.settle(pick(nodes, 1).dht.ping({ address: host.address, port })), {
    code: 'timeout',
  });
});

simTest('a search that is called off ends at once, and a closed node says so', {}, async (simulation) => {
  const nodes = await growNetwork(simulation, 10);
  const { dht } = pick(nodes, 2);
  const abort = new AbortController();
  const search = dht.announce(infoHash(simulation, 'x'), { port: 1 }, { signal: abort.signal });
  simulation.after(5, () => abort.abort());
  const startedMs = simulation.nowMs;
  await assert.rejects(simulation.settle(search), { code: 'aborted' });
  assert.ok(simulation.nowMs - startedMs < 10);
  await simulation.settle(dht.close());
  await assert.rejects(simulation.settle(dht.announce(infoHash(simulation, 'x'), { port: 1 })), {
    code: 'closed',
  });
});

simTest('with lost and late datagrams everything is found all the same', { seeds: 2 }, async (simulation) => {
  const line = { latencyMs: 40, jitterMs: 100, loss: 0.05, duplicate: 0.02 };
  const nodes = await growNetwork(simulation, 60, { batch: 15, host: { line } });
  for (let i = 0; i < 15; i++) {
    const key = infoHash(simulation, `key ${i}`);
    await simulation.settle(pick(nodes, i).dht.announce(key, { port: 2000 }));
    assert.equal((await find(simulation, pick(nodes, 3 * i + 20).dht, key)).peers.length, 1, `key ${i}`);
  }
});

simTest(
  'with half of the nodes coming and going every ten minutes keys stay found',
  { repeats: false },
  async (simulation) => {
    const nodes = await growNetwork(simulation, 80);
    const stable = nodes.slice(0, 40);
    const random = simulation.randomFor('churn');
    const keys = Array.from({ length: 20 }, (_, i) => infoHash(simulation, `key ${i}`));
    for (let minute = 0; minute < 30; minute++) {
      if (minute % 15 === 0)
        for (const [i, key] of keys.entries())
          await simulation.settle(pick(stable, i).dht.announce(key, { port: 2000 + i }));
      for (const node of nodes.slice(40)) {
        // Ten minutes half of them live: 6.7% go in a minute.
        if (!random.chance(0.067)) continue;
        node.host.crash();
        node.host.restart();
        const bootstrap = pick(stable, random.below(40)).dht.endpoints;
        node.dht = await simulation.settle(startNode(node.host, { bootstrap }));
      }
      await simulation.advance(60_000);
    }
    let found = 0;
    for (const [i, key] of keys.entries())
      if ((await find(simulation, pick(stable, i + 17).dht, key)).peers.length > 0) found++;
    assert.ok(found >= 19, `${found} of 20`);
  },
);
