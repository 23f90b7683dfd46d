// Disks that are full or read-only, as the kernel tells it: small file systems in a mount namespace of their own.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createNodeWorld } from '@shoal/base/node';

const script = `
  import { createNodeWorld } from '@shoal/base/node';
  const { disk, hashing } = createNodeWorld();
  const codeOf = (promise) => promise.then(() => 'none', ({ code }) => code);
  const [full, readOnly, other] = process.argv.slice(1);
  const file = await disk.open(full + '/file', { write: true, create: true });
  const large = await codeOf(file.write([new Uint8Array(40_000), new Uint8Array(1_000_000)], 0));
  const shared = [new Uint8Array(new SharedArrayBuffer(40_000)), new Uint8Array(new SharedArrayBuffer(1_000_000))];
  const largeShared = await codeOf(file.write(shared, 0));
  const [, one] = shared;
  const store = { digest: hashing.digest('sha1', one), file, position: 0, length: one.length };
  const stored = await codeOf(hashing.run({ source: { kind: 'memory', blocks: [one] }, sha1: true, store }));
  await file.truncate(0);
  await file.write([new Uint8Array(1000)], 0);
  await file.close();
  console.log(JSON.stringify([
    large,
    largeShared,
    stored,
    await codeOf(disk.open(readOnly + '/file', { write: true, create: true })),
    await codeOf(disk.makeFolder(readOnly + '/folder')),
    await codeOf(disk.rename(full + '/file', other + '/file')),
    await codeOf(disk.renameNew(full + '/file', other + '/file')),
    (await disk.stat(full + '/file')).length,
  ]));
`;

const makePipe = 'mkfifo "$1"';

function namespaceReason(): string | false {
  try {
    execFileSync('unshare', ['--user', '--map-root-user', '--mount', 'true'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'no mount namespaces here';
  }
}

async function inTemporaryFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-base-'));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('full, read-only and other disks are told apart', { skip: namespaceReason() }, () =>
  inTemporaryFolder(async (folder) => {
    const shell = `
      set -e
      cd "$1" && mkdir full readonly other
      mount -t tmpfs -o size=64k tmpfs full
      mount -t tmpfs -o ro tmpfs readonly
      cd "$2" && exec "$3" --input-type=module --eval "$4" "$1/full" "$1/readonly" "$1/other"
    `;
    const parts = ['-c', shell, 'sh', folder, import.meta.dirname, process.execPath, script];
    const { stdout } = await promisify(execFile)(
      'unshare',
      ['--user', '--map-root-user', '--mount', 'sh', ...parts],
      { timeout: 20_000 },
    );
    assert.deepEqual(JSON.parse(stdout), [
      'no-space',
      'no-space',
      'no-space',
      'read-only',
      'read-only',
      'other-disk',
      'other-disk',
      1000,
    ]);
  }),
);

test(
  "somebody's named pipe or device is refused, not waited for",
  { skip: process.platform === 'win32' },
  () =>
    inTemporaryFolder(async (folder) => {
      const world = createNodeWorld();
      const pipe = join(folder, 'pipe');
      execFileSync('sh', ['-c', makePipe, 'sh', pipe]);
      await assert.rejects(world.disk.open(pipe), { code: 'invalid' });
      await assert.rejects(world.disk.open('/dev/zero'), { code: 'invalid' });
      assert.equal((await world.disk.stat(pipe)).kind, 'other');
      const ranges = [{ path: pipe, offset: 0, length: 10 }];
      const hashed = world.hashing.run({ source: { kind: 'file', ranges }, sha1: true });
      await hashed.then(
        ({ sha1 }) => assert.equal(sha1, undefined),
        ({ code }) => assert.notEqual(code, undefined),
      );
      await world.close();
    }),
);

test('a link is told apart from what it leads to', { skip: process.platform === 'win32' }, () =>
  inTemporaryFolder(async (folder) => {
    const world = createNodeWorld();
    const link = join(folder, 'link');
    await symlink('/etc', link);
    assert.equal((await world.disk.stat(link)).kind, 'link');
    await world.disk.renameNew(link, join(folder, 'moved'));
    assert.equal((await world.disk.stat(join(folder, 'moved'))).kind, 'link');
    await symlink('loop', join(folder, 'loop'));
    await assert.rejects(world.disk.open(join(folder, 'loop')), { code: 'invalid' });
    await world.close();
  }),
);

test('a place where no folder can be made says so, parent or no parent', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, async () => {
  const { disk, close } = createNodeWorld();
  await assert.rejects(disk.makeFolder('/proc/nothing/here'), { code: 'not-found' });
  await close();
});
