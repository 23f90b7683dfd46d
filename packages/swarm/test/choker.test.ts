import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type ChokeCandidate, chooseUnchoked, slotsFor } from '../src/choker.ts';

const random = { fill: () => {}, below: (bound: number) => Math.floor(Math.random() * bound) };

interface Peer extends ChokeCandidate {
  readonly name: string;
}

function peer(name: string, facts: Partial<ChokeCandidate> = {}): Peer {
  return {
    name,
    host: name,
    isInterested: true,
    isUnchoked: false,
    optimisticUntilMs: 0,
    isSnubbing: false,
    bytesPerSecondFromIt: 0,
    bytesPerSecondToIt: 0,
    bytesSinceUnchoke: 0,
    unchokedAtMs: 0,
    chokedAtMs: 0,
    connectedAtMs: 0,
    ...facts,
  };
}

function choose(peers: Peer[], facts: { isSeeding?: boolean; slots?: number } = {}) {
  const choice = chooseUnchoked(peers, {
    isSeeding: false,
    slots: 3,
    nowMs: 1_000_000,
    random,
    quotaBytes: 1_000,
    ...facts,
  });
  return {
    names: [...choice.unchoked].map(({ name }) => name).sort(),
    optimistic: choice.newlyOptimistic.map(({ name }) => name),
  };
}

describe('choker', () => {
  test('those who give most get most, and one slot goes to somebody at random', () => {
    const peers = [10, 20, 30, 40, 50].map((rate) => peer(`${rate}`, { bytesPerSecondFromIt: rate }));
    const tried = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const { names, optimistic } = choose(peers);
      assert.ok(names.includes('50') && names.includes('40') && names.length === 3);
      assert.equal(optimistic.length, 1);
      tried.add(optimistic[0] ?? '');
    }
    assert.deepEqual([...tried].sort(), ['10', '20', '30']);
  });

  test('an optimistic unchoke lasts its time', () => {
    const peers = [
      peer('a', { bytesPerSecondFromIt: 9 }),
      peer('b', { bytesPerSecondFromIt: 8 }),
      peer('c', { bytesPerSecondFromIt: 7 }),
      peer('tried', { isUnchoked: true, optimisticUntilMs: 1_000_001 }),
    ];
    assert.deepEqual(choose(peers), { names: ['a', 'b', 'tried'], optimistic: [] });
  });

  test('a peer that snubs us earns nothing, whatever it gave before', () => {
    const peers = [
      peer('snub', { bytesPerSecondFromIt: 99, isSnubbing: true, isUnchoked: true }),
      ...['a', 'b', 'c'].map((name) => peer(name, { bytesPerSecondFromIt: 1 })),
    ];
    assert.deepEqual(choose(peers).names, ['a', 'b', 'c']);
  });

  test('nobody waits while there is a slot, and nobody uninterested gets one', () => {
    assert.deepEqual(choose([peer('a'), peer('b'), peer('c', { isInterested: false })]).names, ['a', 'b']);
  });

  test('a seed lets each peer finish its turn, then takes those who waited longest', () => {
    const peers = [
      peer('turn', { isUnchoked: true, unchokedAtMs: 999_000, bytesSinceUnchoke: 10 }),
      peer('had', {
        isUnchoked: true,
        unchokedAtMs: 999_000,
        bytesSinceUnchoke: 5_000,
        bytesPerSecondToIt: 1e6,
      }),
      peer('stuck', { isUnchoked: true, unchokedAtMs: 900_000, bytesSinceUnchoke: 10 }),
      peer('waited', { chokedAtMs: 500_000, bytesSinceUnchoke: 20 }),
      peer('new', { connectedAtMs: 999_999 }),
    ];
    assert.deepEqual(choose(peers, { isSeeding: true }).names, ['new', 'turn', 'waited']);
  });

  test('a seed gives the slots of those that take nothing to others', () => {
    const peers = [
      peer('idle', { isUnchoked: true, unchokedAtMs: 980_000 }),
      peer('fresh', { isUnchoked: true, unchokedAtMs: 995_000 }),
      peer('was idle', { chokedAtMs: 100_000 }),
      peer('waited', { chokedAtMs: 500_000, bytesSinceUnchoke: 20 }),
      peer('new', { connectedAtMs: 999_999 }),
    ];
    assert.deepEqual(choose(peers, { isSeeding: true }).names, ['fresh', 'new', 'waited']);
  });

  test('the slots are never exceeded and never left empty while somebody waits', () => {
    const anyPeer = fc.record({
      isInterested: fc.boolean(),
      isUnchoked: fc.boolean(),
      isSnubbing: fc.boolean(),
      optimisticUntilMs: fc.constantFrom(0, 2_000_000),
      bytesPerSecondFromIt: fc.nat(100),
      bytesSinceUnchoke: fc.nat(2_000),
      unchokedAtMs: fc.nat(1_000_000),
      chokedAtMs: fc.nat(1_000_000),
    });
    fc.assert(
      fc.property(
        fc.array(anyPeer, { maxLength: 30 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 20 }),
        (all, isSeeding, slots) => {
          const peers = all.map((facts, i) => peer(`${i}`, facts));
          const { names } = choose(peers, { isSeeding, slots });
          assert.equal(names.length, Math.min(slots, peers.filter((one) => one.isInterested).length));
          assert.ok(names.every((name) => peers[Number(name)]?.isInterested));
        },
      ),
    );
  });

  test('slots follow the upload rate', () => {
    assert.equal(slotsFor(0), 8);
    assert.equal(slotsFor(10_000_000), 18);
    assert.equal(slotsFor(1e9), 64);
  });

  test('a low upload limit makes slots fewer, and no limit more', () => {
    assert.equal(slotsFor(10_000, 10_000), 3);
    assert.equal(slotsFor(0, 0), 3);
    assert.equal(slotsFor(25_000, 25_000), 5);
    assert.equal(slotsFor(10_000_000, 10_000_000), 18);
    assert.equal(slotsFor(10_000_000, 10_000), 18, 'peers at home are spared');
  });

  test('while seeding, a crowd at one host waits behind whoever is alone at another', () => {
    const crowd = Array.from({ length: 20 }, (_, i) => peer(`crowd ${i}`, { host: 'one', connectedAtMs: i }));
    const late = peer('late', { connectedAtMs: 999_000 });
    assert.deepEqual(choose([...crowd, late], { isSeeding: true }).names, ['crowd 0', 'crowd 1', 'late']);
  });
});
