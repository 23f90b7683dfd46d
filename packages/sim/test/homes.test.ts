// Homes: neighbours, multicast, and what each kind of NAT lets through.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorldError } from '@shoal/base';
import { createSimulation, type NatKind, type NatOptions } from '@shoal/sim';
import { connect, mailbox, watch } from './fixtures.ts';

async function home(nat: NatOptions) {
  const simulation = createSimulation({ seed: 6 });
  const lan = simulation.addLan({ nat });
  const inside = simulation.addHost({ lan });
  const [server, other] = [simulation.addHost(), simulation.addHost()];
  const box = await mailbox(simulation, inside);
  const atServer = await mailbox(simulation, server);
  const atServer2 = await mailbox(simulation, server, { port: 4001 });
  const atOther = await mailbox(simulation, other);
  return { simulation, lan, inside, server, other, box, atServer, atServer2, atOther };
}

test('a socket that talks to thousands keeps the mapping it has', async () => {
  const { simulation, server, box, atServer } = await home({ kind: 'restricted', mappingTimeoutMs: 60_000 });
  box.send('first', { address: server.address, port: 4000 });
  for (let i = 0; i < 3000; i++) {
    box.send('x', { address: `11.50.${i >> 8}.${i & 255}`, port: 4000 });
    if (i % 100 === 0) await simulation.advance(1000);
  }
  const outer = atServer.mail[0]?.from;
  assert.ok(outer !== undefined);
  atServer.send('still open', outer);
  await simulation.advance(100);
  assert.equal(box.mail.length, 1);
});

/** Who may answer a socket that has sent to the first port of one server. */
async function whoPasses(kind: NatKind): Promise<{ passed: string; isOnePort: boolean }> {
  const { simulation, server, other, box, atServer, atServer2, atOther } = await home({ kind });
  box.send('hello', { address: server.address, port: 4000 });
  await simulation.advance(100);
  const outer = atServer.mail[0]?.from;
  assert.ok(outer !== undefined);
  assert.equal(box.mail.length, 0);
  atServer.send('same', outer);
  atServer2.send('port', outer);
  atOther.send('host', outer);
  await simulation.advance(100);
  const passed = box.mail.map(({ text }) => text).sort();
  box.send('hello', { address: other.address, port: 4000 });
  await simulation.advance(100);
  return { passed: passed.join(), isOnePort: atOther.mail[0]?.from.port === outer.port };
}

test('each kind of NAT lets through what it should, and only symmetric ones change the port', async () => {
  assert.deepEqual(await whoPasses('full-cone'), { passed: 'host,port,same', isOnePort: true });
  assert.deepEqual(await whoPasses('restricted'), { passed: 'port,same', isOnePort: true });
  assert.deepEqual(await whoPasses('port-restricted'), { passed: 'same', isOnePort: true });
  assert.deepEqual(await whoPasses('symmetric'), { passed: 'same', isOnePort: false });
});

test('the inner address never shows outside', async () => {
  const { simulation, lan, server, box, atServer } = await home({ kind: 'restricted' });
  box.send('hello', { address: server.address, port: 4000 });
  await simulation.advance(100);
  assert.equal(atServer.mail[0]?.from.address, lan.address);
  atServer.send('to the inside', box.socket.local);
  atServer.send('to the inside', { address: '192.168.1.2', port: 4000 });
  await simulation.advance(100);
  assert.equal(box.mail.length, 0);
});

test('a mapping is forgotten after silence from inside, or when the router starts anew', async () => {
  const { simulation, lan, server, box, atServer } = await home({
    kind: 'full-cone',
    mappingTimeoutMs: 30_000,
  });
  const to = { address: server.address, port: 4000 };
  const hears = async (): Promise<boolean> => {
    const before = box.mail.length;
    const outer = atServer.mail.at(-1)?.from ?? to;
    atServer.send('are you there', outer);
    await simulation.advance(100);
    return box.mail.length > before;
  };
  box.send('hello', to);
  await simulation.advance(29_000);
  assert.equal(await hears(), true);
  await simulation.advance(2000);
  assert.equal(await hears(), false);
  box.send('hello', to);
  await simulation.advance(100);
  assert.equal(await hears(), true);
  lan.restartRouter('11.77.0.1');
  assert.equal(await hears(), false);
  box.send('hello', to);
  await simulation.advance(100);
  assert.equal(atServer.mail.at(-1)?.from.address, '11.77.0.1');
  assert.equal(await hears(), true);
});

test('two behind NATs meet by punching holes, unless both choose ports for each destination', async () => {
  const meets = async (first: NatKind, second: NatKind): Promise<boolean> => {
    const simulation = createSimulation({ seed: 2 });
    const meeting = simulation.addHost();
    const server = await mailbox(simulation, meeting);
    const one = await mailbox(
      simulation,
      simulation.addHost({ lan: simulation.addLan({ nat: { kind: first } }) }),
    );
    const two = await mailbox(
      simulation,
      simulation.addHost({ lan: simulation.addLan({ nat: { kind: second } }) }),
    );
    for (const box of [one, two]) box.send('I am here', { address: meeting.address, port: 4000 });
    await simulation.advance(100);
    const [outerOne, outerTwo] = server.mail.map(({ from }) => from);
    assert.ok(outerOne !== undefined && outerTwo !== undefined);
    for (let round = 0; round < 3; round++) {
      one.send('punch', one.mail.at(-1)?.from ?? outerTwo);
      two.send('punch', two.mail.at(-1)?.from ?? outerOne);
      await simulation.advance(100);
    }
    return one.mail.length > 0 && two.mail.length > 0;
  };
  assert.equal(await meets('port-restricted', 'port-restricted'), true);
  assert.equal(await meets('restricted', 'symmetric'), true);
  assert.equal(await meets('full-cone', 'symmetric'), true);
  assert.equal(await meets('port-restricted', 'symmetric'), false);
  assert.equal(await meets('symmetric', 'symmetric'), false);
});

test('hairpin lets neighbours meet by the outer address where the router knows how', async () => {
  for (const hairpin of [true, false]) {
    const { simulation, lan, server, box, atServer } = await home({ kind: 'full-cone', hairpin });
    box.send('hello', { address: server.address, port: 4000 });
    await simulation.advance(100);
    const outer = atServer.mail[0]?.from;
    assert.ok(outer !== undefined);
    const neighbour = await mailbox(simulation, simulation.addHost({ lan }));
    neighbour.send('knock', outer);
    await simulation.advance(100);
    assert.equal(box.mail.length, hairpin ? 1 : 0);
    if (hairpin) assert.equal(box.mail[0]?.from.address, lan.address);
  }
});

test('connections leave a home, and come in where a port is forwarded', async () => {
  const { simulation, lan, inside, server } = await home({ kind: 'port-restricted' });
  const [dialled, accepted] = await connect(simulation, inside, server);
  assert.equal(accepted.stream.remote.address, lan.address);
  accepted.stream.write(new Uint8Array(100_000));
  dialled.stream.write(new Uint8Array(100_000));
  await simulation.run(() => dialled.received === 100_000 && accepted.received === 100_000);
  let dialledIn = 0;
  await simulation.settle(
    inside.world.streams.listen({ address: '0.0.0.0', port: 80 }, (stream) => {
      dialledIn++;
      watch(stream).stream.write(new Uint8Array(10));
    }),
  );
  const dialIn = (): Promise<unknown> =>
    simulation.settle(server.world.streams.connect({ address: lan.address ?? '', port: 8080 }));
  await assert.rejects(dialIn(), (error) => error instanceof WorldError && error.code === 'timeout');
  lan.forward('tcp', 8080, { host: inside, port: 80 });
  await dialIn();
  await simulation.advance(1000);
  assert.equal(dialledIn, 1);
  lan.unforward('tcp', 8080);
  await assert.rejects(dialIn(), (error) => error instanceof WorldError && error.code === 'timeout');
});

test('two homes may use the same addresses, and an island reaches nobody', async () => {
  const simulation = createSimulation({ seed: 1 });
  const [left, right] = [simulation.addLan({ nat: { kind: 'full-cone' } }), simulation.addLan()];
  const [a, b] = [simulation.addHost({ lan: left }), simulation.addHost({ lan: right })];
  assert.equal(a.address, b.address);
  const neighbour = simulation.addHost({ lan: left });
  const box = await mailbox(simulation, neighbour);
  (await mailbox(simulation, a)).send('near', { address: neighbour.address, port: 4000 });
  (await mailbox(simulation, b)).send('far', { address: neighbour.address, port: 4000 });
  await simulation.advance(100);
  assert.deepEqual(
    box.mail.map(({ text }) => text),
    ['near'],
  );
  const outside = simulation.addHost();
  await assert.rejects(
    simulation.settle(b.world.streams.connect({ address: outside.address, port: 1 })),
    WorldError,
  );
});

test('multicast reaches the neighbours that joined, over IPv4 and IPv6, and never the internet', async () => {
  const simulation = createSimulation({ seed: 1 });
  const lan = simulation.addLan({ nat: { kind: 'full-cone' }, ipv6: true });
  const [a, b, deaf] = [1, 2, 3].map(() => simulation.addHost({ lan }));
  const outside = simulation.addHost();
  assert.ok(a !== undefined && b !== undefined && deaf !== undefined);
  for (const [group, address] of [
    ['239.192.152.143', '0.0.0.0'],
    ['ff15::efc0:988f', '::'],
  ] as const) {
    const port = address === '::' ? 6772 : 6771;
    const options = { address, port, shared: true };
    const atA = await mailbox(simulation, a, options);
    const atB = await mailbox(simulation, b, options);
    const atDeaf = await mailbox(simulation, deaf, options);
    const atOutside = await mailbox(simulation, outside, options);
    for (const { socket } of [atA, atB, atOutside]) socket.join(group);
    atA.send('anybody?', { address: group, port });
    await simulation.advance(100);
    assert.deepEqual(
      [atA, atB, atDeaf, atOutside].map(({ mail }) => mail.length),
      [1, 1, 0, 0],
    );
    const from = atB.mail[0]?.from;
    assert.ok(from !== undefined && a.addresses.includes(from.address));
    assert.equal(from.zone, address === '::' ? 'eth0' : undefined);
    atB.send('here', from);
    await simulation.advance(100);
    assert.equal(atA.mail.at(-1)?.text, 'here');
    atA.socket.setMulticast({ loopback: false });
    atA.send('quiet', { address: group, port });
    await simulation.advance(100);
    assert.notEqual(atA.mail.at(-1)?.text, 'quiet');
    assert.equal(atB.mail.at(-1)?.text, 'quiet');
  }
});
