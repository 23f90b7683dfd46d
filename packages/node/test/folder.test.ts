import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { type Disk, type World, WorldError } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { openDataFolder } from '../src/folder/folder.ts';
import { lockFolder } from '../src/folder/lock.ts';

let world: World;
let parent: string;
let data: string;

before(() => {
  world = createNodeWorld();
});
after(() => world.close());
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'shoal-folder-'));
  data = join(parent, 'deep', 'data');
});
afterEach(() => rm(parent, { recursive: true }));

const announced = { pid: 12345, url: 'http://127.0.0.1:4870/', instance: 'abc', version: '0.1.0' };

test('a data folder is made for its owner alone, and remembers who the node is', async () => {
  const first = await openDataFolder(data, world);
  await first.announce(announced);
  if (process.platform !== 'win32') {
    assert.equal((await stat(data)).mode & 0o777, 0o700);
    for (const name of await readdir(data))
      assert.equal((await stat(join(data, name))).mode & 0o777, 0o600, name);
  }
  const token = await readFile(join(data, 'api-token'), 'utf8');
  assert.match(token, /^[0-9a-f]{64}\n$/);
  assert.deepEqual(JSON.parse(await readFile(join(data, 'node.json'), 'utf8')), announced);
  await first.close();
  assert.deepEqual((await readdir(data)).sort(), ['api-token', 'identity.pem', 'lock']);

  const second = await openDataFolder(data, world);
  assert.equal(second.identity.id, first.identity.id);
  assert.equal(await readFile(join(data, 'api-token'), 'utf8'), token);
  await second.close();
});

test('a second owner in the same process is told of the first, which stays the owner', async () => {
  const first = await openDataFolder(data, world);
  await first.announce(announced);
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(openDataFolder(data, world), {
      code: 'folder-owned',
      message: /the node with process id 12345, whose page is http:\/\/127\.0\.0\.1:4870\/\.\n.*--data DIR/,
    });
  }
  await first.close();
  await (await openDataFolder(data, world)).close();
});

test('a link to the data folder is the same folder', { skip: process.platform === 'win32' }, async () => {
  const first = await openDataFolder(data, world);
  await first.announce(announced);
  const link = join(parent, 'link');
  await symlink(data, link);
  await assert.rejects(openDataFolder(link, world), { code: 'folder-owned' });
  await first.close();
});

test('a second owner waits until the first, which is just starting, has said where it listens', async () => {
  const first = await openDataFolder(data, world);
  const second = assert.rejects(openDataFolder(data, world), { message: /process id 12345/ });
  await first.announce(announced);
  await second;
  await first.close();
});

test('of many that start at once, one owns the folder', async () => {
  await mkdir(data, { recursive: true });
  const locks = await Promise.all(Array.from({ length: 12 }, () => lockFolder(world.disk, data)));
  const held = locks.filter((lock) => lock !== undefined);
  assert.equal(held.length, 1);
  held[0]?.release();
  (await lockFolder(world.disk, data))?.release();
});

test('what a killed node left in node.json is believed by nobody, though its process id lives again', async () => {
  await mkdir(data, { recursive: true });
  await writeFile(join(data, 'node.json'), JSON.stringify({ ...announced, pid: process.pid }));
  await writeFile(join(data, 'node.json.new'), '{"pid":');
  const folder = await openDataFolder(data, world);
  assert.ok(!(await readdir(data)).includes('node.json'));
  await folder.announce(announced);
  assert.ok(!(await readdir(data)).includes('node.json.new'));
  await folder.close();
});

test('a node.json that is not one makes no second owner stumble', async () => {
  const first = await openDataFolder(data, world);
  for (const text of ['', '{', 'null', '[]', '{"pid":"1"}', 'x'.repeat(100_000)]) {
    await writeFile(join(data, 'node.json'), text);
    await assert.rejects(openDataFolder(data, impatient(world)), {
      code: 'folder-owned',
      message: /another node/,
    });
  }
  await first.close();
});

test('a damaged api-token is made anew, a damaged key is not', async () => {
  await (await openDataFolder(data, world)).close();
  await writeFile(join(data, 'api-token'), 'half');
  await (await openDataFolder(data, world)).close();
  assert.match(await readFile(join(data, 'api-token'), 'utf8'), /^[0-9a-f]{64}\n$/);

  await writeFile(join(data, 'identity.pem'), 'half');
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(openDataFolder(data, world), { name: 'IdentityError', code: 'damaged-key' });
  }
  assert.equal(await readFile(join(data, 'identity.pem'), 'utf8'), 'half');
});

test('a file in the place of the data folder, or above it, says so', async () => {
  await writeFile(join(parent, 'file'), '');
  for (const path of [join(parent, 'file'), join(parent, 'file', 'below')]) {
    await assert.rejects(openDataFolder(path, world), {
      code: 'folder-unusable',
      message: new RegExp(`${path} is not a folder`),
    });
  }
});

test('a lock file that something else has written to says so', async () => {
  await mkdir(data, { recursive: true });
  await writeFile(join(data, 'lock'), 'something else\n'.repeat(100));
  await assert.rejects(openDataFolder(data, world), { code: 'folder-unusable', message: /cannot be locked/ });
});

const diskErrors = [
  ['read-only', 'folder-read-only', /disk that is read-only/],
  ['permission', 'folder-read-only', /may not be written/],
  ['no-space', 'folder-full', /full\.\nMake room/],
  ['io', 'folder-unusable', /cannot be used/],
] as const;
for (const [worldCode, code, message] of diskErrors) {
  test(`a disk that fails with ${worldCode} at any step is named, leaves nothing half-written, and nothing locked`, async () => {
    for (let step = 0; ; step++) {
      const disk = failingAfter(world.disk, step, worldCode);
      const failure = await openAndAnnounce({ ...world, disk }).catch((error: unknown) => error);
      const names = await readdir(data).catch((): string[] => []);
      assert.deepEqual(
        names.filter((name) => name.endsWith('.new')),
        [],
        `step ${step}`,
      );
      if (!(failure instanceof Error)) break;
      assert.ok('code' in failure && failure.code === code, `step ${step}: ${failure}`);
      assert.match(failure.message, message);
      assert.ok(step < 30);
    }
  });
}

async function openAndAnnounce(parts: World): Promise<void> {
  const folder = await openDataFolder(data, parts);
  try {
    await folder.announce(announced);
  } finally {
    await folder.close();
  }
}

/** Every change after the first `count` fails; what takes something away still works. */
function failingAfter(disk: Disk, count: number, code: 'read-only' | 'permission' | 'no-space' | 'io'): Disk {
  let left = count;
  const gate = <Value>(change: () => Promise<Value>): Promise<Value> =>
    left-- > 0 ? change() : Promise.reject(new WorldError(code, 'the disk fails'));
  return {
    ...disk,
    async open(path, options) {
      const open = () => disk.open(path, options);
      const file = options?.write ? await gate(open) : await open();
      return {
        read: (...given) => file.read(...given),
        write: (...given) => gate(() => file.write(...given)),
        truncate: (length) => gate(() => file.truncate(length)),
        stat: () => file.stat(),
        sync: () => gate(() => file.sync()),
        close: () => file.close(),
      };
    },
    makeFolder: (...given) => gate(() => disk.makeFolder(...given)),
    rename: (...given) => gate(() => disk.rename(...given)),
    renameNew: (...given) => gate(() => disk.renameNew(...given)),
  };
}

/** Its clock goes a thousand times as fast. */
function impatient(from: World): Pick<World, 'clock' | 'disk' | 'random'> {
  const { clock, disk, random } = from;
  return {
    disk,
    random,
    clock: {
      ...clock,
      nowMs: () => clock.nowMs() * 1000,
      wallTimeMs: () => clock.wallTimeMs(),
      setTimer: (_ms, done) => clock.setTimer(1, done),
    },
  };
}
