// What other trackers and the DHT count, asked through an index.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createNodeWorld } from '@shoal/base/node';
import { createDht } from '@shoal/dht';
import { signPublication } from '@shoal/directory';
import { identityFromSeed } from '@shoal/identity';
import { mayAsk } from '../src/indexing/asked-health.ts';
import { startIndex } from './running-index.ts';
import { temporaryFolder } from './shoal.ts';

const identity = identityFromSeed(new Uint8Array(32).fill(1));
const infoHash = new Uint8Array(20).fill(5);

function publication(trackers: readonly string[]): Uint8Array<ArrayBuffer> {
  const content = { title: 'Thing', category: 'other', tags: [], files: [], supersedes: [] } as const;
  const saying = { sequence: 1, madeAt: 1_700_000_000 };
  return signPublication(identity, { ...content, trackers, infoHashes: { v1: infoHash } }, saying).slice();
}

/** A tracker that never answers, and counts who asks. */
async function silence(context: TestContext): Promise<{ url: string; asked(): number }> {
  let asked = 0;
  const server = createServer(() => void asked++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`, asked: () => asked };
}

async function health(url: string): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${url}api/content/${'05'.repeat(20)}/health`);
  const { sources = [] } = JSON.parse(await response.text());
  return response.status === 200 ? sources : [];
}

test('an index that is told to asks the trackers of a publication and the DHT, once, and says who counted what', async (context) => {
  const tracker = await startIndex(context, await temporaryFolder(context));
  for (const port of [1, 2, 3]) await tracker.announce(port);
  const world = createNodeWorld({ hashWorkers: 1 });
  const bind = [{ address: '127.0.0.1', port: 0 }];
  const dht = await createDht({ ...world, bind, enforcesIds: false });
  const other = await createDht({ ...world, bind, bootstrap: [...dht.endpoints], enforcesIds: false });
  context.after(async () => {
    await Promise.all([dht.close(), other.close()]);
    await world.close();
  });
  await other.announce(infoHash, { port: 6881, isSeed: true });
  const mute = await silence(context);
  const udp = tracker.url.replace('http:', 'udp:');
  const trackers = [`${tracker.url}announce`, `${udp}announce`, mute.url, 'http://127.0.0.1:1/announce'];
  const [entrance] = dht.endpoints;
  const flags = ['--ask-health', '--dht-bootstrap', `127.0.0.1:${entrance?.port}`];
  const index = await startIndex(context, await temporaryFolder(context), flags);
  await index.publish(publication(trackers));
  const [first, again] = await Promise.all([health(index.url), health(index.url)]);
  assert.deepEqual(first, again);
  const of = (from: string) => first.find((one) => one.from === from);
  for (const from of trackers.slice(0, 2))
    assert.deepEqual(of(from), { from, seeds: 0, leechers: 3, completed: 0 });
  assert.equal(typeof of(mute.url)?.error, 'string');
  assert.equal(of('http://127.0.0.1:1/announce')?.error, 'unreachable');
  assert.deepEqual(of('dht'), { from: 'dht', seeds: 1, leechers: 0 });
  assert.deepEqual(await health(index.url), first);
  assert.equal(mute.asked(), 1);
  // What strangers count ranks nothing.
  const { entries } = JSON.parse(await (await fetch(`${index.url}api/search?q=thing`)).text());
  assert.equal(entries[0].leechers, 0);
  assert.equal(await index.stop(), 0);
  assert.equal(await tracker.stop(), 0);
});

test('a publication sends no index into its own network, and one that is not told to asks nobody', async (context) => {
  for (const [address, listening, expected] of [
    ['8.8.8.8', undefined, true],
    ['127.0.0.1', undefined, false],
    ['127.0.0.1', ['0.0.0.0'], false],
    ['127.0.0.1', ['127.0.0.1', '192.168.1.2'], false],
    ['127.0.0.1', ['127.0.0.1', '::1'], true],
    ['192.168.1.1', ['127.0.0.1'], false],
    ['169.254.169.254', ['127.0.0.1'], false],
    ['::ffff:10.0.0.1', undefined, false],
    ['fd00::1', undefined, false],
    ['no address', ['127.0.0.1'], false],
  ] as const)
    assert.equal(mayAsk(address, listening), expected, `${address} ${listening}`);
  const mute = await silence(context);
  const quiet = await startIndex(context, await temporaryFolder(context));
  await quiet.publish(publication([mute.url]));
  assert.deepEqual(await health(quiet.url), []);
  assert.equal(mute.asked(), 0);
  assert.equal(await quiet.stop(), 0);
});
