import assert from 'node:assert/strict';
import type { Clock } from '../world/clock.ts';
import type { WorldTest } from './harness.ts';

function pass(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(delayMs, resolve));
}

export function testClock(test: WorldTest): void {
  test('timers call back in the order of their delays', async ({ a: { clock } }) => {
    const order: number[] = [];
    await Promise.all(
      [30, 10, 20].map(async (delayMs) => {
        await pass(clock, delayMs);
        order.push(delayMs);
      }),
    );
    assert.deepEqual(order, [10, 20, 30]);
  });

  test('a timer never calls back before its time, not even by a fraction', async ({ a: { clock } }) => {
    for (const delayMs of [0, 0.3, 1, 1.7, 3.999, 12.5]) {
      const startMs = clock.nowMs();
      await pass(clock, delayMs);
      assert.ok(clock.nowMs() >= startMs + delayMs, `${clock.nowMs() - startMs} < ${delayMs}`);
    }
  });

  test('a timer without delay calls back later, on an empty stack', async ({ a: { clock } }) => {
    let isInside = true;
    const called = new Promise<boolean>((resolve) => {
      clock.setTimer(0, () => resolve(isInside));
      clock.setTimer(-5, () => resolve(isInside));
    });
    isInside = false;
    assert.equal(await called, false);
  });

  test('a cancelled timer never calls back, and may be cancelled again', async ({ a: { clock } }) => {
    let calls = 0;
    const first = clock.setTimer(5, () => calls++);
    first.cancel();
    first.cancel();
    const second = clock.setTimer(20, () => calls++);
    clock.setTimer(5, () => second.cancel());
    const third = clock.setTimer(1, () => calls++);
    await pass(clock, 30);
    assert.equal(calls, 1);
    third.cancel();
  });

  test('a very long delay waits', async ({ a: { clock } }) => {
    let isCalled = false;
    const timer = clock.setTimer(40 * 24 * 3600 * 1000, () => {
      isCalled = true;
    });
    await pass(clock, 10);
    timer.cancel();
    assert.equal(isCalled, false);
  });

  test('time goes on and never back', async ({ a: { clock } }) => {
    const startMs = clock.nowMs();
    const startWallMs = clock.wallTimeMs();
    let lastMs = startMs;
    for (let i = 0; i < 5; i++) {
      await pass(clock, 2);
      assert.ok(clock.nowMs() >= lastMs + 2);
      lastMs = clock.nowMs();
    }
    assert.ok(clock.wallTimeMs() > startWallMs);
    assert.ok(startWallMs > 1_500_000_000_000, 'wall time counts from 1970');
  });
}
