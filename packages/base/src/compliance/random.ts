import assert from 'node:assert/strict';
import { WorldError } from '../world/errors.ts';
import type { WorldTest } from './harness.ts';

export function testRandom(test: WorldTest): void {
  test('fill writes all of the bytes, for any length', async ({ a: { random } }) => {
    for (const length of [0, 1, 20, 64, 65, 5000, 100_000]) {
      const seen = new Uint8Array(length);
      // A byte stays zero in 12 fills with a chance of 2^-96.
      for (let i = 0; i < 12; i++) {
        const bytes = new Uint8Array(length + 2);
        random.fill(bytes.subarray(1, length + 1));
        assert.equal(bytes[0], 0);
        assert.equal(bytes[length + 1], 0);
        for (let at = 0; at < length; at++) seen[at] = (seen[at] ?? 0) | (bytes[at + 1] ?? 0);
      }
      assert.ok(seen.every((byte) => byte !== 0));
    }
  });

  test('below stays under its bound and reaches every number', async ({ a: { random } }) => {
    for (const bound of [1, 2, 7, 256]) {
      const seen = new Set<number>();
      for (let i = 0; i < bound * 40; i++) seen.add(random.below(bound));
      assert.equal(seen.size, bound);
      assert.ok([...seen].every((n) => Number.isInteger(n) && n >= 0 && n < bound));
    }
    assert.ok(random.below(2 ** 32) < 2 ** 32);
  });

  test('below refuses a bound that is not a whole number from 1 to 2^32', async ({ a: { random } }) => {
    for (const bound of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) {
      assert.throws(
        () => random.below(bound),
        (error) => error instanceof WorldError && error.code === 'invalid',
      );
    }
  });
}
