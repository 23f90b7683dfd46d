// A crash at each operation of the disk in turn: the seed's number says at which. A killed program fetches nothing again
// that it had announced; a power cut may cost more, and never a wrong byte.

import assert from 'node:assert/strict';
import type { TorrentFormat } from '@shoal/metainfo';
import type { Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { makeSample, someBytes } from '../sample.ts';
import { Arena } from './arena.ts';

const formats: readonly TorrentFormat[] = ['v1', 'v2', 'hybrid'];
const whens = ['before', 'during', 'after'] as const;

async function crashOnce(simulation: Simulation, unsynced: 'kept' | 'lost' | 'torn'): Promise<void> {
  const number = Number(simulation.seed);
  const random = simulation.randomFor('crash');
  const sample = makeSample(
    { 'a.bin': someBytes(200_000), 'sub/b.bin': someBytes(40_000, 2), empty: new Uint8Array(0) },
    { format: formats[number % 3] ?? 'v1', pieceLength: 32_768 },
  );
  const { layout } = sample.torrent;
  const arena = new Arena(simulation, sample);
  const seed = await arena.addHonest({ isSeed: true, host: { line: { upBytesPerSecond: 2e5 } } });
  const leecher = await arena.addHonest({
    knows: [seed],
    bootId: 'first',
    prepare: (host) => {
      host.setCrashOptions({ unsynced });
      host.disk.crash(whens[random.below(3)] ?? 'during', { after: number - 1 });
    },
  });
  const had = new Set<number>();
  leecher.transfer.subscribe((event) => {
    if (event.kind === 'piece') had.add(event.piece);
  });
  const { host } = leecher;
  await arena.runUntil(() => !host.isUp || leecher.transfer.isComplete, 120_000);
  // Time for what is recorded and synced later.
  await simulation.advance(20_000);
  if (host.isUp) {
    let isClosed = false;
    void leecher.session.close().then(() => {
      isClosed = true;
    });
    await simulation.run(() => isClosed || !host.isUp);
  }
  if (host.isUp) arena.honest.pop();
  else {
    if (unsynced !== 'kept') arena.cutPower(leecher);
    await arena.restart(leecher, { bootId: unsynced === 'kept' ? 'first' : 'second' });
    await arena.runToTheEnd(300_000);
    if (unsynced === 'kept') {
      let bytes = 0;
      for (const piece of had) bytes += layout.pieceSize(piece);
      const total = Array.from({ length: layout.pieceCount }, (_, piece) => layout.pieceSize(piece)).reduce(
        (sum, length) => sum + length,
      );
      const fetched = (arena.honest.at(-1) ?? leecher).transfer.progress.downloadedBytes;
      assert.ok(fetched <= total - bytes, `${fetched} bytes fetched again, ${total - bytes} were missing`);
    }
  }
  arena.checkHonest();
  await arena.close();
}

simTest(
  'a program killed at any operation of its disk fetches nothing again that it had',
  { seeds: 70 },
  (simulation) => crashOnce(simulation, 'kept'),
);

simTest('a power cut at any operation of the disk costs no right byte', { seeds: 70 }, (simulation) =>
  crashOnce(simulation, Number(simulation.seed) % 2 === 0 ? 'lost' : 'torn'),
);
