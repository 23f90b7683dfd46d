import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  missingUser,
  type Running,
  run,
  shoal,
  shoalAsUser,
  shoalPath,
  startUp,
  temporaryFolder,
} from './shoal.ts';

const posix = { skip: process.platform === 'win32' && 'needs POSIX signals and modes' };

async function health({ url }: Running): Promise<Record<string, unknown>> {
  return JSON.parse(await (await fetch(`${url}health`)).text());
}

test(
  'a node starts, says where its page is, answers, and stops cleanly on SIGTERM and SIGINT',
  posix,
  async (context) => {
    const data = join(await temporaryFolder(context), 'data');
    const ids = new Set<unknown>();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const node = await startUp(context, ['--data', data]);
      assert.equal(node.url, `http://127.0.0.1:${node.port}/`);
      const { status, network, id, instance } = await health(node);
      assert.deepEqual([status, network], ['ok', 'hybrid']);
      ids.add(id);
      assert.equal((await fetch(node.url)).status, 200);
      const file: Record<string, unknown> = JSON.parse(await readFile(join(data, 'node.json'), 'utf8'));
      assert.deepEqual([file.pid, file.url, file.instance], [node.child.pid, node.url, instance]);

      const idle = connect(node.port, '127.0.0.1');
      const wasClosed = new Promise((resolve) => idle.on('close', resolve).on('error', () => {}));
      await new Promise((resolve) => idle.once('connect', resolve));
      const asked = performance.now();
      node.child.kill(signal);
      const { code, stdout, stderr } = await node.ended;
      assert.equal(code, 0, stderr);
      assert.ok(performance.now() - asked < 5000);
      await wasClosed;
      assert.equal(stdout.trim().split('\n').length, 1);
      for (const line of stderr.trim().split('\n')) JSON.parse(line);
      assert.deepEqual((await readdir(data)).sort(), ['api-token', 'identity.pem', 'lock', 'transfers.log']);
    }
    assert.equal(ids.size, 1);
    for (const name of ['api-token', 'identity.pem'])
      assert.equal((await stat(join(data, name))).mode & 0o777, 0o600);
  },
);

test('a second node on a folder is told of the first, whatever state that is in', posix, async (context) => {
  const data = await temporaryFolder(context);
  const first = await startUp(context, ['--data', data]);
  for (const state of ['running', 'stopped'] as const) {
    if (state === 'stopped') first.child.kill('SIGSTOP');
    const { code, stdout } = await shoal(['up', '--json', '--data', data, '--api', '127.0.0.1:0']);
    assert.equal(code, 1);
    const { code: errorCode, message }: Record<string, unknown> = JSON.parse(stdout).error;
    assert.equal(errorCode, 'folder-owned');
    assert.ok(
      String(message).includes(`process id ${first.child.pid}, whose page is ${first.url}`),
      String(message),
    );
  }
  first.child.kill('SIGCONT');
  assert.equal((await health(first)).status, 'ok');
});

test('after kill -9 the folder is free at once, and the node is the same one', posix, async (context) => {
  const data = await temporaryFolder(context);
  const ids = new Set<unknown>();
  for (let round = 0; round < 3; round++) {
    const node = await startUp(context, ['--data', data]);
    ids.add((await health(node)).id);
    node.child.kill('SIGKILL');
    await node.ended;
    assert.ok((await readdir(data)).includes('node.json'));
  }
  assert.equal(ids.size, 1);
});

test('of nodes that start on a folder at the same time, one runs', async (context) => {
  const data = join(await temporaryFolder(context), 'data');
  const started = await Promise.allSettled(
    Array.from({ length: 3 }, () => startUp(context, ['--data', data])),
  );
  assert.equal(started.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('a port that was asked for and is in use is named, with what to do', async (context) => {
  const folder = await temporaryFolder(context);
  const first = await startUp(context, ['--data', join(folder, 'a')]);
  const api = `127.0.0.1:${first.port}`;
  const { code, stdout, stderr } = await shoal(['up', '--data', join(folder, 'b'), '--api', api]);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, new RegExp(`error: Port ${first.port} .*in use.*\n.*--api`));
  assert.ok(!stderr.includes(' at '), 'no stack trace without -v');
});

test('without --json the ready line is one line for people', posix, async (context) => {
  const data = await temporaryFolder(context);
  const command = `"$0" "$1" up --data "$2" --api 127.0.0.1:0 & wait_for=$!; sleep 0; while ! [ -s "$2/node.json" ]; do sleep 0.02; done; kill $wait_for; wait $wait_for`;
  const { code, stdout } = await run('/bin/sh', ['-c', command, process.execPath, shoalPath, data]);
  assert.equal(code, 0);
  assert.match(stdout, /^Shoal is running: http:\/\/127\.0\.0\.1:\d+\/\n$/);
});

test('a key that others can read is used, and warned of', posix, async (context) => {
  const data = await temporaryFolder(context);
  await shoal(['id', '--data', data]);
  await chmod(join(data, 'identity.pem'), 0o644);
  const node = await startUp(context, ['--data', data]);
  node.child.kill('SIGTERM');
  assert.match((await node.ended).stderr, /"level":"warn".*mode 644.*chmod 600/);
});

test('a damaged key is refused, and left as it is', async (context) => {
  const data = await temporaryFolder(context);
  const key = join(data, 'identity.pem');
  await writeFile(key, 'damaged');
  for (const verb of ['up', 'id']) {
    const { code, stderr } = await shoal([verb, '--data', data]);
    assert.equal(code, 5);
    assert.ok(stderr.includes(key), stderr);
  }
  assert.equal(await readFile(key, 'utf8'), 'damaged');
});

test('a data folder that is a file says so', async (context) => {
  const file = join(await temporaryFolder(context), 'file');
  await writeFile(file, '');
  const { code, stderr } = await shoal(['up', '--data', file]);
  assert.equal(code, 1);
  assert.ok(stderr.includes(`The data folder ${file} is not a folder.`), stderr);
});

// A small disk of its own, seen by one process only, wants a user namespace.
const unshare = ['--user', '--map-root-user', '--mount', '/bin/sh', '-c'];
const probe = await run('unshare', [...unshare, 'mount -t tmpfs tmpfs /mnt']).catch(() => ({ code: 1 }));
const ownDisk = { skip: probe.code !== 0 && 'no disk can be mounted here (unshare --user --mount)' };

/** Runs `shoal up` in the folder `disk/data` of a tmpfs of its own after `prepare`, and lists what it left. */
async function upOnDisk(
  folder: string,
  prepare: string,
): Promise<{ code: number; error: string; left: string[] }> {
  const disk = join(folder, 'disk');
  await mkdir(disk);
  const script = `cd "$0" && mount -t tmpfs -o size=64k tmpfs disk && cd disk && ${prepare} || exit 99
"$1" "$2" up --data data --api 127.0.0.1:0 2>&1; echo "code $?"; ls -A data`;
  const { stdout } = await run('unshare', [...unshare, script, folder, process.execPath, shoalPath]);
  const [error = '', code = '', names = ''] = stdout.split(/code (\d+)\n/);
  return { code: Number(code), error, left: names.split('\n').filter((name) => name !== '') };
}

test('a full disk says so, and nothing is left half-written', ownDisk, async (context) => {
  const fill = 'mkdir data && (cat /dev/zero > filler 2> /dev/null; true)';
  const { code, error, left } = await upOnDisk(await temporaryFolder(context), fill);
  assert.equal(code, 1);
  assert.match(error, /^error: The data folder \S+ is on a disk that is full\.\nMake room/);
  assert.deepEqual(left, ['lock'], 'the lock is an empty file');
});

test('a disk that is read-only says so, and nothing is left on it', ownDisk, async (context) => {
  const { code, error, left } = await upOnDisk(
    await temporaryFolder(context),
    'mkdir data && mount -o remount,ro .',
  );
  assert.equal(code, 1);
  assert.match(error, /^error: The data folder \S+ is on a disk that is read-only\.\n.*--data DIR/);
  assert.deepEqual(left, []);
});

test('a folder that this user may not write says so', {
  skip: await missingUser(),
}, async (context) => {
  const data = await temporaryFolder(context);
  await chmod(data, 0o555);
  const { code, stderr } = await shoalAsUser(['up', '--data', data, '--api', '127.0.0.1:0']);
  assert.equal(code, 1);
  assert.match(stderr, /^error: The data folder \S+ may not be written by this user\.\n.*--data DIR/);
  assert.deepEqual(await readdir(data), []);
});
