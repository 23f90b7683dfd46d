// Whom a session dials, and how often: what a connection that comes to nothing costs both sides.

import assert from 'node:assert/strict';
import { simTest } from '@shoal/sim/testing';
import { makeSample, someBytes } from './sample.ts';
import { addPeer, closeAll, runUntil, type SimPeer } from './sim-swarm.ts';

function sampleOf(length: number) {
  return makeSample({ 'a.bin': someBytes(length) }, { format: 'v1', pieceLength: 65_536 });
}

simTest(
  'who is refused for want of room hears so, and does not dial again at once',
  {},
  async (simulation) => {
    const sample = sampleOf(4_000_000);
    const slow = { line: { upBytesPerSecond: 1e5 } };
    const seed = await addPeer(simulation, {
      sample,
      isSeed: true,
      host: slow,
      limits: { connectionsPerTransfer: 1 },
    });
    const first = await addPeer(simulation, { sample, knows: [seed] });
    await runUntil(simulation, [seed, first], () => first.transfer.progress.bytes > 0);
    const second = await addPeer(simulation, { sample, knows: [seed] });
    const reasons: string[] = [];
    second.transfer.subscribe((event) => {
      if (event.kind === 'peer-left') reasons.push(event.reason.code);
    });
    await runUntil(simulation, [seed, first, second], () => second.meter.dials > 0);
    // Sooner than it may try again.
    await simulation.advance(500);
    assert.equal(second.meter.dials, 1);
    assert.deepEqual(reasons, ['closed']);
    await closeAll(simulation, [seed, first, second]);
  },
);

simTest('who has all there is dials a few at once, and the others one by one', {}, async (simulation) => {
  const sample = sampleOf(70_000);
  const seeds: SimPeer[] = [];
  for (let i = 0; i < 30; i++) seeds.push(await addPeer(simulation, { sample, isSeed: true }));
  const last = await addPeer(simulation, { sample, isSeed: true });
  await runUntil(simulation, [last, ...seeds], () =>
    [last, ...seeds].every(({ transfer }) => transfer.isComplete),
  );
  for (const { address } of seeds) last.transfer.addPeer(address, 'tracker');
  await simulation.advance(400);
  assert.equal(last.meter.dials, 10);
  await simulation.advance(4_000);
  assert.ok(last.meter.dials > 14 && last.meter.dials < 22, `${last.meter.dials} dials`);
  await simulation.advance(10_000);
  assert.equal(last.meter.dials, 30);
  await closeAll(simulation, [last, ...seeds]);
});
