// A clock that is set, and a machine that sleeps, under a whole node: on Linux the steady clock stands still meanwhile,
// elsewhere it goes on and all timers are late.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Clock, Timer } from '@shoal/base';
import { makeFile, startTestNode, type TestNode, temporaryFolder, until } from './node.ts';

const dayMs = 86_400_000;

class JumpyClock implements Clock {
  #steadyMs = 0;
  #wallMs = 0;
  readonly #looks = new Set<() => void>();

  nowMs(): number {
    return performance.now() + this.#steadyMs;
  }

  wallTimeMs(): number {
    return Date.now() + this.#wallMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const dueMs = this.nowMs() + delayMs;
    let handle: NodeJS.Timeout | undefined;
    const look = () => {
      clearTimeout(handle);
      const leftMs = dueMs - this.nowMs();
      handle = setTimeout(leftMs > 0 ? look : fire, Math.min(Math.max(0, Math.ceil(leftMs)), 2 ** 30));
    };
    const end = () => {
      clearTimeout(handle);
      this.#looks.delete(look);
    };
    const fire = () => {
      if (dueMs > this.nowMs()) return look();
      end();
      callback();
    };
    this.#looks.add(look);
    look();
    return { cancel: end };
  }

  jump({ wallMs = 0, steadyMs = 0 }: { readonly wallMs?: number; readonly steadyMs?: number }): void {
    this.#wallMs += wallMs;
    this.#steadyMs += steadyMs;
    for (const look of [...this.#looks]) look();
  }
}

/** One node fetches from another, and both have that clock. */
async function trade(context: TestContext, clock: Clock, flags: Record<string, string> = {}) {
  const folder = await temporaryFolder(context);
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  await Promise.all([mkdir(from), mkdir(to)]);
  const limits = { 'limits.up': '800kB', 'limits.lan': 'limited', ...flags };
  const seed = await startTestNode(context, from, limits, { clock });
  const path = await makeFile(from, 'some.bin', 2_500_000);
  const { id } = await seed.client.call('addTransfer', { body: { path } });
  const { magnet } = await until(seed, id, ({ isComplete }) => isComplete).then(() =>
    seed.client.call('transfer', { params: { id } }),
  );
  const fetcher = await startTestNode(context, to, {}, { clock });
  const peers = [`127.0.0.1:${seed.node.peerPort}`];
  await fetcher.client.call('addTransfer', { body: { link: magnet, peers, folder: to } });
  await until(fetcher, id, ({ bytes }) => bytes > 300_000);
  return { id, seed, fetcher };
}

/** Numbers that people read say nothing silly, now and until it is there. */
async function comesToItsEnd({ client }: TestNode, id: string): Promise<void> {
  for (const patience = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const one = await client.call('transfer', { params: { id } });
    const { downRate, upRate, connections } = await client.call('statistics', {});
    for (const rate of [one.downRate, one.upRate, downRate, upRate])
      assert.ok(rate >= 0 && rate < 1e9, `a rate of ${rate}`);
    assert.ok(one.secondsLeft === undefined || one.secondsLeft < 3600, `${one.secondsLeft} s left`);
    assert.ok(connections >= 0);
    if (one.isComplete) return;
    assert.ok(Date.now() < patience, JSON.stringify(one));
  }
}

for (const [what, jump] of [
  ['is put forward by a day, as after a sleep on Linux', { wallMs: dayMs }],
  ['is put back by a year', { wallMs: -365 * dayMs }],
  [
    'shows a day more, and so does the steady one, as after a sleep elsewhere',
    { wallMs: dayMs, steadyMs: dayMs },
  ],
] as const)
  test(`a transfer goes on when the clock ${what}`, { timeout: 120_000 }, async (context) => {
    const clock = new JumpyClock();
    const { id, seed, fetcher } = await trade(context, clock);
    clock.jump(jump);
    await comesToItsEnd(fetcher, id);
    const { completedMs = 0 } = await until(fetcher, id, (one) => one.completedMs !== undefined);
    assert.ok(Math.abs(completedMs - clock.wallTimeMs()) < 60_000);
    const { uptimeSeconds } = await seed.client.call('node', {});
    assert.ok(uptimeSeconds >= 0);
    const { statistics } = await seed.client.call('transfer', { params: { id } });
    if (!('steadyMs' in jump)) assert.ok(statistics.sharedSeconds < 600, 'sleep is no sharing');
    // What is remembered of it is remembered still.
    await fetcher.stop();
  });

test('a schedule holds by the clock on the wall as soon as that is set', {
  timeout: 120_000,
}, async (context) => {
  const clock = new JumpyClock();
  const now = new Date(clock.wallTimeMs());
  const hour = (hours: number) => `${String((now.getHours() + hours) % 24).padStart(2, '0')}:00`;
  // In six hours nothing goes out, for an hour.
  const schedule = `daily ${hour(6)}-${hour(7)} up 0`;
  const { id, seed, fetcher } = await trade(context, clock, {
    'limits.schedule': schedule,
    'limits.up': '300kB',
  });
  clock.jump({ wallMs: 6 * 3_600_000 - now.getMinutes() * 60_000 + 60_000 });
  await until(seed, id, ({ waiting }) => waiting?.code === 'limit-up');
  const before = await fetcher.client.call('transfer', { params: { id } });
  assert.ok(!before.isComplete);
  clock.jump({ wallMs: 3_600_000 });
  await comesToItsEnd(fetcher, id);
});
