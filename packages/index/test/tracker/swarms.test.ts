// The packed swarms beside a plain model of them, and whom they name to whom.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Group, group, reach, Swarms } from '../../src/tracker/swarms.ts';
import { seededRandom } from './asking.ts';

const options = { mostSwarms: 1_000, mostPeers: 10_000, lifeTicks: 100, memoryTicks: 1_000 };

function hashOf(number: number): Uint8Array {
  const hash = new Uint8Array(20);
  new DataView(hash.buffer).setUint32(8, number);
  return hash;
}

function endpointOf(number: number, length: number): Uint8Array {
  const endpoint = new Uint8Array(length).fill(7);
  new DataView(endpoint.buffer).setUint32(length - 5, number);
  return endpoint;
}

const families = [4, 6] as const;

test('swarms know who is in them, whatever order peers come, change and go in', () => {
  const step = fc.record({
    kind: fc.constantFrom('put', 'put', 'put', 'remove', 'find'),
    swarm: fc.nat(4),
    peer: fc.nat(40),
    family: fc.constantFrom(...families),
    group: fc.constantFrom<Group>(0, 1, 2),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const swarms = new Swarms(seededRandom(1), options);
      const model = new Map<string, Group>();
      for (const { kind, swarm: number, peer, family, group: as } of steps) {
        const store = swarms.store(family);
        const hash = hashOf(number);
        const endpoint = endpointOf(peer, store.endpointBytes);
        const key = `${number} ${family} ${peer}`;
        const known = swarms.table.find(hash, 0);
        const slot = known < 0 ? -1 : store.find(known, endpoint, 0);
        assert.equal(slot >= 0, model.has(key), key);
        if (kind === 'put') {
          const swarm = swarms.table.findOrAdd(hash, 0);
          if (slot < 0) store.note(store.add(swarm, endpoint, 0, as), 0, 0, 0);
          else store.regroup(slot, as);
          model.set(key, as);
        } else if (kind === 'remove' && slot >= 0) {
          swarms.remove(store, slot, 0);
          model.delete(key);
        }
      }
      assert.equal(swarms.peers4.size + swarms.peers6.size, model.size);
      const inUse = new Set([...model.keys()].map((key) => key.split(' ')[0]));
      assert.equal(swarms.table.size, inUse.size);
      for (const [key, as] of model) {
        const [number = 0, family = 4, peer = 0] = key.split(' ').map(Number);
        const store = swarms.store(family === 4 ? 4 : 6);
        const slot = store.find(
          swarms.table.find(hashOf(number), 0),
          endpointOf(peer, store.endpointBytes),
          0,
        );
        assert.equal(store.groupOf(slot), as);
      }
    }),
    { numRuns: 200 },
  );
});

function fill(
  swarms: Swarms,
  counts: { seeds: number; partial: number; downloaders: number },
  near = 0,
): number {
  const swarm = swarms.table.findOrAdd(hashOf(1), 0);
  let number = swarms.peers4.size;
  const add = (count: number, as: Group) => {
    for (let i = 0; i < count; i++)
      swarms.peers4.note(swarms.peers4.add(swarm, endpointOf(number++, 6), 0, as), 0, near, 0);
  };
  add(counts.seeds, group.seed);
  add(counts.partial, group.partial);
  add(counts.downloaders, group.downloader);
  return swarm;
}

function picked(swarms: Swarms, swarm: number, as: Group, wanted: number, slot = -1, near = 0): number[] {
  const into = new Int32Array(200);
  const count = swarms.pick(swarms.peers4, swarm, { group: as, slot, reach: near }, into, wanted);
  return [...into.subarray(0, count)];
}

test('those who give are told of those who download, and of nobody else', () => {
  const swarms = new Swarms(seededRandom(2), options);
  const swarm = fill(swarms, { seeds: 10, partial: 10, downloaders: 10 });
  for (const as of [group.seed, group.partial]) {
    const slots = picked(swarms, swarm, as, 50);
    assert.equal(slots.length, 10);
    assert.ok(slots.every((slot) => swarms.peers4.groupOf(slot) === group.downloader));
  }
});

test('those who download are told of seeds and partial seeds for half of the places, or more if nobody else is there', () => {
  const swarms = new Swarms(seededRandom(3), options);
  const swarm = fill(swarms, { seeds: 300, partial: 100, downloaders: 400 });
  const giving = (slots: number[]) =>
    slots.filter((slot) => swarms.peers4.groupOf(slot) !== group.downloader).length;
  const slots = picked(swarms, swarm, group.downloader, 50);
  assert.equal(slots.length, 50);
  assert.equal(giving(slots), 25);
  const alone = new Swarms(seededRandom(3), options);
  assert.equal(
    picked(alone, fill(alone, { seeds: 300, partial: 0, downloaders: 5 }), group.downloader, 50).length,
    50,
  );
});

test('nobody is told of itself or twice of anybody, and everybody is told of as often', () => {
  const swarms = new Swarms(seededRandom(4), options);
  const swarm = fill(swarms, { seeds: 0, partial: 0, downloaders: 101 });
  const times = new Map<number, number>();
  const own = swarms.peers4.start(swarm) + 50;
  for (let round = 0; round < 4_000; round++) {
    const slots = picked(swarms, swarm, group.downloader, 25, own);
    assert.equal(new Set(slots).size, slots.length);
    assert.ok(slots.length >= 25 && !slots.includes(own));
    for (const slot of slots) times.set(slot, (times.get(slot) ?? 0) + 1);
  }
  assert.equal(times.size, 100);
  // 1,000 times each; six standard deviations are 165.
  for (const count of times.values()) assert.ok(Math.abs(count - 1_000) < 165, `${count}`);
});

test('addresses of a narrower network are not given to a wider one', () => {
  const swarms = new Swarms(seededRandom(5), options);
  const swarm = fill(swarms, { seeds: 0, partial: 0, downloaders: 3 }, reach.public);
  fill(swarms, { seeds: 0, partial: 0, downloaders: 4 }, reach.private);
  fill(swarms, { seeds: 0, partial: 0, downloaders: 5 }, reach.loopback);
  for (const [near, expected] of [
    [reach.public, 3],
    [reach.private, 7],
    [reach.loopback, 12],
  ] as const)
    assert.equal(picked(swarms, swarm, group.downloader, 50, -1, near).length, expected);
});

test('whoever is not heard of is dropped in time, and others are not', () => {
  const swarms = new Swarms(seededRandom(6), options);
  const swarm = fill(swarms, { seeds: 100, partial: 100, downloaders: 100 });
  for (let number = 0; number < 300; number += 3) {
    const slot = swarms.peers4.find(swarm, endpointOf(number, 6), 0);
    swarms.peers4.note(slot, 90, 0, 0);
  }
  for (let part = 0; part < 16; part++) swarms.sweep(100, 8);
  assert.equal(swarms.peers4.size, 300);
  for (let part = 0; part < 16; part++) swarms.sweep(101, 8);
  assert.equal(swarms.peers4.size, 100);
  for (let part = 0; part < 16; part++) swarms.sweep(191, 8);
  assert.equal(swarms.peers4.size, 0);
  assert.equal(swarms.table.size, 0);
});

test('a swarm that was completed is remembered for a while without a peer', () => {
  const swarms = new Swarms(seededRandom(7), options);
  const swarm = fill(swarms, { seeds: 1, partial: 0, downloaders: 0 });
  swarms.addDownloads(swarm, 3);
  swarms.remove(swarms.peers4, swarms.peers4.start(swarm), 10);
  swarms.sweep(1_010, 1);
  assert.equal(swarms.downloads(swarms.table.find(hashOf(1), 0)), 3);
  swarms.sweep(1_011, 1);
  assert.equal(swarms.table.find(hashOf(1), 0), -1);
});

test('a full table takes nobody new and goes on for the others', () => {
  const swarms = new Swarms(seededRandom(8), { ...options, mostPeers: 5, mostSwarms: 2 });
  const swarm = fill(swarms, { seeds: 5, partial: 0, downloaders: 0 });
  assert.equal(swarms.peers4.add(swarm, endpointOf(9, 6), 0, group.seed), -1);
  assert.ok(swarms.table.findOrAdd(hashOf(2), 0) >= 0);
  assert.equal(swarms.table.findOrAdd(hashOf(3), 0), -1);
  assert.equal(swarms.table.findOrAdd(hashOf(1), 0), swarm);
});
