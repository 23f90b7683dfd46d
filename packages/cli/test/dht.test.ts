// The verb `dht` as a process: a bare DHT node on loopback, and the verbs that ask it.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { createNodeWorld } from '@shoal/base/node';
import { createDht } from '@shoal/dht';
import { shoal, shoalPath, startUp, temporaryFolder } from './shoal.ts';

let server: ChildProcess;
let node = '';

before(async () => {
  const words = ['dht', 'serve', '--port', '0', '--address', '127.0.0.1', '--json'];
  server = spawn(process.execPath, [shoalPath, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  assert.ok(server.stdout);
  const [line] = await once(createInterface({ input: server.stdout }), 'line');
  const ready: { event: string; port: number } = JSON.parse(line);
  assert.equal(ready.event, 'ready');
  node = `127.0.0.1:${ready.port}`;
});

after(async () => {
  const ended = once(server, 'close');
  server.kill('SIGINT');
  assert.deepEqual(await ended, [0, null]);
});

const hash = '0123456789abcdef0123456789abcdef01234567';

test('a node that is there answers a ping; one that is not is a time-out', async () => {
  const answered = await shoal(['dht', 'ping', node, '--json']);
  assert.equal(answered.code, 0, answered.stderr);
  assert.match(JSON.parse(answered.stdout).id, /^[0-9a-f]{40}$/);
  const silent = await shoal(['dht', 'ping', '127.0.0.1:9', '--json']);
  assert.equal(silent.code, 4);
  assert.equal(JSON.parse(silent.stdout).error.code, 'timeout');
});

test('what was announced is found, and what was not ends with 3', async () => {
  const announced = await shoal(['dht', 'find', hash, '--dht-bootstrap', node, '--announce', '4444']);
  assert.equal(announced.code, 0, announced.stderr);
  const found = await shoal(['dht', 'find', hash, '--dht-bootstrap', node]);
  assert.deepEqual([found.code, found.stdout], [0, '127.0.0.1:4444\n']);
  const other = await shoal(['dht', 'find', hash.replace('0', 'f'), '--dht-bootstrap', node, '--json']);
  assert.equal(other.code, 3);
  assert.equal(JSON.parse(other.stdout).peers, 0);
});

test('an item that was put is got; a mutable one can be replaced, and not by an older one', async (context) => {
  const data = await temporaryFolder(context);
  const put = await shoal(['dht', 'put', 'hello world', '--dht-bootstrap', node]);
  assert.equal(put.code, 0, put.stderr);
  const got = await shoal(['dht', 'get', put.stdout.trim(), '--dht-bootstrap', node]);
  assert.equal(got.stdout, 'hello world\n');

  const mutable = ['--mutable', '--salt', 'news', '--data', data, '--dht-bootstrap', node];
  const first = await shoal(['dht', 'put', 'one', ...mutable, '--json']);
  const second = await shoal(['dht', 'put', 'two', ...mutable, '--json']);
  const { target, sequence } = JSON.parse(second.stdout);
  assert.deepEqual([JSON.parse(first.stdout).target, sequence], [target, 2]);
  const older = await shoal(['dht', 'put', 'three', ...mutable, '--seq', '1']);
  assert.equal(older.code, 5);
  const newest = await shoal(['dht', 'get', target, '--salt', 'news', '--dht-bootstrap', node, '--json']);
  assert.equal(JSON.parse(newest.stdout).value, 'two');
});

test('with nobody to ask it says so and ends with 4', async () => {
  const { code, stderr } = await shoal(['dht', 'get', hash]);
  assert.equal(code, 4);
  assert.match(stderr, /--dht-bootstrap/);
});

test('wrong words end with 2', async () => {
  for (const words of [
    ['dht'],
    ['dht', 'serve', '--port', 'x'],
    ['dht', 'get', 'xyz'],
    ['dht', 'ping', 'nowhere'],
    ['dht', 'put', 'x', '--salt', 'y'],
  ])
    assert.equal((await shoal(words)).code, 2, words.join(' '));
});

test('a node that runs takes its place in the DHT and remembers whom it met, unless its mode has none', async (context) => {
  const world = createNodeWorld();
  const met = await createDht({ ...world, bind: [{ address: '127.0.0.1', port: 0 }] });
  context.after(async () => {
    await met.close();
    await world.close();
  });
  const way = ['--dht-bootstrap', `127.0.0.1:${met.endpoints[0]?.port}`, '--port', '0'];
  for (const [mode, remembers] of [
    ['centralized', false],
    ['hybrid', true],
  ] as const) {
    const data = await temporaryFolder(context);
    const node = await startUp(context, ['--data', data, '--network', mode, ...way]);
    while (remembers && met.nodes().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    node.child.kill('SIGTERM');
    const { code, stderr } = await node.ended;
    assert.equal(code, 0, stderr);
    assert.equal((await readdir(data)).includes('dht-nodes'), remembers, mode);
    assert.equal(met.nodes().length > 0, remembers, mode);
  }
});
