// The same seed is the same run, byte for byte, here and in another process.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createSimulation } from '@shoal/sim';
import { runSeeds, simTest } from '@shoal/sim/testing';
import { busyWorld } from './scenario.ts';

// These tests run seeds of their own, whatever the others were asked to run.
delete process.env.SHOAL_SEED;
delete process.env.SHOAL_SEEDS;

async function digestOf(seed: number): Promise<string> {
  const simulation = createSimulation({ seed, trace: { contents: true } });
  await busyWorld(simulation);
  assert.ok(simulation.trace.count > 200);
  return simulation.trace.digest();
}

test('two runs of one seed are the same, and runs of two seeds are not', async () => {
  const first = await digestOf(1);
  assert.equal(await digestOf(1), first);
  assert.notEqual(await digestOf(2), first);
});

test('simulations that run at the same time do not disturb each other', async () => {
  const alone = await digestOf(3);
  const [first, , third] = await Promise.all([digestOf(3), digestOf(4), digestOf(3)]);
  assert.equal(first, alone);
  assert.equal(third, alone);
});

test('another process makes the same run', async () => {
  const program = new URL('./scenario.ts', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [program, '5']);
  assert.equal(stdout.trim(), await digestOf(5));
});

test('another host changes nothing of what those before it draw', () => {
  const draws = (hosts: number): number => {
    const simulation = createSimulation({ seed: 1 });
    const [first] = Array.from({ length: hosts }, () => simulation.addHost());
    return first?.world.random.below(1e9) ?? -1;
  };
  assert.equal(draws(1), draws(5));
});

simTest('a scenario runs with several seeds, each of its own', { seeds: 5 }, busyWorld);

test('a failure names its seed and the command that repeats it', async () => {
  const failing = runSeeds('it (sometimes) fails', { seeds: 20, repeats: false }, async ({ seed }) => {
    assert.notEqual(Number(seed), 13, 'thirteen');
  });
  await assert.rejects(failing, (error) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /With seed 13: thirteen/);
    assert.match(
      error.message,
      /SHOAL_SEED=13 npx node --test --test-name-pattern='it .sometimes. fails' .*\.test\.ts/,
    );
    return true;
  });
});

test('code that is not the same each time is told, with the first event that differs', async () => {
  let runs = 0;
  const unlike = runSeeds('unlike', {}, async (simulation) => {
    const { clock } = simulation.addHost({ name: 'odd' }).world;
    await simulation.settle(new Promise<void>((resolve) => void clock.setTimer(10 + runs++, resolve)));
  });
  await assert.rejects(
    unlike,
    /Two runs of the same seed differ: event 1 was "12 ms odd timer 0", then "13 ms/,
  );
});
