// The hash pool beside one thread: memory in slabs, a file in the page cache, and what the first job waits for.
//
//   node lab/bench/hashing.ts [--mib 2048] [--runs 5]

import { createHash, hash } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSlabs, type HashJob } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { printTable } from './table.ts';

const mebibyte = 1024 * 1024;
const blockLength = 16 * 1024;
const pieceLength = mebibyte;
const blocksInPiece = pieceLength / blockLength;
const merkle = { leafLength: blockLength, leafCount: blocksInPiece };
/** As many pieces as an engine keeps in memory at a time. */
const piecesInMemory = 128;
/** Jobs under way: enough to keep the workers busy, few enough that an engine could have them. */
const window = 24;

type Digests = Pick<HashJob, 'sha1' | 'merkle'>;

interface Cost {
  readonly seconds: number;
  /** Of all threads; on a busy machine this says more than the seconds. */
  readonly cpuSeconds: number;
  /** Of this thread alone: what the engine cannot use. */
  readonly ownSeconds: number;
}

async function timed(action: () => Promise<void> | void): Promise<Cost> {
  const startMs = performance.now();
  const before = process.cpuUsage();
  const ownBefore = process.threadCpuUsage();
  await action();
  const all = process.cpuUsage(before);
  const own = process.threadCpuUsage(ownBefore);
  return {
    seconds: (performance.now() - startMs) / 1000,
    cpuSeconds: (all.user + all.system) / 1e6,
    ownSeconds: (own.user + own.system) / 1e6,
  };
}

async function best(runs: number, action: () => Promise<void> | void): Promise<Cost> {
  const costs: Cost[] = [];
  for (let run = 0; run < runs; run++) costs.push(await timed(action));
  return {
    seconds: Math.min(...costs.map(({ seconds }) => seconds)),
    cpuSeconds: Math.min(...costs.map(({ cpuSeconds }) => cpuSeconds)),
    ownSeconds: Math.min(...costs.map(({ ownSeconds }) => ownSeconds)),
  };
}

/** Runs `count` jobs, `window` of them under way. */
async function runJobs(
  world: ReturnType<typeof createNodeWorld>,
  count: number,
  jobAt: (index: number) => HashJob,
): Promise<void> {
  let next = 0;
  async function worker(): Promise<void> {
    while (next < count) await world.hashing.run(jobAt(next++));
  }
  await Promise.all(Array.from({ length: window }, worker));
}

function fillSlabs(): Uint8Array[][] {
  const slabs = createSlabs({ slabLength: blockLength, capacity: piecesInMemory * blocksInPiece });
  return Array.from({ length: piecesInMemory }, () =>
    Array.from({ length: blocksInPiece }, (_, i) => slabs.take()?.fill(i) ?? new Uint8Array(blockLength)),
  );
}

function hashHere(pieces: readonly (readonly Uint8Array[])[], count: number, digests: Digests): void {
  for (let i = 0; i < count; i++) {
    const blocks = pieces[i % pieces.length] ?? [];
    if (digests.sha1 === true) {
      const sha1 = createHash('sha1');
      for (const block of blocks) sha1.update(block);
      sha1.digest();
    }
    if (digests.merkle !== undefined) for (const block of blocks) hash('sha256', block, 'buffer');
  }
}

function makeFile(path: string, mib: number): void {
  const fd = openSync(path, 'w');
  const chunk = new Uint8Array(mebibyte);
  for (let i = 0; i < mib; i++) writeSync(fd, chunk.fill(i));
  closeSync(fd);
}

function readAndHashHere(path: string, mib: number, digests: Digests): void {
  const fd = openSync(path, 'r');
  const buffer = new Uint8Array(pieceLength);
  const blocks = Array.from({ length: blocksInPiece }, (_, i) =>
    buffer.subarray(i * blockLength, (i + 1) * blockLength),
  );
  for (let i = 0; i < mib; i++) {
    readSync(fd, buffer, 0, pieceLength, i * pieceLength);
    hashHere([blocks], 1, digests);
  }
  closeSync(fd);
}

const { values } = parseArgs({
  options: { mib: { type: 'string', default: '2048' }, runs: { type: 'string', default: '5' } },
});
const mib = Number(values.mib);
const runs = Number(values.runs);

const starting = createNodeWorld({ hashWorkers: 1 });
const firstJob = { source: { kind: 'memory', blocks: [new Uint8Array(1)] }, sha1: true } as const;
const start = await timed(async () => void (await starting.hashing.run(firstJob)));
await starting.close();
console.log(`the first job of a new pool waits ${(start.seconds * 1000).toFixed(0)} ms`);

const pieces = fillSlabs();
const path = join(tmpdir(), `shoal-bench-hashing-${process.pid}`);
makeFile(path, mib);
const one = createNodeWorld({ hashWorkers: 1 });
const two = createNodeWorld({ hashWorkers: 2 });
const kinds: [string, Digests][] = [
  ['SHA-1', { sha1: true }],
  ['SHA-256 leaves, root', { merkle }],
  ['both', { sha1: true, merkle }],
];
const table: string[][] = [];
const megabytesPerSecond = (seconds: number): string => ((mib * mebibyte) / seconds / 1e6).toFixed(0);
try {
  for (const [name, digests] of kinds) {
    const memoryJob = (i: number): HashJob => ({
      source: { kind: 'memory', blocks: pieces[i % pieces.length] ?? [] },
      ...digests,
    });
    const fileJob = (i: number): HashJob => ({
      source: { kind: 'file', ranges: [{ path, offset: i * pieceLength, length: pieceLength }] },
      ...digests,
    });
    const cases: [string, () => void, (i: number) => HashJob][] = [
      [`${name}, slabs`, () => hashHere(pieces, mib, digests), memoryJob],
      [`${name}, file`, () => readAndHashHere(path, mib, digests), fileJob],
    ];
    for (const [label, here, job] of cases) {
      const costs = [
        await best(runs, here),
        await best(runs, () => runJobs(one, mib, job)),
        await best(runs, () => runJobs(two, mib, job)),
      ];
      table.push([
        label,
        ...costs.map(({ seconds }) => megabytesPerSecond(seconds)),
        ((costs[0]?.seconds ?? 0) / (costs[2]?.seconds ?? 1)).toFixed(2),
        ((2 * (costs[0]?.cpuSeconds ?? 0)) / (costs[2]?.cpuSeconds ?? 1)).toFixed(2),
        (((costs[2]?.ownSeconds ?? 0) * 1000 * 1024) / mib).toFixed(0),
      ]);
    }
  }
  printTable(
    [
      'MB/s',
      'one thread',
      '1 worker',
      '2 workers',
      '2 to thread',
      '2 to thread by CPU time',
      'ms a GiB here',
    ],
    table,
  );
  const small = blocksInPiece * 1024;
  const leaves = await best(runs, () =>
    runJobs(two, small, (i) => ({
      source: { kind: 'memory', blocks: pieces[0]?.slice(i % blocksInPiece, (i % blocksInPiece) + 1) ?? [] },
      merkle: { leafLength: blockLength, leafCount: 1 },
    })),
  );
  console.log(
    `jobs of one 16 KiB leaf: ${(small / leaves.seconds).toFixed(0)}/s, ` +
      `${((leaves.cpuSeconds / small) * 1e6).toFixed(1)} CPU µs each, ` +
      `${((leaves.ownSeconds / small) * 1e6).toFixed(1)} of them here`,
  );
} finally {
  rmSync(path);
  await Promise.all([one.close(), two.close()]);
}
