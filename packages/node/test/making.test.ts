import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeWorld } from '@shoal/base/node';
import { makeFile, startTestNode, temporaryFolder } from './node.ts';

test('how far the hashing of what is added by its path has come is told until it is there', async (context) => {
  const folder = await temporaryFolder(context);
  const path = await makeFile(folder, 'some.bin', 5_000_000);
  const world = createNodeWorld({ hashWorkers: 1 });
  context.after(() => world.close());
  const { hashing } = world;
  const held = Promise.withResolvers<void>();
  let jobs = 0;
  // All but the first pieces wait until somebody has seen how far it is.
  const run: typeof hashing.run = async (job, signal) => {
    if (++jobs > 3) await held.promise;
    return await hashing.run(job, signal);
  };
  const other = { hashing: { digest: hashing.digest.bind(hashing), run } };
  const { client } = await startTestNode(context, folder, {}, other);
  assert.equal((await client.call('statistics', {})).making, undefined);
  const added = client.call('addTransfer', { body: { path } });
  let made = (await client.call('statistics', {})).making?.[0];
  for (; made === undefined; made = (await client.call('statistics', {})).making?.[0])
    await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([made.path, made.total], [path, 5_000_000]);
  assert.ok(made.bytes > 0 && made.bytes < 5_000_000);
  held.resolve();
  assert.equal((await added).size, 5_000_000);
  assert.equal((await client.call('statistics', {})).making, undefined);
});
