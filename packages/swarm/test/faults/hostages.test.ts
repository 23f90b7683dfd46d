// A piece that was bad is fetched from one peer alone. Whoever gets it must not be able to keep it.

import { simTest } from '@shoal/sim/testing';
import { makeSample, someBytes } from '../sample.ts';
import { Arena } from './arena.ts';
import { scripts } from './scripts.ts';

const keepers = [
  'answers each request with a reject',
  'claims all and answers nothing',
  'drips a byte a second',
  'sends a block now and then, so as not to be snubbing',
  'unchokes for a block at a time',
  'lies in the first block of each piece and then is silent',
];

for (const name of keepers)
  simTest(
    `the only piece, bad at first, comes in the end although one peer ${name}`,
    { seeds: 4 },
    async (simulation) => {
      const random = simulation.randomFor('lines');
      const sample = makeSample(someBytes(60_000), { pieceLength: 131_072 });
      const arena = new Arena(simulation, sample);
      for (const script of scripts.filter(
        (one) => one.name === name || one.name === 'lies and hangs up after each block',
      ))
        await arena.addHostile(script, { line: { latencyMs: 1 + random.below(80) } }).listen();
      const line = { latencyMs: 1 + random.below(80) };
      const seed = await arena.addHonest({ isSeed: true, host: { line } });
      const leecher = await arena.addHonest({ knows: arena.hostile, host: { line } });
      for (const hostile of arena.hostile) hostile.attack(leecher.address);
      await simulation.advance(2000);
      leecher.transfer.addPeer(seed.address, 'tracker');
      await arena.runUntil(() => arena.areAllDone, 240_000);
      arena.checkHonest();
      await arena.close();
    },
  );
