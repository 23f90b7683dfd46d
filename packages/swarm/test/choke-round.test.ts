// Slots between two rounds of the choker.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Chokeable, ChokeRound } from '../src/choke-round.ts';
import { Rate } from '../src/rate.ts';

interface TestPeer extends Chokeable {
  readonly name: string;
  isInterested: boolean;
}

function makePeer(name: string, facts: Partial<TestPeer> = {}): TestPeer {
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
    bytesAtUnchoke: 0,
    toIt: { total: 0 },
    outbox: { choke() {}, unchoke() {} },
    ...facts,
  };
}

function makeRound(
  peers: ReadonlySet<TestPeer>,
  options: { uploadLimit?: number; isSeeding?: boolean } = {},
) {
  const upload = new Rate(0);
  const choked: string[] = [];
  const limit = { bytesPerSecond: options.uploadLimit ?? Number.POSITIVE_INFINITY };
  const round = new ChokeRound<TestPeer>({
    peers,
    random: { below: () => 0, fill() {} },
    nowMs: () => 0,
    upload,
    uploadLimit: () => limit.bytesPerSecond,
    isSeeding: () => options.isSeeding ?? true,
    quotaBytes: 1000,
    choked: (peer) => choked.push(peer.name),
  });
  const unchoked = () => [...peers].filter((peer) => peer.isUnchoked).map(({ name }) => name);
  return { round, unchoked, choked, limit };
}

describe('slots between two rounds', () => {
  test('who waits gets the slot of one that wants nothing more', () => {
    const crowd = Array.from({ length: 8 }, (_, i) => makePeer(`${i}`));
    const late = makePeer('late');
    const peers = new Set([...crowd, late]);
    const { round, unchoked, choked } = makeRound(peers);
    for (const peer of peers) round.interested(peer);
    assert.equal(late.isUnchoked, false);
    round.fill();
    assert.equal(late.isUnchoked, false, 'all slots are in use');
    for (const peer of crowd.slice(3, 4)) peer.isInterested = false;
    round.fill();
    assert.deepEqual(unchoked(), ['0', '1', '2', '4', '5', '6', '7', 'late']);
    assert.deepEqual(choked, ['3']);
    assert.deepEqual(round.checkInvariants(), []);
  });

  test('nobody loses a slot of no use to it while nobody waits', () => {
    const only = makePeer('only');
    const { round, unchoked } = makeRound(new Set([only]));
    round.interested(only);
    only.isInterested = false;
    round.fill();
    assert.deepEqual(unchoked(), ['only']);
  });

  test('new slots go to those who wait, and never more of them than there are', () => {
    for (const isSeeding of [true, false]) {
      const peers = new Set(Array.from({ length: 9 }, (_, i) => makePeer(`${i}`)));
      const { round, unchoked, limit } = makeRound(peers, { uploadLimit: 10_000, isSeeding });
      for (const peer of peers) round.interested(peer);
      assert.equal(unchoked().length, 3, 'a low limit');
      limit.bytesPerSecond = Number.POSITIVE_INFINITY;
      round.fill();
      assert.equal(unchoked().length, 8);
      assert.deepEqual(round.checkInvariants(), []);
    }
  });
});
