// What a kill costs in hashing: nothing when the file looks as recorded, all of the file when it was being written, or when
// somebody has changed it since.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createSimulation, type SimHost, type Simulation } from '@shoal/sim';
import { type Content, OpenFiles, openContent } from '@shoal/storage';
import { makeSample, type Sample, slabsOf } from './world.ts';

const pieceLength = 16_384;
const pieceCount = 40;
const path = '/data/out/a.part';

interface Scene {
  readonly simulation: Simulation;
  readonly host: SimHost;
  readonly sample: Sample;
}

function makeScene(): Scene {
  const simulation = createSimulation({ seed: 3 });
  const host = simulation.addHost();
  const sample = makeSample(host.world, [{ path: 'a', length: pieceCount * pieceLength - 7 }], pieceLength);
  return { simulation, host, sample };
}

function open({ simulation, host, sample }: Scene, bootId = 'boot'): Promise<Content> {
  const { disk, hashing, clock } = host.world;
  return simulation.settle(
    openContent({
      ...{ disk, hashing, clock, layout: sample.layout, hashes: sample.hashes, bootId },
      openFiles: new OpenFiles(disk),
      folder: '/data/out',
      identity: Uint8Array.of(1),
      journal: '/data/state/journal',
    }),
  );
}

/** So many pieces, one each 30 ms, from the first one on or from the last one down, and a kill after the last of them. */
async function fetchUntilKill(
  scene: Scene,
  count: number,
  { isDownwards = false, killAfterMs = 15 } = {},
): Promise<void> {
  const { simulation, host, sample } = scene;
  const content = await open(scene);
  await simulation.settle(content.check());
  for (let i = 0; i < count; i++) {
    const piece = isDownwards ? pieceCount - 1 - i : i;
    await simulation.settle(content.storePiece(piece, slabsOf(sample.piece(piece))));
    await simulation.advance(i === count - 1 ? killAfterMs : 30);
  }
  host.crash({ unsynced: 'kept' });
  host.restart();
  await simulation.advance(1000);
}

async function change({ simulation, host }: Scene, position: number, bytes: Uint8Array): Promise<void> {
  const file = await simulation.settle(host.world.disk.open(path, { write: true }));
  await simulation.settle(file.write([bytes], position));
  await simulation.settle(file.close());
}

suite('after a kill', () => {
  test('nothing is hashed when the file looks as it was recorded', async () => {
    const scene = makeScene();
    await fetchUntilKill(scene, 25);
    const content = await open(scene);
    assert.equal(content.good.count, 25);
    assert.equal(content.uncheckedCount, 0);
    await scene.simulation.settle(content.close());
  });

  test('what was never written is not hashed either, if nothing was written for a moment', async () => {
    for (const killAfterMs of [15, 60]) {
      const scene = makeScene();
      await fetchUntilKill(scene, 10, { isDownwards: true, killAfterMs });
      const content = await open(scene);
      assert.equal(content.good.count, 10);
      // The file is as long as it will be: what lies before the pieces may have been written just then.
      assert.equal(content.uncheckedCount, killAfterMs === 15 ? 30 : 0);
      await scene.simulation.settle(content.check());
      assert.equal(content.good.count, 10);
      await scene.simulation.settle(content.close());
    }
  });

  test('what was never written is hashed in a file that somebody changed', async () => {
    const scene = makeScene();
    await fetchUntilKill(scene, 10, { isDownwards: true, killAfterMs: 60 });
    await change(scene, 3 * pieceLength, scene.sample.piece(3));
    const content = await open(scene);
    assert.equal(content.uncheckedCount, pieceCount);
    await scene.simulation.settle(content.check());
    assert.ok(content.good.has(3));
    assert.equal(content.good.count, 11);
    await scene.simulation.settle(content.close());
  });

  test('pieces that somebody may have written since are hashed, and only the right ones are good', async () => {
    const scene = makeScene();
    await fetchUntilKill(scene, 25);
    await change(scene, 7 * pieceLength + 5, Uint8Array.of(1, 2, 3));
    const content = await open(scene);
    assert.equal(content.good.count, 0);
    assert.equal(content.uncheckedCount, 25);
    await scene.simulation.settle(content.check());
    assert.equal(content.good.count, 24);
    assert.equal(content.good.has(7), false);
    await scene.simulation.settle(content.close());
  });

  test('a file that was cut meanwhile is hashed as far as it goes', async () => {
    const scene = makeScene();
    await fetchUntilKill(scene, 25);
    const { simulation, host } = scene;
    const file = await simulation.settle(host.world.disk.open(path, { write: true }));
    await simulation.settle(file.truncate(10 * pieceLength));
    await simulation.settle(file.close());
    const content = await open(scene);
    assert.equal(content.good.count, 0);
    assert.equal(content.uncheckedCount, 10);
    await simulation.settle(content.close());
  });

  test('a kill in the middle of a write costs a hashing of that file, and no piece', async () => {
    const scene = makeScene();
    const { simulation, host, sample } = scene;
    const content = await open(scene);
    await simulation.settle(content.check());
    for (let piece = 0; piece < 25; piece++) {
      await simulation.settle(content.storePiece(piece, slabsOf(sample.piece(piece))));
      await simulation.advance(30);
    }
    host.setCrashOptions({ unsynced: 'kept' });
    host.disk.hook(({ kind, path: which }) =>
      kind === 'write' && which === path ? { kind: 'crash', when: 'during' } : undefined,
    );
    void content.storePiece(25, slabsOf(sample.piece(25)));
    await simulation.run(() => !host.isUp, { limitMs: 10_000 });
    host.restart();
    const again = await open(scene);
    assert.equal(again.good.count, 0);
    await simulation.settle(again.check());
    assert.equal(again.good.count, 25);
    await simulation.settle(again.close());
  });

  test('of the machine, what was not synced is hashed although the file looks as recorded', async () => {
    const scene = makeScene();
    await fetchUntilKill(scene, 25);
    const content = await open(scene, 'another boot');
    assert.equal(content.good.count, 0);
    assert.equal(content.uncheckedCount, 25);
    await scene.simulation.settle(content.close());
  });

  test('a day of pieces leaves a short journal', async () => {
    const scene = makeScene();
    const { simulation, host, sample } = scene;
    const content = await open(scene);
    await simulation.settle(content.check());
    let longest = 0;
    for (let round = 0; round < 2000; round++) {
      const piece = round % pieceCount;
      if (content.good.has(piece)) content.losePiece(piece);
      await simulation.settle(content.storePiece(piece, slabsOf(sample.piece(piece))));
      await simulation.advance(40);
      longest = Math.max(longest, host.disk.read('/data/state/journal')?.length ?? 0);
    }
    await simulation.advance(20_000);
    assert.ok(longest > 100_000 && longest < 1_100_000, `${longest} bytes at most`);
    assert.ok((host.disk.read('/data/state/journal')?.length ?? 0) < 17_000);
    await simulation.settle(content.close());
    const again = await open(scene);
    assert.ok(again.good.isFull);
    assert.equal(again.uncheckedCount, 0);
    await simulation.settle(again.close());
  });
});
