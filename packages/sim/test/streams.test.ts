// Streams over lines: latency, bandwidth, fairness, back-pressure, loss, partitions, crashes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorldError } from '@shoal/base';
import { createSimulation, type LineOptions, type Simulation } from '@shoal/sim';
import { connect, flood, watch } from './fixtures.ts';

function pair(line: LineOptions = {}, seed = 1) {
  const simulation = createSimulation({ seed, line });
  return { simulation, a: simulation.addHost(), b: simulation.addHost() };
}

async function timeOf(simulation: Simulation, action: () => Promise<unknown>): Promise<number> {
  const startMs = simulation.nowMs;
  await action();
  return simulation.nowMs - startMs;
}

function near(actual: number, expected: number, share: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * share, `${actual} is not near ${expected}`);
}

test('connecting takes a round trip, bytes half of one', async () => {
  const { simulation, a, b } = pair({ latencyMs: 25 });
  const listener = await simulation.settle(
    b.world.streams.listen({ address: b.address, port: 1 }, (stream) => void watch(stream)),
  );
  const dialMs = await timeOf(simulation, () => simulation.settle(a.world.streams.connect(listener.local)));
  near(dialMs, 100, 0.01);
  const [dialled, accepted] = await connect(simulation, a, b, 2);
  dialled.stream.write(new Uint8Array(10));
  near(await timeOf(simulation, () => simulation.run(() => accepted.received === 10)), 50, 0.01);
});

test('a stream is as fast as the slower of the two lines', async () => {
  for (const [up, down] of [
    [1e6, 5e6],
    [5e6, 1e6],
  ] as const) {
    const simulation = createSimulation({ seed: 1 });
    const a = simulation.addHost({ line: { upBytesPerSecond: up } });
    const b = simulation.addHost({ line: { downBytesPerSecond: down } });
    const [dialled, accepted] = await connect(simulation, a, b);
    dialled.stream.write(new Uint8Array(5_000_000));
    near(await timeOf(simulation, () => simulation.run(() => accepted.received === 5_000_000)), 5000, 0.05);
  }
});

test('flows that leave one line share it fairly, and so do those that come in', async () => {
  for (const way of ['out', 'in'] as const) {
    const simulation = createSimulation({ seed: 2, line: { latencyMs: 10 } });
    const hub = simulation.addHost({ line: { upBytesPerSecond: 2e6, downBytesPerSecond: 2e6 } });
    const ends = [];
    for (let i = 0; i < 4; i++) {
      const other = simulation.addHost();
      const [from, to] = way === 'out' ? [hub, other] : [other, hub];
      const [dialled, accepted] = await connect(simulation, from, to, i + 1);
      flood(dialled.stream);
      ends.push(accepted);
    }
    await simulation.advance(10_000);
    const total = ends.reduce((sum, { received }) => sum + received, 0);
    near(total, 20e6, 0.05);
    for (const { received } of ends) near(received, total / 4, 0.1);
  }
});

test('a line is not filled with seconds of a stream: datagrams still pass between', async () => {
  const { simulation, a, b } = pair({ upBytesPerSecond: 200_000, downBytesPerSecond: 200_000 });
  const [dialled] = await connect(simulation, a, b);
  flood(dialled.stream);
  await simulation.advance(5000);
  let arrivedMs = 0;
  await simulation.settle(
    b.world.datagrams.bind(
      { address: b.address, port: 5 },
      {
        message() {
          arrivedMs = simulation.nowMs;
        },
        close() {},
      },
    ),
  );
  const socket = await simulation.settle(
    a.world.datagrams.bind({ address: a.address, port: 5 }, { message() {}, close() {} }),
  );
  const sentMs = simulation.nowMs;
  socket.send(new Uint8Array(100), { address: b.address, port: 5 });
  await simulation.run(() => arrivedMs > 0);
  assert.ok(arrivedMs - sentMs < 250, `${arrivedMs - sentMs} ms`);
});

test('no more is under way on a slow line than a fraction of a second of it', async () => {
  const simulation = createSimulation({ seed: 1 });
  const to = simulation.addHost({ line: { downBytesPerSecond: 500_000 } });
  const ends = [];
  for (let i = 0; i < 3; i++) ends.push(await connect(simulation, simulation.addHost(), to, i + 1));
  let written = 0;
  for (const [dialled] of ends) {
    dialled.stream.write(new Uint8Array(10_000_000));
    written += 10_000_000;
  }
  await simulation.advance(3000);
  const received = ends.reduce((sum, [, accepted]) => sum + accepted.received, 0);
  const buffered = ends.reduce((sum, [dialled]) => sum + dialled.stream.bufferedBytes, 0);
  const underWay = written - buffered - received;
  assert.ok(underWay > 10_000 && underWay < 500_000 * 0.15, String(underWay));
});

test('a reader that goes away with bytes unread resets the stream, one that has read all ends it', async () => {
  for (const hasUnread of [true, false]) {
    const { simulation, a, b } = pair();
    const [dialled, accepted] = await connect(simulation, a, b);
    if (hasUnread) accepted.stream.pause();
    dialled.stream.write(new Uint8Array(1000));
    await simulation.advance(1000);
    accepted.stream.destroy();
    await simulation.advance(1000);
    assert.equal(dialled.error?.code, hasUnread ? 'reset' : undefined);
    assert.equal(dialled.ended, !hasUnread);
  }
});

test('a reader that pauses holds up the writer after a window of bytes', async () => {
  const simulation = createSimulation({ seed: 1 });
  const [a, b] = [simulation.addHost(), simulation.addHost({ streamWindowBytes: 100_000 })];
  const [dialled, accepted] = await connect(simulation, a, b);
  accepted.stream.pause();
  dialled.stream.write(new Uint8Array(1_000_000));
  await simulation.advance(60_000);
  assert.equal(accepted.received, 0);
  assert.ok(dialled.stream.bufferedBytes >= 900_000);
  accepted.stream.resume();
  await simulation.run(() => accepted.received === 1_000_000);
  await simulation.run(() => dialled.stream.bufferedBytes === 0);
});

test('loss makes a stream slow, never wrong', async () => {
  const times = [];
  for (const loss of [0, 0.005, 0.05]) {
    const { simulation, a, b } = pair({ latencyMs: 20, loss }, 3);
    const [dialled, accepted] = await connect(simulation, a, b);
    dialled.stream.write(new Uint8Array(3_000_000));
    times.push(await timeOf(simulation, () => simulation.run(() => accepted.received === 3_000_000)));
  }
  const [clean = 0, some = 0, much = 0] = times;
  assert.ok(clean * 3 < some && some * 2 < much, times.join());
});

test('a short partition delays a stream, a long one ends it for who sends', async () => {
  const { simulation, a, b } = pair();
  const [dialled, accepted] = await connect(simulation, a, b);
  const first = simulation.partition([a], [b]);
  dialled.stream.write(new Uint8Array(1000));
  await simulation.advance(20_000);
  assert.equal(accepted.received, 0);
  first.heal();
  await simulation.run(() => accepted.received === 1000, { limitMs: 20_000 });
  simulation.partition([a], [b]);
  dialled.stream.write(new Uint8Array(1000));
  await simulation.run(() => dialled.closed, { limitMs: 300_000 });
  assert.equal(dialled.error?.code, 'timeout');
  assert.equal(accepted.closed, false);
});

test('nobody in a partition is dialled, nor a host that is down', async () => {
  const { simulation, a, b } = pair();
  await simulation.settle(
    b.world.streams.listen({ address: b.address, port: 1 }, (stream) => void watch(stream)),
  );
  const dial = (): Promise<unknown> => a.world.streams.connect({ address: b.address, port: 1 });
  const isTimeout = (error: unknown): boolean => error instanceof WorldError && error.code === 'timeout';
  const partition = simulation.partition([a], [b]);
  const dialling = dial();
  await assert.rejects(simulation.settle(dialling), isTimeout);
  const again = dial();
  await simulation.advance(5000);
  partition.heal();
  await simulation.settle(again);
  b.crash();
  await assert.rejects(simulation.settle(dial()), isTimeout);
  b.restart();
  await assert.rejects(
    simulation.settle(dial()),
    (error) => error instanceof WorldError && error.code === 'refused',
  );
});

test('an address that nobody has is unreachable', async () => {
  const { simulation, a } = pair();
  for (const address of ['11.99.99.99', '2a11::77'])
    await assert.rejects(
      simulation.settle(a.world.streams.connect({ address, port: 1 })),
      (error) => error instanceof WorldError && error.code === 'unreachable',
    );
});

test('a crash says nothing to the other side, which learns of it when it sends to the restarted host', async () => {
  const { simulation, a, b } = pair();
  const [dialled, accepted] = await connect(simulation, a, b);
  b.crash();
  await simulation.advance(1_000_000);
  assert.equal(dialled.closed, false);
  assert.equal(accepted.closed, false);
  b.restart();
  dialled.stream.write(new Uint8Array(10));
  await simulation.run(() => dialled.closed);
  assert.equal(dialled.error?.code, 'reset');
  assert.equal(accepted.closed, false, 'a crashed world never calls back');
});

test('a killed program has its sockets closed by its system, which refuses those who dial', async () => {
  const { simulation, a, b } = pair();
  const [dialled, accepted] = await connect(simulation, a, b);
  accepted.stream.write(new Uint8Array(1000));
  await simulation.run(() => dialled.received === 1000);
  b.crash({ unsynced: 'kept' });
  await simulation.run(() => dialled.ended);
  dialled.stream.write(new Uint8Array(10));
  await simulation.run(() => dialled.closed);
  assert.equal(dialled.error?.code, 'reset');
  assert.equal(accepted.closed, false);
  await assert.rejects(
    simulation.settle(a.world.streams.connect({ address: b.address, port: 1 })),
    (error) => error instanceof WorldError && error.code === 'refused',
  );
  assert.equal(b.isUp, false);
  b.restart();
  await connect(simulation, a, b, 2);
});

test('a crashed world never settles, never fires, never sends', async () => {
  const { simulation, a, b } = pair();
  const { clock, disk, streams, hashing, names } = a.world;
  const old = a.world;
  const settled: string[] = [];
  const note = (name: string, promise: Promise<unknown>): void => {
    promise.then(
      () => settled.push(name),
      () => settled.push(name),
    );
  };
  clock.setTimer(10, () => settled.push('timer'));
  note('disk', disk.open('/data/file', { write: true, create: true }));
  note('dial', streams.connect({ address: b.address, port: 9 }));
  note('hash', hashing.run({ source: { kind: 'memory', blocks: [new Uint8Array(1e6)] }, sha1: true }));
  note('name', names.resolve('h2'));
  a.crash();
  note('late disk', disk.stat('/data'));
  note('late dial', streams.connect({ address: b.address, port: 9 }));
  note(
    'late listen',
    streams.listen({ address: a.address, port: 9 }, () => {}),
  );
  assert.throws(() => a.world, WorldError);
  a.restart();
  assert.notEqual(a.world, old);
  await simulation.advance(1e6);
  assert.deepEqual(settled, []);
});

test('bytes shown to data are gone after the call', async () => {
  const { simulation, a, b } = pair();
  let kept: Uint8Array | undefined;
  await simulation.settle(
    b.world.streams.listen({ address: b.address, port: 1 }, (stream) =>
      stream.start({
        data(bytes) {
          kept = bytes;
        },
        end() {},
        drain() {},
        close() {},
      }),
    ),
  );
  const stream = await simulation.settle(a.world.streams.connect({ address: b.address, port: 1 }));
  stream.write(Uint8Array.of(1, 2, 3));
  await simulation.run(() => kept !== undefined);
  assert.ok(kept?.every((byte) => byte !== 1 && byte !== 2 && byte !== 3));
});

test('a host that moves to another address leaves its streams behind', async () => {
  const { simulation, a, b } = pair();
  const [dialled, accepted] = await connect(simulation, a, b);
  b.setAddresses(['11.200.0.1']);
  dialled.stream.write(new Uint8Array(10));
  await simulation.run(() => dialled.closed, { limitMs: 300_000 });
  assert.equal(dialled.error?.code, 'timeout');
  assert.equal(accepted.received, 0);
  const [, fresh] = await connect(simulation, a, b, 7);
  assert.equal(fresh.stream.local.address, '11.200.0.1');
});
