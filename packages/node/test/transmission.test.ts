// Transmission's RPC, asked by transmission-remote as it comes with Debian, and by requests that cannot be meant.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { makeFile, startTestNode, type TestNode, temporaryFolder, until } from './node.ts';

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

test('Sonarr, Radarr and remotes get what they ask for', async (context) => {
  const { folder, node, ask } = await scene(context);
  const path = await makeFile(folder, 'a.bin', 100);
  const { id } = await node.client.call('addTransfer', { body: { path } });
  await until(node, id, ({ isComplete }) => isComplete);
  const argumentsOf = async (method: string, given: object = {}): Promise<Record<string, unknown>> => {
    const { result, arguments: told } = Object(await ask({ method, arguments: given }));
    assert.equal(result, 'success', method);
    return told;
  };
  const session = await argumentsOf('session-get');
  for (const [key, type] of [
    ['version', 'string'],
    ['rpc-version', 'number'],
    ['download-dir', 'string'],
    ['seedRatioLimit', 'number'],
    ['seedRatioLimited', 'boolean'],
    ['idle-seeding-limit', 'number'],
    ['idle-seeding-limit-enabled', 'boolean'],
    ['alt-speed-enabled', 'boolean'],
    ['speed-limit-down', 'number'],
    ['blocklist-size', 'number'],
    ['peer-limit-global', 'number'],
    ['encryption', 'string'],
    ['units', 'object'],
  ] as const)
    assert.equal(typeof session[key], type, key);
  assert.match(String(session.version), /^4\.0\.0 /);
  assert.deepEqual(
    Object.keys(await argumentsOf('session-get', { fields: ['version', 'download_dir'] })).sort(),
    ['download-dir', 'version'],
  );
  const fields = [
    'id',
    'hashString',
    'name',
    'downloadDir',
    'totalSize',
    'leftUntilDone',
    'isFinished',
    'eta',
    'status',
  ];
  const more = [
    'secondsDownloading',
    'secondsSeeding',
    'errorString',
    'uploadedEver',
    'downloadedEver',
    'seedRatioLimit',
  ];
  const last = [
    'seedRatioMode',
    'seedIdleLimit',
    'seedIdleMode',
    'file-count',
    'labels',
    'percentComplete',
    'trackerList',
  ];
  const all = [...fields, ...more, ...last];
  const { torrents } = await argumentsOf('torrent-get', { fields: all, ids: [id] });
  const [torrent] = torrents as Record<string, unknown>[];
  assert.deepEqual(Object.keys(torrent ?? {}).sort(), [...all].sort());
  assert.deepEqual([torrent?.hashString, torrent?.['file-count'], torrent?.seedRatioMode], [id, 1, 0]);
  const table = await argumentsOf('torrent-get', {
    fields: ['id', 'nothing', 'name'],
    format: 'table',
    ids: id,
  });
  assert.deepEqual(table.torrents, [
    ['id', 'nothing', 'name'],
    [1, null, 'a.bin'],
  ]);
});

test('what is recently active, and what was removed, is told', async (context) => {
  const { ask } = await scene(context);
  const links = ['1', '2'].map((digit) => `magnet:?xt=urn:btih:${digit.repeat(40)}`);
  for (const filename of links) await ask({ method: 'torrent-add', arguments: { filename, paused: true } });
  const recent = async () =>
    Object(await ask({ method: 'torrent-get', arguments: { ids: 'recently-active', fields: ['id'] } }))
      .arguments;
  assert.deepEqual(await recent(), { torrents: [{ id: 1 }, { id: 2 }], removed: [] });
  await ask({ method: 'torrent-remove', arguments: { ids: [2] } });
  assert.deepEqual(await recent(), { torrents: [{ id: 1 }], removed: [2] });
  // A number is given once.
  const again = Object(await ask({ method: 'torrent-add', arguments: { filename: links[1] } })).arguments;
  assert.equal(again['torrent-added'].id, 3);
  const known = Object(await ask({ method: 'torrent-add', arguments: { filename: links[0] } })).arguments;
  assert.equal(known['torrent-duplicate'].id, 1);
});

test('a remote changes the session, trackers, goals, labels and the queue', async (context) => {
  const { folder, node, ask } = await scene(context);
  const films = join(folder, 'films');
  await node.client.call('setLabel', { body: { name: 'films', folder: films } });
  for (const digit of ['1', '2', '3'])
    await ask({
      method: 'torrent-add',
      arguments: {
        filename: `magnet:?xt=urn:btih:${digit.repeat(40)}`,
        paused: true,
        labels: digit === '2' ? ['films'] : [],
      },
    });
  assert.equal((await node.client.call('transfer', { params: { id: '2'.repeat(40) } })).folder, films);
  const order = async () =>
    (await node.client.call('transfers', {})).transfers.map(({ id }) => id[0]).join('');
  await ask({ method: 'queue-move-top', arguments: { ids: [3, 2] } });
  assert.equal(await order(), '231');
  await ask({ method: 'queue-move-up', arguments: { ids: [2, 3] } });
  assert.equal(await order(), '231');
  await ask({ method: 'queue-move-down', arguments: { ids: [2, 3] } });
  assert.equal(await order(), '123');
  await ask({ method: 'queue-move-bottom', arguments: { ids: [1] } });
  assert.equal(await order(), '231');
  const tracker = async () =>
    Object(
      await ask({
        method: 'torrent-get',
        arguments: { ids: [1], fields: ['trackers', 'trackerList', 'seedRatioMode'] },
      }),
    ).arguments.torrents[0];
  await ask({
    method: 'torrent-set',
    arguments: { ids: [1], trackerAdd: ['http://a.example/x', 'udp://b.example:1/y'], seedRatioMode: 2 },
  });
  const { trackers, seedRatioMode } = await tracker();
  assert.deepEqual([trackers.length, seedRatioMode], [2, 2]);
  await ask({
    method: 'torrent-set',
    arguments: {
      ids: [1],
      trackerReplace: [trackers[0].id, 'http://c.example/'],
      trackerRemove: [trackers[1].id],
    },
  });
  assert.equal((await tracker()).trackerList, 'http://c.example/');
  await ask({
    method: 'torrent-set',
    arguments: { ids: [1], trackerList: 'http://d/\nhttp://e/\n\nhttp://f/' },
  });
  assert.equal((await tracker()).trackerList, 'http://d/\nhttp://e/\n\nhttp://f/');
  const bad = await ask({ method: 'torrent-set', arguments: { ids: [1], trackerAdd: ['javascript:1'] } });
  assert.match(String(Object(bad).result), /no tracker/);
  const set = {
    'speed-limit-down': 500,
    'speed-limit-down-enabled': true,
    seedRatioLimited: true,
    seedRatioLimit: 2,
  };
  await ask({
    method: 'session-set',
    arguments: { ...set, 'download-queue-enabled': true, 'download-queue-size': 4 },
  });
  const { keys } = await node.client.call('config', {});
  const value = (name: string) => keys.find(({ key }) => key === name)?.value;
  assert.deepEqual(['limits.down', 'goals.ratio', 'queue.fetching'].map(value), ['500000', '2', '4']);
  for (const labels of [
    {},
    ['a,b'],
    ['x'.repeat(65)],
    [7],
    [''],
    Array.from({ length: 33 }, (_, n) => `l${n}`),
  ])
    assert.notEqual(
      Object(await ask({ method: 'torrent-set', arguments: { ids: [1], labels } })).result,
      'success',
    );
  for (const wrong of [{ 'speed-limit-up': 'fast' }, { seedRatioLimited: 1 }, { 'download-dir': '../x' }])
    assert.notEqual(Object(await ask({ method: 'session-set', arguments: wrong })).result, 'success');
});
