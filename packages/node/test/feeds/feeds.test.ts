// Feeds of a whole node: what is taken, once, and what a restart, an edit by hand or a broken answer does.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startTestNode, type TestNode, temporaryFolder } from '../node.ts';

const magnet = (digit: string) => `magnet:?xt=urn:btih:${digit.repeat(40)}`;
const itemOf = (title: string, digit: string, guid = title) =>
  `<item><title>${title}</title><guid>${guid}</guid><link>${magnet(digit)}</link></item>`;

async function scene(context: TestContext) {
  const folder = await temporaryFolder(context);
  const answers = { body: '', headers: {} as Record<string, string>, asked: 0, conditional: 0 };
  const server = createServer((request, answer) => {
    answers.asked++;
    const { etag } = answers.headers;
    if (etag !== undefined && request.headers['if-none-match'] === etag) {
      answers.conditional++;
      answer.writeHead(304).end();
      return;
    }
    answer.writeHead(200, answers.headers).end(answers.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/feed`;
  const node = await startTestNode(context, folder);
  const feed = (...items: string[]) => {
    answers.body = `<rss version="2.0"><channel><title>Shows</title>${items.join('')}</channel></rss>`;
  };
  const names = async ({ client }: TestNode) =>
    (await client.call('transfers', {})).transfers.map(({ id }) => id[0]).join('');
  return { folder, answers, url, node, feed, names };
}

test('what fits is taken once, with label and folder, and known again after a restart', async (context) => {
  const { folder, answers, url, node, feed, names } = await scene(context);
  feed(itemOf('A Show S01E01', '1'), itemOf('Other', '2'));
  const { id } = await node.client.call('addFeed', {
    body: {
      url,
      isOn: false,
      filter: { words: ['show'] },
      labels: ['tv'],
      folder: join(folder, 'tv'),
      isPaused: true,
    },
  });
  const params = { id };
  const first = await node.client.call('checkFeed', { params });
  assert.deepEqual(
    { taken: first.taken, items: first.items, title: first.title, error: first.error },
    { taken: 1, items: 2, title: 'Shows', error: undefined },
  );
  const { transfers } = await node.client.call('transfers', {});
  assert.deepEqual(
    transfers.map(({ labels, folder: to, state }) => ({ labels, to, state })),
    [{ labels: ['tv'], to: join(folder, 'tv'), state: 'paused' }],
  );
  const items = await node.client.call('feedItems', { params });
  assert.deepEqual(
    items.map(({ verdict }) => verdict),
    ['taken', 'left-out'],
  );
  assert.match(items[1]?.reason ?? '', /"show" is not in the title/);
  // Removed by its owner, it does not come back; under another name it is the same torrent.
  await node.client.call('removeTransfer', { params: { id: '1'.repeat(40) } });
  feed(
    itemOf('A Show S01E01', '1'),
    itemOf('A Show S01E02', '3'),
    itemOf('A Show S01E02 again', '3', 'another'),
  );
  answers.headers = { etag: '"x"' };
  assert.equal((await node.client.call('checkFeed', { params })).taken, 3);
  assert.equal(await names(node), '3');
  await node.client.call('checkFeed', { params });
  assert.equal(answers.conditional, 1);
  await node.stop();
  const second = await startTestNode(context, folder);
  answers.headers = {};
  assert.equal((await second.client.call('checkFeed', { params })).taken, 3);
  assert.equal(await names(second), '3');
  await second.client.call('removeFeed', { params });
  assert.deepEqual(await second.client.call('feeds', {}), []);
  await assert.rejects(second.client.call('checkFeed', { params }), { code: 'not-found' });
});

test('of each episode the first is taken, and a later one that repairs it', async (context) => {
  const { url, node, feed, names } = await scene(context);
  // The newest stands first.
  feed(
    itemOf('A.Show.S01E01.PROPER.720p', '4'),
    itemOf('A Show S01E02', '3'),
    itemOf('A Show S01E01 1080p', '2'),
    itemOf('A.Show.S01E01.720p', '1'),
  );
  const { id } = await node.client.call('addFeed', { body: { url, isOn: false, once: 'episode' } });
  await node.client.call('checkFeed', { params: { id } });
  assert.equal(await names(node), '134');
  const items = await node.client.call('feedItems', { params: { id } });
  assert.equal(items[2]?.reason, 'the episode was taken already');
});

test('a broken answer is told with its code, and leaves what was known', async (context) => {
  const { answers, url, node, feed, names } = await scene(context);
  feed(itemOf('One', '1'));
  const { id } = await node.client.call('addFeed', { body: { url, isOn: false } });
  const check = () => node.client.call('checkFeed', { params: { id } });
  assert.equal((await check()).taken, 1);
  for (const [body, code] of [
    ['<!doctype html><p>Log in', 'feed-not-xml'],
    [Buffer.alloc(10_000_000, '<rss>').toString(), 'feed-too-large'],
    ['<!DOCTYPE r [<!ENTITY a "b">]><rss><channel/></rss>', 'feed-entities'],
    [`<rss>${'<x>'.repeat(1000)}`, 'feed-too-deep'],
  ] as const) {
    answers.body = body;
    const told = await check();
    assert.deepEqual([told.error?.code, told.taken], [code, 1]);
  }
  feed(itemOf('One', '1'), itemOf('Two', '2'));
  const good = await check();
  assert.deepEqual([good.error, good.taken], [undefined, 2]);
  assert.equal(await names(node), '12');
});

test('an item whose torrent cannot be had says why, and is tried again', async (context) => {
  const { url, node, feed } = await scene(context);
  feed(
    `<item><title>x</title><enclosure url="${url}" type="application/x-bittorrent"/></item>`,
    '<item><title>y</title><link>http://127.0.0.1:1/y.torrent</link></item>',
    '<item><title>z</title><guid>z</guid></item>',
  );
  // It is asked by hand alone.
  const { id } = await node.client.call('addFeed', { body: { url, isOn: false } });
  for (let time = 0; time < 7; time++) {
    const told = await node.client.call('checkFeed', { params: { id } });
    assert.equal(told.error, undefined);
    const items = await node.client.call('feedItems', { params: { id } });
    assert.deepEqual(
      items.map(({ verdict }) => verdict),
      ['failed', 'failed', 'failed'],
    );
    assert.equal(items[1]?.reason === 'it failed too often', time >= 5);
  }
});

test('feeds.json may be edited while the node runs, and what is wrong in it changes nothing', async (context) => {
  const { url, node, feed, names } = await scene(context);
  feed(itemOf('One', '1'));
  const path = join(node.data, 'feeds.json');
  await writeFile(path, JSON.stringify([{ id: '0000000a', url, everySeconds: 60 }]));
  const untilMs = performance.now() + 30_000;
  while ((await names(node)) !== '1' && performance.now() < untilMs)
    await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(await names(node), '1');
  await writeFile(path, '[{"id":"0000000a","url":"gopher://x"}]');
  await assert.rejects(node.node.reload(), { code: 'config-invalid' });
  assert.equal((await node.client.call('feeds', {}))[0]?.url, url);
  await node.client.call('changeFeed', {
    params: { id: '0000000a' },
    body: { name: 'Mine', folder: '/srv/x' },
  });
  const [changed] = JSON.parse(await readFile(path, 'utf8'));
  assert.deepEqual([changed.name, changed.folder, changed.url], ['Mine', '/srv/x', url]);
  await node.client.call('changeFeed', { params: { id: '0000000a' }, body: { folder: null } });
  assert.equal((await node.client.call('feeds', {}))[0]?.folder, undefined);
});

test('what cannot be a feed is refused', async (context) => {
  const { url, node } = await scene(context);
  await node.client.call('addFeed', { body: { url, isOn: false } });
  await assert.rejects(node.client.call('addFeed', { body: { url } }), { code: 'duplicate' });
  await node.client.call('addFeed', { body: { url: `${url}/@someone.rss`, isOn: false } });
  for (const body of [
    { url: 'ftp://x/' },
    { url: 'http://user:word@x/' },
    { url: 'http://x/', filter: { pattern: '(' } },
    { url: 'http://x/', filter: { seasons: 'one' } },
    { url: 'http://x/', everySeconds: 1 },
  ])
    await assert.rejects(node.client.call('addFeed', { body }), { code: 'invalid' }, JSON.stringify(body));
});
