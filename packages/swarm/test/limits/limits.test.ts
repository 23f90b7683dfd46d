import assert from 'node:assert/strict';
import type { Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { makeSample, someBytes } from '../sample.ts';
import { addPeer, closeAll, hasAll, runUntil, type SimPeer } from '../sim-swarm.ts';

const fastLine = { line: { latencyMs: 20, upBytesPerSecond: 1e8, downBytesPerSecond: 1e8 } };
const isDone = (peer: SimPeer) => peer.transfer.isComplete;

/** Bytes a second through a peer's sockets, in each direction, over this time. */
async function measure(simulation: Simulation, peers: readonly SimPeer[], peer: SimPeer, overMs: number) {
  const [sent, received] = [peer.meter.sent, peer.meter.received];
  const endMs = simulation.nowMs + overMs;
  await runUntil(simulation, peers, () => simulation.nowMs >= endMs);
  return {
    up: ((peer.meter.sent - sent) * 1000) / overMs,
    down: ((peer.meter.received - received) * 1000) / overMs,
  };
}

function assertNear(actual: number, wanted: number, share = 0.03): void {
  assert.ok(
    Math.abs(actual - wanted) <= share * wanted,
    `${Math.round(actual)} bytes a second, and not ${wanted}`,
  );
}

for (const rate of [10_000, 200_000, 2_000_000])
  for (const direction of ['up', 'down'] as const)
    simTest(
      `a limit of ${rate} bytes a second ${direction} holds, with several peers`,
      { seeds: 1, simulation: fastLine },
      async (simulation) => {
        const sample = makeSample(someBytes(Math.max(rate * 14, 2_000_000)), { pieceLength: 65_536 });
        const limits = direction === 'up' ? { upBytesPerSecond: rate } : { downBytesPerSecond: rate };
        const seed = await addPeer(simulation, {
          sample,
          isSeed: true,
          ...(direction === 'up' ? { limits } : {}),
        });
        const peers = [seed];
        if (direction === 'up')
          for (let i = 0; i < 3; i++) peers.push(await addPeer(simulation, { sample, knows: [seed] }));
        else {
          peers.push(await addPeer(simulation, { sample, isSeed: true }));
          peers.push(await addPeer(simulation, { sample, limits, knows: [...peers] }));
        }
        const limited = direction === 'up' ? seed : peers.at(-1);
        assert.ok(limited !== undefined);
        await runUntil(
          simulation,
          peers,
          () => limited.meter[direction === 'up' ? 'sent' : 'received'] > 20_000,
        );
        const overMs = rate === 10_000 ? 120_000 : 10_000;
        const measured = await measure(simulation, peers, limited, overMs);
        assertNear(measured[direction], rate);
        await closeAll(simulation, peers);
      },
    );

simTest(
  'a whole download takes as long as its limit says, from its first second on',
  { seeds: 1, simulation: fastLine },
  async (simulation) => {
    const sample = makeSample(someBytes(18 * 16_384), { pieceLength: 32_768 });
    const seed = await addPeer(simulation, { sample, isSeed: true });
    const leecher = await addPeer(simulation, {
      sample,
      knows: [seed],
      limits: { downBytesPerSecond: 10_000 },
    });
    await runUntil(simulation, [seed, leecher], () => leecher.meter.received > 0);
    const beganMs = simulation.nowMs;
    await runUntil(simulation, [seed, leecher], () => isDone(leecher));
    assertNear(leecher.meter.received / ((simulation.nowMs - beganMs) / 1000), 10_000);
    await closeAll(simulation, [seed, leecher]);
  },
);

simTest('two torrents share a limit evenly', { seeds: 1, simulation: fastLine }, async (simulation) => {
  const sample = makeSample(someBytes(3_000_000), { pieceLength: 65_536 });
  const other = makeSample(someBytes(3_000_000, 2), { pieceLength: 65_536, name: 'other' });
  const seed = await addPeer(simulation, { sample, isSeed: true, limits: { upBytesPerSecond: 300_000 } });
  seed.host.disk.write('/content/other', other.files.get('other') ?? new Uint8Array(0));
  const second = seed.session.add(
    { kind: 'torrent', torrent: other.torrent },
    { folder: '/content', journal: '/state/other' },
  );
  const peers = [seed];
  // Three peers want the one torrent, and one the other.
  for (let i = 0; i < 3; i++) peers.push(await addPeer(simulation, { sample, knows: [seed] }));
  const lonely = await addPeer(simulation, { sample: other, knows: [seed] });
  peers.push(lonely);
  await runUntil(simulation, peers, () => second.progress.uploadedBytes > 1_000_000);
  const ratio = seed.transfer.progress.uploadedBytes / second.progress.uploadedBytes;
  assert.ok(ratio > 0.85 && ratio < 1.15, `the one torrent got ${ratio} times as much`);
  await closeAll(simulation, peers);
});

simTest(
  'peers share a limit evenly, and none starves',
  { seeds: 2, simulation: fastLine },
  async (simulation) => {
    const sample = makeSample(someBytes(8_000_000), { pieceLength: 65_536 });
    const seeds: SimPeer[] = [];
    for (let i = 0; i < 6; i++) seeds.push(await addPeer(simulation, { sample, isSeed: true }));
    const leecher = await addPeer(simulation, {
      sample,
      knows: seeds,
      limits: { downBytesPerSecond: 400_000 },
    });
    const peers = [...seeds, leecher];
    await runUntil(simulation, peers, () => leecher.meter.received > 4_000_000);
    const amounts = leecher.transfer.peers.map(({ downloadedBytes }) => downloadedBytes);
    assert.equal(amounts.length, 6);
    for (const amount of amounts) assertNear(amount, 4_000_000 / 6, 0.2);
    await closeAll(simulation, peers);
  },
);

simTest(
  'a torrent of its own limit leaves the rest of the session alone',
  { seeds: 1, simulation: fastLine },
  async (simulation) => {
    const sample = makeSample(someBytes(1_000_000), { pieceLength: 65_536 });
    const other = makeSample(someBytes(2_000_000, 2), { pieceLength: 65_536, name: 'other' });
    const seed = await addPeer(simulation, {
      sample,
      isSeed: true,
      limits: { upBytesPerSecond: 200_000 },
      options: { limits: { upBytesPerSecond: 20_000 } },
    });
    seed.host.disk.write('/content/other', other.files.get('other') ?? new Uint8Array(0));
    const second = seed.session.add(
      { kind: 'torrent', torrent: other.torrent },
      { folder: '/content', journal: '/state/other' },
    );
    const slow = await addPeer(simulation, { sample, knows: [seed] });
    const fast = await addPeer(simulation, { sample: other, knows: [seed] });
    const peers = [seed, slow, fast];
    await runUntil(simulation, peers, () => second.progress.uploadedBytes > 300_000);
    const before = [slow.meter.received, fast.meter.received];
    const all = await measure(simulation, peers, seed, 8000);
    assertNear((slow.meter.received - (before[0] ?? 0)) / 8, 20_000, 0.05);
    assertNear((fast.meter.received - (before[1] ?? 0)) / 8, 180_000, 0.05);
    assertNear(all.up, 200_000);
    await closeAll(simulation, peers);
  },
);

simTest(
  'a limit can be set, tightened and lifted while blocks come',
  { seeds: 2, simulation: fastLine },
  async (simulation) => {
    const sample = makeSample(someBytes(60_000_000), { pieceLength: 262_144 });
    const seed = await addPeer(simulation, { sample, isSeed: true });
    const leecher = await addPeer(simulation, { sample, knows: [seed] });
    const peers = [seed, leecher];
    await runUntil(simulation, peers, () => leecher.meter.received > 5_000_000);
    leecher.session.setLimits({ downBytesPerSecond: 500_000 });
    // What was on its way still comes.
    await measure(simulation, peers, leecher, 15_000);
    assertNear((await measure(simulation, peers, leecher, 10_000)).down, 500_000);
    leecher.session.setLimits({ downBytesPerSecond: 100_000 });
    await measure(simulation, peers, leecher, 5000);
    assertNear((await measure(simulation, peers, leecher, 10_000)).down, 100_000);
    assert.throws(() => leecher.session.setLimits({ downBytesPerSecond: -1 }), /at least 0/);
    leecher.session.setLimits({});
    await runUntil(simulation, peers, () => isDone(leecher), 30_000);
    assert.ok(hasAll(leecher, sample));
    await closeAll(simulation, peers);
  },
);

simTest(
  'with a limit of nothing no block flows, peers stay, and it goes on when the limit is lifted',
  { seeds: 1, simulation: fastLine },
  async (simulation) => {
    const sample = makeSample(someBytes(500_000), { pieceLength: 32_768 });
    const seed = await addPeer(simulation, { sample, isSeed: true });
    const leecher = await addPeer(simulation, {
      sample,
      knows: [seed],
      limits: { downBytesPerSecond: 0 },
    });
    const peers = [seed, leecher];
    await measure(simulation, peers, leecher, 400_000);
    assert.equal(leecher.transfer.progress.downloadedBytes, 0);
    assert.equal(leecher.transfer.progress.peers, 1);
    leecher.session.setLimits({});
    seed.session.setLimits({ upBytesPerSecond: 0 });
    await measure(simulation, peers, leecher, 300_000);
    assert.equal(leecher.transfer.progress.downloadedBytes, 0);
    seed.session.setLimits({ upBytesPerSecond: 4e12 });
    await runUntil(simulation, peers, () => isDone(leecher), 60_000);
    await closeAll(simulation, peers);
  },
);

simTest(
  'peers of the local network are exempt, unless the settings say otherwise',
  { seeds: 1, simulation: fastLine },
  async (simulation) => {
    const sample = makeSample(someBytes(3_000_000), { pieceLength: 65_536 });
    const home = simulation.addLan();
    const seed = await addPeer(simulation, {
      sample,
      isSeed: true,
      limits: { upBytesPerSecond: 20_000 },
      host: { lan: home },
    });
    const near = await addPeer(simulation, { sample, knows: [seed], host: { lan: home } });
    await runUntil(simulation, [seed, near], () => isDone(near), 5000);
    seed.session.setLimits({ upBytesPerSecond: 20_000, lan: 'limited' });
    const later = await addPeer(simulation, { sample, knows: [seed], host: { lan: home } });
    const peers = [seed, near, later];
    await runUntil(simulation, peers, () => later.meter.received > 5000);
    assertNear((await measure(simulation, peers, seed, 20_000)).up, 20_000);
    seed.session.setLimits({ upBytesPerSecond: 20_000, lan: { upBytesPerSecond: 100_000 } });
    await measure(simulation, peers, seed, 2000);
    assertNear((await measure(simulation, peers, seed, 10_000)).up, 100_000);
    await closeAll(simulation, peers);
  },
);

simTest(
  'a schedule changes the limits by the clock on the wall',
  { seeds: 1, simulation: fastLine },
  async (simulation) => {
    const sample = makeSample(someBytes(6_000_000), { pieceLength: 65_536 });
    const seed = await addPeer(simulation, { sample, isSeed: true });
    const leecher = await addPeer(simulation, { sample, knows: [seed] });
    const peers = [seed, leecher];
    const minuteFromNow = (minutes: number) =>
      new Date(leecher.host.world.clock.wallTimeMs() + minutes * 60_000).toISOString().slice(11, 16);
    leecher.session.setLimits({
      downBytesPerSecond: 10_000,
      schedule: {
        timeZone: 'UTC',
        windows: [{ from: minuteFromNow(2), to: minuteFromNow(4), limits: { downBytesPerSecond: 50_000 } }],
      },
    });
    assertNear((await measure(simulation, peers, leecher, 60_000)).down, 10_000, 0.05);
    await measure(simulation, peers, leecher, 70_000);
    assertNear((await measure(simulation, peers, leecher, 40_000)).down, 50_000);
    await closeAll(simulation, peers);
  },
);
