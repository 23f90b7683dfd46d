import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulation } from '@shoal/sim';
import fc from 'fast-check';
import { Flow, Lane, Pool, type Taker } from '../../src/limits/flow.ts';

interface Eater extends Taker {
  eaten: number;
}

/** Takes whole units, and always wants more. */
function eater(lane: Lane, pool: Pool, unit: number): Eater {
  const self: Eater = {
    lane,
    pool,
    eaten: 0,
    least: () => unit,
    take(bytes) {
      const used = Math.floor(bytes / unit) * unit;
      self.eaten += used;
      return used;
    },
  };
  return self;
}

test('whatever the units, a flow hands out its rate, evenly to torrents and to the takers of each', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 3, max: 8 }),
      fc.array(fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 4 }), {
        minLength: 1,
        maxLength: 4,
      }),
      async (exponent, units) => {
        const simulation = createSimulation({ seed: 1 });
        const { clock } = simulation.addHost().world;
        const rate = 10 ** exponent * 2;
        const flow = new Flow(clock);
        const pool = new Pool(clock);
        pool.setRate(rate);
        const torrents = units.map((own) => {
          const lane = new Lane(clock);
          return own.map((unit) => eater(lane, pool, unit));
        });
        for (const taker of torrents.flat()) flow.want(taker);
        // Long enough for each of them to have several turns.
        const seconds = Math.max(10, (16 * 40_000 * 20) / rate);
        await simulation.advance(seconds * 1000);
        const all = torrents.flat().reduce((sum, { eaten }) => sum + eaten, 0);
        assert.ok(all <= rate * seconds + rate / 10, `${all} in ${seconds} s`);
        assert.ok(all >= 0.97 * rate * seconds - 20_000, `${all} in ${seconds} s`);
        for (const takers of torrents) {
          const share = takers.reduce((sum, { eaten }) => sum + eaten, 0) / (all / torrents.length);
          assert.ok(share > 0.6 && share < 1.5, `a torrent got ${share} of its share`);
        }
        flow.close();
      },
    ),
    { numRuns: 30 },
  );
});

test('who is held by its own torrent does not hold up others', async () => {
  const simulation = createSimulation({ seed: 1 });
  const { clock } = simulation.addHost().world;
  const flow = new Flow(clock);
  const pool = new Pool(clock);
  pool.setRate(100_000);
  const [slow, free] = [new Lane(clock), new Lane(clock)];
  slow.setRate(1000);
  const takers = [eater(slow, pool, 16_000), eater(free, pool, 16_000)];
  for (const taker of takers) flow.want(taker);
  await simulation.advance(100_000);
  assert.equal(takers[0]?.eaten, 96_000);
  assert.ok(Math.abs((takers[1]?.eaten ?? 0) - 9_900_000) < 100_000);
  flow.close();
});
