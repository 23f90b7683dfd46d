// Players that ask for one range, hang up, and come back: nobody else wants anything of the transfer meanwhile, so that peers
// part from it and have to be found again.

import assert from 'node:assert/strict';
import { simTest } from '@shoal/sim/testing';
import { makeSample, someBytes } from '../sample.ts';
import { addPeer, closeAll } from '../sim-swarm.ts';

const length = 20_000_000;
const sample = makeSample({ film: someBytes(length, 21) }, { pieceLength: 131_072 });

simTest(
  'whoever comes back for another range waits for a connection at most, and for no retry',
  { seeds: 4 },
  async (simulation) => {
    const random = simulation.randomFor('visits');
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
