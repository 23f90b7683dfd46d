import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { type Disk, type DiskFile, type World, WorldError } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { IdentityError, type OpenedIdentity, openIdentity } from '../src/index.ts';

let world: World;
let folder: string;
let path: string;

before(() => {
  world = createNodeWorld();
});
after(() => world.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-identity-'));
  path = join(folder, 'identity.pem');
});
afterEach(() => rm(folder, { recursive: true }));

function open(disk: Disk = world.disk): Promise<OpenedIdentity> {
  return openIdentity({ disk, random: world.random, folder, path });
}

test('a key is made once, for its owner alone, and loaded afterwards', async () => {
  const made = await open();
  assert.equal(made.isNew, true);
  if (process.platform !== 'win32') assert.equal((await stat(path)).mode & 0o777, 0o600);
  const text = await readFile(path, 'utf8');
  const loaded = await open();
  assert.equal(loaded.isNew, false);
  assert.equal(loaded.identity.id, made.identity.id);
  assert.equal(await readFile(path, 'utf8'), text);
  assert.deepEqual(await readdir(folder), ['identity.pem']);
});

test('of many that want to make the key at once, all get the same one', async () => {
  const opened = await Promise.all(Array.from({ length: 16 }, () => open()));
  assert.equal(new Set(opened.map(({ identity }) => identity.id)).size, 1);
  assert.equal(opened.filter(({ isNew }) => isNew).length, 1);
  assert.deepEqual(await readdir(folder), ['identity.pem']);
});

test('a key that others may read is used, and reported', { skip: process.platform === 'win32' }, async () => {
  assert.equal((await open()).looseMode, undefined);
  for (const mode of [0o640, 0o604, 0o620, 0o666]) {
    await chmod(path, mode);
    assert.equal((await open()).looseMode, mode);
  }
  await chmod(path, 0o400);
  assert.equal((await open()).looseMode, undefined);
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const damages: readonly [string, () => Promise<void>][] = [
  ['empty', () => truncate(path, 0)],
  ['cut short', () => truncate(path, 200)],
  ['filled with zeros', () => writeFile(path, new Uint8Array(243))],
  [
    'not text',
    () =>
      writeFile(
        path,
        Uint8Array.from({ length: 300 }, (_, i) => i),
      ),
  ],
  ['of another kind', () => writeFile(path, rsa.export({ format: 'pem', type: 'pkcs8' }))],
  ['much too long', () => writeFile(path, new Uint8Array(100_000))],
  [
    'that of another node than its remark says',
    async () => writeFile(path, (await readFile(path, 'utf8')).replace(/Shoal node ../, 'Shoal node zz')),
  ],
];

for (const [what, damage] of damages) {
  test(`a key file that is ${what} is a clear error, and is left as it is`, async () => {
    await open();
    await damage();
    const left = await readFile(path);
    await assert.rejects(open(), (error: unknown) => {
      assert.ok(error instanceof IdentityError);
      assert.equal(error.code, 'damaged-key');
      assert.ok(error.message.includes(path));
      return true;
    });
    assert.deepEqual(await readFile(path), left);
  });
}

test('a folder in the place of the key is a clear error', async () => {
  await mkdir(path);
  await assert.rejects(open(), { name: 'IdentityError', code: 'damaged-key' });
});

const steps = ['write', 'sync', 'renameNew'] as const;
for (const step of steps) {
  test(`a disk that is full at ${step} leaves nothing behind`, async () => {
    await assert.rejects(open(failingAt(world.disk, step)), { name: 'WorldError', code: 'no-space' });
    assert.deepEqual(await readdir(folder), []);
    assert.equal((await open()).isNew, true);
  });
}

function failingAt(disk: Disk, step: (typeof steps)[number]): Disk {
  const fail = () => Promise.reject(new WorldError('no-space', 'no room'));
  return {
    ...disk,
    async open(...parameters) {
      const file = await disk.open(...parameters);
      const failing: DiskFile = {
        read: (...given) => file.read(...given),
        write: (...given) => (step === 'write' ? fail() : file.write(...given)),
        truncate: (length) => file.truncate(length),
        stat: () => file.stat(),
        sync: () => (step === 'sync' ? fail() : file.sync()),
        close: () => file.close(),
      };
      return failing;
    },
    renameNew: (...given) => (step === 'renameNew' ? fail() : disk.renameNew(...given)),
  };
}
