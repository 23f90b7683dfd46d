// A disk that is away, as when a drive is unplugged: its place is not there, and comes back.

import assert from 'node:assert/strict';
import { access, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesOf, makeFile, startTestNode, temporaryFolder, until } from './node.ts';

test('what was on a disk that is away at the start is shared again by itself when it is back', async (context) => {
  const folder = await temporaryFolder(context);
  const disk = join(folder, 'disk');
  await mkdir(disk);
  const path = await makeFile(disk, 'some.bin', 300_000);
  let node = await startTestNode(context, folder);
  const { id } = await node.client.call('addTransfer', { body: { path } });
  await until(node, id, ({ isComplete }) => isComplete);
  await node.stop();

  await rename(disk, join(folder, 'unplugged'));
  node = await startTestNode(context, folder);
  const failed = await until(node, id, ({ state }) => state === 'failed');
  assert.equal(failed.error?.code, 'missing');
  assert.match(failed.error?.message ?? '', /disk/);
  await assert.rejects(access(disk));
  await rename(join(folder, 'unplugged'), disk);
  const back = await until(node, id, ({ state }) => state === 'sharing');
  assert.ok(back.isComplete);
  assert.equal(back.downloaded, 0);
  assert.deepEqual(await readFile(path), Buffer.from(bytesOf(300_000, 'some.bin'.length)));
});
