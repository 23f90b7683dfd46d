// Searching and publishing through the API of a running node, with real indexes as processes, one of which is down.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ApiError, createClient } from '@shoal/api';
import { startIndex } from './running-index.ts';
import { shoal, startUp, temporaryFolder } from './shoal.ts';

const nobody = 'http://127.0.0.1:9/';

test('a node publishes, finds, rates, reports and withdraws in all its indexes, also when one is down', async (context) => {
  const folder = await temporaryFolder(context);
  const [one, other] = await Promise.all([
    startIndex(context, join(folder, 'index')),
    startIndex(context, join(folder, 'other')),
  ]);
  const data = join(folder, 'node');
  const indexes = [one.url, other.url, nobody].flatMap((url) => ['--index', url]);
  const up = await startUp(context, ['--data', data, '--api', '127.0.0.1:0', ...indexes]);
  const token = (await readFile(join(data, 'api-token'), 'utf8')).trim();
  const node = createClient({ url: up.url, fetch, token });
  await writeFile(join(folder, 'humpback whale.txt'), 'sings');
  const { id } = await node.call('addTransfer', { body: { path: join(folder, 'humpback whale.txt') } });

  const said = await node.call('publish', {
    body: { transfer: id, description: '<b>They sing</b>', tags: ['Ocean'], category: 'books' },
  });
  assert.deepEqual(said.indexes.toSorted(), [one.url, other.url].toSorted());
  assert.deepEqual(
    said.failures.map(({ index, code }) => [index, code]),
    [[nobody, 'unreachable']],
  );
  const { infoHash } = said;

  const found = await node.call('find', { query: { q: 'humpback', category: 'books' } });
  assert.equal(found.results.length, 1, 'a torrent once, however many indexes have it');
  const [whale] = found.results;
  assert.equal(whale?.infoHash, infoHash);
  assert.equal(whale?.description, '<b>They sing</b>');
  assert.deepEqual([...(whale?.tags ?? []), ...(whale?.publishers ?? [])], ['ocean', said.key]);
  assert.equal(whale?.indexes.length, 2);
  assert.equal(found.failures.length, 1);

  await node.call('rate', { params: { infoHash }, body: { stars: 4, comment: 'true' } });
  await node.call('report', { params: { infoHash }, body: { reason: 'duplicate' } });
  const rated = (await node.call('find', { query: { q: 'whale' } })).results[0];
  assert.deepEqual([rated?.stars, rated?.ratings, rated?.reports], [4, 1, 1]);

  const told = await shoal(['find', 'wha*', '--data', data, '--json']);
  assert.equal(told.code, 0, told.stderr);
  const events = linesOf(told.stdout);
  assert.deepEqual(
    events.map(({ event, infoHash: hash, stars }) => event ?? [hash, stars]),
    ['index-failed', [infoHash, 4]],
    'find hands its question to the running node, which knows indexes',
  );

  const own = ['--data', data, '--json'];
  const torrent = join(folder, 'krill.torrent');
  await shoal(['make', join(folder, 'humpback whale.txt'), '-o', torrent, '--format', 'v1']);
  const words = ['publish', torrent, '--title', 'Krill', '--tag', 'Sea', '--supersedes', infoHash, ...own];
  const published = await shoal(words);
  assert.equal(published.code, 0, published.stdout + published.stderr);
  const krill = linesOf(published.stdout).find(({ title }) => title === 'Krill');
  assert.deepEqual([krill?.publisher, typeof krill?.revision], [said.key, 'number']);
  const named = String(krill?.infoHash);
  const there = (await node.call('find', { query: { q: 'krill' } })).results;
  assert.deepEqual(
    there.map(({ tags, files }) => [tags, files.length]),
    [[['sea'], 1]],
  );
  assert.equal((await shoal(['rate', named, '--stars', '2', ...own])).code, 0);
  assert.equal((await node.call('find', { query: { q: 'krill' } })).results[0]?.stars, 2);
  assert.equal((await shoal(['rate', named, '--report', 'spam', ...own])).code, 0);
  const withdrawn = await shoal(['withdraw', torrent, ...own]);
  assert.equal(withdrawn.code, 0, withdrawn.stdout);
  assert.equal(linesOf(withdrawn.stdout).filter(({ publisher }) => publisher === said.key).length, 2);
  assert.deepEqual((await node.call('find', { query: { q: 'krill' } })).results, []);

  await node.call('withdraw', { params: { infoHash } });
  assert.deepEqual((await node.call('find', { query: { q: 'whale' } })).results, []);

  const isRefused = (code: string) => (error: unknown) => error instanceof ApiError && error.code === code;
  await assert.rejects(node.call('publish', { body: {} }), isRefused('invalid'));
  await assert.rejects(node.call('publish', { body: { link: 'no link' } }), ApiError);
  await assert.rejects(node.call('publish', { body: { transfer: 'ab'.repeat(20) } }), isRefused('not-found'));
  const stranger = createClient({ url: up.url, fetch });
  await assert.rejects(stranger.call('withdraw', { params: { infoHash } }), isRefused('token-missing'));
});

function linesOf(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('a node that knows no index says so', async (context) => {
  const folder = await temporaryFolder(context);
  const up = await startUp(context, ['--data', join(folder, 'node'), '--api', '127.0.0.1:0']);
  const node = createClient({ url: up.url, fetch });
  await assert.rejects(
    node.call('find', { query: { q: 'whale' } }),
    (error) => error instanceof ApiError && error.code === 'no-index' && error.status === 409,
  );
});
