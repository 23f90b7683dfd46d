import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockLength, Picker } from '../../src/picker/picker.ts';

function create(): Picker {
  return new Picker({
    pieceCount: 3,
    pieceLength: () => 4 * blockLength,
    random: { fill: () => {}, below: () => 0 },
  });
}

function seed(picker: Picker) {
  const peer = picker.addPeer();
  picker.peerHasAll(peer);
  return peer;
}

function pick(picker: Picker, peer: ReturnType<typeof seed>, limit: number): [number, number][] {
  const out = new Int32Array(2 * limit);
  const count = picker.pick(peer, limit, 'shared', out);
  return Array.from({ length: count }, (_, i) => [out[2 * i] ?? -1, out[2 * i + 1] ?? -1]);
}

test('of an urgent piece each peer takes its share, and a slow one nothing', () => {
  const picker = create();
  const [slow, one, other] = [seed(picker), seed(picker), seed(picker)];
  slow.isSlow = true;
  picker.setUrgent([2, 1], new Map([[2, 2]]));
  assert.deepEqual(pick(picker, one, 3), [
    [2, 0],
    [2, 1],
    [1, 0],
  ]);
  assert.ok(pick(picker, slow, 2).every(([piece]) => piece !== 2));
  assert.deepEqual(pick(picker, other, 2), [
    [2, 2],
    [2, 3],
  ]);
  assert.deepEqual(picker.checkInvariants(), []);
});

test('a piece that is to come from one peer alone comes from it, be it slow', () => {
  const picker = create();
  const [slow, fast] = [seed(picker), seed(picker)];
  picker.fetchAlone(0);
  picker.setUrgent([0]);
  assert.deepEqual(pick(picker, slow, 2), [
    [0, 0],
    [0, 1],
  ]);
  slow.isSlow = true;
  picker.setUrgent([0], new Map([[0, 2]]));
  assert.ok(pick(picker, fast, 4).every(([piece]) => piece !== 0));
  assert.deepEqual(pick(picker, slow, 2), [
    [0, 2],
    [0, 3],
  ]);
});

test('a block that is late is asked of another, and counts once', () => {
  const picker = create();
  const [one, other] = [seed(picker), seed(picker)];
  picker.setUrgent([1]);
  assert.deepEqual(pick(picker, one, 1), [[1, 0]]);
  assert.equal(picker.askAlso(other, 1, 0), true);
  assert.equal(picker.askAlso(other, 1, 0), false, 'it is asked already');
  assert.equal(picker.askAlso(other, 1, 1), false, 'nobody was asked for it');
  assert.deepEqual(picker.askedOf(1, 0), [one.slot, other.slot]);
  assert.equal(picker.received(other, 1, 0), 'stored');
  assert.equal(picker.received(one, 1, 0), 'surplus');
  assert.deepEqual(picker.checkInvariants(), []);
});
