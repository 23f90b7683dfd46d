// Moves, names, and files that go, on Node's disk and on simulated ones that are full or fail.

import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { Layout } from '@shoal/metainfo';
import { createSimulation, type SimHost, type Simulation } from '@shoal/sim';
import { type Content, checkContent, type Home, OpenFiles, openContent, StorageError } from '@shoal/storage';
import { makeSample, openPlace, optionsFor, type Place, type Sample, slabsOf } from './world.ts';

const pieceLength = 32_768;

async function fetchAll(content: Content, sample: Sample): Promise<void> {
  for (let piece = 0; piece < sample.layout.pieceCount; piece++)
    if (!content.good.has(piece)) await content.storePiece(piece, slabsOf(sample.piece(piece)));
  for (const file of content.completeFiles()) await content.release(file);
}

async function isRefused(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => error instanceof StorageError && error.code === code);
}

function album({ world }: Place | SimHost): Sample {
  const files = [
    { path: 'a', length: 100_000 },
    { path: 'sub/b', length: 10 },
    { path: 'sub/c', length: 70_001 },
  ];
  return makeSample(world, files, pieceLength);
}

async function openWhole(place: Place, more: Parameters<typeof optionsFor>[2] = {}) {
  const sample = album(place);
  const options = optionsFor(place, sample, { ownsFolder: true, ...more });
  const content = await place.open(options);
  await content.check();
  await fetchAll(content, sample);
  return { sample, options, content };
}

suite('moves', () => {
  test('content moves, is read meanwhile, and leaves nothing behind; what is not its own stays', async () => {
    await using place = await openPlace();
    const { sample, options, content } = await openWhole(place);
    await writeFile(`${place.folder}/out/sub/mine`, 'mine');
    const home = { folder: `${place.folder}/deep/er/out`, ownsFolder: true };
    const [left] = await Promise.all([
      content.move(home),
      ...Array.from({ length: sample.layout.pieceCount }, async (_, piece) => {
        const bytes = new Uint8Array(sample.piece(piece).length);
        assert.ok(await content.read(piece, 0, [bytes]));
        assert.deepEqual(bytes, sample.piece(piece));
      }),
    ]);
    assert.deepEqual(left, []);
    assert.deepEqual(await readdir(`${place.folder}/out`, { recursive: true }), ['sub', 'sub/mine']);
    for (const [index, name] of ['a', 'sub/b', 'sub/c'].entries())
      assert.deepEqual(await readFile(`${home.folder}/${name}`), Buffer.from(sample.file(index)));
    await content.close();
    // Whoever did not hear of it, and whoever did, finds it there.
    for (const given of [options, { ...options, ...home }]) {
      const again = await place.open(given);
      assert.deepEqual(again.home, home);
      assert.equal(again.uncheckedCount, 0);
      assert.ok(again.good.isFull);
      await again.close();
    }
  });

  test('files get other names, and none that is unsafe, taken, or of two files', async () => {
    await using place = await openPlace();
    const { sample, options, content } = await openWhole(place);
    const { home } = content;
    const names = (entries: [number, string[]][]): Home => ({ ...home, paths: new Map(entries) });
    for (const path of [['..', 'x'], [''], ['x/y'], ['.'], ['x\0'], ['x'.repeat(256)], []])
      await isRefused(content.move(names([[0, path]])), 'invalid');
    await isRefused(content.move(names([[0, ['SUB', 'B']]])), 'invalid');
    await isRefused(content.move(names([[0, ['sub', 'b', 'x']]])), 'invalid');
    await writeFile(`${place.folder}/out/taken`, 'mine');
    await isRefused(content.move(names([[0, ['taken']]])), 'in-the-way');
    assert.equal(content.isScattered, false);
    assert.deepEqual(content.home, home);
    await content.move(names([[0, ['new', 'name']]]));
    assert.deepEqual(await readFile(`${place.folder}/out/new/name`), Buffer.from(sample.file(0)));
    await content.close();
    const again = await place.open(options);
    assert.ok(again.good.isFull);
    assert.deepEqual(again.home.paths, new Map([[0, ['new', 'name']]]));
    await again.move(home);
    assert.deepEqual((await readdir(`${place.folder}/out`)).sort(), ['a', 'sub', 'taken']);
    await again.close();
  });

  test('a move below itself works, and one onto its own files is refused', async () => {
    await using place = await openPlace();
    const { content } = await openWhole(place);
    await isRefused(content.move({ folder: `${place.folder}/out/a` }), 'in-the-way');
    assert.deepEqual((await readdir(`${place.folder}/out`)).sort(), ['a', 'sub']);
    await content.move({ folder: `${place.folder}/out/sub/c/below`.replace('/c/', '/d/'), ownsFolder: true });
    assert.deepEqual((await readdir(`${place.folder}/out`, { recursive: true })).sort(), [
      ...['sub', 'sub/d', 'sub/d/below', 'sub/d/below/a', 'sub/d/below/sub'],
      ...['sub/d/below/sub/b', 'sub/d/below/sub/c'],
    ]);
    await content.close();
  });

  test('a move to where nothing can be made is refused, changes nothing, and does not call a file missing', async () => {
    await using place = await openPlace();
    const { sample, content } = await openWhole(place);
    const { home } = content;
    await mkdir(`${place.folder}/there/out`, { recursive: true });
    await writeFile(`${place.folder}/there/out/sub`, 'mine');
    await writeFile(`${place.folder}/file`, 'mine');
    const before = (await readdir(place.folder, { recursive: true })).sort();
    const targets = [
      [`${place.folder}/file/out`, 'in-the-way'],
      [`${place.folder}/file/deeper/out`, 'in-the-way'],
      // One of its folders is somebody's file there.
      [`${place.folder}/there/out`, 'in-the-way'],
      [`${place.folder}/new/${'x'.repeat(300)}/out`, 'name-too-long'],
      ...(process.platform === 'linux' ? ([['/proc/none/out', 'invalid']] as const) : []),
    ] as const;
    for (const [folder, code] of targets) {
      await isRefused(content.move({ folder, ownsFolder: true }), code);
      assert.equal(content.isScattered, false);
      assert.deepEqual(content.home, home);
      assert.deepEqual((await readdir(place.folder, { recursive: true })).sort(), before);
    }
    const bytes = new Uint8Array(sample.piece(0).length);
    assert.ok(await content.read(0, 0, [bytes]));
    await content.move({ folder: `${place.folder}/elsewhere`, ownsFolder: true });
    await content.close();
  });

  test('what is fetched while a move fails goes into the old place', async () => {
    await using place = await openPlace();
    const sample = album(place);
    const content = await place.open(optionsFor(place, sample, { ownsFolder: true }));
    await content.check();
    await content.storePiece(0, slabsOf(sample.piece(0)));
    await writeFile(`${place.folder}/file`, 'mine');
    const [result] = await Promise.allSettled([
      content.move({ folder: `${place.folder}/file/out`, ownsFolder: true }),
      fetchAll(content, sample),
    ]);
    assert.equal(result.status, 'rejected');
    await fetchAll(content, sample);
    assert.deepEqual(await readFile(`${place.folder}/out/sub/c`), Buffer.from(sample.file(2)));
    await content.close();
  });

  test('a file that was replaced by somebody’s is neither moved nor removed', async () => {
    await using place = await openPlace();
    const { content } = await openWhole(place);
    await rm(`${place.folder}/out/a`);
    await writeFile(`${place.folder}/out/a`, 'mine');
    await isRefused(content.move({ folder: `${place.folder}/there`, ownsFolder: true }), 'missing');
    assert.deepEqual(
      await readdir(`${place.folder}/there`, { recursive: true }).then((names) => names.sort()),
      [...['sub', 'sub/b', 'sub/c']],
    );
    assert.equal(await readFile(`${place.folder}/out/a`, 'utf8'), 'mine');
    assert.deepEqual(await content.destroy(), [`${place.folder}/out/a`].slice(1));
    assert.deepEqual(await readdir(place.folder, { recursive: true }), ['out', 'state', 'out/a']);
  });

  test('two transfers that use one file: neither moves it, and only the last one removes it', async () => {
    await using place = await openPlace();
    const openFiles = new OpenFiles(place.world.disk);
    const { sample, options, content } = await openWhole(place, { openFiles });
    const other = await place.open({
      ...options,
      identity: Uint8Array.of(9),
      journal: `${place.folder}/other/journal`,
    });
    await other.check();
    assert.ok(other.good.isFull);
    await isRefused(content.move({ folder: `${place.folder}/there` }), 'locked');
    assert.equal((await other.destroy()).length, 3);
    assert.deepEqual(await readFile(`${place.folder}/out/a`), Buffer.from(sample.file(0)));
    assert.deepEqual(await content.destroy(), []);
    assert.deepEqual((await readdir(place.folder)).sort(), ['other', 'state']);
  });

  test('unfinished files lie in a folder of their own until they are released', async () => {
    await using place = await openPlace();
    const sample = album(place);
    const unfinished = `${place.folder}/unfinished`;
    const content = await place.open(optionsFor(place, sample, { unfinished, ownsFolder: true }));
    await content.check();
    await content.storePiece(0, slabsOf(sample.piece(0)));
    assert.deepEqual((await readdir(place.folder)).sort(), ['state', 'unfinished']);
    assert.deepEqual(await readdir(unfinished), ['a.part']);
    await fetchAll(content, sample);
    assert.deepEqual(await readFile(`${place.folder}/out/sub/c`), Buffer.from(sample.file(2)));
    await content.close();
  });

  test('a file that is discarded goes, and what its neighbours need is kept', async () => {
    await using place = await openPlace();
    const { sample, options, content } = await openWhole(place);
    await isRefused(content.discard(0), 'invalid');
    await content.setWanted(0, false);
    await content.discard(0);
    assert.deepEqual(await readdir(`${place.folder}/out`), ['sub']);
    // The last piece of the file is also the first of the others.
    assert.deepEqual([...content.good.indices()], [3, 4, 5]);
    await content.close();
    const again = await place.open({ ...options, isWanted: (file) => file !== 0 });
    assert.deepEqual([...again.good.indices()], [3, 4, 5]);
    await again.check();
    await again.recheck();
    assert.deepEqual([...again.good.indices()], [3, 4, 5]);
    await again.setWanted(0, true);
    await fetchAll(again, sample);
    assert.deepEqual(await readFile(`${place.folder}/out/a`), Buffer.from(sample.file(0)));
    await again.close();
  });

  test('a piece that could not be read is hashed after the next opening', async () => {
    await using place = await openPlace();
    const { options, content } = await openWhole(place);
    await rename(`${place.folder}/out/a`, `${place.folder}/away`);
    assert.equal(await content.read(1, 0, [new Uint8Array(10)]), false);
    content.doubtPiece(1);
    await rename(`${place.folder}/away`, `${place.folder}/out/a`);
    await content.close();
    const again = await place.open(options);
    assert.equal(again.good.has(1), false);
    await again.check();
    assert.ok(again.good.isFull);
    await again.close();
  });

  test('files under names that others cannot have are found by whoever has them', async () => {
    await using place = await openPlace();
    const plain = makeSample(place.world, [{ path: 'a_b', length: 50_000 }], pieceLength);
    const [file] = plain.layout.files;
    const odd = file === undefined ? [] : [{ ...file, originalPath: [new TextEncoder().encode('a:b')] }];
    const layout = new Layout(odd, pieceLength, false);
    await mkdir(`${place.folder}/out`);
    await writeFile(`${place.folder}/out/a:b`, plain.file(0));
    const { disk, hashing } = place.world;
    const checked = await checkContent({
      disk,
      hashing,
      layout,
      hashes: plain.hashes,
      folder: `${place.folder}/out`,
    });
    assert.ok(checked.isComplete);
    const content = await place.open(optionsFor(place, { ...plain, layout }));
    await content.check();
    assert.ok(content.good.isFull);
    assert.deepEqual(content.completeFiles(), []);
    await content.close();
  });
});

interface Scene {
  readonly simulation: Simulation;
  readonly host: SimHost;
  readonly sample: Sample;
  readonly content: Content;
}

/** Complete, on a disk beside which there is another one. */
async function openScene(capacityBytes: number): Promise<Scene> {
  const simulation = createSimulation({ seed: 1 });
  const host = simulation.addHost({ disk: { mounts: { '/other': { capacityBytes }, '/state': {} } } });
  const sample = album(host);
  const { disk, hashing, clock } = host.world;
  const content = await simulation.settle(
    openContent({
      ...{ disk, hashing, clock, layout: sample.layout, hashes: sample.hashes, bootId: 'boot' },
      ...{ folder: '/data/out', ownsFolder: true, identity: Uint8Array.of(1), journal: '/state/journal' },
      openFiles: new OpenFiles(disk),
    }),
  );
  await simulation.settle(content.check());
  await simulation.settle(fetchAll(content, sample));
  return { simulation, host, sample, content };
}

const there: Home = { folder: '/other/out', ownsFolder: true };

suite('moves to another disk', () => {
  test('are copied, with progress, and removed', async () => {
    const { simulation, host, sample, content } = await openScene(1e9);
    const steps: [number, number][] = [];
    await simulation.settle(content.move(there, { onProgress: (...step) => steps.push(step) }));
    assert.deepEqual(steps.at(-1), [170_011, 170_011]);
    assert.deepEqual(host.disk.read('/other/out/sub/c'), sample.file(2));
    assert.deepEqual(host.disk.list('/data'), []);
    await simulation.settle(content.close());
  });

  test('are refused where there is no room, and nothing has changed', async () => {
    const { simulation, host, content } = await openScene(120_000);
    await simulation.settle(isRefused(content.move(there), 'no-space'));
    assert.equal(content.isScattered, false);
    assert.deepEqual(host.disk.list('/other'), []);
    await simulation.settle(content.recheck());
    assert.ok(content.good.isFull);
    await simulation.settle(content.close());
  });

  test('that fail midway leave each file whole, and go on, or back', async () => {
    for (const home of [there, { folder: '/data/out', ownsFolder: true }]) {
      const { simulation, host, sample, content } = await openScene(1e9);
      const heal = host.disk.fail('io', { kind: 'write', path: '/other/out/sub' });
      await simulation.settle(isRefused(content.move(there), 'io'));
      heal();
      assert.equal(content.isScattered, true);
      assert.deepEqual(host.disk.list('/other/out'), ['a', 'sub']);
      assert.deepEqual(host.disk.list('/other/out/sub'), []);
      await simulation.settle(content.recheck());
      assert.ok(content.good.isFull);
      await simulation.settle(content.move(home));
      assert.equal(content.isScattered, false);
      assert.deepEqual(host.disk.read(`${home.folder}/sub/c`), sample.file(2));
      assert.deepEqual(host.disk.list(home === there ? '/data' : '/other'), []);
      await simulation.settle(content.close());
    }
  });

  test('that are told to stop leave each file whole', async () => {
    const { simulation, content } = await openScene(1e9);
    const stop = new AbortController();
    const moving = content.move(there, { signal: stop.signal, onProgress: () => stop.abort() });
    await simulation.settle(isRefused(moving, 'aborted'));
    await simulation.settle(content.recheck());
    assert.ok(content.good.isFull);
    await simulation.settle(content.close());
  });

  test('do not carry on what went bad: the piece is no longer good', async () => {
    const { simulation, host, sample, content } = await openScene(1e9);
    const bytes = sample.file(0).slice();
    bytes[40_000] = (bytes[40_000] ?? 0) ^ 1;
    const file = await simulation.settle(host.world.disk.open('/data/out/a', { write: true }));
    await simulation.settle(file.write([bytes], 0));
    await simulation.settle(file.close());
    await simulation.settle(content.move(there));
    assert.deepEqual([...content.good.indices()], [0, 2, 3, 4, 5]);
    await simulation.settle(content.close());
  });
});
