import assert from 'node:assert/strict';
import { magnetOf, parseMagnet } from '@shoal/metainfo';
import type { LineOptions, Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { type ByteRange, type RangeReader, SwarmError } from '@shoal/swarm';
import { makeSample, type Sample, someBytes } from '../sample.ts';
import { addPeer, closeAll, placeOf, runUntil, type SimPeer } from '../sim-swarm.ts';

const movieBytes = someBytes(6_000_000, 7);

function movie(pieceLength = 65_536): Sample {
  return makeSample(
    { 'extra.bin': someBytes(700_000, 3), 'movie.mkv': movieBytes, 'subs/en.srt': someBytes(40_000, 4) },
    { pieceLength },
  );
}

interface Cinema {
  readonly peers: SimPeer[];
  readonly viewer: SimPeer;
  readonly sample: Sample;
}

/** Some seeds, and one that watches. */
async function openCinema(
  simulation: Simulation,
  options: {
    seeds?: number;
    line?: LineOptions;
    select?: string[];
    pieceLength?: number;
    isMagnet?: boolean;
  } = {},
): Promise<Cinema> {
  const { seeds = 4, line = { latencyMs: 20, upBytesPerSecond: 3e5 }, select } = options;
  const sample = movie(options.pieceLength);
  const peers: SimPeer[] = [];
  for (let i = 0; i < seeds; i++)
    peers.push(await addPeer(simulation, { sample, isSeed: true, host: { line } }));
  const viewer = await addPeer(simulation, {
    sample,
    knows: peers,
    host: { line: { latencyMs: 5 } },
    ...(options.isMagnet === true ? { magnet: parseMagnet(magnetOf(sample.torrent)) } : {}),
    options: select === undefined ? {} : { isWanted: (path: string) => select.includes(path) },
  });
  peers.push(viewer);
  return { peers, viewer, sample };
}

/** The promise of something, while the world runs. */
async function during<T>(
  simulation: Simulation,
  peers: readonly SimPeer[],
  promise: Promise<T>,
  limitMs = 120_000,
): Promise<T> {
  let result: { value: T } | { error: unknown } | undefined;
  promise.then(
    (value) => {
      result = { value };
    },
    (error: unknown) => {
      result = { error };
    },
  );
  await runUntil(simulation, peers, () => result !== undefined, limitMs);
  assert.ok(result !== undefined);
  if ('error' in result) throw result.error;
  return result.value;
}

async function bytesOf(reader: RangeReader, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of reader.read(range, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function openMovie({ viewer, peers }: Cinema, simulation: Simulation): Promise<RangeReader> {
  return during(simulation, peers, viewer.transfer.openFile('movie.mkv'));
}

simTest(
  'a file is read from beginning to end while it is being fetched',
  { seeds: 3 },
  async (simulation) => {
    const cinema = await openCinema(simulation);
    const reader = await openMovie(cinema, simulation);
    assert.equal(reader.size, movieBytes.length);
    assert.equal(reader.path, 'movie.mkv');
    const bytes = await during(simulation, cinema.peers, bytesOf(reader));
    assert.deepEqual(bytes, Buffer.from(movieBytes));
    assert.ok(cinema.viewer.transfer.progress.bytes < 7_000_000 || cinema.viewer.transfer.isComplete);
    await closeAll(simulation, cinema.peers);
  },
);

simTest(
  'a link is enough to open a file, as soon as the metadata is there',
  { seeds: 2 },
  async (simulation) => {
    const cinema = await openCinema(simulation, { isMagnet: true });
    const reader = await openMovie(cinema, simulation);
    const bytes = await during(simulation, cinema.peers, bytesOf(reader, { start: 1000, end: 1100 }));
    assert.deepEqual(bytes, Buffer.from(movieBytes.subarray(1000, 1100)));
    await closeAll(simulation, cinema.peers);
  },
);

simTest(
  'of a file that is not selected only what is read is fetched, and the transfer is complete all the same',
  { seeds: 2 },
  async (simulation) => {
    const cinema = await openCinema(simulation, { select: ['subs/en.srt'] });
    const { viewer, peers } = cinema;
    await runUntil(simulation, peers, () => viewer.transfer.isComplete);
    // Those that had nothing for it any more have left.
    await runUntil(simulation, peers, () => viewer.transfer.peers.length === 0);
    const before = viewer.transfer.progress.downloadedBytes;
    const reader = await openMovie(cinema, simulation);
    const range = { start: 3_000_000, end: 3_050_000 };
    const bytes = await during(simulation, peers, bytesOf(reader, range));
    assert.deepEqual(bytes, Buffer.from(movieBytes.subarray(range.start, range.end)));
    await simulation.advance(30_000);
    assert.ok(viewer.transfer.isComplete);
    assert.equal(viewer.transfer.state, 'sharing');
    const downloaded = viewer.transfer.progress.downloadedBytes - before;
    assert.ok(downloaded < 200_000, `${downloaded} bytes for 50,000`);
    assert.equal(viewer.host.disk.stat(placeOf(cinema.sample, 'movie.mkv')), undefined);
    await closeAll(simulation, peers);
  },
);

simTest('a reader that stops reading makes nothing grow', { seeds: 2 }, async (simulation) => {
  const cinema = await openCinema(simulation, { select: [] });
  const { viewer, peers } = cinema;
  const reader = await openMovie(cinema, simulation);
  const iterator = reader.read();
  await during(simulation, peers, iterator.next());
  await simulation.advance(20_000);
  const held = viewer.transfer.progress.downloadedBytes;
  await simulation.advance(60_000);
  assert.equal(viewer.transfer.progress.downloadedBytes, held, 'it went on fetching for nobody');
  assert.ok(held < 1_600_000, `${held} bytes ahead of a reader that took one chunk`);
  reader.close();
  assert.deepEqual(await during(simulation, peers, iterator.next()), { done: true, value: undefined });
  await closeAll(simulation, peers);
});

simTest('read-ahead follows what the reader consumes', { seeds: 2 }, async (simulation) => {
  const cinema = await openCinema(simulation, { select: [], line: { latencyMs: 10, upBytesPerSecond: 2e6 } });
  const { viewer, peers } = cinema;
  const reader = await openMovie(cinema, simulation);
  const iterator = reader.read();
  let consumed = 0;
  for (let second = 0; second < 12; second++) {
    const { value } = await during(simulation, peers, iterator.next());
    consumed += value?.length ?? 0;
    await simulation.advance(2000);
    const ahead = viewer.transfer.progress.downloadedBytes - consumed;
    // Ten seconds of 128 kB/s and the least there is, not the whole file that the swarm could give at once.
    assert.ok(ahead < 2_600_000, `${ahead} bytes ahead of ${consumed}`);
  }
  await closeAll(simulation, peers);
});

simTest('a range that waits ends at once when it is left, aborted or stopped', {}, async (simulation) => {
  const cinema = await openCinema(simulation, { seeds: 0 });
  const { viewer, peers } = cinema;
  const reader = await openMovie(cinema, simulation);
  const left = reader.read({ start: 100 });
  const leftNext = left.next();
  const aborter = new AbortController();
  const aborted = reader.read({ start: 200 }, aborter.signal).next();
  const stopped = reader.read({ start: 300 }).next();
  for (const promise of [aborted, stopped]) promise.catch(() => {});
  await simulation.advance(5000);
  assert.deepEqual(await left.return?.(), { done: true, value: undefined });
  assert.deepEqual(await leftNext, { done: true, value: undefined });
  aborter.abort(new Error('enough'));
  await assert.rejects(during(simulation, peers, aborted), /enough/);
  await closeAll(simulation, peers);
  await assert.rejects(stopped, (error) => error instanceof SwarmError && error.code === 'closed');
  await assert.rejects(viewer.transfer.openFile(0), /stopped/);
});

simTest('what is no file, and no range of it, is said to be none', {}, async (simulation) => {
  const cinema = await openCinema(simulation, { seeds: 1 });
  const { transfer } = cinema.viewer;
  for (const file of [-1, 3, 1.5, 'nothing.mkv', ''])
    await assert.rejects(during(simulation, cinema.peers, transfer.openFile(file)), /no such file/);
  const reader = await openMovie(cinema, simulation);
  for (const range of [{ start: -1 }, { start: 5, end: 4 }, { start: 0.5 }, { end: Number.NaN }])
    assert.throws(() => reader.read(range), /no bytes/);
  assert.equal((await during(simulation, cinema.peers, bytesOf(reader, { start: 1e12 }))).length, 0);
  assert.equal((await during(simulation, cinema.peers, bytesOf(reader, { start: 7, end: 7 }))).length, 0);
  assert.equal(
    (await during(simulation, cinema.peers, bytesOf(reader, { start: 5_999_990, end: 1e12 }))).length,
    10,
  );
  await closeAll(simulation, cinema.peers);
});

simTest('a slow peer and one that falls silent do not hold up a reader', { seeds: 3 }, async (simulation) => {
  const cinema = await openCinema(simulation, { seeds: 4, line: { latencyMs: 20, upBytesPerSecond: 1e6 } });
  const { viewer, peers } = cinema;
  const [first, second] = peers;
  first?.host.setLine({ latencyMs: 100, upBytesPerSecond: 10_000 });
  const reader = await openMovie(cinema, simulation);
  const iterator = reader.read();
  await during(simulation, peers, iterator.next());
  const partition = simulation.partition([second?.host ?? viewer.host], [viewer.host]);
  const startedMs = simulation.nowMs;
  let got = 0;
  while (got < 3_000_000) {
    const { value } = await during(simulation, peers, iterator.next());
    got += value?.length ?? 3_000_000;
  }
  const tookMs = simulation.nowMs - startedMs;
  // Two honest fast ones give 2 MB/s.
  assert.ok(tookMs < 4000, `${tookMs} ms for 3 MB`);
  partition.heal();
  await closeAll(simulation, peers);
});
