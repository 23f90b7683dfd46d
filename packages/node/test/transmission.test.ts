// Transmission's RPC, asked by transmission-remote as it comes with Debian, and by requests that cannot be meant.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { makeFile, startTestNode, type TestNode, temporaryFolder } from './node.ts';

const run = promisify(execFile);
const missing = await run('transmission-remote', ['--version']).then(
  () => false,
  (error: NodeJS.ErrnoException) => error.code === 'ENOENT' && 'needs transmission-remote',
);

function remote({ node }: TestNode, ...words: string[]): Promise<{ stdout: string }> {
  const { host } = new URL(node.url);
  return run('transmission-remote', [host, '--auth', `shoal:${node.token}`, ...words]);
}

test('transmission-remote lists, shows, adds, pauses, limits and removes', {
  skip: missing,
}, async (context) => {
  const folder = await temporaryFolder(context);
  const node = await startTestNode(context, folder);
  const path = await makeFile(folder, 'film.mp4', 70_000);
  const { id } = await node.client.call('addTransfer', { body: { path } });
  const listed = (await remote(node, '-l')).stdout;
  assert.match(listed, /^\s*1\s+100%\s+.*film\.mp4$/m);
  const shown = (await remote(node, '-t', '1', '-i')).stdout;
  assert.match(shown, new RegExp(`Hash: ${id}`));
  assert.match(shown, /Percent Done: 100%/);
  assert.match(
    (await remote(node, '-t', '1', '-f')).stdout,
    /film\.mp4 \(1 files\)[\s\S]*100%\s+Normal\s+Yes/,
  );
  for (const view of ['-it', '-ip', '-ic']) await remote(node, '-t', '1', view);
  await remote(node, '-t', '1', '-S');
  const state = async () => (await node.client.call('transfer', { params: { id } })).state;
  assert.equal(await state(), 'paused');
  await remote(node, '-t', '1', '-s');
  assert.notEqual(await state(), 'paused');
  await remote(node, '-t', id, '-u', '50');
  assert.equal((await node.client.call('transfer', { params: { id } })).limits.up, 50_000);
  const link = `magnet:?xt=urn:btih:${'1'.repeat(40)}&dn=other`;
  assert.match((await remote(node, '-a', link, '-w', join(folder, 'there'))).stdout, /success/);
  assert.match((await remote(node, '-l')).stdout, /other$/m);
  await remote(node, '-t', '2', '-r');
  await remote(node, '-t', '1', '--remove-and-delete');
  assert.equal((await node.client.call('transfers', {})).total, 0);
  for (const words of [['-si'], ['-st'], ['-l']]) await remote(node, ...words);
});

async function scene(context: TestContext) {
  const folder = await temporaryFolder(context);
  const node = await startTestNode(context, folder);
  const url = `${node.node.url}transmission/rpc`;
  const authorization = `Basic ${Buffer.from(`shoal:${node.node.token}`).toString('base64')}`;
  const first = await fetch(url, { method: 'POST', headers: { authorization }, body: '{}' });
  const session = first.headers.get('x-transmission-session-id') ?? '';
  const headers = { authorization, 'x-transmission-session-id': session, 'content-type': 'application/json' };
  const ask = async (body: unknown, type = 'application/json') => {
    const given = {
      method: 'POST',
      headers: { ...headers, 'content-type': type },
      body: JSON.stringify(body),
    };
    const answer = await fetch(url, given);
    const said: Record<string, unknown> = answer.status === 200 ? JSON.parse(await answer.text()) : {};
    return { status: answer.status, ...said };
  };
  return { folder, node, url, authorization, session, first, ask };
}

test('without the password there is 401, and without the session its id with 409', async (context) => {
  const { url, authorization, session, first } = await scene(context);
  assert.equal(first.status, 409);
  assert.ok(session.length > 10);
  for (const headers of [{}, { authorization: 'Basic c2hvYWw6Z3Vlc3M=' }, { authorization: 'Basic' }]) {
    const refused = await fetch(url, { method: 'POST', headers, body: '{"method":"torrent-get"}' });
    assert.equal(refused.status, 401);
  }
  const wrong = { authorization, 'x-transmission-session-id': 'guess' };
  assert.equal((await fetch(url, { method: 'POST', headers: wrong, body: '{}' })).status, 409);
});

test('whatever is asked, the answer has a result, and a tag comes back', async (context) => {
  const { folder, node, ask } = await scene(context);
  const path = await makeFile(folder, 'a.bin', 100);
  const { id } = await node.client.call('addTransfer', { body: { path, isPaused: true } });
  const got = await ask(
    { method: 'torrent-get', arguments: { fields: ['id', 'name', 'nothing'] }, tag: 7 },
    'text/plain',
  );
  assert.deepEqual(got, {
    status: 200,
    result: 'success',
    arguments: { torrents: [{ id: 1, name: 'a.bin' }] },
    tag: 7,
  });
  const cases: readonly unknown[] = [
    {},
    [],
    null,
    { method: 5 },
    { method: 'no-such' },
    { method: 'torrent-get', arguments: { ids: 'x', fields: 'id' } },
    {
      method: 'torrent-get',
      arguments: { ids: [{}, null, -1, 1e300, '..'], fields: [1, {}, '__proto__', 'toString'] },
    },
    { method: 'torrent-add', arguments: { filename: '/etc/passwd' } },
    { method: 'torrent-add', arguments: { metainfo: '!!' } },
    { method: 'torrent-set', arguments: { ids: [1], 'files-unwanted': [99, 'x'], queuePosition: -5 } },
    { method: 'torrent-set-location', arguments: { ids: [1], location: '../x', move: true } },
    { method: 'torrent-rename-path', arguments: { ids: [1], path: 'a.bin', name: '../b' } },
    { method: 'free-space', arguments: { path: '/nowhere/at/all' } },
  ];
  for (const body of cases) {
    const answer: Record<string, unknown> = await ask(body);
    assert.equal(answer.status, 200, JSON.stringify(body));
    assert.equal(typeof answer.result, 'string', JSON.stringify(body));
  }
  const many = Array.from({ length: 5000 }, (_, number) => number);
  assert.equal((await ask({ method: 'torrent-stop', arguments: { ids: many } })).status, 200);
  assert.equal((await node.client.call('transfer', { params: { id } })).name, 'a.bin');
});
