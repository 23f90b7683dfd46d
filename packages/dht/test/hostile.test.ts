// Networks with hostile nodes in them, and answers that nobody asked for.

import assert from 'node:assert/strict';
import { encodeBencode, toUtf8 } from '@shoal/base';
import { simTest } from '@shoal/sim/testing';
import { type Decoy, type HostileNode, startHostile } from './hostile.ts';
import { addressOf, growNetwork, infoHash, port, type SimNode, startNode } from './network.ts';

function pick(nodes: readonly SimNode[], n: number): SimNode {
  const node = nodes[n % nodes.length];
  if (node === undefined) throw new Error('nobody to pick');
  return node;
}

simTest(
  'with two of five nodes hostile nearly every key is found, which one path alone would not do',
  { repeats: false },
  async (simulation) => {
    const nodes = await growNetwork(simulation, 120);
    const random = simulation.randomFor('victims');
    const hostile: HostileNode[] = [];
    for (let i = 0; i < 80; i++) {
      const host = simulation.addHost({ addresses: [addressOf(1000 + i)], line: { latencyMs: 20 } });
      const victims = Array.from({ length: 60 }, () => pick(nodes, random.below(120)).dht.endpoints).flat();
      hostile.push(await startHostile(simulation, host, victims));
    }
    await simulation.advance(60_000);
    const inTables = nodes.filter(({ dht }) =>
      dht.nodes().some(({ endpoint }) => endpoint.address >= addressOf(1000)),
    );
    assert.ok(inTables.length > 60, 'they are in the tables');
    let found = 0;
    for (let i = 0; i < 40; i++) {
      const key = infoHash(simulation, `key ${i}`);
      await simulation.settle(pick(nodes, i * 3).dht.announce(key, { port: 2000 }));
      const startedMs = simulation.nowMs;
      const { peers } = await simulation.settle(pick(nodes, i * 7 + 50).dht.announce(key, { port: 2001 }));
      if (peers.some((peer) => peer.port === 2000)) found++;
      assert.ok(simulation.nowMs - startedMs < 20_000, `${simulation.nowMs - startedMs} ms`);
    }
    assert.ok(hostile.reduce((sum, { asked }) => sum + asked, 0) > 1000, 'they were asked');
    assert.ok(found >= 39, `${found} of 40`);
  },
);

simTest(
  'who comes in over two accomplices and one honest node gets to know the others, and is found',
  {},
  async (simulation) => {
    const nodes = await growNetwork(simulation, 60);
    const accomplices: Decoy[] = [];
    const hostile: HostileNode[] = [];
    for (let i = 0; i < 40; i++) {
      const host = simulation.addHost({ addresses: [addressOf(1000 + i)], line: { latencyMs: 5 } });
      hostile.push(await startHostile(simulation, host, [], accomplices));
    }
    const honestAddresses = new Set(nodes.map(({ host }) => host.address));
    let known = 0;
    let found = 0;
    for (let i = 0; i < 10; i++) {
      const honest = pick(nodes, i * 11).dht.endpoints;
      const enemies = [0, 1].map((n) => ({ address: hostile[(i * 3 + n) % 40]?.host.address ?? '', port }));
      const host = simulation.addHost({ addresses: [addressOf(3000 + i)], line: { latencyMs: 20 } });
      const dht = await simulation.settle(startNode(host, { bootstrap: [...enemies, ...honest] }));
      await simulation.settle(dht.ready);
      known += dht.nodes().filter(({ endpoint }) => honestAddresses.has(endpoint.address)).length;
      const key = infoHash(simulation, `key ${i}`);
      await simulation.settle(dht.announce(key, { port: 2000 }));
      const { peers } = await simulation.settle(pick(nodes, i * 7 + 3).dht.announce(key, { port: 2001 }));
      if (peers.some((peer) => peer.port === 2000)) found++;
    }
    assert.ok(known >= 100, `${known} contacts`);
    assert.equal(found, 10);
  },
);

simTest('who sends a forged item is believed no more, and the real one is found', {}, async (simulation) => {
  const nodes = await growNetwork(simulation, 20);
  const { target } = await simulation.settle(pick(nodes, 2).dht.putItem({ value: 'genuine' }));
  const getter = pick(nodes, 11);
  const host = simulation.addHost({ addresses: [addressOf(1000)], line: { latencyMs: 1 } });
  const forger = await startHostile(simulation, host, getter.dht.endpoints);
  await simulation.advance(30_000);
  const known = getter.dht.nodes().find(({ endpoint }) => endpoint.address === host.address);
  assert.ok(known);
  assert.equal(await simulation.settle(getter.dht.getItem(known.id)), undefined);
  assert.ok(!getter.dht.nodes().some(({ endpoint }) => endpoint.address === host.address));
  assert.deepEqual((await simulation.settle(getter.dht.getItem(target)))?.raw, encodeBencode('genuine'));
  const { asked } = forger;
  await simulation.settle(getter.dht.getItem(known.id));
  assert.equal(forger.asked, asked, 'it is not asked again');
  assert.equal(getter.dht.stats().families[0]?.banned, 1);
});

simTest('an answer counts only from the address that was asked', {}, async (simulation) => {
  const [victim] = await growNetwork(simulation, 2);
  assert.ok(victim);
  const spy = simulation.addHost({ addresses: [addressOf(50)] });
  const liar = simulation.addHost({ addresses: [addressOf(51)] });
  const id = new Uint8Array(20).fill(8);
  const fake = await simulation.settle(
    liar.world.datagrams.bind({ address: liar.address, port }, { message() {}, close() {} }),
  );
  await simulation.settle(
    spy.world.datagrams.bind(
      { address: spy.address, port },
      {
        // It hands the number of the question to another, who answers in its place.
        message(bytes, from) {
          const at = bytes.indexOf(0x74, bytes.length - 30);
          const transaction = bytes.slice(at + 3, at + 7);
          fake.send(encodeBencode({ r: { id }, t: transaction, y: 'r' }), from);
        },
        close() {},
      },
    ),
  );
  await assert.rejects(simulation.settle(victim.dht.ping({ address: spy.address, port })), {
    code: 'timeout',
  });
  assert.ok((victim.dht.stats().families[0]?.malformed ?? 0) > 0);
});

simTest('a flood of strangers costs a bounded number of pings', {}, async (simulation) => {
  const host = simulation.addHost({ addresses: [addressOf(1)] });
  const dht = await simulation.settle(startNode(host));
  for (let i = 0; i < 300; i++) {
    const stranger = simulation.addHost({ addresses: [addressOf(2000 + i)] });
    const socket = await simulation.settle(
      stranger.world.datagrams.bind({ address: stranger.address, port }, { message() {}, close() {} }),
    );
    const id = infoHash(simulation, `${i}`);
    socket.send(encodeBencode({ a: { id }, q: 'ping', t: 'aa', y: 'q' }), { address: host.address, port });
  }
  await simulation.advance(1000);
  assert.ok((dht.stats().families[0]?.questionsSent ?? 1000) <= 16);
  assert.equal(dht.nodes().length, 0);
});

simTest(
  'peers inside private networks are not believed when a public node names them',
  {},
  async (simulation) => {
    const [finder] = await growNetwork(simulation, 1);
    assert.ok(finder);
    const liar = simulation.addHost({ addresses: [addressOf(60)] });
    const id = new Uint8Array(20).fill(8);
    const place = (...bytes: number[]) => Uint8Array.of(...bytes, 0x1f, 0x90);
    const socket = await simulation.settle(
      liar.world.datagrams.bind(
        { address: liar.address, port },
        {
          message(bytes, from) {
            const at = bytes.lastIndexOf(0x74, bytes.length - 10);
            const values = [
              place(127, 0, 0, 1),
              place(192, 168, 0, 1),
              place(224, 0, 0, 1),
              place(9, 8, 7, 6),
            ];
            const t = bytes.slice(at + 3, at + 7);
            socket.send(encodeBencode({ r: { id, token: toUtf8('x'), values }, t, y: 'r' }), from);
          },
          close() {},
        },
      ),
    );
    const searcher = await simulation.settle(
      startNode(simulation.addHost({ addresses: [addressOf(61)] }), {
        bootstrap: [{ address: liar.address, port }],
        enforcesIds: false,
      }),
    );
    await simulation.settle(searcher.ready);
    const { peers } = await simulation.settle(searcher.announce(infoHash(simulation, 'x'), { port: 1 }));
    assert.deepEqual(peers, [{ address: '9.8.7.6', port: 8080 }]);
  },
);
