// Content through Node's disk: pieces go in, come out, and survive a restart.

import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { suite, test } from 'node:test';
import type { World } from '@shoal/base';
import { type Content, type FileStamp, OpenFiles, StorageError, type Verdict } from '@shoal/storage';
import { makeSample, openPlace, optionsFor, type Sample, slabsOf } from './world.ts';

const pieceLength = 32768;

async function fetchAll(content: Content, sample: Sample, skip: (piece: number) => boolean = () => false) {
  const writes: Promise<unknown>[] = [];
  for (let piece = 0; piece < sample.layout.pieceCount; piece++) {
    if (content.good.has(piece) || skip(piece)) continue;
    writes.push(content.storePiece(piece, slabsOf(sample.piece(piece))));
  }
  await Promise.all(writes);
}

async function releaseAll(content: Content) {
  for (const file of content.completeFiles()) await content.release(file);
}

function album(world: World): Sample {
  return makeSample(
    world,
    [
      { path: 'a', length: 100_000 },
      { path: 'sub/empty', length: 0 },
      { path: 'sub/b', length: 10 },
      { path: 'pad', length: 12_345, isPad: true },
      { path: 'sub/deep/c', length: 70_001 },
    ],
    pieceLength,
  );
}

async function verdictsOf(content: Content): Promise<Map<number, Verdict>> {
  const verdicts = new Map<number, Verdict>();
  await content.check({ onPiece: (piece, verdict) => verdicts.set(piece, verdict) });
  return verdicts;
}

async function isRefused(promise: Promise<unknown>, code: string) {
  await assert.rejects(promise, (error) => error instanceof StorageError && error.code === code);
}

suite('content', () => {
  test('pieces that were written can be read, and files get their names when they are released', async () => {
    await using place = await openPlace();
    const sample = album(place.world);
    const content = await place.open(optionsFor(place, sample));
    await content.check();
    assert.deepEqual(await readdir(place.folder), []);
    await fetchAll(content, sample);
    assert.ok(content.good.isFull);
    assert.deepEqual((await readdir(`${place.folder}/out`)).sort(), ['a.part', 'sub']);
    assert.deepEqual(content.completeFiles().sort(), [0, 1, 2, 4]);
    await releaseAll(content);
    assert.deepEqual(content.completeFiles(), []);
    assert.deepEqual(await readFile(`${place.folder}/out/a`), Buffer.from(sample.file(0)));
    assert.deepEqual(await readFile(`${place.folder}/out/sub/b`), Buffer.from(sample.file(2)));
    assert.deepEqual(await readFile(`${place.folder}/out/sub/deep/c`), Buffer.from(sample.file(4)));
    assert.equal((await stat(`${place.folder}/out/sub/empty`)).size, 0);
    assert.deepEqual((await readdir(`${place.folder}/out/sub`)).sort(), ['b', 'deep', 'empty']);

    // Over three files and the padding, into views with gaps between them.
    const send = new Uint8Array(60_026).fill(7);
    const views = [send.subarray(13, 30_013), send.subarray(30_026, 60_026)];
    assert.ok(await content.read(3, 0, [...views.map((view) => view.subarray(0, 16_000))]));
    assert.ok(await content.read(2, 20_000, views));
    const from = 2 * pieceLength + 20_000;
    assert.deepEqual(views[0], sample.bytes.subarray(from, from + 30_000));
    assert.deepEqual(views[1], sample.bytes.subarray(from + 30_000, from + 60_000));
    assert.deepEqual(send.subarray(0, 13), new Uint8Array(13).fill(7));
    assert.equal(await content.read(5, 0, [new Uint8Array(pieceLength)]), false);
    await content.close();
  });

  test('after a clean stop nothing is hashed again', async () => {
    await using place = await openPlace();
    const sample = album(place.world);
    const first = await place.open(optionsFor(place, sample));
    await first.check();
    await fetchAll(first, sample, (piece) => piece === 1);
    await releaseAll(first);
    await first.close();

    const second = await place.open(optionsFor(place, sample));
    assert.equal(second.uncheckedCount, 0);
    assert.equal(second.good.count, sample.layout.pieceCount - 1);
    await fetchAll(second, sample);
    await releaseAll(second);
    await second.close();

    const third = await place.open(optionsFor(place, sample));
    assert.equal(third.uncheckedCount, 0);
    assert.ok(third.good.isFull);
    assert.deepEqual(third.completeFiles(), []);
    await third.close();
  });

  test('without a boot id a clean stop syncs, and nothing is hashed again either', async () => {
    await using place = await openPlace();
    const sample = album(place.world);
    const options = { ...optionsFor(place, sample), bootId: '' };
    const first = await place.open(options);
    await first.check();
    await fetchAll(first, sample);
    await first.close();
    const second = await place.open(options);
    assert.ok(second.good.isFull);
    await second.close();
  });

  test('after the machine was started again, what was not synced is hashed', async () => {
    await using place = await openPlace();
    const sample = album(place.world);
    const first = await place.open(optionsFor(place, sample));
    await first.check();
    await fetchAll(first, sample);
    await first.close();
    const second = await place.open({ ...optionsFor(place, sample), bootId: 'boot-2' });
    assert.ok(second.good.isEmpty);
    assert.equal(second.uncheckedCount, sample.layout.pieceCount);
    await second.check();
    assert.ok(second.good.isFull);
    await second.close();
  });

  test('a file that was changed since is hashed again, the others are not', async () => {
    await using place = await openPlace();
    const sample = album(place.world);
    const first = await place.open(optionsFor(place, sample));
    await first.check();
    await fetchAll(first, sample);
    await releaseAll(first);
    await first.close();

    const path = `${place.folder}/out/a`;
    const changed = await readFile(path);
    changed[40_000] = (changed[40_000] ?? 0) ^ 1;
    await writeFile(path, changed);
    const second = await place.open(optionsFor(place, sample));
    assert.deepEqual(
      await verdictsOf(second),
      new Map([
        [0, 'good'],
        [1, 'bad'],
        [2, 'good'],
        [3, 'good'],
      ]),
    );
    assert.equal(second.good.has(1), false);
    await fetchAll(second, sample);
    assert.deepEqual(await readdir(`${place.folder}/out`), ['a.part', 'sub']);
    await releaseAll(second);
    await second.close();
    assert.deepEqual(await readFile(path), Buffer.from(sample.file(0)));
  });

  test('a time that was set back is noticed, and the file hashed', async () => {
    await using place = await openPlace();
    const sample = makeSample(place.world, [{ path: 'a', length: 100_000 }], pieceLength);
    const first = await place.open(optionsFor(place, sample));
    await first.check();
    await fetchAll(first, sample);
    await first.close();
    await utimes(`${place.folder}/out/a.part`, 1, 1);
    const second = await place.open(optionsFor(place, sample));
    assert.equal(second.uncheckedCount, 4);
    await second.close();
  });

  test('a kill before anything was recorded costs a hashing, and no byte', async () => {
    await using place = await openPlace();
    const sample = album(place.world);
    // What was only written is not recorded without a boot id.
    const options = { ...optionsFor(place, sample), bootId: '' };
    const killed = await place.open(options);
    await killed.check();
    await fetchAll(killed, sample, (piece) => piece === 2);
    // The same state, seen by another process.
    const next = await place.open({ ...options, openFiles: new OpenFiles(place.world.disk) });
    assert.ok(next.good.isEmpty);
    await next.check();
    assert.equal(next.good.count, sample.layout.pieceCount - 1);
    await next.close();
    await killed.close();
  });

  test('data that is there already is verified, and goes on from there', async () => {
    await using place = await openPlace();
    const sample = makeSample(place.world, [{ path: 'a', length: 100_000 }], pieceLength);
    await mkdir(`${place.folder}/out`);
    await writeFile(`${place.folder}/out/a`, sample.file(0).subarray(0, 40_000));
    const content = await place.open(optionsFor(place, sample));
    assert.deepEqual(await verdictsOf(content), new Map([[0, 'good']]));
    await fetchAll(content, sample);
    assert.deepEqual(await readdir(`${place.folder}/out`), ['a.part']);
    await releaseAll(content);
    assert.deepEqual(await readFile(`${place.folder}/out/a`), Buffer.from(sample.file(0)));
    await content.close();
  });

  test('a longer file with the right beginning is cut when it is completed', async () => {
    await using place = await openPlace();
    const sample = makeSample(place.world, [{ path: 'a', length: 100_000 }], pieceLength);
    await mkdir(`${place.folder}/out`);
    await writeFile(`${place.folder}/out/a`, Buffer.concat([sample.file(0), Buffer.from('more')]));
    const content = await place.open(optionsFor(place, sample));
    await content.check();
    assert.ok(content.good.isFull);
    assert.deepEqual(content.completeFiles(), [0]);
    assert.equal(content.fileState(0).isReleased, false);
    await releaseAll(content);
    assert.deepEqual(await readFile(`${place.folder}/out/a`), Buffer.from(sample.file(0)));
    await content.close();
  });

  for (const [what, bytes] of [
    ['of other bytes', Buffer.alloc(100_000, 1)],
    ['that is empty', Buffer.alloc(0)],
    ['that is short', Buffer.from('mine')],
  ] as const) {
    test(`a file ${what} is somebody's: refused, and replaced only when asked for`, async () => {
      await using place = await openPlace();
      const sample = makeSample(place.world, [{ path: 'a', length: 100_000 }], pieceLength);
      await mkdir(`${place.folder}/out`);
      const path = `${place.folder}/out/a`;
      await writeFile(path, bytes);
      const content = await place.open(optionsFor(place, sample));
      await isRefused(content.check(), 'in-the-way');
      await content.close();
      assert.deepEqual(await readFile(path), bytes);

      const bold = await place.open({ ...optionsFor(place, sample), overwrite: true });
      await bold.check();
      await fetchAll(bold, sample);
      assert.deepEqual(await readFile(path), bytes);
      await releaseAll(bold);
      await bold.close();
      assert.deepEqual(await readFile(path), Buffer.from(sample.file(0)));
    });
  }

  test('a small file whose piece needs missing files is compared before it is replaced', async () => {
    await using place = await openPlace();
    const files = ['a', 'b', 'c'].map((path) => ({ path, length: 1000 }));
    const sample = makeSample(place.world, files, pieceLength);
    await mkdir(`${place.folder}/out`);
    await writeFile(`${place.folder}/out/a`, sample.file(0));
    await writeFile(`${place.folder}/out/b`, Buffer.alloc(1000, 1));
    const content = await place.open(optionsFor(place, sample));
    await content.check();
    await fetchAll(content, sample);
    await content.release(0);
    await content.release(2);
    await isRefused(content.release(1), 'in-the-way');
    assert.deepEqual(await readFile(`${place.folder}/out/b`), Buffer.alloc(1000, 1));
    assert.deepEqual(content.completeFiles(), [1]);
    await content.close();
  });

  test('a folder or a foreign incomplete file in the way is refused', async () => {
    await using place = await openPlace();
    const sample = makeSample(place.world, [{ path: 'a', length: 100_000 }], pieceLength);
    await mkdir(`${place.folder}/one/a`, { recursive: true });
    await mkdir(`${place.folder}/two`);
    await writeFile(`${place.folder}/two/a.part`, Buffer.alloc(100_000, 1));
    for (const name of ['one', 'two']) {
      const content = await place.open({ ...optionsFor(place, sample), folder: `${place.folder}/${name}` });
      await isRefused(content.check(), 'in-the-way');
      await content.close();
    }
  });

  test('a link to whole data is read, and never written through', async () => {
    await using place = await openPlace();
    const sample = makeSample(place.world, [{ path: 'a', length: 100_000 }], pieceLength);
    await mkdir(`${place.folder}/out`);
    await writeFile(`${place.folder}/elsewhere`, sample.file(0));
    await symlink(`${place.folder}/elsewhere`, `${place.folder}/out/a`);
    const content = await place.open(optionsFor(place, sample));
    await content.check();
    assert.ok(content.good.isFull);
    assert.deepEqual(content.completeFiles(), []);
    await content.close();
    await truncate(`${place.folder}/elsewhere`, 50_000);
    const again = await place.open(optionsFor(place, sample));
    await isRefused(again.check(), 'in-the-way');
    await again.close();
    assert.equal((await stat(`${place.folder}/elsewhere`)).size, 50_000);
  });

  test('what nobody wants stays out of the folder, and moves in when it is wanted', async () => {
    await using place = await openPlace();
    const sample = album(place.world);
    const options = { ...optionsFor(place, sample), isWanted: (file: number) => file === 2 };
    const content = await place.open(options);
    await content.check();
    await fetchAll(content, sample, (piece) => piece !== 3);
    assert.deepEqual(await readdir(`${place.folder}/out`), ['sub']);
    assert.deepEqual(await readdir(`${place.folder}/out/sub`), ['b.part']);
    await releaseAll(content);
    assert.deepEqual(await readFile(`${place.folder}/out/sub/b`), Buffer.from(sample.file(2)));
    const all = new Uint8Array(pieceLength);
    assert.ok(await content.read(3, 0, [all]));
    assert.deepEqual(all, sample.piece(3));
    await content.close();

    const again = await place.open(options);
    assert.deepEqual([...again.good.indices()], [3]);
    assert.equal(again.uncheckedCount, 0);
    await again.setWanted(4, true);
    assert.ok(await again.read(3, 0, [all]));
    assert.deepEqual(all, sample.piece(3));
    assert.deepEqual((await readdir(`${place.folder}/out/sub`)).sort(), ['b', 'deep']);
    await again.setWanted(0, true);
    await again.setWanted(1, true);
    await fetchAll(again, sample);
    await releaseAll(again);
    await again.close();
    assert.deepEqual(await readFile(`${place.folder}/out/a`), Buffer.from(sample.file(0)));
    assert.deepEqual(await readFile(`${place.folder}/out/sub/deep/c`), Buffer.from(sample.file(4)));
  });

  test('a piece in memory is judged and written in one go, and a bad one is not written', async () => {
    await using place = await openPlace();
    const sample = album(place.world);
    const content = await place.open(optionsFor(place, sample));
    await content.check();
    // One within a file, one over three files, and the last.
    for (const piece of [1, 3, sample.layout.pieceCount - 1]) {
      const bytes = sample.piece(piece);
      const wrong = bytes.slice();
      wrong[7] = (wrong[7] ?? 0) ^ 1;
      assert.equal((await content.storePiece(piece, slabsOf(wrong))).verdict, 'bad');
      assert.equal(content.good.has(piece), false);
      assert.notEqual((await content.judge(piece)).verdict, 'good');
      assert.equal((await content.storePiece(piece, slabsOf(bytes))).verdict, 'good');
      assert.equal(content.queuedBytes, 0);
      assert.ok(content.good.has(piece));
      assert.equal((await content.judge(piece)).verdict, 'good');
      await isRefused(content.storePiece(piece, slabsOf(bytes)), 'invalid');
    }
    await content.close();
    await isRefused(content.storePiece(0, slabsOf(sample.piece(0))), 'closed');
  });

  test('a content that is closed while a piece is being stored records it', async () => {
    await using place = await openPlace();
    const sample = album(place.world);
    const first = await place.open(optionsFor(place, sample));
    await first.check();
    const storing = first.storePiece(1, slabsOf(sample.piece(1)));
    assert.equal(first.queuedBytes, sample.piece(1).length);
    await first.close();
    assert.equal((await storing).verdict, 'good');
    const second = await place.open(optionsFor(place, sample));
    assert.ok(!(await verdictsOf(second)).has(1));
    assert.ok(second.good.has(1));
    await second.close();
  });

  test('blocks of a long piece are spilled, judged by reading them back, and only then good', async () => {
    await using place = await openPlace();
    const sample = album(place.world);
    const content = await place.open(optionsFor(place, sample));
    await content.check();
    const bytes = sample.piece(3);
    await content.writeBlocks(3, 0, slabsOf(bytes.subarray(0, 16384)));
    assert.equal((await content.judge(3)).verdict, 'missing');
    const wrong = bytes.slice(16384);
    wrong[0] = (wrong[0] ?? 0) ^ 1;
    await content.writeBlocks(3, 16384, [wrong]);
    assert.equal((await content.judge(3)).verdict, 'bad');
    assert.equal((await content.judge(3, [bytes])).verdict, 'good');
    assert.equal((await content.judge(3, [wrong])).verdict, 'bad');
    await content.writeBlocks(3, 16384, [bytes.subarray(16384)]);
    assert.equal((await content.judge(3)).verdict, 'good');
    assert.equal(content.good.has(3), false);
    content.acceptPiece(3);
    assert.ok(content.good.has(3));
    await isRefused(content.writeBlocks(3, 0, [bytes]), 'invalid');
    await content.close();
  });

  test('a piece that went bad stays bad, whatever is recorded of its file afterwards', async () => {
    await using place = await openPlace();
    const sample = makeSample(place.world, [{ path: 'a', length: 100_000 }], pieceLength);
    const first = await place.open(optionsFor(place, sample));
    await first.check();
    await fetchAll(first, sample, (piece) => piece === 2);
    await first.close();
    const path = `${place.folder}/out/a.part`;
    const changed = await readFile(path);
    changed[0] = (changed[0] ?? 0) ^ 1;
    await writeFile(path, changed);

    const second = await place.open(optionsFor(place, sample));
    await second.check();
    await second.storePiece(2, slabsOf(sample.piece(2)));
    await second.close();
    const third = await place.open(optionsFor(place, sample));
    assert.deepEqual([...third.good.indices()], [1, 2, 3]);
    assert.equal(third.uncheckedCount, 0);
    await third.close();
  });

  test('all files of a torrent that was just made are good without hashing, until they change', async () => {
    await using place = await openPlace();
    const sample = album(place.world);
    for (const [index, file] of sample.layout.files.entries()) {
      if (file.isPad) continue;
      const path = `${place.folder}/out/${file.path.join('/')}`;
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, sample.file(index));
    }
    const hashed: FileStamp[] = [];
    for (const [file, { path, isPad }] of sample.layout.files.entries()) {
      if (isPad) continue;
      const { id, length, modifiedMs } = await place.world.disk.stat(`${place.folder}/out/${path.join('/')}`);
      hashed.push({ file, id, length, modifiedMs });
    }
    const content = await place.open({ ...optionsFor(place, sample), hashed });
    assert.ok(content.good.isFull);
    await content.check();
    assert.deepEqual(content.completeFiles(), []);
    await content.close();

    await writeFile(`${place.folder}/out/sub/b`, 'changed it');
    const again = await place.open({ ...optionsFor(place, sample), hashed });
    assert.equal(again.good.has(3), false);
    assert.equal(again.uncheckedCount, 1);
    await again.close();
  });

  test('a journal that was tampered with is never believed beyond its first wrong byte', async () => {
    await using place = await openPlace();
    const sample = makeSample(place.world, [{ path: 'a', length: 100_000 }], 4096);
    const options = optionsFor(place, sample);
    const first = await place.open(options);
    await first.check();
    await fetchAll(first, sample, (piece) => piece % 3 !== 1);
    await first.close();
    const sound = await readFile(options.journal);
    let random = 7;
    const below = (bound: number) => {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      return random % bound;
    };
    for (let run = 0; run < 400; run++) {
      const bytes = Buffer.from(sound);
      const at = below(bytes.length);
      const kind = below(3);
      if (kind === 0) bytes[at] = (bytes[at] ?? 0) + 1;
      if (kind === 1) for (let i = 0; i < 8; i++) bytes[below(bytes.length)] = below(256);
      await writeFile(options.journal, kind === 2 ? bytes.subarray(0, at) : bytes);
      const content = await place.open(options);
      for (const piece of content.good.indices()) assert.equal(piece % 3, 1);
      await content.close();
    }
  });

  test('two transfers do not work on one journal, or write one file', async () => {
    await using place = await openPlace();
    const sample = makeSample(place.world, [{ path: 'a', length: 100_000 }], pieceLength);
    const options = optionsFor(place, sample);
    const first = await place.open(options);
    await first.check();
    await isRefused(place.open(options), 'locked');
    await isRefused(
      place.open({ ...options, lock: async () => undefined, journal: `${options.journal}2` }),
      'locked',
    );
    const other = await place.open({ ...options, journal: `${options.journal}3` });
    await other.check();
    await fetchAll(first, sample, (piece) => piece !== 0);
    await isRefused(fetchAll(other, sample), 'locked');
    await first.close();
    let released = 0;
    const locked = await place.open({ ...options, lock: async () => ({ release: () => released++ }) });
    await locked.close();
    assert.equal(released, 1);
  });

  test('a file is allocated in full before its first byte, where that was asked for', async () => {
    await using place = await openPlace();
    const sample = makeSample(place.world, [{ path: 'a', length: 3_000_000 }], pieceLength);
    const content = await place.open({ ...optionsFor(place, sample), allocation: 'full' });
    await content.check();
    await content.storePiece(50, slabsOf(sample.piece(50)));
    const { size, blocks } = await stat(`${place.folder}/out/a.part`);
    assert.equal(size, 3_000_000);
    assert.ok(blocks * 512 >= 3_000_000);
    await fetchAll(content, sample);
    await releaseAll(content);
    assert.deepEqual(await readFile(`${place.folder}/out/a`), Buffer.from(sample.file(0)));
    await content.close();
  });

  test('a recheck finds what was changed or removed meanwhile', async () => {
    await using place = await openPlace();
    const sample = album(place.world);
    const content = await place.open(optionsFor(place, sample));
    await content.check();
    await fetchAll(content, sample);
    await releaseAll(content);
    await content.recheck();
    assert.ok(content.good.isFull);
    await rm(`${place.folder}/out/a`);
    const changed = await readFile(`${place.folder}/out/sub/deep/c`);
    changed[60_000] = (changed[60_000] ?? 0) ^ 1;
    await writeFile(`${place.folder}/out/sub/deep/c`, changed);
    await content.recheck();
    assert.deepEqual([...content.good.indices()], [4]);
    await fetchAll(content, sample);
    await releaseAll(content);
    assert.deepEqual(await readFile(`${place.folder}/out/a`), Buffer.from(sample.file(0)));
    assert.deepEqual(await readFile(`${place.folder}/out/sub/deep/c`), Buffer.from(sample.file(4)));
    await content.close();
  });
});
