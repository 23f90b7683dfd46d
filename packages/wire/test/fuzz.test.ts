import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutateMany } from '../../../lab/fuzz/fuzz.ts';
import { mutateConnection } from '../../../lab/fuzz/wire-mutations.ts';

test('mutated connections end in messages or in an error with a code', () => {
  const accepted = mutateMany(5000, mutateConnection);
  assert.ok(accepted > 500 && accepted < 4500, `${accepted} of 5000 without a breach`);
});
