import assert from 'node:assert/strict';
import type { Disk } from '../world/disk.ts';
import { rejectsWith } from './expect.ts';
import type { WorldTest } from './harness.ts';
import { pattern } from './recorder.ts';

async function make(disk: Disk, path: string, length: number): Promise<void> {
  const file = await disk.open(path, { write: true, create: true });
  await file.write([pattern(length)], 0);
  await file.close();
}

async function lengthOf(disk: Disk, path: string): Promise<number> {
  return (await disk.stat(path)).length;
}

export function testDiskNames(test: WorldTest): void {
  test('stat tells files, folders and nothing apart', async ({ a: { disk, clock }, folder }) => {
    await make(disk, `${folder}/file`, 1234);
    const stat = await disk.stat(`${folder}/file`);
    assert.equal(stat.kind, 'file');
    assert.equal(stat.length, 1234);
    assert.ok(Math.abs(stat.modifiedMs - clock.wallTimeMs()) < 60_000);
    assert.equal((await disk.stat(folder)).kind, 'folder');
    await rejectsWith('not-found', disk.stat(`${folder}/none`));
    await rejectsWith('not-folder', disk.stat(`${folder}/file/below`));
  });

  test('a file keeps its id through writes and renames, and its successor has another', async (pair) => {
    const { disk } = pair.a;
    const path = `${pair.folder}/file`;
    await make(disk, path, 10);
    const { id } = await disk.stat(path);
    await make(disk, path, 500);
    assert.equal((await disk.stat(path)).id, id);
    await disk.rename(path, `${pair.folder}/moved`);
    assert.equal((await disk.stat(`${pair.folder}/moved`)).id, id);
    await make(disk, path, 10);
    assert.notEqual((await disk.stat(path)).id, id);
    await disk.rename(path, `${pair.folder}/moved`);
    assert.notEqual((await disk.stat(`${pair.folder}/moved`)).id, id);
  });

  test('folders are made with those above them, and list what is in them', async ({
    a: { disk },
    folder,
  }) => {
    await disk.makeFolder(`${folder}/one/two/three`);
    await disk.makeFolder(`${folder}/one/two`);
    await make(disk, `${folder}/one/file with spaces`, 1);
    await make(disk, `${folder}/one/ünï-😀`, 1);
    assert.deepEqual((await disk.list(`${folder}/one`)).sort(), ['file with spaces', 'two', 'ünï-😀']);
    assert.deepEqual(await disk.list(`${folder}/one/two/three`), []);
    await rejectsWith('not-found', disk.list(`${folder}/none`));
  });

  test('no folder is made over or under a file', async ({ a: { disk }, folder }) => {
    await make(disk, `${folder}/file`, 1);
    await rejectsWith('exists', disk.makeFolder(`${folder}/file`));
    await rejectsWith('not-folder', disk.makeFolder(`${folder}/file/below`));
    assert.equal(await lengthOf(disk, `${folder}/file`), 1);
  });

  test('rename replaces a file that is there', async ({ a: { disk }, folder }) => {
    await make(disk, `${folder}/from`, 10);
    await make(disk, `${folder}/to`, 20);
    await disk.rename(`${folder}/from`, `${folder}/to`);
    assert.equal(await lengthOf(disk, `${folder}/to`), 10);
    assert.deepEqual(await disk.list(folder), ['to']);
    await rejectsWith('not-found', disk.rename(`${folder}/from`, `${folder}/to`));
    await rejectsWith('not-found', disk.rename(`${folder}/to`, `${folder}/none/to`));
    assert.equal(await lengthOf(disk, `${folder}/to`), 10);
  });

  test('renameNew moves a file or a folder to a free name', async ({ a: { disk }, folder }) => {
    await make(disk, `${folder}/from`, 10);
    await disk.renameNew(`${folder}/from`, `${folder}/to`);
    await disk.makeFolder(`${folder}/old/inside`);
    await disk.renameNew(`${folder}/old`, `${folder}/new`);
    assert.deepEqual((await disk.list(folder)).sort(), ['new', 'to']);
    assert.deepEqual(await disk.list(`${folder}/new`), ['inside']);
    assert.equal(await lengthOf(disk, `${folder}/to`), 10);
    await rejectsWith('not-found', disk.renameNew(`${folder}/from`, `${folder}/other`));
  });

  test('renameNew never touches what is there', async ({ a: { disk }, folder }) => {
    await make(disk, `${folder}/from`, 10);
    await make(disk, `${folder}/to`, 20);
    await disk.makeFolder(`${folder}/folder`);
    await disk.makeFolder(`${folder}/empty`);
    await rejectsWith('exists', disk.renameNew(`${folder}/from`, `${folder}/to`));
    await rejectsWith('exists', disk.renameNew(`${folder}/from`, `${folder}/empty`));
    await rejectsWith('exists', disk.renameNew(`${folder}/folder`, `${folder}/to`));
    await rejectsWith('exists', disk.renameNew(`${folder}/folder`, `${folder}/empty`));
    assert.equal(await lengthOf(disk, `${folder}/from`), 10);
    assert.equal(await lengthOf(disk, `${folder}/to`), 20);
    assert.deepEqual((await disk.list(folder)).sort(), ['empty', 'folder', 'from', 'to']);
  });

  test('of two that claim a name with renameNew, one gets it', async ({ a: { disk }, folder }) => {
    await make(disk, `${folder}/one`, 1);
    await make(disk, `${folder}/two`, 2);
    const outcomes = await Promise.allSettled([
      disk.renameNew(`${folder}/one`, `${folder}/to`),
      disk.renameNew(`${folder}/two`, `${folder}/to`),
    ]);
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal((await disk.list(folder)).length, 2);
  });

  test('files are removed as files, folders as empty folders', async ({ a: { disk }, folder }) => {
    await make(disk, `${folder}/file`, 10);
    await disk.makeFolder(`${folder}/full/inside`);
    await rejectsWith('is-folder', disk.removeFile(`${folder}/full`));
    await rejectsWith('not-folder', disk.removeEmptyFolder(`${folder}/file`));
    await rejectsWith('not-empty', disk.removeEmptyFolder(`${folder}/full`));
    await disk.removeFile(`${folder}/file`);
    await disk.removeEmptyFolder(`${folder}/full/inside`);
    await disk.removeEmptyFolder(`${folder}/full`);
    assert.deepEqual(await disk.list(folder), []);
    await rejectsWith('not-found', disk.removeFile(`${folder}/file`));
    await rejectsWith('not-found', disk.removeEmptyFolder(`${folder}/full`));
  });

  test('a name that is too long says so', async ({ a: { disk }, folder }) => {
    const path = `${folder}/${'n'.repeat(256)}`;
    await rejectsWith('name-too-long', disk.open(path, { write: true, create: true }));
    await rejectsWith('name-too-long', disk.makeFolder(path));
  });

  test('a path with a zero character is invalid', async ({ a: { disk }, folder }) => {
    await rejectsWith('invalid', disk.open(`${folder}/a\0b`, { write: true, create: true }));
    await rejectsWith('invalid', disk.stat(`${folder}/a\0b`));
    await rejectsWith('invalid', disk.makeFolder(`${folder}/a\0b`));
  });

  test('a folder can be synced, and its disk has room', async ({ a: { disk }, folder }) => {
    await make(disk, `${folder}/file`, 10);
    await disk.syncFolder(folder);
    assert.ok((await disk.freeBytes(folder)) > 1_000_000);
    await rejectsWith('not-found', disk.syncFolder(`${folder}/none`));
    await rejectsWith('not-found', disk.freeBytes(`${folder}/none`));
  });
}
