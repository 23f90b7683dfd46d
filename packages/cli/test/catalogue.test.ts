// publish, find, rate and withdraw as processes, with several indexes, of which one is down and one lies.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { mergedOrders, mergeFound, readPublication, signPublication } from '@shoal/directory';
import { identityFromSeed } from '@shoal/identity';
import { shoal, shoalPath, temporaryFolder } from './shoal.ts';

const hash = 'ab'.repeat(20);
const link = `magnet:?xt=urn:btih:${hash}&dn=Whale&tr=udp%3A%2F%2Ftracker.example%3A80`;
const nobody = 'http://127.0.0.1:9/';

async function startIndex(context: TestContext, data: string): Promise<string> {
  const words = ['index', '--port', '0', '--address', '127.0.0.1', '--json', '--data', data];
  const child = spawn(process.execPath, [shoalPath, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => child.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { url }: { url: string } = JSON.parse(line);
  return url;
}

/** Says that it has something, in a record that nobody signed so. */
async function startLiar(context: TestContext): Promise<string> {
  const content = {
    title: 'Whale trap',
    category: 'other',
    tags: [],
    files: [],
    trackers: [],
    supersedes: [],
  } as const;
  const record = signPublication(
    identityFromSeed(new Uint8Array(32).fill(1)),
    { ...content, infoHashes: { v1: new Uint8Array(20) } },
    { sequence: 1, madeAt: 1 },
  );
  record[Buffer.from(record).indexOf('trap')] = 0x54;
  const server = createServer((request, response) => {
    request.resume();
    const entry = { record: Buffer.from(record).toString('base64'), seeds: 9999 };
    response.end(JSON.stringify({ entries: [entry], total: 1, isComplete: true, corrected: {} }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => void server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
}

test('what is published in one index and the other is found once, beside one that is down and one that lies', async (context) => {
  const folder = await temporaryFolder(context);
  const [first, second, liar] = await Promise.all([
    startIndex(context, join(folder, 'a')),
    startIndex(context, join(folder, 'b')),
    startLiar(context),
  ]);
  const me = ['--data', join(folder, 'me')];
  const both = ['--index', first, '--index', second];
  const published = await shoal([
    'publish',
    link,
    '--tag',
    'Sea',
    '--size',
    '700',
    '--category',
    'video',
    '--json',
    ...both,
    ...me,
  ]);
  assert.equal(published.code, 0, published.stderr);
  assert.equal(published.stdout.trim().split('\n').length, 2);

  const found = await shoal([
    'find',
    'whale',
    '--tag',
    'sea',
    '--json',
    ...both,
    '--index',
    nobody,
    '--index',
    liar,
    ...me,
  ]);
  assert.equal(found.code, 0, found.stderr);
  const lines = found.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const results = lines.filter((line) => line.event === undefined);
  assert.equal(results.length, 1);
  assert.deepEqual([results[0].infoHash, results[0].title, results[0].size], [hash, 'Whale', 700]);
  assert.deepEqual(results[0].indexes.toSorted(), [first, second].toSorted());
  assert.equal(results[0].magnet, link);
  assert.deepEqual(
    lines.filter((line) => line.event === 'index-failed').map(({ index, code }) => [index, code]),
    [[nobody, 'unreachable']],
  );
  assert.match(found.stderr, /1 results are forged/);

  assert.equal((await shoal(['rate', hash, '--stars', '4', ...both, '--data', join(folder, 'you')])).code, 0);
  const rated = await shoal(['find', '--sort', 'rating', '--index', second, '--json', ...me]);
  assert.deepEqual([JSON.parse(rated.stdout).stars, JSON.parse(rated.stdout).ratings], [4, 1]);

  const theirs = await shoal(['withdraw', hash, '--json', '--index', first, '--data', join(folder, 'you')]);
  assert.equal(theirs.code, 5);
  assert.equal((await shoal(['withdraw', link, ...both, ...me])).code, 0);
  assert.equal((await shoal(['find', 'whale', ...both, ...me])).code, 3);
});

test('trackers are asked for the seeds of what is found, where that is wanted', async (context) => {
  const folder = await temporaryFolder(context);
  const [index, tracker] = await Promise.all([
    startIndex(context, join(folder, 'a')),
    startIndex(context, join(folder, 'b')),
  ]);
  const query = `info_hash=${'%ab'.repeat(20)}&peer_id=-SH0001-abcdefghijkl&port=7000&left=0`;
  await (await fetch(`${tracker}announce?${query}`)).arrayBuffer();
  const named = `magnet:?xt=urn:btih:${hash}&dn=Whale&tr=${encodeURIComponent(`${tracker}announce`)}&tr=${encodeURIComponent(`${nobody}announce`)}`;
  const me = ['--index', index, '--data', join(folder, 'me'), '--network', 'centralized', '--json'];
  assert.equal((await shoal(['publish', named, ...me])).code, 0);
  const plain = await shoal(['find', 'whale', ...me]);
  assert.equal(JSON.parse(plain.stdout).seeds, 0);
  const scraped = await shoal(['find', 'whale', '--scrape', ...me]);
  assert.equal(JSON.parse(scraped.stdout).seeds, 1, scraped.stderr);
});

test('wrong words are told before anybody is asked', async (context) => {
  const me = ['--data', join(await temporaryFolder(context), 'me')];
  const cases: [string[], number][] = [
    [['find', 'x'], 2],
    [['find', 'x', '--index', nobody, '--limit', '99'], 2],
    [['find', 'x', '--index', nobody, '--category', 'stolen'], 2],
    [['find', 'x', '--index', nobody, '--network', 'distributed'], 2],
    [['find', 'x', '--index', nobody], 1],
    [['publish', 'magnet:?xt=urn:btih:short', '--index', nobody], 5],
    [['publish', link, '--tag', '<b>', '--index', nobody], 5],
    [['publish', link, '--title', 'x'.repeat(300), '--index', nobody], 5],
    [['publish', `magnet:?xt=urn:btih:${hash}`, '--index', nobody], 2],
    [['rate', hash, '--index', nobody], 2],
    [['rate', hash, '--stars', '6', '--index', nobody], 2],
    [['rate', hash, '--stars', '5', '--remove', '--index', nobody], 2],
  ];
  const codes = await Promise.all(cases.map(async ([words]) => (await shoal([...words, ...me])).code));
  assert.deepEqual(
    codes,
    cases.map(([, code]) => code),
  );
});

test('what several indexes found is merged by the best place of each, and counted once', () => {
  const identity = identityFromSeed(new Uint8Array(32).fill(1));
  const entry = (torrent: number, seeds: number) => {
    const infoHashes = { v1: new Uint8Array(20).fill(torrent) };
    const nothing = { category: 'other', tags: [], files: [], trackers: [], supersedes: [] } as const;
    const content = { ...nothing, infoHashes, title: `${torrent}` };
    const publication = readPublication(signPublication(identity, content, { sequence: 1, madeAt: 1 }));
    const health = { seeds, leechers: 0, completed: 0, seenMs: 0 };
    return { revision: 1, publication, addedMs: torrent, health, stars: 0, ratings: 0, reports: 0 };
  };
  const answer = (...entries: ReturnType<typeof entry>[]) => ({
    entries,
    refused: 0,
    total: 9,
    isComplete: true,
    corrected: {},
  });
  const found = [
    { url: 'a', answer: answer(entry(1, 5), entry(2, 1)) },
    { url: 'b', answer: answer(entry(3, 2), entry(2, 7), entry(1, 3)) },
  ];
  const merged = mergeFound(found, undefined);
  assert.deepEqual(
    merged.map(({ entry: { publication } }) => publication.title),
    ['1', '3', '2'],
  );
  assert.deepEqual(
    merged.map(({ seeds }) => seeds),
    [5, 2, 7],
  );
  const bySeeds = mergeFound(found, mergedOrders.seeds);
  assert.deepEqual(
    bySeeds.map(({ seeds }) => seeds),
    [7, 5, 2],
  );
});
