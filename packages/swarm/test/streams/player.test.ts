// What players do to a file, replayed in virtual time: head and tail for the index, seeks, small ranges, abandoned and
// parallel ones; in a swarm of twenty peers whose lines are those of homes.

import assert from 'node:assert/strict';
import type { Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import type { ByteRange, RangeReader } from '@shoal/swarm';
import { makeSample, someBytes } from '../sample.ts';
import { addPeer, closeAll, type SimPeer } from '../sim-swarm.ts';

const length = 12_000_000;
const movie = someBytes(length, 11);
const sample = makeSample(
  { 'movie.mp4': movie, 'other.bin': someBytes(300_000, 12) },
  { pieceLength: 131_072 },
);

interface Room {
  readonly simulation: Simulation;
  readonly peers: SimPeer[];
  readonly viewer: SimPeer;
  readonly reader: RangeReader;
}

async function openRoom(simulation: Simulation, isWhole: boolean): Promise<Room> {
  const peers: SimPeer[] = [];
  for (let i = 0; i < 20; i++)
    peers.push(
      await addPeer(simulation, {
        sample,
        isSeed: true,
        host: { line: { latencyMs: 10 + i, upBytesPerSecond: 5e5 } },
      }),
    );
  const viewer = await addPeer(simulation, {
    sample,
    knows: peers,
    host: { line: { latencyMs: 5 } },
    options: { isWanted: () => isWhole },
  });
  peers.push(viewer);
  let reader: RangeReader | undefined;
  void viewer.transfer.openFile('movie.mp4').then((opened) => {
    reader = opened;
  });
  await simulation.run(() => reader !== undefined && viewer.transfer.peers.length === 20, {
    limitMs: 60_000,
  });
  assert.ok(reader !== undefined);
  return { simulation, peers, viewer, reader };
}

/** Runs until the promise is settled, and says how long that took. */
async function time<T>(room: Room, promise: Promise<T>): Promise<{ value: T; ms: number }> {
  const { simulation, viewer } = room;
  const startedMs = simulation.nowMs;
  let endedMs: number | undefined;
  const noteTime = () => {
    endedMs = simulation.nowMs;
  };
  promise.then(noteTime, noteTime);
  await simulation.run(() => endedMs !== undefined, { limitMs: 120_000 });
  assert.deepEqual(viewer.session.checkInvariants(), []);
  return { value: await promise, ms: (endedMs ?? 0) - startedMs };
}

async function readAll(reader: RangeReader, range: ByteRange): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of reader.read(range)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function expectRange(room: Room, start: number, end: number): Promise<void> {
  const { value } = await time(room, readAll(room.reader, { start, end }));
  assert.equal(Buffer.compare(value, movie.subarray(start, end)), 0, `bytes ${start} to ${end} are wrong`);
}

/** Begins to play there; what it took until the first byte. The range goes on until it is left. */
async function seek(room: Room, start: number): Promise<{ ms: number; leave: () => void }> {
  const range = room.reader.read({ start });
  const { value, ms } = await time(room, range.next());
  const bytes: Uint8Array = value.value ?? new Uint8Array(0);
  assert.ok(bytes.length > 0);
  assert.equal(Buffer.compare(bytes, movie.subarray(start, start + bytes.length)), 0);
  return { ms, leave: () => void range.return?.() };
}

for (const isWhole of [false, true])
  simTest(
    `the first byte after a seek comes within 300 ms, while ${isWhole ? 'all is fetched' : 'only what is watched is fetched'}`,
    {},
    async (simulation) => {
      const room = await openRoom(simulation, isWhole);
      const opened = await seek(room, 0);
      await simulation.advance(1000);
      opened.leave();
      const took: number[] = [];
      for (const start of [length - 70_000, 6_000_000, 2_000_123, 10_000_001, 4_500_000]) {
        const { ms, leave } = await seek(room, start);
        took.push(Math.round(ms));
        await simulation.advance(400);
        leave();
      }
      assert.ok(Math.max(...took) < 300, `${took.join(', ')} ms`);
      await closeAll(simulation, room.peers);
    },
  );

simTest('a player gets the right bytes, whatever it asks for and leaves', {}, async (simulation) => {
  const room = await openRoom(simulation, false);
  // The head, then the index at the end, as for an MP4 that was not made for streaming.
  await expectRange(room, 0, 4096);
  await expectRange(room, length - 300_000, length);
  // An index of many small ranges.
  for (let i = 0; i < 12; i++) await expectRange(room, 3_000_000 + i * 70_000, 3_000_100 + i * 70_000);
  // Dragging the slider: each range is left before, or just when, it gives something.
  for (let i = 0; i < 15; i++) {
    const range = room.reader.read({ start: 700_000 * (i + 1) });
    const next = range.next();
    await simulation.advance(i % 3 === 0 ? 0 : 30 * i);
    await simulation.settle(Promise.resolve(range.return?.()));
    await simulation.settle(next);
  }
  // Sound, picture and subtitles at once.
  const starts = [1_000_000, 4_000_000, 8_000_000];
  const { value } = await time(
    room,
    Promise.all(starts.map((start) => readAll(room.reader, { start, end: start + 500_000 }))),
  );
  for (const [i, start] of starts.entries())
    assert.equal(Buffer.compare(value[i] ?? new Uint8Array(0), movie.subarray(start, start + 500_000)), 0);
  await closeAll(simulation, room.peers);
});
