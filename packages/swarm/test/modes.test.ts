import assert from 'node:assert/strict';
import type { Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import type { TransferMode } from '@shoal/swarm';
import { makeSample, someBytes } from './sample.ts';
import { addPeer, closeAll, hasAll, placeOf, runUntil, type SimPeer } from './sim-swarm.ts';

const bytes = 1_600_000;
const sample = makeSample(
  { 'a.bin': someBytes(bytes - 100_000), 'b.bin': someBytes(100_000, 2) },
  { pieceLength: 32_768 },
);
const isDone = (peer: SimPeer) => peer.transfer.isComplete;
const line = { latencyMs: 20, upBytesPerSecond: 2e5 };

/** How many copies the only seed of six leechers sends. */
async function copiesSent(simulation: Simulation, mode: TransferMode): Promise<number> {
  const seed = await addPeer(simulation, { sample, isSeed: true, host: { line }, options: { mode } });
  const peers = [seed];
  for (let i = 0; i < 6; i++)
    peers.push(await addPeer(simulation, { sample, knows: [...peers], host: { line } }));
  await runUntil(simulation, peers, () => peers.every(isDone));
  for (const peer of peers) assert.ok(hasAll(peer, sample));
  const { uploadedBytes } = seed.transfer.progress;
  await closeAll(simulation, peers);
  return uploadedBytes / bytes;
}

simTest('a super-seed sends fewer copies than another seed', { seeds: 3 }, async (simulation) => {
  const usual = await copiesSent(simulation, { kind: 'usual' });
  const copies = await copiesSent(simulation, { kind: 'super-seed' });
  assert.ok(
    copies < 1.9 && copies < 0.9 * usual,
    `${copies.toFixed(2)} copies, otherwise ${usual.toFixed(2)}`,
  );
});

simTest('a super-seed serves one peer alone, and one that came late', { seeds: 2 }, async (simulation) => {
  const seed = await addPeer(simulation, {
    sample,
    isSeed: true,
    options: { mode: { kind: 'super-seed' } },
  });
  const first = await addPeer(simulation, { sample, knows: [seed] });
  await runUntil(simulation, [seed, first], () => isDone(first));
  const second = await addPeer(simulation, { sample, knows: [seed] });
  await runUntil(simulation, [seed, first, second], () => isDone(second));
  await closeAll(simulation, [seed, first, second]);
});

simTest(
  'super-seeding ends at any time, and everybody hears what was kept from him',
  { seeds: 2 },
  async (simulation) => {
    const seed = await addPeer(simulation, {
      sample,
      isSeed: true,
      host: { line },
      options: { mode: { kind: 'super-seed' } },
    });
    const peers = [seed, await addPeer(simulation, { sample, knows: [seed] })];
    peers.push(await addPeer(simulation, { sample, knows: [seed] }));
    await runUntil(simulation, peers, () => (peers[1]?.transfer.progress.bytes ?? 0) > 100_000);
    assert.ok(peers.slice(1).every(({ transfer }) => transfer.peers.every(({ has }) => has < 1)));
    await simulation.settle(seed.transfer.setMode({ kind: 'usual' }));
    await runUntil(simulation, peers, () =>
      peers.slice(1).some(({ transfer }) => transfer.peers.some(({ has }) => has === 1)),
    );
    await runUntil(simulation, peers, () => peers.every(isDone));
    await closeAll(simulation, peers);
  },
);

simTest(
  'a volunteer passes on more than it takes, and no more than it may',
  { seeds: 3 },
  async (simulation) => {
    const peers = [
      await addPeer(simulation, {
        sample,
        isSeed: true,
        host: { line: { latencyMs: 20, upBytesPerSecond: 1e5 } },
      }),
    ];
    const mostBytes = 20 * 32_768;
    const volunteer = await addPeer(simulation, {
      sample,
      knows: [...peers],
      host: { line: { latencyMs: 20, upBytesPerSecond: 2e6 } },
      options: { mode: { kind: 'share', mostBytes } },
    });
    const slow = { latencyMs: 20, upBytesPerSecond: 3e4 };
    for (let i = 0; i < 4; i++)
      peers.push(await addPeer(simulation, { sample, knows: [...peers, volunteer], host: { line: slow } }));
    await runUntil(simulation, [...peers, volunteer], () => peers.every(isDone), 900_000);
    const { downloadedBytes, uploadedBytes } = volunteer.transfer.progress;
    assert.ok(downloadedBytes <= mostBytes + 100_000, `${downloadedBytes} bytes of ${mostBytes}`);
    assert.ok(uploadedBytes > downloadedBytes, `${uploadedBytes} sent of ${downloadedBytes}`);
    assert.equal(volunteer.transfer.isComplete, false);
    assert.equal(volunteer.host.disk.stat(placeOf(sample, 'a.bin')), undefined);
    await closeAll(simulation, [...peers, volunteer]);
  },
);

simTest('where nothing is lacking a volunteer fetches nothing', { seeds: 2 }, async (simulation) => {
  const peers = [await addPeer(simulation, { sample, isSeed: true })];
  const volunteer = await addPeer(simulation, {
    sample,
    knows: [...peers],
    options: { mode: { kind: 'share', mostBytes: 1e9 } },
  });
  await simulation.advance(60_000);
  assert.equal(volunteer.transfer.progress.downloadedBytes, 0);
  await simulation.settle(volunteer.transfer.setMode({ kind: 'usual' }));
  await runUntil(simulation, [...peers, volunteer], () => isDone(volunteer));
  assert.ok(hasAll(volunteer, sample));
  await closeAll(simulation, [...peers, volunteer]);
});

simTest(
  'two that have all they selected part, be they seeds or not, and meet again when one wants more',
  { seeds: 2 },
  async (simulation) => {
    const seed = await addPeer(simulation, { sample, isSeed: true });
    const a = await addPeer(simulation, {
      sample,
      knows: [seed],
      options: { isWanted: (path) => path === 'a.bin' },
    });
    const b = await addPeer(simulation, {
      sample,
      knows: [seed, a],
      options: { isWanted: (path) => path === 'b.bin' },
    });
    const peers = [seed, a, b];
    await runUntil(simulation, peers, () => isDone(a) && isDone(b));
    await runUntil(simulation, peers, () => peers.every(({ transfer }) => transfer.peers.length === 0));
    await simulation.settle(seed.session.close());
    await simulation.settle(b.transfer.select(() => true));
    // All that a has of it, and it has not got the rest of the last piece's file.
    await runUntil(simulation, [a, b], () => b.transfer.progress.bytes >= bytes - 100_000);
    await closeAll(simulation, peers);
  },
);
