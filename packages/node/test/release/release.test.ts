// Nodes that fetch through a release gate: what passes, what waits, what is refused, and what runs at the end.

import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ApiError } from '@shoal/api';
import type { LoadConfigOptions } from '../../src/config/index.ts';
import { startTestNode, temporaryFolder, until } from '../node.ts';
import { startClamdPeer } from './clamd-peer.ts';

type Flags = NonNullable<LoadConfigOptions['flags']>;

/** One node that has a file, and another that fetches it through its gate. */
async function fetchThrough(context: TestContext, content: string, flags: Flags) {
  const folder = await temporaryFolder(context);
  const file = join(folder, 'film.bin');
  await writeFile(file, content);
  const one = await startTestNode(context, join(folder, 'one'));
  const { id } = await one.client.call('addTransfer', { body: { path: file } });
  const { magnet } = await one.client.call('transfer', { params: { id } });
  const other = await startTestNode(context, join(folder, 'two'), flags);
  const there = join(folder, 'there');
  await other.client.call('addTransfer', {
    body: { link: magnet, folder: there, peers: [`127.0.0.1:${one.node.peerPort}`] },
  });
  return { id, other, folder, released: join(there, 'film.bin') };
}

test('a file waits under its unfinished name until its scanner says yes', async (context) => {
  const clamd = await startClamdPeer(context, 'nonsense');
  const { id, other, released } = await fetchThrough(context, 'harmless', { 'scan.clamd': clamd.where });
  const waiting = await until(other, id, (transfer) => transfer.waiting?.code === 'held-back');
  assert.match(waiting.waiting?.message ?? '', /waits for the scanner: .*nothing that is an answer/);
  assert.equal(waiting.isComplete, false);
  await assert.rejects(stat(released), { code: 'ENOENT' });
  clamd.behaviour = 'faithful';
  const done = await until(other, id, ({ isComplete }) => isComplete);
  assert.equal(done.waiting, undefined);
  assert.equal(await readFile(released, 'utf8'), 'harmless');
  assert.ok(clamd.asked >= 2);
});

test('a node that stops while a file waits has neither released it nor called it complete', async (context) => {
  const clamd = await startClamdPeer(context, 'nonsense');
  const flags = { 'scan.clamd': clamd.where };
  const { id, other, folder, released } = await fetchThrough(context, 'harmless', flags);
  await until(other, id, ({ waiting }) => waiting?.code === 'held-back');
  await other.stop();
  const again = await startTestNode(context, join(folder, 'two'), flags);
  const kept = await until(again, id, ({ waiting }) => waiting?.code === 'held-back');
  assert.deepEqual([kept.isComplete, kept.completedMs], [false, undefined]);
  await assert.rejects(stat(released), { code: 'ENOENT' });
  clamd.behaviour = 'faithful';
  await until(again, id, ({ isComplete }) => isComplete);
  assert.equal(await readFile(released, 'utf8'), 'harmless');
});

test('a refused file keeps its unfinished name, its transfer pauses and stays so, and a later yes lets it go', async (context) => {
  const clamd = await startClamdPeer(context, 'faithful');
  const flags = { 'scan.clamd': clamd.where };
  const { id, other, folder, released } = await fetchThrough(context, 'EVIL', flags);
  const refused = await until(
    other,
    id,
    ({ state, waiting }) => state === 'paused' && waiting?.code === 'refused',
  );
  assert.match(refused.waiting?.message ?? '', /film\.bin.* was refused by the scanner: Test\.Evil/);
  assert.equal(refused.isComplete, false);
  await assert.rejects(stat(released), { code: 'ENOENT' });
  const log = await other.client.call('log', { params: { id } });
  assert.ok(log.some(({ kind, message }) => kind === 'refused' && message.includes('Test.Evil')));
  const content = await fetch(`${other.node.url}api/transfers/${id}/files/0/content`);
  assert.notEqual(content.status, 200);
  await content.body?.cancel();
  await other.stop();

  const again = await startTestNode(context, join(folder, 'two'), flags);
  const [kept] = (await again.client.call('transfers', {})).transfers;
  assert.deepEqual([kept?.state, kept?.waiting?.code], ['paused', 'refused']);
  const asked = clamd.asked;
  await again.client.call('resumeTransfer', { params: { id } });
  await until(again, id, ({ waiting }) => waiting?.code === 'refused' && clamd.asked > asked);
  await assert.rejects(stat(released), { code: 'ENOENT' });
  await again.stop();

  const open = await startTestNode(context, join(folder, 'two'));
  await open.client.call('resumeTransfer', { params: { id } });
  await until(open, id, ({ isComplete, state }) => isComplete && state === 'sharing');
  assert.equal(await readFile(released, 'utf8'), 'EVIL');
});

test('a program decides, and another runs when all is there, with the transfer in its environment', async (context) => {
  const folder = await temporaryFolder(context);
  const told = join(folder, 'told');
  const script = join(folder, 'told.mjs');
  await writeFile(
    script,
    `import { writeFileSync } from 'node:fs';
     const { SHOAL_ID, SHOAL_NAME, SHOAL_FOLDER } = process.env;
     writeFileSync(process.argv[2], [SHOAL_ID, SHOAL_NAME, SHOAL_FOLDER].join());
     console.error('not quite');
     process.exit(7);`,
  );
  const { id, other, released } = await fetchThrough(context, 'harmless', {
    'scan.command': `"${process.execPath}" -e "process.exit(0)"`,
    'on-complete.command': `"${process.execPath}" "${script}" "${told}"`,
  });
  await until(other, id, ({ isComplete }) => isComplete);
  for (;;) {
    const log = await other.client.call('log', { params: { id } });
    const entry = log.find(({ kind }) => kind === 'on-complete');
    if (entry === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    assert.equal(entry.message, 'not quite');
    break;
  }
  assert.equal(await readFile(told, 'utf8'), [id, 'film.bin', join(released, '..')].join());
});

test('nobody can name a program over the API', async (context) => {
  const node = await startTestNode(context, await temporaryFolder(context));
  for (const key of ['scan.command', 'on-complete.command'])
    await assert.rejects(
      node.client.call('changeConfig', { body: { [key]: 'touch /tmp/x' } }),
      (error) => error instanceof ApiError && error.code === 'invalid',
    );
});
