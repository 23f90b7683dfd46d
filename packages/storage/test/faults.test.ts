// Full and failing disks, and how writes reach the disk, in the simulated world.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createSimulation, type SimHost, type Simulation } from '@shoal/sim';
import { type Content, OpenFiles, openContent, StorageError } from '@shoal/storage';
import { makeSample, type Sample, type SampleFile, slabsOf } from './world.ts';

const pieceLength = 65_536;

interface Scene {
  readonly simulation: Simulation;
  readonly host: SimHost;
  readonly sample: Sample;
  readonly content: Content;
}

async function openScene(
  files: readonly SampleFile[],
  options: { readonly queueBytes?: number; readonly openFileLimit?: number } = {},
): Promise<Scene> {
  const simulation = createSimulation({ seed: 1 });
  const host = simulation.addHost({ disk: { mounts: { '/state': {} } } });
  const sample = makeSample(host.world, files, pieceLength);
  const { disk, hashing, clock } = host.world;
  const content = await simulation.settle(
    openContent({
      ...{ disk, hashing, clock, layout: sample.layout, hashes: sample.hashes },
      openFiles: new OpenFiles(disk, options.openFileLimit),
      folder: '/data/out',
      identity: Uint8Array.of(1),
      journal: '/state/journal',
      bootId: 'boot',
      ...(options.queueBytes === undefined ? {} : { queueBytes: options.queueBytes }),
    }),
  );
  await simulation.settle(content.check());
  return { simulation, host, sample, content };
}

function write({ content, sample }: Scene, piece: number): Promise<unknown> {
  return content.storePiece(piece, slabsOf(sample.piece(piece)));
}

const all = (scene: Scene) =>
  Promise.all(Array.from({ length: scene.sample.layout.pieceCount }, (_, piece) => write(scene, piece)));

function isCode(code: string) {
  return (error: unknown) => error instanceof StorageError && error.code === code;
}

suite('a disk with faults', () => {
  test('a full disk has its own code, costs no piece that was good, and goes on when there is room', async () => {
    const scene = await openScene([{ path: 'a', length: 10 * pieceLength }]);
    const { simulation, host, content, sample } = scene;
    await simulation.settle(write(scene, 3));
    host.disk.setCapacity(host.disk.usedBytes + 1000);
    await simulation.settle(assert.rejects(write(scene, 7), isCode('no-space')));
    assert.equal(content.good.has(7), false);
    assert.ok((await simulation.settle(content.freeBytes())) < pieceLength);
    const bytes = new Uint8Array(pieceLength);
    assert.ok(await simulation.settle(content.read(3, 0, [bytes])));
    assert.deepEqual(bytes, sample.piece(3));
    host.disk.setCapacity(1e9);
    await simulation.settle(write(scene, 7));
    assert.deepEqual([...content.good.indices()], [3, 7]);
    await simulation.settle(content.close());
  });

  for (const code of ['io', 'read-only', 'permission'] as const) {
    test(`a disk that fails with ${code} says so, in writing and in reading`, async () => {
      const scene = await openScene([{ path: 'a', length: 10 * pieceLength }]);
      const { simulation, host, content } = scene;
      await simulation.settle(write(scene, 0));
      const heal = host.disk.fail(code, { kind: ['write', 'read'], path: '/data' });
      await simulation.settle(assert.rejects(write(scene, 1), isCode(code)));
      await simulation.settle(assert.rejects(content.read(0, 0, [new Uint8Array(10)]), isCode(code)));
      heal();
      await simulation.settle(write(scene, 1));
      await simulation.settle(content.close());
    });
  }

  test('a failing state folder costs a hashing after the restart, and no piece', async () => {
    const scene = await openScene([{ path: 'a', length: 10 * pieceLength }]);
    const { simulation, host, sample } = scene;
    await simulation.settle(write(scene, 0));
    const heal = host.disk.fail('no-space', { kind: ['write', 'open', 'rename'], path: '/state' });
    await simulation.settle(write(scene, 1));
    await simulation.advance(60_000);
    await simulation.settle(write(scene, 2));
    await simulation.settle(scene.content.close());
    heal();
    const { disk, hashing, clock } = host.world;
    const again = await simulation.settle(
      openContent({
        ...{ disk, hashing, clock, layout: sample.layout, hashes: sample.hashes },
        openFiles: new OpenFiles(disk),
        folder: '/data/out',
        identity: Uint8Array.of(1),
        journal: '/state/journal',
        bootId: 'boot',
      }),
    );
    assert.equal(again.good.has(1), false);
    await simulation.settle(again.check());
    assert.deepEqual([...again.good.indices()], [0, 1, 2]);
    await simulation.settle(again.close());
  });
});

suite('the write queue', () => {
  test('blocks that wait side by side go out together, in any order of coming', async () => {
    const scene = await openScene([{ path: 'a', length: 64 * pieceLength }]);
    const { simulation, host, content, sample } = scene;
    let writes = 0;
    host.disk.hook(({ kind, path }) => {
      if (kind === 'write' && path === '/data/out/a.part') writes++;
      return undefined;
    });
    const order = Array.from({ length: 64 }, (_, i) => (i * 37) % 64);
    await simulation.settle(
      Promise.all(order.map((piece) => content.writeBlocks(piece, 0, [sample.piece(piece)]))),
    );
    assert.ok(writes <= 24, `${writes} writes`);
    assert.deepEqual(host.disk.read('/data/out/a.part'), sample.file(0));
    await simulation.settle(content.close());
  });

  test('bytes that are written twice at a time are written one after the other', async () => {
    const scene = await openScene([{ path: 'a', length: 4 * pieceLength }]);
    const { simulation, host, content, sample } = scene;
    const wrong = new Uint8Array(pieceLength).fill(1);
    const spills = [content.writeBlocks(1, 0, [wrong]), content.writeBlocks(1, 0, [wrong])];
    await simulation.settle(Promise.all([...spills, content.writeBlocks(1, 0, [sample.piece(1)])]));
    assert.equal((await simulation.settle(content.judge(1))).verdict, 'good');
    assert.equal(content.queuedBytes, 0);
    await simulation.settle(content.close());
    assert.deepEqual(host.disk.read('/data/out/a.part')?.subarray(pieceLength), sample.piece(1));
  });

  test('it says when it is full, and once when it has drained', async () => {
    const scene = await openScene([{ path: 'a', length: 64 * pieceLength }], {
      queueBytes: 10 * pieceLength,
    });
    const { simulation, content } = scene;
    let drains = 0;
    content.onDrain = () => {
      drains++;
      assert.ok(content.queuedBytes <= 5 * pieceLength);
    };
    const writes: Promise<unknown>[] = [];
    for (let piece = 0; piece < 64; piece++) {
      assert.equal(content.isFull, piece >= 10);
      writes.push(write(scene, piece));
    }
    assert.equal(content.queuedBytes, 64 * pieceLength);
    await simulation.settle(Promise.all(writes));
    assert.equal(content.queuedBytes, 0);
    assert.equal(drains, 1);
    await simulation.settle(content.close());
  });

  test('a thousand files are written through two open ones', async () => {
    const files = Array.from({ length: 1000 }, (_, i) => ({
      path: `folder-${i % 7}/${i}`,
      length: (i * 97) % 3000,
    }));
    const scene = await openScene(files, { openFileLimit: 2 });
    const { simulation, host, content, sample } = scene;
    await simulation.settle(all(scene));
    for (const file of content.completeFiles()) await simulation.settle(content.release(file));
    await simulation.settle(content.close());
    for (const [index, { path }] of files.entries())
      assert.deepEqual(host.disk.read(`/data/out/${path}`), sample.file(index));
  });
});
