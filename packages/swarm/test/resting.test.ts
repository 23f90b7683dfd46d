// Transfers that stand still: paused by somebody, or shared with nobody; and what wakes them.

import assert from 'node:assert/strict';
import { simTest } from '@shoal/sim/testing';
import { OpenFiles } from '@shoal/storage';
import { createSession } from '@shoal/swarm';
import { createTcpTransport } from '@shoal/transport';
import { makeSample, type Sample, someBytes } from './sample.ts';
import { addPeer, closeAll, hasAll, placeOf, runUntil, type SimPeer } from './sim-swarm.ts';

const isDone = (peer: SimPeer) => peer.transfer.isComplete;
const simulation = { line: { latencyMs: 20, upBytesPerSecond: 1e6, downBytesPerSecond: 1e6 } };

simTest(
  'a paused download has no peers and no open files, and goes on from where it was',
  { seeds: 3, simulation },
  async (simulation) => {
    const sample = makeSample(someBytes(3_000_000), { pieceLength: 65_536 });
    const seed = await addPeer(simulation, { sample, isSeed: true });
    const leecher = await addPeer(simulation, { sample, knows: [seed], bootId: 'one' });
    const peers = [seed, leecher];
    const { transfer } = leecher;
    await runUntil(simulation, peers, () => transfer.progress.bytes > 1_000_000);
    await simulation.settle(transfer.pause());
    assert.equal(transfer.state, 'paused');
    assert.equal(transfer.peers.length, 0);
    const { bytes } = transfer.progress;
    assert.ok(bytes > 1_000_000);
    transfer.addPeer(seed.address, 'given');
    await simulation.advance(120_000);
    await runUntil(simulation, peers, () => true);
    assert.equal(transfer.peers.length, 0);
    const { received } = leecher.meter;
    transfer.resume();
    await runUntil(simulation, peers, () => isDone(leecher), 60_000);
    assert.ok(hasAll(leecher, sample));
    // What was here was not fetched again.
    assert.ok(leecher.meter.received - received < 3_000_000 - bytes + 300_000);
    await closeAll(simulation, peers);
  },
);

simTest(
  'pause and resume can follow each other at any moment',
  { seeds: 10, simulation },
  async (simulation) => {
    const random = simulation.randomFor('pauses');
    const sample = makeSample(someBytes(1_000_000), { pieceLength: 32_768 });
    const seed = await addPeer(simulation, { sample, isSeed: true });
    const leecher = await addPeer(simulation, { sample, knows: [seed] });
    const peers = [seed, leecher];
    for (let i = 0; i < 20; i++) {
      const { transfer } = random.chance(0.5) ? seed : leecher;
      if (random.chance(0.5)) transfer.resume();
      else void transfer.pause();
      const endMs = simulation.nowMs + random.below(random.chance(0.5) ? 5 : 3000);
      await runUntil(simulation, peers, () => simulation.nowMs >= endMs);
    }
    for (const { transfer } of peers) transfer.resume();
    await runUntil(simulation, peers, () => isDone(leecher), 120_000);
    assert.ok(hasAll(leecher, sample));
    await closeAll(simulation, peers);
  },
);

simTest('a failed transfer tries again when it is resumed', { seeds: 1, simulation }, async (simulation) => {
  const sample = makeSample(someBytes(300_000), { pieceLength: 32_768 });
  const seed = await addPeer(simulation, { sample, isSeed: true });
  const leecher = await addPeer(simulation, { sample, knows: [seed] });
  const peers = [seed, leecher];
  const mend = leecher.host.disk.fail('io', { kind: 'write' });
  await runUntil(simulation, peers, () => leecher.transfer.state === 'failed');
  mend();
  leecher.transfer.resume();
  await runUntil(simulation, peers, () => isDone(leecher), 60_000);
  assert.ok(hasAll(leecher, sample));
  await closeAll(simulation, peers);
});

simTest(
  'of fifty stored torrents hardly any is held open, and each is there when a peer asks',
  { seeds: 2, simulation },
  async (simulation) => {
    const samples = Array.from({ length: 50 }, (_, i) =>
      makeSample(someBytes(100_000, i + 1), { pieceLength: 32_768, name: `sample-${i}` }),
    );
    const host = simulation.addHost();
    const { world } = host;
    const openFiles = new OpenFiles(world.disk);
    const session = createSession({
      ...world,
      openFiles,
      transport: createTcpTransport(world),
      client: 'sim',
      peerIdPrefix: '-SL0000-',
    });
    await simulation.settle(session.listen({ port: 6881, addresses: [host.address] }));
    let loads = 0;
    const store = (sample: Sample, index: number) => {
      for (const [path, bytes] of sample.files) host.disk.write(placeOf(sample, path), bytes);
      const { infoHashes, name, isPrivate } = sample.torrent;
      return session.add(
        {
          kind: 'stored',
          infoHashes,
          name,
          isPrivate,
          load: async () => {
            loads++;
            return sample.torrent;
          },
        },
        { folder: '/content', journal: `/state/${index}` },
      );
    };
    const transfers = samples.map(store);
    await simulation.run(() => transfers.every(({ isComplete }) => isComplete), { limitMs: 60_000 });
    await simulation.advance(1000);
    assert.ok(transfers.filter(({ torrent }) => torrent !== undefined).length <= 16);
    await simulation.advance(180_000);
    assert.equal(openFiles.openCount, 0);
    assert.ok(transfers.every(({ torrent, state }) => torrent === undefined && state === 'sharing'));
    assert.equal(loads, 50);
    const address = { kind: 'ip', address: host.address, port: 6881 } as const;
    for (const index of [0, 20, 49]) {
      const sample = samples[index];
      assert.ok(sample !== undefined);
      const leecher = await addPeer(simulation, { sample, options: { peers: [address] } });
      await runUntil(simulation, [leecher], () => isDone(leecher), 20_000);
      await simulation.settle(leecher.session.close());
    }
    assert.equal(loads, 53);
    assert.equal(transfers[0]?.progress.total, 100_000);
    // Somebody took the file away while it rested: it is not fetched again without a word.
    const gone = samples[7];
    assert.ok(gone !== undefined);
    await simulation.settle(world.disk.removeFile(placeOf(gone, 'sample-7')));
    const late = await addPeer(simulation, { sample: gone, options: { peers: [address] } });
    await runUntil(simulation, [late], () => transfers[7]?.state === 'failed', 20_000);
    assert.equal(transfers[7]?.isComplete, false);
    await simulation.settle(Promise.all([late.session.close(), session.close()]));
    assert.deepEqual(session.checkInvariants(), []);
  },
);
