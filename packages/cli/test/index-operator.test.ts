// The operator's side of a running index, as processes: blocking with an audit log, and a copy of the database that
// another index starts from.

import assert from 'node:assert/strict';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { signPublication } from '@shoal/directory';
import { identityFromSeed } from '@shoal/identity';
import { startIndex } from './running-index.ts';
import { shoal, temporaryFolder } from './shoal.ts';

const identity = identityFromSeed(new Uint8Array(32).fill(1));

function publication(number: number, title: string): Uint8Array<ArrayBuffer> {
  const v1 = new Uint8Array(20).fill(number);
  const content = {
    infoHashes: { v1 },
    title,
    category: 'other',
    tags: [],
    files: [],
    trackers: [],
    supersedes: [],
  } as const;
  return signPublication(identity, content, { sequence: 1, madeAt: 1_700_000_000 }).slice();
}

test('the operator blocks and unblocks, and the log says who did and why', async (context) => {
  const data = await temporaryFolder(context);
  const index = await startIndex(context, data, ['--refuse-blocked']);
  await index.publish(publication(5, 'Bad thing'));
  const say = async (...words: string[]) => {
    const ended = await shoal(['index', ...words, '--index', index.url, '--data', data, '--json']);
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    return ended.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  };
  const hash = '05'.repeat(20);
  assert.deepEqual(await say('block', 'hash', hash, '--reason', 'It harms.', '--by', 'ann'), [
    { kind: 'hash', value: hash, reason: 'It harms.' },
  ]);
  assert.match(await index.announce(1), /blocked here/);
  assert.doesNotMatch(await (await fetch(`${index.url}search?q=thing`)).text(), /Bad thing/);
  assert.equal((await say('blocks'))[0].value, hash);
  await say('unblock', 'hash', hash, '--by', 'bob');
  assert.match(await index.announce(1), /interval/);
  const audit = await say('audit');
  assert.deepEqual(
    audit.map(({ by, action, reason }) => [by, action, reason]),
    [
      ['bob', 'unblock', ''],
      ['ann', 'block', 'It harms.'],
    ],
  );
  const wrong = await shoal([
    'index',
    'block',
    'colour',
    'red',
    '--index',
    index.url,
    '--data',
    data,
    '--json',
  ]);
  assert.equal(wrong.code, 2);
  assert.equal(await index.stop(), 0);
});

test('a copy made while an index is written to is whole, and another index starts from it', async (context) => {
  const data = await temporaryFolder(context);
  const index = await startIndex(context, data, ['--unlimited']);
  let acknowledged = 0;
  let isOver = false;
  const writing = (async () => {
    while (!isOver && acknowledged < 250) {
      await index.publish(publication(acknowledged + 1, `Thing ${acknowledged + 1}`));
      acknowledged++;
    }
  })();
  while (acknowledged < 20) await new Promise((resolve) => setImmediate(resolve));
  const before = acknowledged;
  const file = join(data, 'copy.sqlite');
  const ended = await shoal(['index', 'backup', file, '--data', data, '--json']);
  isOver = true;
  await writing;
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  assert.ok(JSON.parse(ended.stdout).bytes > 0);
  assert.equal((await shoal(['index', 'backup', file, '--data', data, '--json'])).code, 5);
  assert.equal(await index.stop(), 0);
  const other = join(data, 'other');
  await mkdir(join(other, 'index'), { recursive: true });
  await copyFile(file, join(other, 'index', 'index.sqlite'));
  const restored = await startIndex(context, other);
  const { torrents } = JSON.parse(await (await fetch(`${restored.url}api/catalogue`)).text());
  assert.ok(torrents >= before && torrents <= acknowledged, `${before} ${torrents} ${acknowledged}`);
  assert.match(await (await fetch(`${restored.url}search?q=thing&sort=oldest`)).text(), /Thing 1\b/);
  assert.equal(await restored.stop(), 0);
});
