// A short run of the fuzzer; `node lab/fuzz/lan.ts` does a million.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutateDatagram } from './mutations.ts';

test('five thousand mutated datagrams break no promise, and not all of them are dropped', () => {
  let taken = 0;
  for (let seed = 0; seed < 5_000; seed++) {
    try {
      if (mutateDatagram(seed)) taken++;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  assert.ok(taken > 1000 && taken < 4500, `${taken} were taken`);
});
