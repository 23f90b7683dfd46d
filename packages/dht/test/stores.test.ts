// The store of peers against a plain list, its bounds, and the measured time-outs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCompactEndpoints } from '@shoal/base';
import { createSimulation } from '@shoal/sim';
import { PeerStore } from '../src/peer-store.ts';
import { RoundTrips } from '../src/round-trips.ts';

const random = createSimulation({ seed: 3 }).randomFor('stores');
const minute = 60_000;

test('whatever is announced, those of the last 45 minutes are there, each once', () => {
  const store = new PeerStore(4, random);
  const model = new Map<string, number>();
  const infoHash = new Uint8Array(20).fill(1);
  for (let step = 0; step < 5000; step++) {
    const nowMs = step * 5000;
    const place = Uint8Array.of(10, 0, 0, random.below(90), 0, 1 + random.below(3));
    assert.ok(store.announce(infoHash, place, false, nowMs) || step > 0);
    const [endpoint] = readCompactEndpoints(place, 4);
    model.set(`${endpoint?.address}:${endpoint?.port}`, nowMs);
    if (step % 100 !== 0) continue;
    const expected = [...model].filter(([, ms]) => nowMs - ms < 45 * minute).map(([key]) => key);
    const inside = store.endpoints(infoHash, nowMs).map(({ address, port }) => `${address}:${port}`);
    assert.deepEqual(inside.sort(), expected.sort());
    assert.equal(store.peerCount, inside.length);
  }
});

test('no number of keys or peers makes the store grow beyond its bounds', () => {
  const store = new PeerStore(4, random);
  const key = (n: number) => Uint8Array.from({ length: 20 }, (_, i) => (i < 4 ? (n >> (8 * i)) & 255 : 7));
  for (let n = 0; n < 12_000; n++)
    store.announce(key(n), Uint8Array.of(20, n & 255, n >> 8, 1, 1, 1), false, n);
  assert.equal(store.swarmCount, 10_000);
  assert.equal(store.values(key(0), 12_000), undefined, 'the oldest made room');
  assert.ok(store.values(key(11_999), 12_000));
  for (let n = 0; n < 3000; n++)
    store.announce(key(11_999), Uint8Array.of(30, n & 255, n >> 8, 1, 1, 1), false, 13_000 + n);
  assert.equal(store.values(key(11_999), 16_000)?.count, 1000);
});

test('time-outs follow what was measured, within bounds', () => {
  const trips = new RoundTrips();
  assert.equal(trips.timeoutMs, 1500);
  for (let i = 0; i < 200; i++) trips.add(600 + random.below(100));
  assert.ok(trips.timeoutMs > 700 && trips.timeoutMs < 1000, `${trips.timeoutMs}`);
  for (let i = 0; i < 500; i++) trips.add(5);
  assert.equal(trips.timeoutMs, 400);
  for (let i = 0; i < 500; i++) trips.add(9000);
  assert.equal(trips.timeoutMs, 4000);
});
