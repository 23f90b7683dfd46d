// qBittorrent's Web API as tools use it: logins, what is added and changed, differences, and requests that cannot be meant.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeFile, startTestNode, temporaryFolder, until } from './node.ts';

/** One of a list of answers. */
interface Row {
  readonly [field: string]: string | number | boolean;
}
type Fields = Readonly<Record<string, string | Blob | readonly Blob[]>>;

async function scene(context: TestContext, flags: Parameters<typeof startTestNode>[2] = {}) {
  const folder = await temporaryFolder(context);
  const node = await startTestNode(context, folder, { downloads: join(folder, 'dl'), ...flags });
  const base = `${node.node.url}api/v2/`;
  const { token } = node.node;
  async function ask(path: string, fields?: Fields, headers: Record<string, string> = {}) {
    let body: FormData | URLSearchParams | undefined;
    if (fields !== undefined && Object.values(fields).every((value) => typeof value === 'string'))
      body = new URLSearchParams(fields as Record<string, string>);
    else if (fields !== undefined) {
      body = new FormData();
      for (const [name, value] of Object.entries(fields))
        for (const part of Array.isArray(value) ? value : [value]) body.append(name, part);
    }
    const answer = await fetch(base + path, {
      method: fields === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, ...headers },
      ...(body && { body }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json');
    // Answers are looked at field by field.
    const json = isJson ? JSON.parse(text) : undefined;
    return { status: answer.status, text, json, headers: answer.headers };
  }
  const list = async (query = ''): Promise<Row[]> => (await ask(`torrents/info${query}`)).json;
  /** A torrent file of something that is here. */
  async function torrentOf(name: string, length = 1000): Promise<{ blob: Blob; hash: string }> {
    await mkdir(join(folder, 'made'), { recursive: true });
    const path = await makeFile(join(folder, 'made'), name, length);
    const { id } = await node.client.call('addTransfer', { body: { path, format: 'v1' } });
    const answer = await fetch(`${node.node.url}api/transfers/${id}/torrent`);
    const blob = new File([await answer.arrayBuffer()], `${name}.torrent`);
    await node.client.call('removeTransfer', { params: { id } });
    return { blob, hash: id };
  }
  return { folder, node, base, token, ask, list, torrentOf };
}

const magnet = (digit: string) => `magnet:?xt=urn:btih:${digit.repeat(40)}`;
const hashOf = (digit: string) => digit.repeat(40);

test('a login gives a cookie, which a logout takes back; the token alone is enough, too', async (context) => {
  const { base, token, ask } = await scene(context);
  const login = (username: string, password: string) =>
    fetch(`${base}auth/login`, { method: 'POST', body: new URLSearchParams({ username, password }) });
  const bare = await fetch(`${base}app/version`);
  assert.deepEqual([bare.status, await bare.text()], [403, 'Forbidden']);
  for (const [user, password] of [
    ['shoal', 'guess'],
    ['admin', token],
  ] as const) {
    const answer = await login(user, password);
    assert.deepEqual(
      [answer.status, await answer.text(), answer.headers.get('set-cookie')],
      [200, 'Fails.', null],
    );
  }
  const answer = await login('shoal', token);
  assert.equal(await answer.text(), 'Ok.');
  const said = answer.headers.get('set-cookie') ?? '';
  assert.match(said, /^SID=[^;]{20,}; HttpOnly; path=\/; SameSite=Strict$/);
  const cookie = said.split(';')[0] ?? '';
  const version = () => fetch(`${base}app/version`, { headers: { cookie } });
  assert.match(await (await version()).text(), /^v4\.\d+\.\d+$/);
  await fetch(`${base}auth/logout`, { method: 'POST', headers: { cookie } });
  assert.equal((await version()).status, 403);
  const basic = Buffer.from(`shoal:${token}`).toString('base64');
  assert.equal((await ask('app/webapiVersion', undefined, { authorization: `Basic ${basic}` })).status, 200);
  assert.equal((await ask('app/version', undefined, { authorization: 'Bearer guess' })).status, 403);
});

test('an address that logs in wrongly too often waits, and nobody else does', async (context) => {
  const { base, token, ask } = await scene(context);
  const login = (password: string) =>
    fetch(`${base}auth/login`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'shoal', password }),
    });
  for (let time = 0; time < 5; time++) assert.equal((await login('guess')).status, 200);
  assert.equal((await login(token)).status, 403);
  assert.equal((await ask('app/version')).status, 200);
});

test('pages of other origins and rebound names get nothing', async (context) => {
  const { ask, node } = await scene(context);
  for (const headers of [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { referer: 'http://evil.example/page' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])
    assert.equal((await ask('app/version', undefined, headers)).status, 401, JSON.stringify(headers));
  const own = node.node.url;
  assert.equal((await ask('app/version', undefined, { origin: own.slice(0, -1), referer: own })).status, 200);
});

test('Sonarr adds, lists, labels, limits and removes', async (context) => {
  const { folder, ask, list, torrentOf } = await scene(context);
  assert.equal((await ask('app/webapiVersion')).text, '2.9.3');
  const preferences = (await ask('app/preferences')).json;
  assert.deepEqual(
    [preferences.save_path, preferences.dht, preferences.max_ratio_enabled, preferences.queueing_enabled],
    [join(folder, 'dl'), true, false, false],
  );
  assert.equal((await ask('torrents/createCategory', { category: 'tv-sonarr' })).status, 200);
  assert.deepEqual((await ask('torrents/categories')).json, {
    'tv-sonarr': { name: 'tv-sonarr', savePath: '' },
  });
  const { blob, hash } = await torrentOf('episode.mkv');
  const added = await ask('torrents/add', {
    torrents: blob,
    category: 'tv-sonarr',
    paused: 'false',
    sequentialDownload: 'true',
    contentLayout: 'Original',
    ratioLimit: '1.5',
    seedingTimeLimit: '90',
  });
  assert.deepEqual([added.status, added.text], [200, 'Ok.']);
  const [torrent] = await list('?category=tv-sonarr');
  assert.deepEqual(
    [
      torrent?.hash,
      torrent?.name,
      torrent?.category,
      torrent?.ratio_limit,
      torrent?.seeding_time_limit,
      torrent?.save_path,
    ],
    [hash, 'episode.mkv', 'tv-sonarr', 1.5, 90, join(folder, 'dl')],
  );
  assert.equal(torrent?.content_path, join(folder, 'dl', 'episode.mkv'));
  assert.equal((await ask(`torrents/properties?hash=${hash.toUpperCase()}`)).json.total_size, 1000);
  assert.equal((await ask(`torrents/files?hash=${hash}`)).json[0].name, 'episode.mkv');
  await ask('torrents/setShareLimits', { hashes: hash, ratioLimit: '-2', seedingTimeLimit: '-1' });
  assert.deepEqual(
    (await list()).map(({ ratio_limit, seeding_time_limit }: Row) => [ratio_limit, seeding_time_limit]),
    [[-2, -1]],
  );
  await ask('torrents/createCategory', { category: 'done' });
  await ask('torrents/setCategory', { hashes: hash, category: 'done' });
  assert.deepEqual([await list('?category=tv-sonarr'), (await list('?category=done')).length], [[], 1]);
  assert.equal((await ask('torrents/topPrio', { hashes: hash })).status, 200);
  assert.equal((await ask('torrents/setForceStart', { hashes: hash, value: 'true' })).status, 200);
  assert.equal((await list())[0]?.force_start, true);
  assert.equal((await ask('torrents/add', { torrents: blob })).text, 'Fails.');
  assert.equal(
    (await ask('torrents/delete', { hashes: hash.toUpperCase(), deleteFiles: 'true' })).status,
    200,
  );
  assert.deepEqual(await list(), []);
});

test('several files and links are added at once, with what the form says', async (context) => {
  const { folder, ask, list, torrentOf } = await scene(context);
  const [one, two] = [await torrentOf('one.bin'), await torrentOf('two.bin')];
  const added = await ask('torrents/add', {
    torrents: [one.blob, two.blob],
    urls: `${magnet('3')}\n${hashOf('4')}\r\n\nnonsense`,
    savepath: 'below',
    tags: 'a, b',
    stopped: 'true',
    dlLimit: '1000',
    upLimit: '2000',
    rename: 'Mine',
  });
  assert.equal(added.text, 'Ok.');
  const all = await list('?sort=hash');
  assert.equal(all.length, 4);
  for (const { state, tags, dl_limit, up_limit, save_path, name } of all)
    assert.deepEqual(
      [state, tags, dl_limit, up_limit, save_path, name],
      ['pausedDL', 'a, b', 1000, 2000, join(folder, 'dl', 'below'), 'Mine'],
    );
  assert.equal((await ask('torrents/add', { urls: 'nonsense' })).text, 'Fails.');
  const bad = await ask('torrents/add', { torrents: new File(['<html>'], 'x.torrent') });
  assert.deepEqual([bad.status, bad.text], [415, "Error: 'x.torrent' is not a valid torrent file."]);
  assert.deepEqual((await ask('torrents/tags')).json, ['a', 'b']);
  await ask('torrents/removeTags', { hashes: 'all', tags: 'a' });
  await ask('torrents/addTags', { hashes: one.hash, tags: 'c' });
  assert.deepEqual(
    (await list('?tag=c')).map(({ hash, tags }: Row) => [hash, tags]),
    [[one.hash, 'b, c']],
  );
  await ask('torrents/deleteTags', { tags: 'b,c' });
  assert.equal((await list('?tag=')).length, 4);
  assert.deepEqual((await ask('torrents/tags')).json, []);
});

test('categories have folders: what is added goes there, and moves where the config says so', async (context) => {
  const { folder, node, ask, list } = await scene(context);
  const films = join(folder, 'films');
  await ask('torrents/createCategory', { category: 'films', savePath: films });
  await ask('torrents/add', { urls: magnet('1'), category: 'films' });
  await ask('torrents/add', { urls: magnet('2'), category: 'films', savepath: join(folder, 'else') });
  assert.deepEqual(
    (await list('?sort=hash')).map(({ save_path }: Row) => save_path),
    [films, join(folder, 'else')],
  );
  assert.deepEqual(await node.client.call('labels', {}), [
    { name: 'films', isCategory: true, folder: films },
  ]);
  // Labels that came another way are the same.
  await node.client.call('addTransfer', { body: { link: magnet('3'), labels: ['films'] } });
  assert.deepEqual(
    (await list(`?hashes=${hashOf('3')}`)).map(({ category, save_path }: Row) => [category, save_path]),
    [['films', films]],
  );
  await makeFile(folder, 'song.mp3', 5000);
  const { id } = await node.client.call('addTransfer', { body: { path: join(folder, 'song.mp3') } });
  await until(node, id, ({ isComplete }) => isComplete);
  await ask('torrents/setCategory', { hashes: id, category: 'films' });
  assert.equal((await list(`?hashes=${id}`))[0]?.save_path, folder);
  await ask('torrents/setCategory', { hashes: id, category: '' });
  await ask('app/setPreferences', { json: '{"category_changed_tmm_enabled":true}' });
  await ask('torrents/setCategory', { hashes: id, category: 'films' });
  await until(node, id, (transfer) => transfer.folder === films);
  assert.equal((await readFile(join(films, 'song.mp3'))).length, 5000);
  await ask('torrents/editCategory', { category: 'films', savePath: '' });
  assert.deepEqual((await ask('torrents/categories')).json, { films: { name: 'films', savePath: '' } });
  await ask('torrents/removeCategories', { categories: 'films\nnobody' });
  assert.deepEqual((await ask('torrents/categories')).json, {});
  assert.deepEqual(
    (await list()).map(({ category, tags }: Row) => `${category}${tags}`),
    ['', '', '', ''],
  );
});

test('files have priorities and names, and trackers and peers can be changed', async (context) => {
  const { folder, node, ask } = await scene(context);
  await mkdir(join(folder, 'album', 'b'), { recursive: true });
  await makeFile(join(folder, 'album'), 'a.mp3', 20_000);
  await makeFile(join(folder, 'album', 'b'), 'c.mp3', 30_000);
  const { id: hash } = await node.client.call('addTransfer', { body: { path: join(folder, 'album') } });
  await until(node, hash, ({ isComplete }) => isComplete);
  const files = async () =>
    (await ask(`torrents/files?hash=${hash}`)).json.map(({ index, name, priority, size }: Row) => [
      index,
      name,
      priority,
      size,
    ]);
  // A hybrid has files between files, which nobody numbers.
  assert.deepEqual(await files(), [
    [0, 'album/a.mp3', 1, 20_000],
    [1, 'album/b/c.mp3', 1, 30_000],
  ]);
  assert.equal((await ask('torrents/filePrio', { hash, id: '1', priority: '0' })).status, 200);
  assert.deepEqual((await files())[1], [1, 'album/b/c.mp3', 0, 30_000]);
  await ask('torrents/filePrio', { hash, id: '0|1', priority: '7' });
  assert.equal(
    (await ask('torrents/renameFile', { hash, oldPath: 'album/b/c.mp3', newPath: 'album/b/d.mp3' })).status,
    200,
  );
  assert.equal(
    (await ask('torrents/renameFolder', { hash, oldPath: 'album/b', newPath: 'album/e' })).status,
    200,
  );
  assert.deepEqual(
    (await files()).map(([, name, priority]: unknown[]) => [name, priority]),
    [
      ['album/a.mp3', 6],
      ['album/e/d.mp3', 6],
    ],
  );
  assert.equal((await readFile(join(folder, 'album', 'e', 'd.mp3'))).length, 30_000);
  assert.equal((await ask('torrents/rename', { hash, name: 'An album' })).status, 200);
  assert.equal((await ask(`torrents/properties?hash=${hash}`)).json.name, 'An album');
  assert.equal((await files())[0][1], 'album/a.mp3');
  const trackers = async () =>
    (await ask(`torrents/trackers?hash=${hash}`)).json.slice(3).map(({ url }: Row) => url);
  await ask('torrents/addTrackers', { hash, urls: 'http://127.0.0.1:9/a\n\nudp://127.0.0.1:9/b' });
  await ask('torrents/editTracker', {
    hash,
    origUrl: 'http://127.0.0.1:9/a',
    newUrl: 'http://127.0.0.1:9/c',
  });
  assert.deepEqual(await trackers(), ['http://127.0.0.1:9/c', 'udp://127.0.0.1:9/b']);
  await ask('torrents/removeTrackers', { hash, urls: 'http://127.0.0.1:9/c|http://nobody/' });
  assert.deepEqual(await trackers(), ['udp://127.0.0.1:9/b']);
  const peers = await ask('torrents/addPeers', { hashes: hash, peers: '127.0.0.1:9|[::1]:9|nonsense' });
  assert.deepEqual(peers.json, { [hash]: { added: 2, failed: 1 } });
  const half = (await ask(`torrents/properties?hash=${hash}`)).json.infohash_v2.slice(0, 40);
  assert.equal(
    (await ask(`torrents/pieceStates?hash=${half}`)).json.every((state: unknown) => state === 2),
    true,
  );
  assert.match((await ask(`torrents/export?hash=${hash}`)).headers.get('content-type') ?? '', /bittorrent/);
});

test('sync tells what changed since the answer that is named', async (context) => {
  const { node, ask } = await scene(context);
  await ask('torrents/add', {
    urls: `${magnet('1')}\n${magnet('2')}`,
    paused: 'true',
    category: 'tv',
    tags: 'x',
  });
  const first = (await ask('sync/maindata?rid=0')).json;
  assert.deepEqual(
    [first.rid, first.full_update, Object.keys(first.torrents)],
    [1, true, [hashOf('1'), hashOf('2')]],
  );
  assert.deepEqual([first.categories, first.tags], [{ tv: { name: 'tv', savePath: '' } }, ['x']]);
  const idle = (await ask('sync/maindata?rid=1')).json;
  assert.deepEqual(
    [idle.full_update, idle.torrents, idle.categories, idle.tags],
    [undefined, undefined, undefined, undefined],
  );
  await node.client.call('changeTransfer', { params: { id: hashOf('1') }, body: { labels: ['tv', 'y'] } });
  await node.client.call('removeTransfer', { params: { id: hashOf('2') } });
  const changed = (await ask(`sync/maindata?rid=${idle.rid}`)).json;
  assert.deepEqual(Object.keys(changed.torrents), [hashOf('1')]);
  const { time_active: _, ...news } = changed.torrents[hashOf('1')];
  assert.deepEqual(news, { tags: 'y' });
  assert.deepEqual(
    [changed.torrents_removed, changed.tags, changed.tags_removed],
    [[hashOf('2')], ['y'], ['x']],
  );
  // Somebody who did not get the last answer asks from the one before.
  const again = (await ask(`sync/maindata?rid=${idle.rid}`)).json;
  assert.deepEqual([again.torrents, again.torrents_removed], [changed.torrents, changed.torrents_removed]);
  assert.equal((await ask('sync/maindata?rid=99')).json.full_update, true);
  const peers = (await ask(`sync/torrentPeers?hash=${hashOf('1')}&rid=0`)).json;
  assert.deepEqual(peers, { rid: 1, full_update: true, show_flags: true, peers: {} });
  const lines = (await ask('log/main?last_known_id=-1')).json;
  assert.ok(
    lines.length > 0 && lines.every(({ id, type }: Row, index: number) => id === index && Number(type) > 0),
  );
  assert.deepEqual((await ask(`log/main?last_known_id=${lines.length - 1}`)).json, []);
});

test('settings are those of the config, and stay in it', async (context) => {
  const { folder, node, ask } = await scene(context, { downloads: undefined });
  const json = JSON.stringify({
    save_path: join(folder, 'new'),
    dl_limit: 5000,
    max_ratio_enabled: true,
    max_ratio: 2,
    max_active_downloads: 3,
    locale: 'xx',
  });
  assert.equal((await ask('app/setPreferences', { json })).status, 200);
  const told = (await ask('app/preferences')).json;
  assert.deepEqual(
    [
      told.save_path,
      told.dl_limit,
      told.max_ratio,
      told.max_ratio_enabled,
      told.max_active_downloads,
      told.queueing_enabled,
    ],
    [join(folder, 'new'), 5000, 2, true, 3, true],
  );
  const { keys } = await node.client.call('config', {});
  assert.equal(keys.find(({ key }) => key === 'limits.down')?.value, '5000');
  await ask('transfer/setUploadLimit', { limit: '7000' });
  assert.equal((await ask('transfer/uploadLimit')).text, '7000');
  await ask('transfer/setUploadLimit', { limit: '0' });
  assert.equal((await ask('transfer/info')).json.up_rate_limit, 0);
  for (const bad of ['x', '[]', '{"dl_limit":"fast"}', '{"save_path":"relative"}', '{"max_ratio_enabled":1}'])
    assert.equal((await ask('app/setPreferences', { json: bad })).status, 400, bad);
});

test('what cannot be meant has the codes of qBittorrent', async (context) => {
  const { ask, base, token } = await scene(context);
  await ask('torrents/add', { urls: magnet('1'), paused: 'true' });
  const hash = hashOf('1');
  const cases: readonly (readonly [string, Fields | undefined, number])[] = [
    ['torrents/nothing', undefined, 404],
    ['nothing/at/all', undefined, 404],
    ['torrents/constructor', undefined, 404],
    ['torrents/pause', undefined, 405],
    ['torrents/pause', {}, 400],
    ['torrents/properties', undefined, 400],
    ['torrents/properties?hash=xyz', undefined, 404],
    [`torrents/files?hash=${hash}&indexes=9`, undefined, 409],
    ['torrents/info?sort=nothing', undefined, 400],
    ['torrents/info?limit=many', undefined, 400],
    ['torrents/delete', { hashes: hash }, 400],
    ['torrents/recheck', { hashes: hash }, 409],
    ['torrents/filePrio', { hash, id: '0', priority: '3' }, 400],
    ['torrents/filePrio', { hash, id: 'x', priority: '1' }, 400],
    ['torrents/filePrio', { hash, id: '0', priority: '1' }, 409],
    ['torrents/setLocation', { hashes: hash, location: '' }, 400],
    ['torrents/setLocation', { hashes: hash, location: '/proc/nothing/there' }, 409],
    ['torrents/rename', { hash, name: ' ' }, 409],
    ['torrents/createCategory', { category: '' }, 400],
    ['torrents/createCategory', { category: 'a//b' }, 409],
    ['torrents/setCategory', { hashes: hash, category: 'nobody' }, 409],
    ['torrents/editCategory', { category: 'nobody', savePath: '/x' }, 409],
    ['torrents/addPeers', { hashes: hash, peers: 'nobody' }, 400],
    ['torrents/addTrackers', { hash, urls: 'javascript:alert(1)' }, 400],
    ['torrents/editTracker', { hash, origUrl: 'http://a/', newUrl: 'http://b/' }, 409],
    ['torrents/setDownloadLimit', { hashes: hash, limit: 'fast' }, 400],
    ['torrents/add', { urls: magnet('3'), tags: 'x'.repeat(65) }, 400],
    ['torrents/addTags', { hashes: hash, tags: Array.from({ length: 33 }, (_, n) => `t${n}`).join() }, 409],
    ['torrents/setShareLimits', { hashes: hash, ratioLimit: '1' }, 400],
    [`torrents/export?hash=${hash}`, undefined, 409],
    ['app/setPreferences', {}, 400],
    ['transfer/toggleSpeedLimitsMode', {}, 409],
    ['torrents/add', { urls: magnet('2'), category: 'a,b' }, 409],
  ];
  for (const [path, fields, status] of cases)
    assert.equal((await ask(path, fields)).status, status, `${path} ${JSON.stringify(fields)}`);
  const many = Array.from({ length: 20_000 }, (_, number) => number.toString(16).padStart(40, '0'));
  assert.equal((await ask('torrents/pause', { hashes: [...many, hash].join('|') })).status, 200);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'multipart/form-data; boundary=x' };
  const broken = await fetch(`${base}torrents/add`, { method: 'POST', headers, body: '--x\r\nnothing' });
  assert.equal(broken.status, 400);
  const parts = Array.from(
    { length: 500 },
    (_, number) => `--x\r\nContent-Disposition: form-data; name=f${number}\r\n\r\n1\r\n`,
  );
  const crowded = await fetch(`${base}torrents/add`, {
    method: 'POST',
    headers,
    body: `${parts.join('')}--x--\r\n`,
  });
  assert.equal(crowded.status, 413);
  const long = await fetch(`${base}auth/login`, { method: 'POST', body: 'x'.repeat(100_000) });
  assert.equal(long.status, 413);
});
