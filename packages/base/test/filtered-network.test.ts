import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DatagramSocket, filterNetwork, type Stream, WorldError } from '@shoal/base';
import { createSimulation } from '@shoal/sim';

const ignore = { data() {}, end() {}, drain() {}, close() {} };

test('blocked addresses are neither dialled nor accepted, and datagrams go neither way', async () => {
  const simulation = createSimulation({ seed: 1 });
  const [us, them, friend] = [simulation.addHost(), simulation.addHost(), simulation.addHost()];
  const [ours = '', theirs = ''] = [us.addresses[0], them.addresses[0]];
  const network = filterNetwork(us.world, (address) => them.addresses.includes(address));
  const accepted: Stream[] = [];
  const messages: string[] = [];
  const answers: string[] = [];
  await simulation.settle(
    network.streams.listen({ address: ours, port: 1000 }, (stream) => accepted.push(stream)),
  );
  const listen = (socket: Promise<DatagramSocket>) => simulation.settle(socket);
  const own = await listen(
    network.datagrams.bind(
      { address: ours, port: 2000 },
      { message: (_bytes, from) => messages.push(from.address), close() {} },
    ),
  );
  const other = await listen(
    them.world.datagrams.bind(
      { address: theirs, port: 2000 },
      { message: () => answers.push('them'), close() {} },
    ),
  );
  const third = await listen(
    friend.world.datagrams.bind(
      { address: friend.addresses[0] ?? '', port: 2000 },
      { message: () => answers.push('friend'), close() {} },
    ),
  );

  await assert.rejects(
    simulation.settle(network.streams.connect({ address: theirs, port: 80 })),
    (error) => error instanceof WorldError && error.code === 'permission',
  );
  const closed = Promise.withResolvers<void>();
  const stream = await simulation.settle(them.world.streams.connect({ address: ours, port: 1000 }));
  stream.start({ ...ignore, end: () => stream.end(), close: () => closed.resolve() });
  await simulation.settle(closed.promise);
  const welcome = await simulation.settle(friend.world.streams.connect({ address: ours, port: 1000 }));
  welcome.start(ignore);
  for (const socket of [other, third]) socket.send(Uint8Array.of(1), { address: ours, port: 2000 });
  for (const socket of [other, third]) own.send(Uint8Array.of(1), socket.local);
  await simulation.advance(5000);

  assert.deepEqual(
    accepted.map(({ remote }) => remote.address),
    [friend.addresses[0]],
  );
  assert.deepEqual(messages, [friend.addresses[0]]);
  assert.deepEqual(answers, ['friend']);
});

test('web servers at blocked addresses are not asked, whatever their name is', async () => {
  const simulation = createSimulation({ seed: 1 });
  const us = simulation.addHost();
  const [them, friend] = ['them.example', 'friend.example'].map((name) => simulation.addHost({ name }));
  assert.ok(them && friend);
  const dialled: string[] = [];
  for (const host of [them, friend])
    await simulation.settle(
      host.world.streams.listen({ address: host.addresses[0] ?? '', port: 80 }, (stream) => {
        dialled.push(host.addresses[0] ?? '');
        stream.destroy();
      }),
    );
  const { http } = filterNetwork(us.world, (address) => them.addresses.includes(address));
  const ask = (url: string) => simulation.settle(http.request({ url }));
  const inList = (error: unknown) =>
    error instanceof WorldError && error.code === 'permission' && /in a list/.test(error.message);
  await assert.rejects(ask('http://them.example/'), inList);
  await assert.rejects(ask(`http://${them.addresses[0]}/`), inList);
  await assert.rejects(ask('http://friend.example/'), (error) => !inList(error));
  assert.deepEqual(dialled, [friend.addresses[0]]);
});
