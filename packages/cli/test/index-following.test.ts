// Indexes that follow one another, as processes: none of them is the only one.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { signPublication, signRating, signWithdrawal } from '@shoal/directory';
import { identityFromSeed } from '@shoal/identity';
import { startIndex } from './running-index.ts';
import { shoal, temporaryFolder } from './shoal.ts';

const identity = identityFromSeed(new Uint8Array(32).fill(1));
const madeAt = 1_700_000_000;

function publication(number: number, title: string, sequence = 1): Uint8Array<ArrayBuffer> {
  const content = { title, category: 'other', tags: [], files: [], trackers: [], supersedes: [] } as const;
  const infoHashes = { v1: new Uint8Array(20).fill(number) };
  return signPublication(identity, { ...content, infoHashes }, { sequence, madeAt }).slice();
}

async function titles(url: string): Promise<string[]> {
  const { entries } = JSON.parse(await (await fetch(`${url}api/search?limit=100`)).text());
  return entries.map(({ title }: { title: string }) => title).sort();
}

async function until<Value>(look: () => Promise<Value>, isRight: (value: Value) => boolean): Promise<Value> {
  for (let i = 0; ; i++) {
    const value = await look();
    if (isRight(value) || i > 600) return value;
    await setTimeout(100);
  }
}

async function inStep(first: string, second: string): Promise<void> {
  const wanted = (await titles(first)).join('\n');
  const found = await until(
    () => titles(second),
    (all) => all.join('\n') === wanted,
  );
  assert.equal(found.join('\n'), wanted);
}

async function exported(
  data: string,
  url: string,
): Promise<{ records: number; url: string; infoHash: string }> {
  const ended = await shoal(['index', 'export', '--index', url, '--data', data, '--json']);
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  return JSON.parse(ended.stdout);
}

test('an index starts from the export of another, stays in step, survives a kill, and goes on without the other', async (context) => {
  const [data, other] = [await temporaryFolder(context), await temporaryFolder(context)];
  const first = await startIndex(context, data, ['--export-hours', '0', '--unlimited']);
  assert.equal((await fetch(`${first.url}export/catalogue.torrent`)).status, 404);
  for (let i = 1; i <= 30; i++) await first.publish(publication(i, `Thing ${i}`));
  await first.publish(signWithdrawal(identity, new Uint8Array(20).fill(30), { sequence: 2, madeAt }).slice());
  const { records } = await exported(data, first.url);
  assert.equal(records, 30);
  const second = await startIndex(context, other, ['--follow', first.url]);
  await inStep(first.url, second.url);
  await first.publish(publication(1, 'Thing 1, edited', 2));
  await first.publish(publication(99, 'Thing 99'));
  await first.publish(
    signRating(identity, { torrent: new Uint8Array(20).fill(2), stars: 4 }, { sequence: 1, madeAt }).slice(),
  );
  await inStep(first.url, second.url);
  const rated = () =>
    fetch(`${second.url}api/content/${'02'.repeat(20)}`).then((response) => response.text());
  assert.match(await until(rated, (text) => text.includes('"stars":4')), /"stars":4/);
  await second.stop('SIGKILL');
  await first.publish(publication(100, 'Thing 100'));
  const third = await startIndex(context, other, ['--follow', first.url]);
  await inStep(first.url, third.url);
  assert.equal(await first.stop(), 0);
  assert.equal((await titles(third.url)).length, 31);
  await third.publish(publication(101, 'Thing 101'));
  assert.equal(await third.stop(), 0);
});

test('two that follow each other come to the same and to rest', async (context) => {
  const [one, two] = [await temporaryFolder(context), await temporaryFolder(context)];
  const first = await startIndex(context, one, ['--export-hours', '0']);
  const second = await startIndex(context, two, ['--export-hours', '0', '--follow', first.url]);
  const port = new URL(first.url).port;
  await first.stop();
  const again = await startIndex(context, one, ['--port', port, '--follow', second.url]);
  await again.publish(publication(1, 'Of the first'));
  await second.publish(publication(2, 'Of the second'));
  await until(
    () => titles(again.url),
    (all) => all.length === 2,
  );
  await inStep(again.url, second.url);
  const revision = async () => JSON.parse(await (await fetch(`${again.url}api/catalogue`)).text()).revision;
  const before = await revision();
  assert.equal(before, 2);
  assert.equal(await again.stop(), 0);
  assert.equal(await second.stop(), 0);
});

test('what one blocks and tells is blocked by those who follow its blocks, and what they block stays theirs', async (context) => {
  const [one, two, three] = [
    await temporaryFolder(context),
    await temporaryFolder(context),
    await temporaryFolder(context),
  ];
  const first = await startIndex(context, one, ['--share-blocks']);
  for (let i = 1; i <= 4; i++) await first.publish(publication(i, `Thing ${i}`));
  const second = await startIndex(context, two, ['--follow', first.url, '--follow-blocks']);
  const third = await startIndex(context, three, ['--follow', first.url]);
  await inStep(first.url, second.url);
  const operate = async (data: string, url: string, ...words: string[]): Promise<void> => {
    const ended = await shoal(['index', ...words, '--data', data, '--index', url]);
    assert.equal(ended.code, 0, ended.stderr);
  };
  const has = async (url: string, wanted: readonly number[]): Promise<void> => {
    const expected = wanted.map((number) => `Thing ${number}`).join();
    assert.equal(
      await until(
        async () => (await titles(url)).join(),
        (all) => all === expected,
      ),
      expected,
    );
  };
  await operate(two, second.url, 'block', 'hash', '04'.repeat(20));
  await operate(one, first.url, 'block', 'hash', '01'.repeat(20), '--reason', 'notice 7');
  await operate(one, first.url, 'block', 'word', '2');
  await has(second.url, [3]);
  const told = await shoal(['index', 'blocks', '--json', '--data', two, '--index', second.url]);
  assert.match(told.stdout, /notice 7/);
  assert.match(
    (await shoal(['index', 'audit', '--data', two, '--index', second.url])).stdout,
    /127\.0\.0\.1/,
  );
  await operate(one, first.url, 'unblock', 'word', '2');
  await operate(one, first.url, 'unblock', 'hash', '01'.repeat(20));
  await has(second.url, [1, 2, 3]);
  await has(third.url, [1, 2, 3, 4]);
  assert.equal((await fetch(`${second.url}api/catalogue/blocks`)).status, 404);
  for (const index of [first, second, third]) assert.equal(await index.stop(), 0);
});

test('who may publish is said by the operator: everybody, those in a file, which may change, or nobody', async (context) => {
  const data = await temporaryFolder(context);
  const keys = join(data, 'publishers');
  const stranger = identityFromSeed(new Uint8Array(32).fill(2));
  await writeFile(keys, `# friends\n${stranger.id.toUpperCase()} # one\n`);
  const post = async (url: string, body: Uint8Array<ArrayBuffer>): Promise<string> => {
    const response = await fetch(`${url}api/catalogue`, { method: 'POST', body });
    const { error } = JSON.parse(await response.text());
    return `${response.status} ${error?.code ?? ''}`;
  };
  const rated = signRating(
    identityFromSeed(new Uint8Array(32).fill(3)),
    { torrent: new Uint8Array(20).fill(1), stars: 4 },
    { sequence: 1, madeAt },
  ).slice();
  const listed = await startIndex(context, data, ['--publishers', keys]);
  assert.equal(await post(listed.url, publication(1, 'By one who is not listed')), '403 forbidden');
  await writeFile(keys, `${identity.id}\n${stranger.id}\n`);
  await until(
    () => post(listed.url, publication(1, 'Listed by now')),
    (said) => said === '200 ',
  );
  // Anybody may still say what they think of it.
  await listed.publish(rated);
  assert.equal(await listed.stop(), 0);
  const closed = await startIndex(context, data, ['--publishers', 'none']);
  assert.equal(await post(closed.url, publication(2, 'Whatever')), '403 forbidden');
  assert.equal(await post(closed.url, rated), '403 forbidden');
  assert.equal((await titles(closed.url)).length, 1);
  assert.equal(await closed.stop(), 0);
  await writeFile(keys, 'not a key\n');
  const ended = await shoal(['index', 'check', '--data', data, '--publishers', keys]);
  assert.match(ended.stdout, /Line 1 of the list of publishers/);
});

test('an ordinary client takes the export as a torrent from the index alone', {
  skip: !existsSync('/usr/bin/aria2c') && 'no aria2 on this machine',
}, async (context) => {
  const data = await temporaryFolder(context);
  const index = await startIndex(context, data, ['--export-hours', '0', '--unlimited']);
  for (let i = 1; i <= 200; i++)
    await index.publish(publication(i, `Thing ${i} ${'long '.repeat(30)}`.trim()));
  const { url } = await exported(data, index.url);
  const out = join(data, 'taken');
  await mkdir(out);
  const client = spawn(
    '/usr/bin/aria2c',
    [
      '--seed-time=0',
      '--bt-stop-timeout=60',
      '--enable-dht=false',
      '--bt-enable-lpd=false',
      '--check-integrity=true',
      '-d',
      out,
      url,
    ],
    { stdio: 'ignore' },
  );
  context.after(() => client.kill('SIGKILL'));
  assert.deepEqual((await once(client, 'close'))[0], 0);
  const { name } = JSON.parse(await (await fetch(`${index.url}export`)).text());
  for (const file of ['manifest', 'records']) {
    const served = await fetch(`${index.url}export/files/${name}/${file}`);
    assert.deepEqual(await readFile(join(out, name, file)), Buffer.from(await served.arrayBuffer()));
  }
  assert.equal(await index.stop(), 0);
});

/** A program that answers as an index would, but for what it is given. */
async function liar(context: TestContext, answer: (path: string) => unknown): Promise<string> {
  const server = createServer((request, response) => {
    const value = answer(request.url ?? '');
    if (value === undefined) response.writeHead(404).end();
    else response.end(value instanceof Uint8Array ? value : JSON.stringify(value));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('forged records, changed files and strange answers of an index that is followed are refused, and the rest is taken', async (context) => {
  const data = await temporaryFolder(context);
  const first = await startIndex(context, data, ['--export-hours', '0']);
  await first.publish(publication(1, 'True'));
  await exported(data, first.url);
  const { name, key } = JSON.parse(await (await fetch(`${first.url}export`)).text());
  const get = async (file: string) =>
    new Uint8Array(await (await fetch(`${first.url}export/files/${name}/${file}`)).arrayBuffer());
  const [manifest, records] = [await get('manifest'), await get('records')];
  const forged = publication(2, 'Forged');
  forged.set([(forged[forged.length - 2] ?? 0) ^ 1], forged.length - 2);
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const withForged = await liar(context, (path) => {
    if (!path.startsWith('/api/catalogue/changes')) return undefined;
    const all = [forged, publication(3, 'True, too')].map((record, i) => ({
      revision: i + 1,
      record: base64(record),
    }));
    const after = Number(new URL(path, 'http://x').searchParams.get('after'));
    return { revision: 2, changes: all.filter(({ revision }) => revision > after) };
  });
  const changed = records.slice();
  changed.set([(changed[20] ?? 0) ^ 1], 20);
  const withOtherFile = await liar(context, (path) => {
    if (path === '/export') return { name, key };
    if (path.endsWith('/manifest')) return manifest;
    return path.endsWith('/records')
      ? changed
      : { revision: 9, changes: [{ revision: 9, record: base64(publication(4, 'Late')) }] };
  });
  const endless = await liar(context, () => ({ revision: 5, changes: [{ revision: 0, record: '' }] }));
  const other = await temporaryFolder(context);
  const second = await startIndex(context, other, [
    '--follow',
    withForged,
    '--follow',
    withOtherFile,
    '--follow',
    endless,
  ]);
  assert.deepEqual(
    await until(
      () => titles(second.url),
      (all) => all.length > 0,
    ),
    ['True, too'],
  );
  const metrics = () => fetch(`${second.url}metrics`).then((response) => response.text());
  const told = await until(metrics, (text) => (text.match(/follow_troubled\{[^}]*\} 1/g) ?? []).length === 2);
  assert.match(told, /followed_records_total\{url="[^"]*",what="refused"\} 1/);
  assert.equal((told.match(/follow_troubled\{[^}]*\} 1/g) ?? []).length, 2);
  assert.deepEqual(await titles(second.url), ['True, too']);
  assert.equal(await second.stop(), 0);
  assert.equal(await first.stop(), 0);
});
