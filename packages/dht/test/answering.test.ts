// What a node answers to raw questions, right, wrong and hostile; and what it keeps, for how long and for whom.

import assert from 'node:assert/strict';
import { encodeBencode, toUtf8 } from '@shoal/base';
import { createDht, type Dht, mutableTarget } from '@shoal/dht';
import { readMessage } from '@shoal/dht/codec';
import { identityFromSeed } from '@shoal/identity';
import type { Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { signedBytes } from '../src/items.ts';
import { errorOf, type RawAsker, startAsker } from './asker.ts';
import { addressOf, port, startNode } from './network.ts';

const hash = new Uint8Array(20).fill(5);
const minute = 60_000;

interface Scene {
  readonly dht: Dht;
  readonly asker: RawAsker;
  readonly other: RawAsker;
}

async function scene(simulation: Simulation): Promise<Scene> {
  const host = simulation.addHost({ addresses: [addressOf(1)] });
  const dht = await simulation.settle(startNode(host));
  const to = { address: host.address, port };
  const asker = await startAsker(simulation, simulation.addHost({ addresses: [addressOf(2)] }), to);
  const other = await startAsker(simulation, simulation.addHost({ addresses: [addressOf(3)] }), to);
  return { dht, asker, other };
}

async function tokenFor(asker: RawAsker): Promise<Uint8Array> {
  const token = (await asker.ask('get_peers', { info_hash: hash }))?.get('r')?.get('token')?.asBytes();
  assert.ok(token);
  return token;
}

async function valuesFor(asker: RawAsker): Promise<number> {
  const answer = await asker.ask('get_peers', { info_hash: hash });
  return [...(answer?.get('r')?.get('values')?.items() ?? [])].length;
}

simTest('every answer tells the asker its own address (BEP 42)', {}, async (simulation) => {
  const { asker } = await scene(simulation);
  const seen = (await asker.ask('ping', {}))?.get('ip')?.asBytes();
  assert.deepEqual([...(seen ?? [])], [...addressOf(2).split('.').map(Number), 7000 >> 8, 7000 & 255]);
});

simTest('wrong questions are answered with the right errors', {}, async (simulation) => {
  const { asker } = await scene(simulation);
  const token = await tokenFor(asker);
  const short = new Uint8Array(19);
  const wrong: [string, Parameters<RawAsker['ask']>[1], number][] = [
    ['vote', { target: hash }, 204],
    ['find_node', {}, 203],
    ['find_node', { target: short }, 203],
    ['get_peers', { info_hash: short }, 203],
    ['announce_peer', { info_hash: hash, port: 1 }, 203],
    ['announce_peer', { info_hash: hash, port: 1, token: 'wrong' }, 203],
    ['announce_peer', { info_hash: hash, port: 0, token }, 203],
    ['announce_peer', { info_hash: hash, port: 65_536, token }, 203],
    ['put', { v: 'x' }, 203],
    ['put', { v: 'x', token: 'wrong' }, 203],
    ['put', { v: 'x'.repeat(1000), token }, 205],
    ['put', { v: 'x', token, k: new Uint8Array(32), seq: 1, sig: new Uint8Array(63) }, 203],
    ['put', { v: 'x', token, k: new Uint8Array(32), seq: -1, sig: new Uint8Array(64) }, 203],
    [
      'put',
      { v: 'x', token, k: new Uint8Array(32), seq: 1, sig: new Uint8Array(64), salt: 'x'.repeat(65) },
      207,
    ],
    ['put', { v: 'x', token, k: new Uint8Array(32), seq: 1, sig: new Uint8Array(64) }, 206],
  ];
  for (const [method, args, code] of wrong)
    assert.equal(errorOf(await asker.ask(method, args)), code, `${method} ${Object.keys(args)}`);
});

simTest('what is no question gets no answer', {}, async (simulation) => {
  const { asker, dht } = await scene(simulation);
  const garbage = [
    '',
    'd',
    'de',
    'le',
    'i1e',
    'x'.repeat(2000),
    'd1:t2:aa1:y1:qe'.slice(0, -1),
    'd1:y1:q1:t2:aa',
    `d1:t${'9'.repeat(50)}:e`,
    `${'l'.repeat(600)}${'e'.repeat(600)}`,
    `d1:rd2:id20:${'a'.repeat(20)}e1:t2:aa1:y1:re`,
    'd1:eli201e1:xe1:t2:aa1:y1:ee',
    `d1:ad2:id20:${'a'.repeat(20)}e1:q4:ping1:t33:${'t'.repeat(33)}1:y1:qe`,
  ];
  for (const text of garbage) asker.send(toUtf8(text));
  await simulation.advance(1000);
  assert.equal(asker.received.length, 0);
  assert.equal(dht.stats().families[0]?.malformed, garbage.length);
});

simTest('a token is for one address, and for ten minutes at most', {}, async (simulation) => {
  const { asker, other } = await scene(simulation);
  const token = await tokenFor(asker);
  const announce = { info_hash: hash, port: 4000, token };
  assert.equal(errorOf(await other.ask('announce_peer', announce)), 203);
  await simulation.advance(4 * minute);
  assert.ok((await asker.ask('announce_peer', announce))?.get('r'));
  await simulation.advance(2 * minute);
  assert.ok((await asker.ask('announce_peer', announce))?.get('r'), 'across one change of the secret');
  await tokenFor(other);
  await simulation.advance(5 * minute);
  assert.equal(errorOf(await asker.ask('announce_peer', announce)), 203);
});

simTest('a peer is forgotten 45 minutes after its last announce', {}, async (simulation) => {
  const { asker } = await scene(simulation);
  const announce = async () =>
    asker.ask('announce_peer', { info_hash: hash, port: 4000, token: await tokenFor(asker) });
  await announce();
  await simulation.advance(40 * minute);
  await announce();
  await simulation.advance(40 * minute);
  assert.equal(await valuesFor(asker), 1);
  await simulation.advance(6 * minute);
  assert.equal(await valuesFor(asker), 0);
});

simTest(
  'one address has 32 places under one key, and a reply never more than 1,400 bytes',
  {},
  async (simulation) => {
    const { asker, other } = await scene(simulation);
    const token = await tokenFor(asker);
    for (let i = 0; i < 40; i++) {
      const answer = await asker.ask('announce_peer', { info_hash: hash, port: 4000 + i, token });
      assert.equal(errorOf(answer), i < 32 ? undefined : 202);
    }
    await other.ask('announce_peer', { info_hash: hash, port: 1, token: await tokenFor(other) });
    assert.equal(await valuesFor(other), 33);
  },
);

simTest(
  'a swarm of thousands is answered with a hundred of them, others each time',
  {},
  async (simulation) => {
    const { asker } = await scene(simulation);
    const seen = new Set<string>();
    const to = { address: addressOf(1), port };
    for (let i = 0; i < 300; i++) {
      const host = simulation.addHost({ addresses: [addressOf(1000 + i)] });
      const one = await startAsker(simulation, host, to);
      await one.ask('announce_peer', { info_hash: hash, port: 4000, token: await tokenFor(one) });
    }
    for (let i = 0; i < 30; i++) {
      const answer = await asker.ask('get_peers', { info_hash: hash, want: ['n4', 'n6'] });
      for (const value of answer?.get('r')?.get('values')?.items() ?? []) seen.add(String(value.asBytes()));
    }
    assert.equal(await valuesFor(asker), 100);
    assert.ok(seen.size > 250, `${seen.size}`);
    for (const bytes of asker.received) assert.ok(bytes.length <= 1400);
    const scraped = await asker.ask('get_peers', { info_hash: hash, scrape: 1 });
    assert.equal(scraped?.get('r')?.get('BFpe')?.asBytes()?.length, 256);
    assert.ok((scraped?.end ?? 2000) <= 1400);
  },
);

simTest('swarms are counted over many nodes, seeds and others apart (BEP 33)', {}, async (simulation) => {
  const host = simulation.addHost({ addresses: [addressOf(1)] });
  const bootstrap = [{ address: host.address, port }];
  await simulation.settle(startNode(host));
  const dhts: Dht[] = [];
  for (let i = 2; i < 42; i++) {
    const dht = await simulation.settle(
      startNode(simulation.addHost({ addresses: [addressOf(i)] }), { bootstrap }),
    );
    await simulation.settle(dht.ready);
    dhts.push(dht);
  }
  for (const [i, dht] of dhts.entries())
    await simulation.settle(dht.announce(hash, { port: 1, isSeed: i < 10 }));
  const asker = dhts[7];
  assert.ok(asker);
  const { seeds, peers } = await simulation.settle(asker.scrape(hash));
  assert.ok(Math.abs(seeds - 10) < 2 && Math.abs(peers - 30) < 3, `${seeds} and ${peers}`);
});

simTest(
  'a mutable item is replaced by newer numbers and right swaps alone, and lives two hours',
  {},
  async (simulation) => {
    const { asker, other, dht } = await scene(simulation);
    const { publicKey, sign } = identityFromSeed(new Uint8Array(32).fill(1));
    const salt = toUtf8('s');
    const put = async (value: string, sequence: number, cas?: number) => {
      const token = await tokenFor(asker);
      const sig = sign(signedBytes(salt, sequence, encodeBencode(value)));
      return errorOf(
        await asker.ask('put', { v: value, k: publicKey, salt, seq: sequence, sig, token, cas }),
      );
    };
    assert.equal(await put('one', 1), undefined);
    assert.equal(await put('one', 1), undefined, 'again, to keep it alive');
    assert.equal(await put('other', 1), 302);
    assert.equal(await put('old', 0), 302);
    assert.equal(await put('two', 2, 7), 301);
    assert.equal(await put('two', 2, 1), undefined);
    const target = mutableTarget(asker.host.world.hashing, publicKey, salt);
    const got = (await other.ask('get', { target }))?.get('r');
    assert.ok(got?.get('v')?.isString('two') && got.get('sig')?.asBytes(64) && got.get('k')?.asBytes(32));
    const known = (await other.ask('get', { target, seq: 2 }))?.get('r');
    assert.equal(known?.get('v'), undefined);
    assert.equal(known?.get('seq')?.asInteger(), 2);
    await simulation.advance(121 * minute);
    assert.equal((await other.ask('get', { target }))?.get('r')?.get('v'), undefined);
    assert.equal(dht.stats().items, 0);
  },
);

simTest('one address cannot fill the store', {}, async (simulation) => {
  const { asker, other, dht } = await scene(simulation);
  const token = await tokenFor(asker);
  let refused = 0;
  for (let i = 0; i < 300; i++) {
    await simulation.advance(500);
    if (errorOf(await asker.ask('put', { v: `value ${i}`, token })) !== undefined) refused++;
  }
  assert.equal(dht.stats().items, 256);
  assert.equal(refused, 44);
  assert.equal(errorOf(await other.ask('put', { v: 'mine', token: await tokenFor(other) })), undefined);
});

simTest('samples of info hashes are of those that are there (BEP 51)', {}, async (simulation) => {
  const { asker, dht } = await scene(simulation);
  const token = await tokenFor(asker);
  for (let i = 0; i < 30; i++)
    await asker.ask('announce_peer', { info_hash: new Uint8Array(20).fill(i), port: 1, token });
  const host = simulation.addHost({ addresses: [addressOf(9)] });
  const sampler = await simulation.settle(startNode(host));
  const [node] = dht.endpoints;
  assert.ok(node);
  const { infoHashes, total, intervalSeconds } = await simulation.settle(sampler.sampleInfohashes(node));
  assert.equal(infoHashes.length, 20);
  assert.equal(total, 30);
  assert.ok(intervalSeconds > 0);
  assert.equal(new Set(infoHashes.map(String)).size, 20);
  for (const [first = 99] of infoHashes) assert.ok(first < 30);
});

simTest(
  'a flood gets no more bytes than the limit, and its sender is not heard for five minutes',
  {},
  async (simulation) => {
    const { asker, other, dht } = await scene(simulation);
    const id = new Uint8Array(20).fill(9);
    const question = encodeBencode({ a: { id, info_hash: hash }, q: 'get_peers', t: 'xx', y: 'q' });
    const seconds = 10;
    for (let i = 0; i < seconds * 100; i++) {
      for (let j = 0; j < 20; j++) asker.send(question);
      await simulation.advance(10);
    }
    const bytes = asker.received.reduce((sum, one) => sum + one.length, 0);
    assert.ok(bytes <= 128_000 + 16_000 * (seconds + 1), `${bytes} bytes`);
    assert.ok(await other.ask('ping', {}), 'others are served');
    assert.equal(await asker.ask('ping', {}), undefined);
    await simulation.advance(4 * minute);
    assert.equal(await asker.ask('ping', {}), undefined);
    await simulation.advance(2 * minute);
    assert.ok(await asker.ask('ping', {}));
    assert.ok((dht.stats().families[0]?.dropped ?? 0) > 10_000);
  },
);

simTest(
  'neighbours of one network share a limit, so that it cannot be flooded through forged addresses',
  {},
  async (simulation) => {
    const host = simulation.addHost({ addresses: [addressOf(1)] });
    await simulation.settle(startNode(host));
    const id = new Uint8Array(20).fill(9);
    const question = encodeBencode({ a: { id, info_hash: hash }, q: 'get_peers', t: 'xx', y: 'q' });
    const askers: RawAsker[] = [];
    for (let i = 1; i <= 50; i++)
      askers.push(
        await startAsker(simulation, simulation.addHost({ addresses: [`77.7.7.${i}`] }), {
          address: host.address,
          port,
        }),
      );
    for (let round = 0; round < 300; round++) {
      for (const asker of askers) asker.send(question);
      await simulation.advance(20);
    }
    const bytes = askers.reduce(
      (sum, { received }) => sum + received.reduce((own, one) => own + one.length, 0),
      0,
    );
    assert.ok(bytes <= 384_000 + 48_000 * 7, `${bytes} bytes`);
  },
);

simTest('without limits every question is answered', {}, async (simulation) => {
  const host = simulation.addHost({ addresses: [addressOf(1)] });
  await simulation.settle(
    createDht({ ...host.world, bind: [{ address: host.address, port }], isLimited: false }),
  );
  const to = { address: host.address, port };
  const asker = await startAsker(simulation, simulation.addHost({ addresses: [addressOf(2)] }), to);
  const id = new Uint8Array(20).fill(9);
  const question = encodeBencode({ a: { id, info_hash: hash }, q: 'get_peers', t: 'xx', y: 'q' });
  for (let i = 0; i < 5000; i++) asker.send(question);
  await simulation.advance(1000);
  const replies = asker.received.filter((bytes) => readMessage(bytes, 4)?.kind === 'response');
  assert.equal(replies.length, 5000);
});
