// Each way to be hostile on its own: among honest peers it delays nobody for long, nobody honest is blamed, and whoever
// breaks a rule is let go with the reason that fits.

import assert from 'node:assert/strict';
import type { TorrentFormat } from '@shoal/metainfo';
import { simTest } from '@shoal/sim/testing';
import { makeSample, someBytes } from '../sample.ts';
import { Arena } from './arena.ts';
import { scripts } from './scripts.ts';

for (const script of scripts)
  simTest(`honest peers get along with one that ${script.name}`, { seeds: 2 }, async (simulation) => {
    const random = simulation.randomFor('setting');
    const formats: readonly TorrentFormat[] = script.needs === 'v2' ? ['v2'] : ['v1', 'v2', 'hybrid'];
    const format = formats[random.below(formats.length)] ?? 'v1';
    const sample = makeSample(
      { 'a.bin': someBytes(500_000), 'sub/b.bin': someBytes(70_001, 2), c: someBytes(3, 3) },
      { format, pieceLength: 65_536 },
    );
    const line = { latencyMs: 20, upBytesPerSecond: script.needs === 'time' ? 4e3 : 1e5 };
    const arena = new Arena(simulation, sample);
    const hostile = arena.addHostile(script, { line: { latencyMs: 5, upBytesPerSecond: 2e6 } });
    await hostile.listen();
    const seed = await arena.addHonest({ isSeed: true, host: { line } });
    const isMagnet = script.needs === 'magnet' || script.needs === 'v2';
    const first = await arena.addHonest({ knows: [hostile, seed], isMagnet, host: { line } });
    await arena.addHonest({ knows: [first, hostile], isMagnet, host: { line } });
    hostile.attack(seed.address);
    if (random.chance(0.5)) hostile.attack(first.address);

    const { ends } = script;
    const isCaught = () =>
      ends === undefined || arena.reasonsFor(hostile).some(({ code }) => ends.includes(code));
    await arena.runUntil(() => arena.areAllDone && isCaught(), script.needs === 'time' ? 900_000 : 300_000);
    arena.checkHonest();
    if (script.isBanned === true) assert.ok(arena.isBanned(hostile));
    await arena.close();
  });
