// Shoal's nodes on one network: who knows of whom, for how long, and what is not believed.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { Neighbourhood } from '@shoal/lan';
import type { SimHost, Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { type DnsMessage, encodeDns, parseDns } from '../src/dns-codec.ts';

const group = { address: '224.0.0.251', port: 5353 };
const idOf = (number: number) => new Uint8Array(8).fill(number);
const service = ['_shoal', '_tcp', 'local'];

function nodeOn(host: SimHost, number: number, port: number | undefined = 4000 + number): Neighbourhood {
  return new Neighbourhood(host.world, { id: idOf(number), port });
}

const portsKnownTo = (node: Neighbourhood) => node.neighbours.map(({ port }) => port).sort();

async function speaker(simulation: Simulation, host: SimHost, port: number) {
  const heard: { message: DnsMessage; timeMs: number }[] = [];
  const socket = await simulation.settle(
    host.world.datagrams.bind(
      { address: '0.0.0.0', port, shared: true },
      {
        message(bytes) {
          const message = parseDns(bytes);
          if (message !== undefined) heard.push({ message, timeMs: simulation.nowMs });
        },
        close() {},
      },
    ),
  );
  socket.join(group.address, host.address);
  socket.setMulticast({ interface: host.address, ttl: 255 });
  return {
    heard,
    say: (message: Partial<DnsMessage>) => socket.send(encodeDns({ ...nothing, ...message }), group),
    socket,
  };
}

const nothing: DnsMessage = { id: 0, isAnswer: false, questions: [], answers: [], extras: [] };

describe('nodes on one network', () => {
  simTest(
    'know of each other within a second, whoever came first, over both families',
    { seeds: 5 },
    async (simulation) => {
      const lan = simulation.addLan({ ipv6: true });
      const first = nodeOn(simulation.addHost({ lan }), 1);
      await simulation.advance(60_000);
      const others = [2, 3].map((number) => nodeOn(simulation.addHost({ lan }), number));
      const all = [first, ...others];
      await simulation.run(() => all.every((node) => node.neighbours.length === 2), { limitMs: 1_000 });
      assert.deepEqual(portsKnownTo(first), [4002, 4003]);
      await simulation.advance(2_000);
      const addresses = first.neighbours[0]?.addresses ?? [];
      assert.ok(addresses.some(({ address, zone }) => address.startsWith('fe80:') && zone === 'eth0'));
      assert.ok(addresses.some(({ address }) => address.startsWith('192.168.')));
      await simulation.settle(Promise.all(all.map((node) => node.close())));
    },
  );

  simTest(
    'answer who asks right after their last words when a second is over, and once',
    { seeds: 5 },
    async (simulation) => {
      const lan = simulation.addLan();
      const node = nodeOn(simulation.addHost({ lan }), 1);
      await simulation.advance(1_200);
      // It announced itself at 0 and at 1 s, when nobody listened.
      const { heard, say, socket } = await speaker(simulation, simulation.addHost({ lan }), 5353);
      const question = { name: service, kind: 'PTR', wantsUnicast: false } as const;
      for (let i = 0; i < 3; i++) say({ questions: [question] });
      await simulation.advance(1_000);
      assert.equal(heard.filter(({ message }) => message.isAnswer).length, 1);
      socket.close();
      await simulation.settle(node.close());
    },
  );

  simTest(
    'are forgotten at once when they say goodbye, and after two minutes when they do not',
    {},
    async (simulation) => {
      const lan = simulation.addLan();
      const host = simulation.addHost({ lan });
      const [a, b, c] = [
        nodeOn(simulation.addHost({ lan }), 1),
        nodeOn(simulation.addHost({ lan }), 2),
        nodeOn(host, 3),
      ];
      await simulation.run(() => a.neighbours.length === 2, { limitMs: 1_000 });
      await simulation.settle(b.close());
      await simulation.advance(100);
      assert.deepEqual(portsKnownTo(a), [4003]);
      host.crash();
      await simulation.advance(130_000);
      assert.deepEqual(portsKnownTo(a), []);
      await simulation.settle(Promise.all([a.close(), c.neighbours]));
    },
  );

  simTest('know of each other for as long as they are there', {}, async (simulation) => {
    const lan = simulation.addLan();
    const [a, b] = [nodeOn(simulation.addHost({ lan }), 1), nodeOn(simulation.addHost({ lan }), 2)];
    for (let minute = 0; minute < 30; minute++) {
      await simulation.advance(60_000);
      assert.equal(a.neighbours.length + b.neighbours.length, 2);
    }
    await simulation.settle(Promise.all([a.close(), b.close()]));
  });

  simTest('may look without being seen', {}, async (simulation) => {
    const lan = simulation.addLan();
    const a = nodeOn(simulation.addHost({ lan }), 1);
    const looking = new Neighbourhood(simulation.addHost({ lan }).world, { id: idOf(9), port: undefined });
    await simulation.run(() => looking.neighbours.length === 1, { limitMs: 1_000 });
    await simulation.advance(10_000);
    assert.deepEqual(a.neighbours, []);
    await simulation.settle(Promise.all([a.close(), looking.close()]));
  });
});

simTest('a plain resolver gets its own question back, and only it', {}, async (simulation) => {
  const lan = simulation.addLan();
  const a = nodeOn(simulation.addHost({ lan }), 1);
  await simulation.advance(20_000);
  const resolver = await speaker(simulation, simulation.addHost({ lan }), 40_000);
  const bystander = await speaker(simulation, simulation.addHost({ lan }), 5353);
  resolver.say({ id: 99, questions: [{ name: service, kind: 'PTR', wantsUnicast: false }] });
  await simulation.run(() => resolver.heard.length > 0, { limitMs: 1_000 });
  const { message } = resolver.heard[0] ?? assert.fail();
  assert.equal(message.id, 99);
  assert.deepEqual(message.questions[0]?.name, service);
  assert.equal(message.answers[0]?.kind, 'PTR');
  assert.ok([...message.answers, ...message.extras].every(({ lifeSeconds }) => lifeSeconds <= 10));
  assert.equal(bystander.heard.filter((one) => one.message.isAnswer).length, 0);
  await simulation.settle(a.close());
});

simTest(
  'questions of others are answered at most once a second, and not when the asker knows',
  {},
  async (simulation) => {
    const lan = simulation.addLan();
    const a = nodeOn(simulation.addHost({ lan }), 1);
    await simulation.advance(20_000);
    const asker = await speaker(simulation, simulation.addHost({ lan }), 5353);
    const questions = [{ name: service, kind: 'PTR', wantsUnicast: false }] as const;
    for (let i = 0; i < 100; i++) {
      asker.say({ questions });
      await simulation.advance(100);
    }
    const answers = asker.heard.filter(({ message }) => message.isAnswer);
    assert.ok(answers.length > 2 && answers.length <= 11, String(answers.length));
    const [pointer] = answers[0]?.message.answers ?? [];
    assert.ok(pointer !== undefined);
    await simulation.advance(5_000);
    const before = asker.heard.filter(({ message }) => message.isAnswer).length;
    asker.say({ questions, answers: [pointer] });
    await simulation.advance(5_000);
    assert.equal(asker.heard.filter(({ message }) => message.isAnswer).length, before);
    await simulation.settle(a.close());
  },
);

describe('not believed', () => {
  const claim = (name: string, port: number, address = '192.168.1.200'): Partial<DnsMessage> => ({
    isAnswer: true,
    answers: [
      { kind: 'PTR', name: service, target: [name, ...service], lifeSeconds: 120, isUnique: false },
      {
        kind: 'SRV',
        name: [name, ...service],
        target: ['h', 'local'],
        port,
        lifeSeconds: 120,
        isUnique: true,
      },
    ],
    extras: [{ kind: 'A', name: ['h', 'local'], address, lifeSeconds: 120, isUnique: true }],
  });

  simTest('is an answer from another port than that of mDNS', {}, async (simulation) => {
    const lan = simulation.addLan();
    const a = nodeOn(simulation.addHost({ lan }), 1);
    await simulation.advance(1_000);
    const forger = await speaker(simulation, simulation.addHost({ lan }), 40_000);
    forger.say(claim('liar', 5));
    await simulation.advance(1_000);
    assert.deepEqual(a.neighbours, []);
    await simulation.settle(a.close());
  });

  simTest('is an address outside of the local network', {}, async (simulation) => {
    const lan = simulation.addLan();
    const a = nodeOn(simulation.addHost({ lan }), 1);
    await simulation.advance(1_000);
    const host = simulation.addHost({ lan });
    const liar = await speaker(simulation, host, 5353);
    liar.say(claim('liar', 5, '8.8.8.8'));
    await simulation.advance(1_000);
    assert.deepEqual(
      a.neighbours.map(({ addresses }) => addresses.map(({ address }) => address)),
      [[host.address]],
    );
    await simulation.settle(a.close());
  });

  simTest('is one who claims to be thousands, beyond a bound', {}, async (simulation) => {
    const lan = simulation.addLan();
    const a = nodeOn(simulation.addHost({ lan }), 1);
    await simulation.advance(1_000);
    const liar = await speaker(simulation, simulation.addHost({ lan }), 5353);
    for (let i = 0; i < 2_000; i++) {
      liar.say(claim(`liar ${i}`, 5));
      await simulation.advance(20);
    }
    assert.ok(a.neighbours.length <= 128);
    await simulation.settle(a.close());
  });
});
