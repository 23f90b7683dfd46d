// The experiment itself, at a size that takes a second.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DhtCondition,
  ExperimentError,
  measureDht,
  mergeRows,
  nameOfCondition,
} from '@shoal/experiments';

const gone: readonly DhtCondition[] = [0.3, 0].map((share) => ({ kind: 'gone', share }));

test('the same seed gives the same run, and another seed another one', async () => {
  const run = (seed: number) => measureDht({ nodes: 200, seed, lookups: 40, conditions: gone });
  const [first, again, other] = [await run(1), await run(1), await run(2)];
  assert.deepEqual(again, first);
  assert.notEqual(other[0]?.digest, first[0]?.digest);
  assert.deepEqual(
    first.map(({ condition }) => nameOfCondition(condition)),
    ['all there', '30% gone'],
  );
  for (const row of first) {
    assert.ok(row.foundShare >= 0.95, `${row.foundShare}`);
    assert.ok(row.hops.high <= 6 && row.hops.median >= 1);
    assert.ok(row.firstPeerMs.median < row.doneMs.median);
    assert.equal(row.falsePeers, 0);
  }
  const [calm, thinned] = first;
  assert.ok((thinned?.doneMs.median ?? 0) > (calm?.doneMs.median ?? 0), 'who is gone is waited for');
});

test('hostile nodes are asked and tell of false peers, and the real one is found all the same', async () => {
  const conditions = [{ kind: 'hostile', share: 0.2 }] as const;
  const [row] = await measureDht({ nodes: 200, seed: 3, lookups: 40, conditions });
  assert.ok(row && row.foundShare >= 0.9, `${row?.foundShare}`);
  assert.ok(row.falsePeers > 1, `${row.falsePeers}`);
});

test('nodes that come and go find what was announced while they did', async () => {
  const conditions = [{ kind: 'churn', medianLifeMs: 60_000 }] as const;
  const [row] = await measureDht({ nodes: 60, seed: 4, lookups: 40, conditions });
  assert.ok(row && row.foundShare >= 0.9, `${row?.foundShare}`);
  assert.ok(row.lookups > 20 && row.lookups <= 40, `${row.lookups}`);
});

test('sizes and shares with which nothing can be measured are refused', async () => {
  const fine = { nodes: 100, seed: 1, lookups: 10, conditions: gone };
  for (const wrong of [
    { nodes: 3 },
    { nodes: 100.5 },
    { nodes: 1e9 },
    { lookups: 0 },
    { conditions: [{ kind: 'gone', share: 1 }] },
    { conditions: [{ kind: 'hostile', share: -1 }] },
    { conditions: [{ kind: 'hostile', share: 0.2, waysIn: 0 }] },
  ] as const)
    await assert.rejects(measureDht({ ...fine, ...wrong }), ExperimentError, JSON.stringify(wrong));
});

test('a new run takes the place of an older one of the same size and condition', async () => {
  const [row] = await measureDht({
    nodes: 60,
    seed: 1,
    lookups: 5,
    conditions: [gone[1] ?? gone[0]].flatMap((c) => c ?? []),
  });
  assert.ok(row);
  const more = { ...row, nodes: 1000 };
  const merged = mergeRows([more, row], [{ ...row, seed: 'new' }]);
  assert.deepEqual(
    merged.map(({ nodes, seed }) => [nodes, seed]),
    [
      [60, 'new'],
      [1000, '1'],
    ],
  );
});
