// Datagrams over lines and links: late, lost, doubled, out of order, or dropped by a full line.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulation, type LineOptions } from '@shoal/sim';
import { mailbox } from './fixtures.ts';

async function exchange(line: LineOptions, count: number, everyMs = 1) {
  const simulation = createSimulation({ seed: 4, line });
  const [a, b] = [simulation.addHost(), simulation.addHost()];
  const [from, to] = [await mailbox(simulation, a), await mailbox(simulation, b)];
  for (let i = 0; i < count; i++)
    simulation.after(i * everyMs, () => from.send(String(i), { address: b.address, port: 4000 }));
  await simulation.advance(count * everyMs + 5000);
  return { simulation, a, b, from, to, order: to.mail.map(({ text }) => Number(text)) };
}

test('datagrams take the latency of both lines, and carry their sender', async () => {
  const { a, to } = await exchange({ latencyMs: 30 }, 1);
  assert.equal(to.mail[0]?.atMs, 60);
  assert.deepEqual(to.mail[0]?.from, { address: a.address, port: 4000 });
});

test('loss takes its share, of each line', async () => {
  const { order } = await exchange({ loss: 0.1 }, 5000);
  assert.ok(Math.abs(order.length - 5000 * 0.81) < 120, String(order.length));
});

test('a steady line keeps the order, jitter and reordering do not', async () => {
  const isSorted = (order: number[]): boolean =>
    order.every((one, i) => i === 0 || one > (order[i - 1] ?? 0));
  assert.ok(isSorted((await exchange({}, 500)).order));
  for (const line of [{ jitterMs: 20 }, { reorder: 0.1 }]) {
    const { order } = await exchange(line, 500);
    assert.equal(order.length, 500);
    assert.ok(!isSorted(order));
  }
});

test('some come twice where a line doubles them', async () => {
  const { order } = await exchange({ duplicate: 0.1 }, 1000);
  assert.ok(order.length > 1100 && order.length < 1300, String(order.length));
  assert.equal(new Set(order).size, 1000);
});

test('a line that is slower than its sender queues for a while, then drops', async () => {
  const simulation = createSimulation({ seed: 1 });
  const a = simulation.addHost({ line: { upBytesPerSecond: 100_000, queueMs: 50 } });
  const b = simulation.addHost();
  const [from, to] = [await mailbox(simulation, a), await mailbox(simulation, b)];
  for (let i = 0; i < 100; i++) from.socket.send(new Uint8Array(1000), { address: b.address, port: 4000 });
  await simulation.advance(1000);
  assert.equal(to.mail.length, 6);
  assert.equal(to.mail[1]?.atMs, (to.mail[0]?.atMs ?? 0) + 10);
});

test('a link between two hosts overrides their lines, until it is taken back', async () => {
  const simulation = createSimulation({ seed: 1 });
  const [a, b, c] = [simulation.addHost(), simulation.addHost(), simulation.addHost()];
  const [from, to] = [await mailbox(simulation, a), await mailbox(simulation, b)];
  const other = await mailbox(simulation, c);
  const send = async (): Promise<number> => {
    const startMs = simulation.nowMs;
    from.send('x', { address: b.address, port: 4000 });
    from.send('x', { address: c.address, port: 4000 });
    await simulation.advance(1000);
    assert.equal((other.mail.at(-1)?.atMs ?? 0) - startMs, 10);
    return (to.mail.at(-1)?.atMs ?? 0) - startMs;
  };
  assert.equal(await send(), 10);
  simulation.setLink(b, a, { latencyMs: 200 });
  assert.equal(await send(), 200);
  simulation.setLink(a, b, { loss: 1 });
  assert.ok((await send()) < 0, 'nothing came');
  simulation.setLink(a, b, undefined);
  assert.equal(await send(), 10);
});

test('partitions cut groups off from each other, and nobody else', async () => {
  const simulation = createSimulation({ seed: 1 });
  const hosts = [
    simulation.addHost(),
    simulation.addHost(),
    simulation.addHost(),
    simulation.addHost(),
  ] as const;
  const [a, b, c, d] = hosts;
  const [inA, inB, inC, inD] = [
    await mailbox(simulation, a, { port: 5 }),
    await mailbox(simulation, b, { port: 5 }),
    await mailbox(simulation, c, { port: 5 }),
    await mailbox(simulation, d, { port: 5 }),
  ];
  const heard = async (): Promise<string> => {
    for (const box of [inA, inB, inC, inD]) box.mail.length = 0;
    for (const [name, box] of Object.entries({ a: inA, b: inB, c: inC, d: inD }))
      for (const host of hosts) box.send(name, { address: host.address, port: 5 });
    await simulation.advance(100);
    return [inA, inB, inC, inD]
      .map(({ mail }) =>
        mail
          .map(({ text }) => text)
          .sort()
          .join(''),
      )
      .join(' ');
  };
  assert.equal(await heard(), 'abcd abcd abcd abcd');
  const first = simulation.partition([a, b], [c]);
  assert.equal(await heard(), 'abd abd cd abcd');
  const second = simulation.partition([a], [b]);
  assert.equal(await heard(), 'ad bd cd abcd');
  first.heal();
  assert.equal(await heard(), 'acd bcd abcd abcd');
  second.heal();
  assert.equal(await heard(), 'abcd abcd abcd abcd');
});

test('bytes shown to message are gone after the call', async () => {
  const simulation = createSimulation({ seed: 1 });
  const [a, b] = [simulation.addHost(), simulation.addHost()];
  let kept: Uint8Array | undefined;
  await simulation.settle(
    b.world.datagrams.bind(
      { address: b.address, port: 4000 },
      {
        message(bytes) {
          kept = bytes;
        },
        close() {},
      },
    ),
  );
  (await mailbox(simulation, a)).send('abc', { address: b.address, port: 4000 });
  await simulation.run(() => kept !== undefined);
  assert.ok(kept?.every((byte) => byte === 0xdd));
});

test('a machine reaches itself by loopback and by its own address', async () => {
  const simulation = createSimulation({ seed: 1 });
  const a = simulation.addHost({ ipv6: true });
  const box = await mailbox(simulation, a);
  const six = await mailbox(simulation, a, { address: '::' });
  box.send('one', { address: '127.0.0.1', port: 4000 });
  box.send('two', { address: a.address, port: 4000 });
  six.send('three', { address: '::1', port: 4000 });
  await simulation.advance(1);
  assert.deepEqual(
    [...box.mail, ...six.mail].map(({ text, from }) => [text, from.address]),
    [
      ['one', '127.0.0.1'],
      ['two', a.address],
      ['three', '::1'],
    ],
  );
});
