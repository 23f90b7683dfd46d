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

simTest(
  'who is blocked is neither dialled nor let in, and let go when it is blocked later',
  {},
  async (simulation) => {
    const sample = sampleOf(4_000_000);
    const slow = { line: { upBytesPerSecond: 1e5 } };
    const blocked = new Set<string>();
    const isBlocked = (address: string) => blocked.has(address);
    const [friend, stranger] = [
      await addPeer(simulation, { sample, isSeed: true, host: slow }),
      await addPeer(simulation, { sample, isSeed: true, host: slow }),
    ];
    blocked.add(stranger.address.address);
    const choosy = await addPeer(simulation, { sample, isBlocked });
    choosy.transfer.addPeer(stranger.address, 'tracker');
    choosy.transfer.addPeer(friend.address, 'tracker');
    stranger.transfer.addPeer(choosy.address, 'tracker');
    await runUntil(simulation, [friend, stranger, choosy], () => choosy.transfer.progress.bytes > 0);
    await simulation.advance(3_000);
    assert.deepEqual(
      choosy.transfer.peers.map(({ address }) => address.address),
      [friend.address.address],
    );
    const reasons: string[] = [];
    choosy.transfer.subscribe((event) => {
      if (event.kind === 'peer-left') reasons.push(event.reason.code);
    });
    blocked.add(friend.address.address);
    choosy.session.dropBlocked();
    await simulation.advance(3_000);
    assert.deepEqual([reasons, choosy.transfer.peers], [['blocked'], []]);
    await closeAll(simulation, [friend, stranger, choosy]);
  },
);
