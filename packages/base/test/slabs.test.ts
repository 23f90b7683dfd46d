// Slabs: lent and taken back, and given to the system when nobody needs them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { createSlabs } from '@shoal/base';

function buffersOf(slabs: readonly Uint8Array[]): Set<ArrayBufferLike> {
  return new Set(slabs.map(({ buffer }) => buffer));
}

test('never more slabs are lent than the capacity allows', () => {
  const slabs = createSlabs({ slabLength: 8, capacity: 20 });
  const taken = Array.from({ length: 20 }, () => slabs.take());
  assert.ok(taken.every((slab) => slab?.length === 8));
  assert.equal(slabs.take(), undefined);
  if (taken[3] !== undefined) slabs.give(taken[3]);
  assert.equal(slabs.taken, 19);
  assert.equal(slabs.take(), taken[3]);
});

test('what was not needed between two trims is made anew, and what is held stays as it is', () => {
  const slabs = createSlabs({ slabLength: 8, capacity: 64, slabsPerArena: 4 });
  const taken = Array.from({ length: 64 }, () => slabs.take()).filter((slab) => slab !== undefined);
  const before = buffersOf(taken);
  const kept = taken.slice(0, 3);
  for (const slab of taken.slice(3)) slabs.give(slab);
  // They were needed a moment ago.
  slabs.trim();
  slabs.trim();
  const again = Array.from({ length: 61 }, () => slabs.take()).filter((slab) => slab !== undefined);
  assert.equal(again.length, 61);
  assert.equal(slabs.take(), undefined);
  const known = [...buffersOf(again)].filter((buffer) => before.has(buffer));
  assert.deepEqual(new Set(known), buffersOf(kept));
  assert.equal(new Set([...kept, ...again]).size, 64);
});
