// Virtual time: order, exactness, promises between events, and how runs end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulation, SimError } from '@shoal/sim';
import fc from 'fast-check';
import { HappeningQueue } from '../src/queue.ts';

function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  return assert.rejects(promise, (error) => error instanceof SimError && error.code === code);
}

test('what is queued happens by time, then by order of asking, without what was called off', () => {
  const times = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.boolean()), { maxLength: 3000 });
  fc.assert(
    fc.property(times, (entries) => {
      const queue = new HappeningQueue();
      const seen: number[] = [];
      const items = entries.map(([timeMs, isOff], i) => {
        const item = { isOff: false, happen: () => void seen.push(i) };
        queue.push(timeMs, item);
        return { timeMs, isOff, item, i };
      });
      for (const { isOff, item } of items) {
        item.isOff = isOff;
        if (isOff) queue.noteOff();
      }
      while (queue.nextTimeMs() < Infinity) queue.pop()?.happen();
      const expected = items.filter(({ isOff }) => !isOff).sort((a, b) => a.timeMs - b.timeMs || a.i - b.i);
      assert.deepEqual(
        seen,
        expected.map(({ i }) => i),
      );
    }),
    { numRuns: 100 },
  );
});

test('thousands of cancelled timers leave the queue', async () => {
  const simulation = createSimulation({ seed: 1 });
  const { clock } = simulation.addHost().world;
  let calls = 0;
  for (let i = 0; i < 20_000; i++) {
    const timer = clock.setTimer(1000 + (i % 7), () => calls++);
    if (i % 4 !== 0) timer.cancel();
  }
  await simulation.advance(2000);
  assert.equal(calls, 5000);
});

test('every promise that can go on has gone on before time moves', async () => {
  const simulation = createSimulation({ seed: 1 });
  const { clock } = simulation.addHost().world;
  const seen: string[] = [];
  const chain = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) await null;
    await new Promise<void>((resolve) => process.nextTick(resolve));
    for (let i = 0; i < 50; i++) await Promise.resolve();
    seen.push(`chain at ${clock.nowMs()}`);
  };
  clock.setTimer(1, () => void chain());
  clock.setTimer(1, () => void seen.push('second'));
  clock.setTimer(1.0001, () => void seen.push('later'));
  await simulation.advance(2);
  assert.deepEqual(seen, ['chain at 1', 'second', 'later']);
});

test('a timer never fires early, whatever the fractions', async () => {
  const simulation = createSimulation({ seed: 1 });
  const { clock } = simulation.addHost().world;
  const random = simulation.randomFor('delays');
  for (let i = 0; i < 500; i++) {
    const startMs = clock.nowMs();
    const delayMs = random.fraction() * 10 ** random.below(6);
    await simulation.settle(new Promise<void>((resolve) => void clock.setTimer(delayMs, resolve)), {
      limitMs: 1e9,
    });
    assert.ok(clock.nowMs() - startMs >= delayMs);
    assert.ok(clock.nowMs() - startMs < delayMs + 0.001);
  }
});

test('a run that cannot end says why', async () => {
  const simulation = createSimulation({ seed: 1 });
  const { clock } = simulation.addHost().world;
  await rejectsWith(
    'stuck',
    simulation.run(() => false),
  );
  const tick = (): void => void clock.setTimer(100, tick);
  tick();
  await rejectsWith(
    'limit',
    simulation.run(() => false, { limitMs: 5000 }),
  );
  assert.equal(simulation.nowMs, 5000);
  const running = simulation.advance(10);
  await rejectsWith('busy', simulation.advance(10));
  await running;
});

test('what a handler throws ends the run, and the next run goes on', async () => {
  const simulation = createSimulation({ seed: 1 });
  const { clock } = simulation.addHost().world;
  let isCalled = false;
  clock.setTimer(5, () => {
    throw new Error('a bug');
  });
  clock.setTimer(6, () => {
    isCalled = true;
  });
  await assert.rejects(simulation.advance(10), /a bug/);
  assert.equal(simulation.nowMs, 5);
  await simulation.advance(1);
  assert.equal(isCalled, true);
});

test('a world that cannot be is refused', () => {
  const simulation = createSimulation({ seed: 1 });
  simulation.addHost({ name: 'a', addresses: ['11.1.1.1'] });
  const wrong: (() => unknown)[] = [
    () => simulation.addHost({ name: 'a' }),
    () => simulation.addHost({ addresses: ['11.1.1.1'] }),
    () => simulation.addHost({ addresses: ['nowhere'] }),
    () => simulation.addHost({ line: { loss: 1.5 } }),
    () => simulation.addHost({ line: { latencyMs: -1 } }),
    () => simulation.addHost({ line: { upBytesPerSecond: 0 } }),
    () => simulation.addHost({ lan: createSimulation({ seed: 1 }).addLan() }),
    () => simulation.addLan({ network: '10.0.0.0/8' }),
  ];
  for (const attempt of wrong)
    assert.throws(attempt, (error) => error instanceof SimError && error.code === 'invalid');
  assert.equal(simulation.hosts.length, 1);
});

test('wall clocks are off by what the test says, and monotonic ones are not', async () => {
  const simulation = createSimulation({ seed: 1 });
  const right = simulation.addHost().world.clock;
  const wrong = simulation.addHost({ wallOffsetMs: -5000 });
  const { clock } = wrong.world;
  assert.equal(clock.wallTimeMs() - right.wallTimeMs(), -5000);
  wrong.setWallOffset(60_000);
  assert.equal(clock.wallTimeMs() - right.wallTimeMs(), 60_000);
  assert.equal(clock.nowMs(), right.nowMs());
  await simulation.advance(1000);
  assert.equal(clock.nowMs(), 1000);
});
