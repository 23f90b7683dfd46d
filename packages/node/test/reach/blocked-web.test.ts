import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeFile, startTestNode, temporaryFolder } from '../node.ts';

/** Counts what it is asked, and has nothing. */
async function webServer(context: TestContext, address: string): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(404).end();
  });
  server.listen(0, address);
  await once(server, 'listening');
  context.after(() => void server.close());
  const bound = server.address();
  return { url: `http://${address}:${typeof bound === 'object' ? bound?.port : 0}/`, asked };
}

test('web seeds and trackers at blocked addresses are not asked', {
  skip: process.platform !== 'linux' && 'needs more than one address of loopback',
  timeout: 60_000,
}, async (context) => {
  const folder = await temporaryFolder(context);
  const list = join(folder, 'blocked.txt');
  await writeFile(list, '127.0.0.2\n');
  const [blocked, other] = [await webServer(context, '127.0.0.2'), await webServer(context, '127.0.0.3')];
  const node = await startTestNode(context, folder, { 'filter.lists': list });
  const path = await makeFile(folder, 'some.bin', 200_000);
  const { id } = await node.client.call('addTransfer', { body: { path } });
  const bytes = await fetch(`${node.node.url}api/transfers/${id}/torrent`);
  const torrent = Buffer.from(await bytes.arrayBuffer()).toString('base64');
  await node.client.call('removeTransfer', { params: { id } });
  const trackers = [blocked, other].map(({ url }) => `${url}announce`);
  const body = { torrent, folder: join(folder, 'new'), webSeeds: [blocked.url, other.url], trackers };
  await node.client.call('addTransfer', { body });
  while (other.asked.length < 2) await new Promise((resolve) => setImmediate(resolve));
  const refused = async () => {
    const { webSeeds } = await node.client.call('transfer', { params: { id } });
    const finders = await node.client.call('finders', { params: { id } });
    return [...webSeeds.map(({ reason }) => reason), ...finders.map(({ message }) => message)].filter(
      (reason) => reason?.includes('in a list of addresses'),
    );
  };
  while ((await refused()).length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(blocked.asked, []);
});
