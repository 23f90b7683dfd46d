import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lane } from '../../src/catalogue/lane.ts';

test('one runs, some wait in their order, and the rest is refused', async () => {
  const lane = new Lane(1, 2);
  const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const begun: number[] = [];
  const runs = gates.map(({ promise }, i) =>
    lane.run(async () => {
      begun.push(i);
      await promise;
      if (i === 0) throw new Error('broken');
    }),
  );
  await assert.rejects(
    lane.run(async () => {}),
    { code: 'unavailable' },
  );
  assert.deepEqual(begun, [0]);
  gates[0]?.resolve();
  await assert.rejects(runs[0] ?? Promise.resolve(), /broken/);
  gates[1]?.resolve();
  await runs[1];
  assert.deepEqual(begun, [0, 1, 2]);
  gates[2]?.resolve();
  await runs[2];
  await lane.run(async () => void begun.push(3));
  assert.deepEqual(begun, [0, 1, 2, 3]);
});
