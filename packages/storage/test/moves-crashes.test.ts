// Moves through crashes at any operation of the disk: of the program alone, and of the machine with what was not synced.

import assert from 'node:assert/strict';
import type { SeededRandom, SimHost, Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { type Content, type Home, OpenFiles, openContent, StorageError } from '@shoal/storage';
import { untilItEnds } from './lives.ts';
import { makeSample, type Sample, slabsOf } from './world.ts';

type Crash = 'kept' | 'lost' | 'torn';

interface Run {
  readonly simulation: Simulation;
  readonly host: SimHost;
  readonly random: SeededRandom;
  readonly sample: Sample;
  readonly crash: Crash;
  readonly homes: readonly Home[];
  /** Files of somebody else, by path. */
  readonly foreign: Map<string, Uint8Array>;
  /** Good, and to stay so. */
  readonly kept: Set<number>;
  boot: number;
  /** Where the caller thinks that the files are. It may not have heard of the last moves. */
  given: Home;
}

const first: Home = { folder: '/data/out', ownsFolder: true };

async function open({ host, sample, boot, given }: Run): Promise<Content> {
  const { disk, hashing, clock } = host.world;
  const content = await openContent({
    ...{ disk, hashing, clock, layout: sample.layout, hashes: sample.hashes, ...given },
    openFiles: new OpenFiles(disk, 3),
    identity: Uint8Array.of(1),
    journal: '/state/journal',
    bootId: `boot-${boot}`,
    queueBytes: 100_000,
  });
  try {
    await content.check();
  } catch (error) {
    await content.close();
    throw error;
  }
  return content;
}

async function verify({ sample, kept }: Run, content: Content): Promise<void> {
  for (const piece of content.good.indices()) {
    const bytes = new Uint8Array(sample.layout.pieceSize(piece));
    assert.ok(await content.read(piece, 0, [bytes]), `piece ${piece} cannot be read`);
    assert.deepEqual(bytes, sample.piece(piece), `piece ${piece} is not what was verified`);
  }
  for (const piece of kept) assert.ok(content.good.has(piece), `piece ${piece} was lost`);
}

/** Moves about, three times, while pieces are fetched; `fetched` hears of each. */
async function life(run: Run, fetched: (piece: number) => void): Promise<void> {
  const { random, sample, homes } = run;
  const { clock } = run.host.world;
  const pause = (delayMs: number) => new Promise<void>((resolve) => void clock.setTimer(delayMs, resolve));
  const content = await open(run);
  await verify(run, content);
  run.given = content.home;
  const missing: number[] = [];
  for (let piece = 0; piece < sample.layout.pieceCount; piece++)
    if (!content.good.has(piece)) missing.splice(random.below(missing.length + 1), 0, piece);
  async function fetchSome(): Promise<void> {
    for (let piece = missing.pop(); piece !== undefined; piece = missing.pop()) {
      await pause(random.below(4));
      if (!(await isThereRoom(() => write(content, sample, piece ?? 0)))) return;
      fetched(piece);
      for (const file of content.completeFiles())
        if (!(await isThereRoom(() => content.release(file)))) return;
    }
  }
  async function moveAbout(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await pause(random.below(6));
      await tryToMove(content, homes[random.below(homes.length)] ?? first);
      if (random.below(2) === 0) run.given = content.home;
    }
  }
  await Promise.all([fetchSome(), fetchSome(), moveAbout()]);
  await verify(run, content);
  await content.close();
}

async function write(content: Content, sample: Sample, piece: number): Promise<void> {
  assert.equal((await content.storePiece(piece, slabsOf(sample.piece(piece)))).verdict, 'good');
}

async function isThereRoom(action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (error instanceof StorageError && error.code === 'no-space') return false;
    throw error;
  }
}

/** What stands in the way, and a disk that is too small, are told, and change nothing. */
async function tryToMove(content: Content, home: Home): Promise<void> {
  const before = { home: content.home, isScattered: content.isScattered };
  try {
    await content.move(home);
    assert.equal(content.isScattered, false);
    assert.deepEqual(content.home, home);
  } catch (error) {
    if (!(error instanceof StorageError) || !['in-the-way', 'no-space'].includes(error.code)) throw error;
    if (!content.isScattered)
      assert.deepEqual({ home: content.home, isScattered: content.isScattered }, before);
  }
}

function makeRun(simulation: Simulation, crash: Crash): Run {
  const random = simulation.randomFor('scenario');
  const small = random.below(3) === 0 ? { capacityBytes: 100_000 + random.below(200_000) } : {};
  const host = simulation.addHost({ disk: { mounts: { '/other': small, '/state': {} } } });
  const files = Array.from({ length: 1 + random.below(4) }, (_, i) => ({
    path: random.below(2) === 0 ? `file-${i}` : `folder-${random.below(2)}/file-${i}`,
    length: random.below(4) === 0 ? random.below(100) : random.below(100_000),
  }));
  files.push({ path: 'last', length: 20_000 });
  const foreign = new Map<string, Uint8Array>();
  if (random.below(2) === 0) foreign.set('/data/there/last', Uint8Array.of(1, 2, 3));
  for (const [path, bytes] of foreign) host.disk.write(path, bytes);
  return {
    simulation,
    host,
    random,
    sample: makeSample(host.world, files, [16_384, 30_000][random.below(2)] ?? 16_384, 3),
    crash,
    homes: [
      first,
      { folder: '/data/there', ownsFolder: true },
      { folder: '/other/out', ownsFolder: true },
      { folder: '/data/out', ownsFolder: true, unfinished: '/other/unfinished' },
      { folder: '/data/out/deeper/still', ownsFolder: true, paths: new Map([[0, ['renamed', 'file']]]) },
    ],
    foreign,
    kept: new Set(),
    boot: 1,
    given: first,
  };
}

async function liveThrough(run: Run, fetched: (piece: number) => void): Promise<void> {
  const { host, random, crash } = run;
  host.setCrashOptions({ unsynced: crash });
  for (let lives = 0; ; lives++) {
    const when = (['before', 'during', 'after'] as const)[random.below(3)] ?? 'before';
    const heal = host.disk.crash(when, { after: random.below(300), times: lives < 12 ? 1 : 0 });
    const isOver = await untilItEnds(run, life(run, fetched)).catch((error: unknown) => {
      // The first bytes of a file may survive a cut that its record does not survive. Somebody empties it.
      if (!(error instanceof StorageError) || error.code !== 'in-the-way' || crash !== 'torn') throw error;
      if (!String(error.value).endsWith('.part')) throw error;
      host.disk.write(String(error.value), new Uint8Array(0));
      return false;
    });
    heal();
    for (const [path, bytes] of run.foreign) assert.deepEqual(host.disk.read(path), bytes, path);
    if (isOver) return;
    if (crash !== 'kept') run.boot++;
    host.restart();
  }
}

/** At home everywhere, with nothing left in any other place. */
async function settleAndCompare(run: Run): Promise<void> {
  const { simulation, host, sample, foreign } = run;
  const content = await simulation.settle(open(run));
  await simulation.settle(content.move(first));
  for (let piece = 0; piece < sample.layout.pieceCount; piece++)
    if (!content.good.has(piece)) await simulation.settle(write(content, sample, piece));
  for (const file of content.completeFiles()) await simulation.settle(content.release(file));
  await simulation.settle(content.close());
  const expected = new Map(foreign);
  for (const [index, file] of sample.layout.files.entries())
    expected.set(`/data/out/${file.path.join('/')}`, sample.file(index));
  const found = ['/data', '/other'].flatMap((top) => filesBelow(host, top)).sort();
  assert.deepEqual(found, [...expected.keys()].sort());
  for (const [path, bytes] of expected) assert.deepEqual(host.disk.read(path), bytes, path);
  const again = await simulation.settle(open(run));
  assert.ok(again.good.isFull);
  assert.deepEqual(again.home, first);
  await simulation.settle(again.close());
}

function filesBelow({ disk }: SimHost, folder: string): string[] {
  return disk.list(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    return disk.stat(path)?.kind === 'folder' ? filesBelow({ disk } as SimHost, path) : [path];
  });
}

simTest(
  'a kill in the middle of moves loses no piece, and nobody else’s file',
  { seeds: 60 },
  async (simulation) => {
    const run = makeRun(simulation, 'kept');
    await liveThrough(run, (piece) => run.kept.add(piece));
    await settleAndCompare(run);
  },
);

for (const crash of ['lost', 'torn'] as const)
  simTest(
    `a power cut (what is not synced is ${crash}) in the middle of moves loses no piece that was safe before`,
    { seeds: 60 },
    async (simulation) => {
      const run = makeRun(simulation, crash);
      const content = await simulation.settle(open(run));
      const { pieceCount } = run.sample.layout;
      const most = run.random.below(2) === 0 ? pieceCount : run.random.below(pieceCount);
      for (let piece = 0; piece < most; piece++) {
        await simulation.settle(write(content, run.sample, piece));
        run.kept.add(piece);
      }
      for (const file of content.completeFiles()) await simulation.settle(content.release(file));
      await simulation.advance(120_000);
      await simulation.settle(content.close());
      await liveThrough(run, () => {});
      await settleAndCompare(run);
    },
  );
