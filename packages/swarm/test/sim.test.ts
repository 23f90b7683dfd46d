import assert from 'node:assert/strict';
import { magnetOf, parseMagnet, type TorrentFormat } from '@shoal/metainfo';
import { simTest } from '@shoal/sim/testing';
import { makeSample, type Sample, someBytes } from './sample.ts';
import { addPeer, begin, closeAll, hasAll, placeOf, runUntil, type SimPeer } from './sim-swarm.ts';

const formats: readonly TorrentFormat[] = ['v1', 'v2', 'hybrid'];

function sampleOf(
  format: TorrentFormat,
  options: { pieceLength?: number; isPrivate?: boolean } = {},
): Sample {
  return makeSample(
    {
      'a.bin': someBytes(1_400_000),
      'sub/b.bin': someBytes(70_001, 2),
      c: someBytes(3, 3),
      empty: new Uint8Array(0),
    },
    { format, pieceLength: 65_536, ...options },
  );
}

const isDone = (peer: SimPeer) => peer.transfer.isComplete;

for (const format of formats)
  simTest(
    `a ${format} swarm of one seed and five leechers behind lossy lines completes`,
    {
      seeds: 3,
      simulation: { line: { latencyMs: 30, upBytesPerSecond: 2e5, downBytesPerSecond: 2e6, loss: 0.01 } },
    },
    async (simulation) => {
      const sample = sampleOf(format);
      const peers = [await addPeer(simulation, { sample, isSeed: true })];
      for (let i = 0; i < 5; i++) peers.push(await addPeer(simulation, { sample, knows: [...peers] }));
      await runUntil(simulation, peers, () => peers.every(isDone));
      for (const peer of peers) {
        assert.ok(hasAll(peer, sample));
        assert.equal(peer.transfer.bans.length, 0);
      }
      // Leechers trade: the seed did not send all of it to each of them.
      const uploads = peers.map((peer) =>
        Math.round((peer.transfer.progress.uploadedBytes / 1_470_004) * 100),
      );
      assert.ok((uploads[0] ?? 0) < 400, `% uploaded: ${uploads.join()}`);
      await closeAll(simulation, peers);
    },
  );

for (const format of formats)
  simTest(`a link to a ${format} torrent is enough to fetch it`, { seeds: 2 }, async (simulation) => {
    const sample = sampleOf(format);
    const seed = await addPeer(simulation, { sample, isSeed: true });
    const magnet = parseMagnet(magnetOf(sample.torrent));
    const leecher = await addPeer(simulation, { sample, magnet, knows: [seed] });
    await runUntil(simulation, [seed, leecher], () => isDone(leecher));
    assert.ok(hasAll(leecher, sample));
    await closeAll(simulation, [seed, leecher]);
  });

for (const format of formats)
  simTest(
    `of liars and honest peers in a ${format} swarm the liars are banned, and they alone`,
    { seeds: 4 },
    async (simulation) => {
      const sample = sampleOf(format, { pieceLength: 131_072 });
      const wrong = new Map(sample.files);
      const lie = someBytes(1_400_000);
      for (let at = 20_000; at < lie.length; at += 200_000) lie[at] = (lie[at] ?? 0) ^ 1;
      wrong.set('a.bin', lie);
      const seed = await addPeer(simulation, {
        sample,
        isSeed: true,
        host: { line: { upBytesPerSecond: 4e5 } },
      });
      const liars = [
        await addPeer(simulation, { sample, wrong, host: { line: { upBytesPerSecond: 4e5 } } }),
        await addPeer(simulation, { sample, wrong, host: { line: { upBytesPerSecond: 2e5 } } }),
      ];
      const leecher = await addPeer(simulation, { sample, knows: [seed, ...liars] });
      const peers = [seed, ...liars, leecher];
      await runUntil(simulation, peers, () => isDone(leecher));
      assert.ok(hasAll(leecher, sample));
      const banned = leecher.transfer.bans.map(({ address }) => address.address);
      assert.ok(!banned.includes(seed.address.address), JSON.stringify(leecher.transfer.bans));
      assert.ok(leecher.transfer.bans.every(({ reason }) => reason.code === 'lied'));
      await closeAll(simulation, peers);
    },
  );

simTest(
  'when its only source dies half-way, a download goes on with the next one',
  { seeds: 3 },
  async (simulation) => {
    const sample = sampleOf('v1');
    const line = { upBytesPerSecond: 3e5 };
    const first = await addPeer(simulation, { sample, isSeed: true, host: { line } });
    const leecher = await addPeer(simulation, { sample, knows: [first] });
    await runUntil(simulation, [first, leecher], () => leecher.transfer.progress.bytes > 500_000);
    first.host.crash();
    const second = await addPeer(simulation, { sample, isSeed: true, host: { line } });
    leecher.transfer.addPeer(second.address, 'given');
    await runUntil(simulation, [second, leecher], () => isDone(leecher));
    assert.ok(hasAll(leecher, sample));
    await closeAll(simulation, [second, leecher]);
  },
);

simTest(
  'a peer that falls silent holds up nothing but its own blocks, and those for seconds',
  { seeds: 3 },
  async (simulation) => {
    const sample = sampleOf('v1');
    const line = { upBytesPerSecond: 2e5 };
    const silent = await addPeer(simulation, { sample, isSeed: true, host: { line } });
    const other = await addPeer(simulation, { sample, isSeed: true, host: { line } });
    const leecher = await addPeer(simulation, { sample, knows: [silent, other] });
    await runUntil(simulation, [silent, other, leecher], () => leecher.transfer.progress.bytes > 400_000);
    simulation.partition([silent.host], [leecher.host]);
    await runUntil(simulation, [leecher, other], () => isDone(leecher), 30_000);
    assert.ok(hasAll(leecher, sample));
    await closeAll(simulation, [leecher, other]);
  },
);

simTest('a full disk pauses the transfer, and room lets it go on', { seeds: 3 }, async (simulation) => {
  const sample = sampleOf('v1');
  const seed = await addPeer(simulation, { sample, isSeed: true });
  const leecher = await addPeer(simulation, {
    sample,
    knows: [seed],
    host: { disk: { capacityBytes: 600_000 } },
  });
  await runUntil(simulation, [seed, leecher], () => leecher.transfer.state === 'disk-full');
  await simulation.advance(20_000);
  assert.equal(leecher.transfer.state, 'disk-full');
  leecher.host.disk.setCapacity(100_000_000);
  await runUntil(simulation, [seed, leecher], () => isDone(leecher));
  assert.ok(hasAll(leecher, sample));
  await closeAll(simulation, [seed, leecher]);
});

simTest('a disk that is full from the start is waited for as well', { seeds: 2 }, async (simulation) => {
  const sample = sampleOf('v1');
  const seed = await addPeer(simulation, { sample, isSeed: true });
  const host = { disk: { capacityBytes: 1 } };
  const leecher = await addPeer(simulation, { sample, knows: [seed], host });
  await runUntil(simulation, [seed, leecher], () => leecher.transfer.state === 'disk-full');
  await simulation.advance(20_000);
  assert.equal(leecher.transfer.state, 'disk-full');
  leecher.host.disk.setCapacity(100_000_000);
  await runUntil(simulation, [seed, leecher], () => isDone(leecher));
  assert.ok(hasAll(leecher, sample));
  await closeAll(simulation, [seed, leecher]);
});

simTest(
  'after a kill a download goes on, and ends with the right bytes',
  { seeds: 6 },
  async (simulation) => {
    const sample = sampleOf(simulation.randomFor('format').below(2) === 0 ? 'v1' : 'hybrid');
    const seed = await addPeer(simulation, {
      sample,
      isSeed: true,
      host: { line: { upBytesPerSecond: 5e5 } },
    });
    let leecher = await addPeer(simulation, { sample, knows: [seed] });
    for (let crashes = 0; crashes < 3; crashes++) {
      await simulation.advance(300 + simulation.randomFor(`crash ${crashes}`).below(900));
      leecher.host.crash({ unsynced: 'kept' });
      leecher.host.restart();
      leecher = await begin(simulation, leecher.host, { sample, knows: [seed] });
    }
    await runUntil(simulation, [seed, leecher], () => isDone(leecher));
    assert.ok(hasAll(leecher, sample));
    await closeAll(simulation, [seed, leecher]);
  },
);

simTest('peers tell each other of peers, but not in a private torrent', { seeds: 2 }, async (simulation) => {
  for (const isPrivate of [false, true]) {
    const sample = sampleOf('v1', { isPrivate });
    const line = { upBytesPerSecond: 1e4 };
    const middle = await addPeer(simulation, { sample, isSeed: true, host: { line } });
    const one = await addPeer(simulation, { sample, knows: [middle] });
    const two = await addPeer(simulation, { sample, knows: [middle] });
    await simulation.advance(100_000);
    const meets = one.transfer.peers.some(({ address }) => address.address === two.host.address);
    assert.equal(meets, !isPrivate);
    await closeAll(simulation, [middle, one, two]);
  }
});

simTest(
  'only what is selected is fetched, and a later selection fetches the rest',
  { seeds: 2 },
  async (simulation) => {
    const sample = sampleOf('v1');
    const seed = await addPeer(simulation, { sample, isSeed: true });
    const leecher = await addPeer(simulation, {
      sample,
      knows: [seed],
      options: { isWanted: (path) => path === 'sub/b.bin' },
    });
    await runUntil(simulation, [seed, leecher], () => isDone(leecher));
    assert.equal(leecher.transfer.progress.total, 70_001);
    assert.equal(leecher.host.disk.read(placeOf(sample, 'a.bin')), undefined);
    await simulation.settle(leecher.transfer.select(() => true));
    await runUntil(simulation, [seed, leecher], () => isDone(leecher));
    assert.ok(hasAll(leecher, sample));
    await closeAll(simulation, [seed, leecher]);
  },
);
