// The store of peers against a plain list, its bounds, and the measured time-outs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCompactEndpoints } from '@shoal/base';
import { createSimulation } from '@shoal/sim';
import { Allowances, countedAs } from '../src/allowances.ts';
import { PeerStore } from '../src/peer-store.ts';
import { RoundTrips } from '../src/round-trips.ts';
import { Visitors } from '../src/visitors.ts';

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

test('replies to one address and to its network stay within their rates, however many others come between', () => {
  const allowances = new Allowances(0);
  const target = countedAs(Uint8Array.of(9, 9, 9, 9));
  let taken = 0;
  let others = 0;
  const seconds = 60;
  for (let ms = 0; ms < seconds * 1000; ms += 2) {
    if (allowances.take(target.unit, target.network, 500, ms)) taken += 500;
    // Forged addresses, new ones all the time, that shall make us forget the one.
    for (let i = 0; i < 2; i++) {
      const other = countedAs(Uint8Array.of(10 + random.below(100), random.below(256), random.below(256), 1));
      if (allowances.take(other.unit, other.network, 50, ms)) others += 50;
    }
  }
  assert.ok(taken <= 128_000 + seconds * 16_000, `${taken}`);
  assert.ok(taken >= seconds * 16_000 * 0.9, `${taken}`);
  assert.ok(others > 1_000_000);
});

test('on loopback a liar is one port, and a flood is not banned; elsewhere both are the address', () => {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, wallTimeMs: () => 0, setTimer: () => ({ cancel() {} }) };
  for (const [address, isShared] of [
    ['127.0.0.1', true],
    ['::1', true],
    ['20.1.1.1', false],
    ['2a00:1:2:3::4', false],
  ] as const) {
    const visitors = new Visitors(clock, { isLimited: true });
    visitors.banLiar({ address, port: 1 });
    assert.ok(visitors.isBanned({ address, port: 1 }));
    assert.equal(visitors.isBanned({ address, port: 2 }), !isShared, address);
    nowMs += 2 * 60 * minute;
    assert.ok(!visitors.isBanned({ address, port: 1 }));
    const visitor = visitors.of(address);
    assert.ok(visitor);
    for (let i = 0; i < 20_000; i++) visitors.mayReply(visitor, 1000, nowMs);
    assert.equal(visitor.bannedUntilMs > nowMs, !isShared, address);
  }
});
