// Content through crashes at any operation of the disk: of the program alone, and of the machine with what was not synced.

import assert from 'node:assert/strict';
import type { SeededRandom, SimHost, Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { type Content, type ContentOptions, OpenFiles, openContent, StorageError } from '@shoal/storage';
import { untilItEnds } from './lives.ts';
import { makeSample, type Sample, slabsOf } from './world.ts';

type Crash = 'kept' | 'lost' | 'torn';

interface Run {
  readonly simulation: Simulation;
  readonly host: SimHost;
  readonly random: SeededRandom;
  readonly sample: Sample;
  readonly isWanted: (file: number) => boolean;
  readonly crash: Crash;
  /** Of which `storePiece` or `acceptPiece` had resolved before the crash. */
  readonly kept: Set<number>;
  boot: number;
  overwrite: boolean;
  /** Between two lives somebody changes a byte of a file that is being fetched. */
  readonly hasMeddler: boolean;
}

function optionsOf(run: Run): ContentOptions {
  const { disk, hashing, clock } = run.host.world;
  return {
    disk,
    hashing,
    clock,
    openFiles: new OpenFiles(disk, 2),
    layout: run.sample.layout,
    hashes: run.sample.hashes,
    folder: '/data/out',
    identity: Uint8Array.of(1),
    journal: '/data/state/journal',
    bootId: `boot-${run.boot}`,
    isWanted: run.isWanted,
    queueBytes: 100_000,
    overwrite: run.overwrite,
  };
}

async function open(run: Run): Promise<Content> {
  const content = await openContent(optionsOf(run));
  try {
    await content.check();
  } catch (error) {
    await content.close();
    throw error;
  }
  return content;
}

async function life(run: Run): Promise<void> {
  const { sample, random, kept } = run;
  const { clock } = run.host.world;
  const content = await open(run);
  for (const piece of content.good.indices()) {
    const bytes = new Uint8Array(sample.layout.pieceSize(piece));
    assert.ok(await content.read(piece, 0, [bytes]), `piece ${piece} cannot be read`);
    assert.deepEqual(bytes, sample.piece(piece), `piece ${piece} is not what was verified`);
  }
  for (const piece of kept) {
    if (run.crash === 'kept') assert.ok(content.good.has(piece), `piece ${piece} was lost`);
    else if (!content.good.has(piece)) kept.delete(piece);
  }
  const missing: number[] = [];
  for (let piece = 0; piece < sample.layout.pieceCount; piece++) {
    const isWanted = sample.layout.pieceRanges(piece).some(({ file }) => run.isWanted(file));
    if (isWanted && !content.good.has(piece)) missing.splice(random.below(missing.length + 1), 0, piece);
  }
  async function fetchSome(): Promise<void> {
    for (let piece = missing.pop(); piece !== undefined; piece = missing.pop()) {
      if (random.below(3) === 0) await pause(random.below(3000));
      await (random.below(4) === 0 ? spill(content, sample, piece) : write(content, sample, piece));
      kept.add(piece);
      for (const file of content.completeFiles()) await content.release(file);
    }
  }
  const pause = (delayMs: number) => new Promise<void>((resolve) => void clock.setTimer(delayMs, resolve));
  await Promise.all([fetchSome(), fetchSome(), fetchSome()]);
  for (const file of content.completeFiles()) await content.release(file);
  await content.close();
}

async function write(content: Content, sample: Sample, piece: number): Promise<void> {
  assert.equal((await content.storePiece(piece, slabsOf(sample.piece(piece)))).verdict, 'good');
}

/** Block by block, some of them wrong at first. */
async function spill(content: Content, sample: Sample, piece: number): Promise<void> {
  const bytes = sample.piece(piece);
  const middle = bytes.length >> 1;
  await content.writeBlocks(piece, middle, [bytes.slice(middle).fill(0x55)]);
  await content.writeBlocks(piece, 0, [bytes.slice(0, middle)]);
  assert.equal((await content.judge(piece)).verdict, 'bad');
  await content.writeBlocks(piece, middle, [bytes.slice(middle)]);
  assert.equal((await content.judge(piece)).verdict, 'good');
  content.acceptPiece(piece);
}

function makeRun(simulation: Simulation, crash: Crash, hasMeddler: boolean): Run {
  const host = simulation.addHost();
  const random = simulation.randomFor('scenario');
  const files = Array.from({ length: 1 + random.below(5) }, (_, i) => ({
    path: random.below(2) === 0 ? `file-${i}` : `folder-${random.below(2)}/file-${i}`,
    length: random.below(4) === 0 ? random.below(100) : random.below(150_000),
  }));
  files.push({ path: 'last', length: 20_000 });
  const unwanted = random.below(2 * files.length);
  return {
    simulation,
    host,
    random,
    sample: makeSample(host.world, files, [16_384, 30_000, 65_536][random.below(3)] ?? 16_384, 3),
    isWanted: (file) => file !== unwanted,
    crash,
    kept: new Set(),
    boot: 1,
    overwrite: false,
    hasMeddler,
  };
}

/** Pieces that have the byte are no longer what they were, unless it was not theirs yet. */
async function meddle({ simulation, host, random, sample, kept }: Run): Promise<void> {
  // Later than the last write, by the clock of the disk.
  await simulation.advance(2);
  const index = random.below(sample.layout.files.length);
  const file = sample.layout.files[index];
  const path = `/data/out/${file?.path.join('/')}.part`;
  const bytes = host.disk.read(path);
  if (file === undefined || bytes === undefined || bytes.length === 0) return;
  const position = random.below(bytes.length);
  const open = await simulation.settle(host.world.disk.open(path, { write: true }));
  await simulation.settle(open.write([Uint8Array.of((bytes[position] ?? 0) ^ 1)], position));
  await simulation.settle(open.close());
  kept.delete(Math.floor((file.offset + position) / sample.layout.pieceLength));
}

async function liveThrough(simulation: Simulation, crash: Crash, hasMeddler = false): Promise<void> {
  const run = makeRun(simulation, crash, hasMeddler);
  const { host, random, sample } = run;
  host.setCrashOptions({ unsynced: crash });
  for (let lives = 0; ; lives++) {
    const when = (['before', 'during', 'after'] as const)[random.below(3)] ?? 'before';
    const heal = host.disk.crash(when, { after: random.below(80), times: lives < 8 ? 1 : 0 });
    const isOver = await untilItEnds(run, life(run)).catch((error: unknown) => {
      // The first bytes of a file may survive a cut that its record does not survive: milliseconds, and never a released one.
      const isLeft = error instanceof StorageError && error.code === 'in-the-way' && crash === 'torn';
      if (!isLeft || run.overwrite || !String(error.value).endsWith('.part')) throw error;
      run.overwrite = true;
      return false;
    });
    heal();
    if (isOver) break;
    if (crash !== 'kept') run.boot++;
    host.restart();
    if (run.hasMeddler && random.below(2) === 0) await meddle(run);
  }

  for (const [index, file] of sample.layout.files.entries()) {
    const bytes = host.disk.read(`/data/out/${file.path.join('/')}`);
    if (run.isWanted(index)) assert.deepEqual(bytes, sample.file(index), file.path.join('/'));
    else assert.equal(bytes, undefined);
  }
  const again = await simulation.settle(open(run));
  assert.deepEqual(again.completeFiles(), []);
  await simulation.settle(again.close());
  const third = await simulation.settle(openContent(optionsOf(run)));
  assert.equal(third.uncheckedCount, 0, 'after a clean stop something is to be hashed');
  await simulation.settle(third.close());
}

simTest(
  'a kill at any instant loses no piece that was written, and nothing unverified is good',
  { seeds: 60 },
  (simulation) => liveThrough(simulation, 'kept'),
);

simTest(
  'what somebody changes after a kill is noticed, and costs only the pieces that were changed',
  { seeds: 30 },
  (simulation) => liveThrough(simulation, 'kept', true),
);

simTest(
  'after a power cut nothing unverified is good, whatever was not synced',
  { seeds: 60 },
  (simulation) => liveThrough(simulation, 'lost'),
);

simTest(
  'after a power cut that tears writes and names nothing unverified is good',
  { seeds: 60 },
  (simulation) => liveThrough(simulation, 'torn'),
);
