// The node's side of qBittorrent's Web API beside qbittorrent-nox itself: the same requests to both, one after the other,
// have the same statuses, and answers with the same fields of the same types. A missing program is a named skip.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createNodeWorld } from '@shoal/base/node';
import { createLog, startNode } from '@shoal/node';
import { loadConfig } from '@shoal/node/config';
import { makeTorrentFile } from '@shoal/node/making';
import { missingPrograms } from '../clients/installed.ts';
import { type Program, start } from '../clients/process.ts';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** Undefined for text. */
  readonly json: unknown;
}

/** One server of the API, with a login. */
interface Server {
  readonly name: string;
  ask(request: Request): Promise<Answer>;
  /** Without the login. */
  askBare(request: Request): Promise<Answer>;
  /** With a copy of what is shared. */
  readonly folder: string;
  /** By the name of the torrent file. */
  readonly hashes: Map<string, string>;
}

interface Request {
  readonly path: string;
  /** Of a form; without one it is a GET. */
  readonly form?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

const get = (path: string): Request => ({ path });
const post = (path: string, form: Readonly<Record<string, string>> = {}): Request => ({ path, form });

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function client(name: string, base: string, folder: string, login: Readonly<Record<string, string>>): Server {
  let cookie = '';
  const hashes = new Map<string, string>();
  async function send({ path, form, files, headers = {} }: Request, isBare = false): Promise<Answer> {
    const body = new FormData();
    for (const [key, value] of Object.entries(form ?? {})) body.append(key, value);
    const { openAsBlob } = await import('node:fs');
    for (const file of files ?? []) body.append('torrents', await openAsBlob(file), file.split('/').at(-1));
    const isForm = form !== undefined || files !== undefined;
    const answer = await fetch(`${base}/api/v2/${path}`, {
      method: isForm ? 'POST' : 'GET',
      headers: { ...(cookie !== '' && !isBare && { cookie }), ...headers },
      ...(isForm && { body: files === undefined ? new URLSearchParams(form) : body }),
    });
    const said = answer.headers.get('set-cookie');
    if (said !== null) cookie = said.split(';')[0] ?? '';
    const text = await answer.text();
    const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
    return {
      status: answer.status,
      type,
      text,
      json: type === 'application/json' ? JSON.parse(text) : undefined,
    };
  }
  return {
    name,
    hashes,
    folder,
    askBare: (request) => send(request, true),
    async ask(request) {
      if (cookie === '') await send(post('auth/login', login));
      return send(request);
    },
  };
}

/** `{name: type}` of what is told, of the first of a list, and of the first of a table whose names are data. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, inner]) => [/^[0-9a-f]{40}$/.test(key) ? 'hash' : key, shapeOf(inner)]),
  );
}

/** Fields that one has and the other lacks, or has of another type, as paths. */
function differences(theirs: unknown, ours: unknown, path = ''): string[] {
  if (typeof theirs !== 'object' || theirs === null || typeof ours !== 'object' || ours === null)
    return theirs === ours ? [] : [`${path}: ${String(theirs)} there, ${String(ours)} here`];
  const [known, own] = [new Map(Object.entries(theirs)), new Map(Object.entries(ours))];
  return [...known].flatMap(([key, inner]) => {
    const at = path === '' ? key : `${path}.${key}`;
    if (!own.has(key)) return Array.isArray(theirs) ? [] : [`${at}: not here`];
    return differences(inner, own.get(key), at);
  });
}

const skip = missingPrograms('qbittorrent-nox') ?? false;

describe('the Web API beside qBittorrent', { skip, timeout: 120_000 }, () => {
  let folder = '';
  let program: Program;
  let theirs: Server;
  let ours: Server;
  const stops: (() => Promise<void>)[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-qbt-'));
    const world = createNodeWorld({ hashWorkers: 1 });
    stops.push(() => world.close());
    const data = join(folder, 'data');
    mkdirSync(join(folder, 'album', 'inner'), { recursive: true });
    writeFileSync(join(folder, 'single.bin'), Buffer.alloc(70_000, 'a'));
    writeFileSync(join(folder, 'album', 'one.bin'), Buffer.alloc(50_000, 'b'));
    writeFileSync(join(folder, 'album', 'inner', 'two.bin'), Buffer.alloc(40_000, 'c'));
    for (const [name, format] of [
      ['single.bin', 'v1'],
      ['album', 'hybrid'],
    ] as const)
      await makeTorrentFile(world, {
        path: join(folder, name),
        file: join(folder, `${name}.torrent`),
        format,
        pieceLength: undefined,
        overwrite: false,
        details: { trackers: [['http://127.0.0.1:9/announce']], comment: 'a comment', createdBy: 'a test' },
        signal: AbortSignal.timeout(60_000),
        onProgress: () => {},
        onLeftOut: () => {},
      });
    writeFileSync(join(folder, 'bad.torrent'), '<html>');
    for (const name of ['here', 'there'])
      for (const what of ['single.bin', 'album'])
        cpSync(join(folder, what), join(folder, name, what), { recursive: true });

    const places = { home: folder, data, configFile: join(folder, 'config.toml') };
    const flags = {
      api: '127.0.0.1:0',
      port: '0',
      lan: 'off',
      'port-mapping': 'off',
      downloads: join(folder, 'dl'),
    };
    const loaded = await loadConfig({ disk: world.disk, places, flags });
    const log = createLog({ level: 'silent', clock: world.clock, write: () => {} });
    const node = await startNode({ world, loaded, places, version: '0.1.0', log, pid: process.pid });
    stops.push(() => node.stop());
    ours = client('Shoal', node.url.slice(0, -1), join(folder, 'here'), {
      username: 'shoal',
      password: node.token,
    });

    const [port, peerPort] = [await freePort(), await freePort()];
    const profile = join(folder, 'profile');
    mkdirSync(join(profile, 'qBittorrent', 'config'), { recursive: true });
    const settings = `[LegalNotice]
Accepted=true
[Preferences]
WebUI\\Address=127.0.0.1
WebUI\\Port=${port}
[BitTorrent]
Session\\DefaultSavePath=${join(folder, 'dl')}
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=false
Session\\InterfaceAddress=127.0.0.1
Session\\Port=${peerPort}
`;
    writeFileSync(join(profile, 'qBittorrent', 'config', 'qBittorrent.conf'), settings);
    program = start('qbittorrent-nox', [`--profile=${profile}`, `--webui-port=${port}`], {
      log: join(folder, 'qbittorrent.log'),
      env: { HOME: folder },
    });
    stops.push(() => program.stop());
    const base = `http://127.0.0.1:${port}`;
    // Debian's 4.5 still has a password that everybody knows.
    theirs = client('qBittorrent', base, join(folder, 'there'), {
      username: 'admin',
      password: 'adminadmin',
    });
    for (;;) {
      const answer = await fetch(`${base}/api/v2/app/version`).catch(() => undefined);
      if (answer !== undefined) break;
      await setTimeout(100);
    }
  });

  after(async () => {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function untilSeeding(server: Server, count: number): Promise<void> {
    for (;;) {
      const { json } = await server.ask(get('torrents/info'));
      const list: readonly { readonly name: string; readonly hash: string; readonly state: string }[] =
        Array.isArray(json) ? json : [];
      for (const { name, hash } of list) server.hashes.set(name, hash);
      if (list.filter(({ state }) => state === 'stalledUP').length === count) return;
      await setTimeout(100);
    }
  }

  test('a login that is wrong fails as there', async () => {
    for (const server of [theirs, ours]) {
      const wrong = await server.askBare(post('auth/login', { username: 'nobody', password: 'x' }));
      assert.deepEqual([wrong.status, wrong.type, wrong.text], [200, 'text/plain', 'Fails.'], server.name);
      const bare = await server.askBare(get('app/version'));
      assert.deepEqual([bare.status, bare.type, bare.text], [403, 'text/plain', 'Forbidden'], server.name);
      const again = await server.ask(post('auth/login', { username: 'nobody', password: 'x' }));
      assert.equal(again.text, 'Ok.', 'whoever is in stays in');
    }
  });

  test('the same requests have the same statuses, fields and types', async () => {
    const known = ['preferences', 'buildInfo'];
    const requests: readonly (Request | ((hash: string, folder: string) => Request))[] = [
      get('app/version'),
      get('app/webapiVersion'),
      get('app/buildInfo'),
      get('app/preferences'),
      get('app/defaultSavePath'),
      (_, savepath) => ({
        path: 'torrents/add',
        files: [join(folder, 'single.bin.torrent'), join(folder, 'album.torrent')],
        form: { savepath, category: 'tv', tags: 'x,y' },
      }),
      { path: 'torrents/add', files: [join(folder, 'single.bin.torrent')], form: {} },
      { path: 'torrents/add', files: [join(folder, 'bad.torrent')], form: {} },
      post('torrents/add', { urls: 'nonsense' }),
      get('torrents/info'),
      get('torrents/info?filter=completed&sort=name&reverse=true&limit=1&offset=1'),
      get('torrents/info?category=tv&tag=x'),
      get('torrents/info?category=nobody'),
      get('torrents/info?hashes=nobody'),
      get('torrents/info?sort=nothing'),
      get('torrents/categories'),
      get('torrents/tags'),
      ...['properties', 'files', 'trackers', 'webseeds', 'pieceStates', 'pieceHashes'].flatMap((name) => [
        (hash: string) => get(`torrents/${name}?hash=${hash}`),
        get(`torrents/${name}`),
        get(`torrents/${name}?hash=nobody`),
      ]),
      (hash) => get(`torrents/export?hash=${hash}`),
      get('transfer/info'),
      get('transfer/speedLimitsMode'),
      get('transfer/downloadLimit'),
      get('transfer/uploadLimit'),
      get('sync/maindata'),
      (hash) => get(`sync/torrentPeers?hash=${hash}`),
      get('sync/torrentPeers?hash=nobody'),
      get('log/main?last_known_id=-1'),
      get('log/peers'),
      get('nobody/nothing'),
      get('torrents/nothing'),
      get('torrents/delete'),
      post('torrents/pause'),
      (hash) => post('torrents/pause', { hashes: hash }),
      (hash) => post('torrents/resume', { hashes: hash }),
      (hash) => post('torrents/recheck', { hashes: hash }),
      (hash) => post('torrents/reannounce', { hashes: hash }),
      (hash) => post('torrents/setForceStart', { hashes: hash, value: 'true' }),
      (hash) => post('torrents/setForceStart', { hashes: hash, value: 'false' }),
      (hash) => post('torrents/setSuperSeeding', { hashes: hash, value: 'false' }),
      (hash) => post('torrents/setAutoManagement', { hashes: hash, enable: 'false' }),
      (hash) => post('torrents/topPrio', { hashes: hash }),
      (hash) => post('torrents/bottomPrio', { hashes: hash }),
      (hash) => post('torrents/setDownloadLimit', { hashes: hash, limit: '1000' }),
      (hash) => post('torrents/setUploadLimit', { hashes: hash, limit: '0' }),
      (hash) => post('torrents/downloadLimit', { hashes: hash }),
      (hash) => post('torrents/setShareLimits', { hashes: hash, ratioLimit: '2', seedingTimeLimit: '60' }),
      (hash) => post('torrents/setShareLimits', { hashes: hash, ratioLimit: '2' }),
      (hash) => post('torrents/rename', { hash, name: 'Mine' }),
      (hash) => post('torrents/rename', { hash, name: '' }),
      post('torrents/rename', { hash: 'nobody', name: 'x' }),
      (hash) => post('torrents/filePrio', { hash, id: '0', priority: '6' }),
      (hash) => post('torrents/filePrio', { hash, id: '9', priority: '6' }),
      (hash) => post('torrents/filePrio', { hash, id: 'x', priority: '6' }),
      (hash) => post('torrents/filePrio', { hash, id: '0', priority: '3' }),
      (hash) => post('torrents/renameFile', { hash, oldPath: 'nobody', newPath: 'x' }),
      (hash) => post('torrents/renameFile', { hash, oldPath: 'album/one.bin', newPath: 'album/three.bin' }),
      (hash) => post('torrents/setLocation', { hashes: hash, location: '' }),
      post('torrents/createCategory', { category: 'films', savePath: '/tmp/films' }),
      post('torrents/createCategory', { category: 'films' }),
      post('torrents/createCategory', { category: '' }),
      post('torrents/createCategory', { category: 'a//b' }),
      post('torrents/editCategory', { category: 'films', savePath: '/tmp/else' }),
      post('torrents/editCategory', { category: 'nobody', savePath: '/x' }),
      (hash) => post('torrents/setCategory', { hashes: hash, category: 'films' }),
      (hash) => post('torrents/setCategory', { hashes: hash, category: 'nobody' }),
      (hash) => post('torrents/setCategory', { hashes: hash }),
      post('torrents/removeCategories', { categories: 'films\nnobody' }),
      (hash) => post('torrents/addTags', { hashes: hash, tags: 'z' }),
      (hash) => post('torrents/addTags', { hashes: hash }),
      (hash) => post('torrents/removeTags', { hashes: hash, tags: 'z' }),
      post('torrents/createTags', { tags: 'new' }),
      post('torrents/deleteTags', { tags: 'new,z' }),
      (hash) => post('torrents/addTrackers', { hash, urls: 'http://127.0.0.1:9/other' }),
      (hash) =>
        post('torrents/editTracker', {
          hash,
          origUrl: 'http://127.0.0.1:9/other',
          newUrl: 'http://127.0.0.1:9/third',
        }),
      (hash) =>
        post('torrents/editTracker', { hash, origUrl: 'http://nobody/', newUrl: 'http://127.0.0.1:9/x' }),
      (hash) => post('torrents/removeTrackers', { hash, urls: 'http://127.0.0.1:9/third' }),
      (hash) => post('torrents/addPeers', { hashes: hash, peers: '127.0.0.1:9|nonsense' }),
      (hash) => post('torrents/addPeers', { hashes: hash, peers: 'nonsense' }),
      post('app/setPreferences', { json: '{"dl_limit":100000}' }),
      post('app/setPreferences'),
      post('transfer/setUploadLimit', { limit: '100000' }),
      { path: 'app/version', headers: { origin: 'http://evil.example' } },
      { path: 'app/version', headers: { referer: 'http://evil.example/' } },
      (hash) => post('torrents/delete', { hashes: hash }),
      post('torrents/delete', { hashes: 'all', deleteFiles: 'false' }),
      get('torrents/info'),
    ];
    const found: string[] = [];
    for (const request of requests) {
      const asked = (server: Server) =>
        typeof request === 'function' ? request(server.hashes.get('album') ?? '', server.folder) : request;
      const [there, here] = [await theirs.ask(asked(theirs)), await ours.ask(asked(ours))];
      const { path, form = {} } = asked(ours);
      const what = `${path.replace(/[0-9a-f]{40}/, 'HASH')} ${Object.keys(form).join(',')}`;
      if (there.status !== here.status)
        found.push(`${what}: ${there.status} there, ${here.status} here (${here.text.slice(0, 80)})`);
      else if (there.status === 200 && there.type !== here.type && !path.includes('export'))
        found.push(`${what}: ${there.type} there, ${here.type} here`);
      else if (there.status === 200 && there.json !== undefined) {
        const some = differences(shapeOf(there.json), shapeOf(here.json));
        // What means nothing here is left out of settings, and is the same in type where it is there.
        const isPart = known.some((name) => path.endsWith(name));
        found.push(
          ...some.filter((one) => !(isPart && one.endsWith('not here'))).map((one) => `${what}: ${one}`),
        );
      }
      if (path === 'torrents/add' && (form.category ?? '') !== '')
        await Promise.all([untilSeeding(theirs, 2), untilSeeding(ours, 2)]);
    }
    assert.deepEqual(found, []);
  });
});
