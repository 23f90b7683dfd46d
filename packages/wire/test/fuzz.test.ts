import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutateConnection } from '../../../lab/fuzz/wire-mutations.ts';

test('mutated connections end in messages or in an error with a code', () => {
  let accepted = 0;
  for (let seed = 0; seed < 5000; seed++) {
    try {
      if (mutateConnection(seed)) accepted++;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  assert.ok(accepted > 500 && accepted < 4500, `${accepted} of 5000 without a breach`);
});
