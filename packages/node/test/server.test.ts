import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { World } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { type LoadConfigOptions, loadConfig } from '../src/config/index.ts';
import { createLog, type ShoalNode, startNode } from '../src/index.ts';
import { isOurHost } from '../src/server/host.ts';
import { renderPage } from '../src/server/page.ts';
import { createServer as createNodeServer } from '../src/server/server.ts';

let world: World;
let data: string;
let node: ShoalNode;

before(() => {
  world = createNodeWorld();
});
after(() => world.close());
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'shoal-node-'));
  node = await start();
});
afterEach(async () => {
  await node.stop();
  await rm(data, { recursive: true });
});

async function start(flags: LoadConfigOptions['flags'] = {}, mayMovePort = false): Promise<ShoalNode> {
  const log = createLog({ level: 'silent', clock: world.clock, write: () => {} });
  const places = { home: data, data, configFile: join(data, 'config.toml') };
  const usual = { api: '127.0.0.1:0', port: '0', lan: 'off', ...flags };
  const loaded = await loadConfig({ disk: world.disk, places, flags: usual });
  const origins = new Map([...loaded.origins].filter(([key]) => !(mayMovePort && key === 'api')));
  return startNode({ world, loaded: { ...loaded, origins }, places, version: '1.2.3', log, pid: 1 });
}

/** What comes back for these very bytes, until the server closes the connection. */
function raw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(node.port, '127.0.0.1', () => socket.write(request));
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

function get(path: string, host: string): Promise<string> {
  return raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
}

test('/health tells status, version, uptime, network mode, and the instance that node.json names', async () => {
  const response = await fetch(`${node.url}health`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  const health: Record<string, unknown> = JSON.parse(await response.text());
  const file: Record<string, unknown> = JSON.parse(await readFile(join(data, 'node.json'), 'utf8'));
  assert.deepEqual(health, {
    status: 'ok',
    version: '1.2.3',
    network: 'hybrid',
    id: node.id,
    uptimeSeconds: health.uptimeSeconds,
    instance: file.instance,
  });
  assert.ok(Number.isInteger(health.uptimeSeconds));
  assert.equal(file.url, node.url);
});

test('without built pages there is one that names the node, and may load nothing from anywhere', async () => {
  const app = createNodeServer({
    log: createLog({ level: 'silent', clock: world.clock, write: () => {} }),
    facts: () => ({ id: 'me', version: '1', network: 'hybrid', data, uptimeSeconds: 1 }),
    pagesFolder: join(data, 'nothing'),
  });
  const { headers, body } = await app.inject({ url: '/', headers: { host: 'localhost' } });
  assert.match(String(headers['content-type']), /^text\/html/);
  assert.match(String(headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-/);
  assert.ok(body.includes('<code>me</code>'));
});

test('what the page shows is text, whatever is in it', () => {
  const html = renderPage({
    id: 'i',
    version: '<script>',
    network: `"'`,
    data: '/a&b<img>',
    uptimeSeconds: 90_061,
  });
  assert.ok(!/<script>|<img>/.test(html));
  assert.ok(html.includes('1 day 1 hour'));
});

test('a name that somebody else may point at this machine is refused', async () => {
  for (const host of [
    'evil.example',
    `evil.example:${node.port}`,
    '127.0.0.1.evil.example',
    '192.168.0.1',
    'localhost.evil',
    '',
  ]) {
    for (const path of ['/', '/health', '/nothing']) {
      assert.match(await get(path, host), /^HTTP\/1\.1 (403 .*"host-refused"|400 )/s, `${host} ${path}`);
    }
  }
  for (const host of ['localhost', `LOCALHOST:${node.port}`, '127.0.0.1:1', '[::1]:4870', '127.1.2.3']) {
    assert.match(await get('/health', host), /^HTTP\/1\.1 200 /, host);
  }
});

test('a Host header that is no host is not ours', () => {
  for (const host of [
    undefined,
    '',
    ':',
    ':80',
    '[',
    '[]',
    '[::1',
    '::1',
    'localhost:',
    'localhost:x',
    'a@localhost',
    '0',
    '2130706433',
    '127.1',
    '[::ffff:1.2.3.4]',
  ])
    assert.ok(!isOurHost(host), String(host));
});

test('every wrong request gets a JSON error with a stable code', async () => {
  const cases: [string, RequestInit, number, string][] = [
    ['nothing', {}, 404, 'not-found'],
    ['health/', {}, 404, 'not-found'],
    ['..%2f..%2fetc%2fpasswd', {}, 404, 'not-found'],
    ['%zz', {}, 400, 'bad-request'],
    ['health', { method: 'POST' }, 405, 'method-not-allowed'],
    ['health?x=1', { method: 'DELETE' }, 405, 'method-not-allowed'],
    [
      'nothing',
      { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } },
      400,
      'bad-request',
    ],
    [
      'nothing',
      { method: 'POST', body: ' '.repeat(1_100_000), headers: { 'content-type': 'application/json' } },
      413,
      'too-large',
    ],
  ];
  for (const [path, request, status, code] of cases) {
    const response = await fetch(`${node.url}${path}`, request);
    const { error }: { error?: { code?: unknown; message?: unknown } } = JSON.parse(await response.text());
    assert.deepEqual([response.status, error?.code], [status, code], path);
    assert.equal(typeof error?.message, 'string');
  }
});

test('bytes that are not HTTP get an answer and the door', async () => {
  for (const bytes of [
    'GARBAGE\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\r\n\r\n',
    `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  ]) {
    assert.match(await raw(bytes), /^HTTP\/1\.1 400 .*"bad-request"/s);
  }
  assert.match(await raw('GET /health HTTP/1.0\r\n\r\n'), /"host-refused"/);
});

test('stopping closes every connection: idle, in the middle of a request, and silent', async () => {
  const before = await start({ data: join(data, 'other') });
  const closed = ['', 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n', 'GET /health HTTP/1.1\r\nHo'].map(
    (bytes) =>
      new Promise<void>((resolve, reject) => {
        const socket = connect(before.port, '127.0.0.1', () => socket.write(bytes, () => resolve()));
        socket.on('error', reject);
      }),
  );
  await Promise.all(closed);
  await before.stop();
  await assert.rejects(fetch(`${before.url}health`));
});

test('a port that was asked for and is taken is an error that names it; the default moves on', async () => {
  const flags = { data: join(data, 'other'), api: `127.0.0.1:${node.port}` };
  await assert.rejects(start(flags), {
    code: 'port-in-use',
    message: new RegExp(`^Port ${node.port} .*in use.*\\n.*--api`),
  });
  const moved = await start(flags, true);
  assert.ok(moved.port > node.port && moved.port <= node.port + 100);
  assert.equal((await fetch(`${moved.url}health`)).status, 200);
  await moved.stop();
});

test('a start that failed leaves the folder to the next one', async () => {
  const flags = { data: join(data, 'other'), api: `127.0.0.1:${node.port}` };
  await assert.rejects(start(flags));
  await (await start({ ...flags, api: '127.0.0.1:0' })).stop();
});

test('a node listens on IPv6 loopback, too', {
  skip: !(await hasIpv6()) && 'no IPv6 loopback here',
}, async () => {
  const six = await start({ data: join(data, 'six'), api: '[::1]:0' });
  assert.equal(six.url, `http://[::1]:${six.port}/`);
  assert.equal((await fetch(`${six.url}health`)).status, 200);
  await six.stop();
});

function hasIpv6(): Promise<boolean> {
  return new Promise((resolve) => {
    const server: Server = createServer();
    server.once('error', () => resolve(false));
    server.listen(0, '::1', () => server.close(() => resolve(true)));
  });
}
