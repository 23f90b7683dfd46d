// The kinds of network at a size that takes a second.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ExperimentError,
  measureNetwork,
  mergeNetworkRows,
  type NetworkExperimentOptions,
  networkKinds,
  networkPlot,
  networkTable,
} from '@shoal/experiments';

const small = { receivers: 4, fault: 'none', seed: 1, contentBytes: 1024 * 1024 } as const;

test('in each kind of network all receivers get all of it, and only a server sends it to each', async () => {
  const rows = [];
  for (const kind of networkKinds) rows.push(await measureNetwork({ ...small, kind }));
  for (const row of rows) {
    assert.equal(row.completeShare, 1, row.kind);
    assert.ok(row.medianMs > 0 && row.medianMs <= row.lastMs, row.kind);
    assert.ok(row.sourceBytes >= small.contentBytes, row.kind);
    assert.equal(row.lateShare, undefined);
  }
  assert.equal(rows[0]?.sourceBytes, 4 * small.contentBytes);
  assert.match(networkTable(rows), /^\| hybrid +\| +4 \| +100% \|/m);
  for (const kind of networkKinds) assert.ok(networkPlot(rows).includes(kind));
});

test('the same seed gives the same run', async () => {
  const run = () => measureNetwork({ ...small, kind: 'hybrid', receivers: 2 });
  assert.deepEqual(await run(), await run());
});

test('without its server nobody gets the file, and without its index nobody new does unless there is another way', async () => {
  const rowOf = (options: Pick<NetworkExperimentOptions, 'kind' | 'fault'>) =>
    measureNetwork({ ...small, contentBytes: 4 * 1024 * 1024, ...options });
  const server = await rowOf({ kind: 'client-server', fault: 'source-early' });
  assert.ok(server.completeShare < 1);
  assert.equal(server.lateShare, 0);
  const swarm = await rowOf({ kind: 'distributed', fault: 'source' });
  assert.deepEqual([swarm.completeShare, swarm.lateShare], [1, 1]);
  const centralized = await rowOf({ kind: 'centralized', fault: 'index' });
  assert.deepEqual([centralized.completeShare, centralized.lateShare], [1, 0]);
  const hybrid = await rowOf({ kind: 'hybrid', fault: 'index' });
  assert.deepEqual([hybrid.completeShare, hybrid.lateShare], [1, 1]);
});

test('what makes no sense is refused, and a new run takes the place of an older one', async () => {
  for (const wrong of [
    { receivers: 0 },
    { contentBytes: 0.5 },
    { kind: 'distributed', fault: 'index' },
    { kind: 'client-server', fault: 'index' },
  ] as const)
    await assert.rejects(measureNetwork({ ...small, kind: 'hybrid', ...wrong }), ExperimentError);
  const row = await measureNetwork({ ...small, kind: 'client-server', receivers: 1 });
  const merged = mergeNetworkRows([{ ...row, receivers: 9 }, row], [{ ...row, seed: 'new' }]);
  assert.deepEqual(
    merged.map(({ receivers, seed }) => [receivers, seed]),
    [
      [1, 'new'],
      [9, '1'],
    ],
  );
});
