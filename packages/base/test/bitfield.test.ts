import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bitfield } from '@shoal/base';
import fc from 'fast-check';

test('flag 0 is the highest bit of the first byte, as the peer protocol has it', () => {
  const field = new Bitfield(10);
  field.set(0);
  field.set(9);
  assert.deepEqual([...field.bytes], [0x80, 0x40]);
});

test('a bitfield of the wrong size or with spare bits set is refused', () => {
  assert.equal(Bitfield.parse(Uint8Array.of(0xff), 10), undefined);
  assert.equal(Bitfield.parse(Uint8Array.of(0xff, 0x20), 10), undefined);
  assert.equal(Bitfield.parse(Uint8Array.of(0xff, 0xc0), 10)?.isFull, true);
  assert.equal(Bitfield.parse(new Uint8Array(0), 0)?.isFull, true);
});

test('an index outside is never set and never changes the count', () => {
  const field = new Bitfield(3);
  assert.equal(field.set(3), false);
  assert.equal(field.set(-1), false);
  assert.equal(field.has(3), false);
  assert.equal(field.clear(7), false);
  assert.equal(field.count, 0);
});

test('any sequence of changes agrees with a set of numbers', () => {
  const change = fc.tuple(fc.boolean(), fc.nat(70));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.array(change), (length, changes) => {
      const field = new Bitfield(length);
      const model = new Set<number>();
      for (const [isSet, index] of changes) {
        if (isSet) {
          assert.equal(field.set(index), index < length && !model.has(index));
          if (index < length) model.add(index);
        } else {
          assert.equal(field.clear(index), model.delete(index));
        }
      }
      assert.equal(field.count, model.size);
      assert.deepEqual(
        [...field.indices()],
        [...model].sort((a, b) => a - b),
      );
      const parsed = Bitfield.parse(field.bytes, length);
      assert.equal(parsed?.count, model.size);
    }),
  );
});

test('setAll and clearAll keep the spare bits zero', () => {
  const field = new Bitfield(13);
  field.setAll();
  assert.deepEqual([...field.bytes], [0xff, 0xf8]);
  assert.equal(field.isFull, true);
  field.clearAll();
  assert.equal(field.isEmpty, true);
});

test('a peer is interesting exactly when it has a piece that we lack', () => {
  const ours = new Bitfield(9);
  const theirs = new Bitfield(9);
  ours.set(1);
  theirs.set(1);
  assert.equal(ours.lacksAnyOf(theirs), false);
  theirs.set(8);
  assert.equal(ours.lacksAnyOf(theirs), true);
  assert.equal(theirs.lacksAnyOf(ours), false);
});

test('a copy does not change with its original', () => {
  const field = new Bitfield(4);
  const copy = field.copy();
  field.set(2);
  assert.equal(copy.has(2), false);
});
