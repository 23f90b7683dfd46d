// What a restart of the index keeps, and what a damaged file costs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIndex, type Index, loadLeases } from '@shoal/index';
import { createSimulation, type SimHost, type Simulation } from '@shoal/sim';
import { createTrackers } from '@shoal/tracker';
import { requestOf } from './asking.ts';

const path = '/data/tracker.leases';

async function start(simulation: Simulation, home: SimHost): Promise<Index> {
  const { world } = home;
  const leases = { disk: world.disk, hashing: world.hashing, path };
  return simulation.settle(createIndex({ ...world, port: 6969, leases, unlimited: true }));
}

async function setUp(peers = 1) {
  const simulation = createSimulation({ seed: 3 });
  const home = simulation.addHost({ name: 'home', addresses: ['9.0.0.1', '2a00::1'] });
  const guest = simulation.addHost({ name: 'guest', addresses: ['9.0.1.1', '2a00::2'] });
  const index = await start(simulation, home);
  const trackers = createTrackers(guest.world);
  const announce = (url: string, more: Parameters<typeof requestOf>[0] = {}) =>
    simulation.settle(trackers.announce(url, requestOf(more)));
  for (let port = 1; port <= peers; port++) await announce('udp://9.0.0.1:6969', { port });
  return { simulation, home, index, announce };
}

test('a restart forgets nobody: families, groups and downloads are as before', async () => {
  const { simulation, home, index, announce } = await setUp(50);
  await announce('udp://[2a00::1]:6969', { left: 0 });
  await announce('udp://9.0.0.1:6969', { port: 1, left: 0, event: 'completed' });
  await simulation.settle(index.close());
  const again = await start(simulation, home);
  assert.equal(again.recalled?.peers, 51);
  const answer = await announce('http://9.0.0.1:6969/announce', { port: 1, peersWanted: 200, left: 5 });
  assert.equal(answer.peers.length, 50);
  assert.deepEqual([answer.seeders, answer.leechers, answer.downloads], [1, 50, 1]);
});

test('after a power cut the index knows what it knew some minutes before', async () => {
  const { simulation, home, announce } = await setUp(10);
  await simulation.advance(6 * 60_000);
  await announce('udp://9.0.0.1:6969', { port: 77 });
  home.crash();
  home.restart();
  const again = await start(simulation, home);
  assert.equal(again.recalled?.peers, 10);
});

test('whoever ran out while the index was away is not recalled', async () => {
  const { simulation, home, index } = await setUp(10);
  await simulation.advance(20 * 60_000);
  await simulation.settle(index.close());
  await simulation.advance(60 * 60_000);
  assert.equal((await start(simulation, home)).recalled?.peers, 0);
});

test('a clock that was put back or far forward meanwhile makes nobody younger, and stops nothing', async () => {
  for (const [offsetMs, peers] of [
    [-3_600_000, 10],
    [1e15, 0],
  ] as const) {
    const { simulation, home, index } = await setUp(10);
    await simulation.settle(index.close());
    home.setWallOffset(offsetMs);
    assert.equal((await start(simulation, home)).recalled?.peers, peers);
  }
});

test('a damaged file is told of, and what stands before the damage counts', async () => {
  const { simulation, home, index } = await setUp(10);
  await simulation.settle(index.close());
  const whole = home.disk.read(path) ?? new Uint8Array(0);
  const parts = { ...home.world, disk: home.world.disk };
  for (const [what, bytes] of [
    ['empty', new Uint8Array(0)],
    ['cut in its head', whole.slice(0, 20)],
    ['cut', whole.slice(0, whole.length - 30)],
    ['without an end', whole.slice(0, whole.length - 4)],
    ['flipped', whole.with(100, (whole[100] ?? 0) ^ 1)],
    ['another file', new Uint8Array(1_000).fill(65)],
    ['too long a chunk', whole.with(23, 255)],
  ] as const) {
    home.disk.write(path, bytes);
    const found = await simulation.settle(loadLeases(parts, path));
    assert.ok(found?.damage !== undefined, what);
    const again = await start(simulation, home);
    assert.equal(again.recalled?.peers, what === 'without an end' ? 10 : 0, what);
    await simulation.settle(again.close());
  }
});

test('a disk that is full costs the leases and not the tracker', async () => {
  const { simulation, home, announce } = await setUp(3);
  home.disk.fail('no-space', { kind: 'write' });
  await simulation.advance(6 * 60_000);
  assert.equal((await announce('udp://9.0.0.1:6969', { port: 9 })).peers.length, 3);
});
