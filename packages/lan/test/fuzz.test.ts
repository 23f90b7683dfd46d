// A short run of the fuzzer; `node lab/fuzz/lan.ts` does a million.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutateMany } from '../../../lab/fuzz/fuzz.ts';
import { mutateDatagram } from './mutations.ts';

test('five thousand mutated datagrams break no promise, and not all of them are dropped', () => {
  const taken = mutateMany(5_000, mutateDatagram);
  assert.ok(taken > 1000 && taken < 4500, `${taken} were taken`);
});
