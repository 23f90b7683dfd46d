import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { leastCopiesElsewhere } from '../../src/store/bounds.ts';
import { type Candidate, choose } from '../../src/store/choosing.ts';

const one = (infoHash: string, more: Partial<Candidate> = {}): Candidate => ({
  infoHash,
  size: 10,
  isKept: false,
  isListed: true,
  copies: 0,
  ...more,
});

test('what fits is kept, the thinnest first', () => {
  const { admit, evict, lacking } = choose(
    [one('a', { copies: 5 }), one('b', { copies: 1 }), one('c', { copies: 3 })],
    20,
  );
  assert.deepEqual([admit, evict, [...lacking]], [['b', 'c'], [], [['a', 10]]]);
});

test('what others have well makes room for what few have', () => {
  const kept = [one('a', { isKept: true, copies: 9 }), one('b', { isKept: true, copies: 4 })];
  assert.deepEqual(choose([...kept, one('c', { copies: 1 })], 20), {
    admit: ['c'],
    evict: ['a'],
    lacking: new Map(),
  });
});

test('the last copies stay, whatever wants in', () => {
  const kept = [
    one('a', { isKept: true, copies: 0 }),
    one('b', { isKept: true, copies: leastCopiesElsewhere - 1 }),
  ];
  const { admit, evict, lacking } = choose([...kept, one('c')], 20);
  assert.deepEqual([admit, evict, [...lacking]], [[], [], [['c', 10]]]);
  assert.deepEqual(choose(kept, 5).evict, []);
});

test('two of about the same worth do not push each other out', () => {
  const a = one('a', { isKept: true, copies: 4 });
  assert.deepEqual(choose([a, one('b', { copies: 3 })], 10).evict, []);
  assert.deepEqual(choose([a, one('b', { copies: 2 })], 10).evict, ['a']);
});

test('nothing leaves for what does not fit all the same', () => {
  const kept = [one('a', { isKept: true, copies: 9 }), one('b', { isKept: true })];
  assert.deepEqual(choose([...kept, one('c', { size: 15 })], 20).evict, []);
  assert.deepEqual(choose([...kept, one('c', { size: 500 })], 20).evict, []);
});

test('what is merely offered leaves for what is listed, and never the other way', () => {
  const kept = [
    one('a', { isKept: true, isListed: false, copies: 3 }),
    one('b', { isKept: true, copies: 9 }),
  ];
  const { admit, evict } = choose([...kept, one('c', { copies: 8 }), one('d', { isListed: false })], 20);
  assert.deepEqual([admit, evict], [['c'], ['a']]);
});

test('whatever is asked, the limit holds, last copies stay, and it comes to rest', () => {
  const candidate = fc.record({
    size: fc.integer({ min: 0, max: 50 }),
    isKept: fc.boolean(),
    isListed: fc.boolean(),
    copies: fc.integer({ min: 0, max: 8 }),
  });
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 12 }), fc.integer({ min: 0, max: 200 }), (list, limit) => {
      const candidates = list.map((fields, i) => ({ ...fields, infoHash: `${i}` }));
      const { admit, evict, lacking } = choose(candidates, limit);
      for (const { infoHash, copies, isKept } of candidates) {
        if (evict.includes(infoHash)) assert.ok(isKept && copies >= leastCopiesElsewhere);
        if (!isKept) assert.notEqual(admit.includes(infoHash), lacking.has(infoHash));
      }
      const after = candidates.map((one) => ({
        ...one,
        isKept: admit.includes(one.infoHash) || (one.isKept && !evict.includes(one.infoHash)),
      }));
      const sum = (all: readonly Candidate[]) =>
        all.reduce((total, { isKept, size }) => total + (isKept ? size : 0), 0);
      if (admit.length > 0) assert.ok(sum(after) <= limit);
      assert.ok(sum(after) <= Math.max(limit, sum(candidates)));
      let now: Candidate[] = after;
      for (let round = 0; ; round++) {
        assert.ok(round <= 2 * now.length, 'they push each other out in turn');
        const next = choose(now, limit);
        if (next.admit.length + next.evict.length === 0) break;
        now = now.map((one) => ({
          ...one,
          isKept: next.admit.includes(one.infoHash) || (one.isKept && !next.evict.includes(one.infoHash)),
        }));
      }
    }),
  );
});
