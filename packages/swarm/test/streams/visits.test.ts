// Players that ask for one range, hang up, and come back: nobody else wants anything of the transfer meanwhile, so that peers
// part from it and have to be found again.

import assert from 'node:assert/strict';
import type { Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { makeSample, someBytes } from '../sample.ts';
import { addPeer, closeAll, type SimPeer } from '../sim-swarm.ts';

const length = 20_000_000;
const sample = makeSample({ film: someBytes(length, 21) }, { pieceLength: 131_072 });

async function openRoom(
  simulation: Simulation,
): Promise<{ readonly seed: SimPeer; readonly viewer: SimPeer }> {
  const seed = await addPeer(simulation, {
    sample,
    isSeed: true,
    host: { line: { latencyMs: 20, upBytesPerSecond: 3e6 } },
  });
  const viewer = await addPeer(simulation, {
    sample,
    host: { line: { latencyMs: 5 } },
    options: { isWanted: () => false },
  });
  viewer.transfer.addPeer(seed.address, 'tracker');
  await simulation.advance(3000);
  return { seed, viewer };
}

simTest(
  'a range that is left and asked for again at once comes without a pause',
  { seeds: 4 },
  async (simulation) => {
    const random = simulation.randomFor('visits');
    const { seed, viewer } = await openRoom(simulation);
    const reader = await simulation.settle(viewer.transfer.openFile('film'));
    const took: number[] = [];
    for (let visit = 0; visit < 40; visit++) {
      const start = visit * 480_000;
      const left = reader.read({ start });
      const next = left.next();
      await simulation.advance(random.below(120));
      await left.return?.();
      await simulation.settle(next);
      const startedMs = simulation.nowMs;
      const again = reader.read({ start: start + random.below(3) * 65_536 });
      assert.ok((await simulation.settle(again.next())).value !== undefined);
      took.push(Math.round(simulation.nowMs - startedMs));
      await again.return?.();
    }
    assert.ok(Math.max(...took) < 1000, `${took.join(', ')} ms`);
    await closeAll(simulation, [seed, viewer]);
  },
);

simTest(
  'whoever comes back for another range waits for a connection at most, and for no retry',
  { seeds: 4 },
  async (simulation) => {
    const random = simulation.randomFor('visits');
    const { seed, viewer } = await openRoom(simulation);
    const took: number[] = [];
    for (let visit = 0; visit < 70; visit++) {
      const startedMs = simulation.nowMs;
      const reader = await simulation.settle(viewer.transfer.openFile('film'));
      const start = visit * 280_000;
      const range = reader.read({ start, end: start + 1000 });
      const { value } = await simulation.settle(range.next());
      assert.ok(value !== undefined);
      took.push(Math.round(simulation.nowMs - startedMs));
      reader.close();
      // At once, soon, or just when both sides part.
      await simulation.advance([0, random.below(3000), 9_500 + random.below(1500)][random.below(3)] ?? 0);
    }
    assert.ok(Math.max(...took) < 1000, `${took.join(', ')} ms`);
    await closeAll(simulation, [seed, viewer]);
  },
);
