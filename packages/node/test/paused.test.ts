import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFile, startTestNode, temporaryFolder, until } from './node.ts';

test('a paused transfer knows after a restart how much of each file is there', async (context) => {
  const folder = await temporaryFolder(context);
  const [content, one, other] = ['content', 'one', 'other'].map((name) => join(folder, name));
  assert.ok(content && one && other);
  await mkdir(content);
  for (const name of ['a.bin', 'b.bin', 'c.bin']) await makeFile(content, name, 1_500_000);
  const seed = await startTestNode(context, one, { 'limits.up': '400kB', 'limits.lan': 'limited' });
  const { id, name } = await seed.client.call('addTransfer', { body: { path: content } });
  const { magnet } = await seed.client.call('transfer', { params: { id } });
  let fetcher = await startTestNode(context, other);
  const peers = [`127.0.0.1:${seed.node.peerPort}`];
  await fetcher.client.call('addTransfer', { body: { link: magnet, peers, folder: join(other, name) } });
  await until(fetcher, id, ({ bytes }) => bytes > 200_000);
  await fetcher.client.call('pauseTransfer', { params: { id } });
  const before = await fetcher.client.call('files', { params: { id } });
  const sum = before.reduce((total, { bytes }) => total + bytes, 0);
  assert.ok(sum > 0 && sum < 4_500_000);
  await fetcher.stop();

  fetcher = await startTestNode(context, other);
  const after = await fetcher.client.call('files', { params: { id } });
  assert.deepEqual(
    after.map(({ bytes }) => bytes),
    before.map(({ bytes }) => bytes),
  );
});
