import assert from 'node:assert/strict';
import { simTest } from '@shoal/sim/testing';
import { makeSample, someBytes } from './sample.ts';
import { addPeer, begin, closeAll, hasAll, runUntil } from './sim-swarm.ts';

const sample = makeSample(
  { 'a.bin': someBytes(900_000), 'sub/b.bin': someBytes(70_001, 2) },
  { format: 'v1', pieceLength: 65_536 },
);
const line = { upBytesPerSecond: 3e5 };

simTest('a disk that fails and works again is gone on with by itself', { seeds: 4 }, async (simulation) => {
  const seed = await addPeer(simulation, { sample, isSeed: true, host: { line } });
  const leecher = await addPeer(simulation, { sample, knows: [seed] });
  const peers = [seed, leecher];
  await runUntil(simulation, peers, () => leecher.transfer.progress.bytes > 200_000);
  const mend = leecher.host.disk.fail('io', { path: '/content' });
  await runUntil(simulation, peers, () => leecher.transfer.state === 'failed');
  await simulation.advance(10 * 60_000);
  assert.equal(leecher.transfer.state, 'failed');
  mend();
  await runUntil(simulation, peers, () => leecher.transfer.isComplete, 300_000);
  assert.ok(hasAll(leecher, sample));
  await closeAll(simulation, peers);
});

simTest('a disk that is away is waited for, and nothing is put where it was', {}, async (simulation) => {
  const seed = await addPeer(simulation, { sample, isSeed: true });
  let leecher = await addPeer(simulation, { sample, knows: [seed] });
  await runUntil(simulation, [seed, leecher], () => leecher.transfer.isComplete);
  await simulation.settle(leecher.session.close());
  const { disk } = leecher.host.world;
  await simulation.settle(disk.rename('/content', '/unplugged'));
  const options = { expectsFiles: true };
  leecher = await begin(simulation, leecher.host, { sample, knows: [seed], options });
  await runUntil(simulation, [leecher], () => leecher.transfer.state === 'failed');
  await simulation.advance(10 * 60_000);
  assert.equal(leecher.transfer.state, 'failed');
  assert.equal(leecher.host.disk.stat('/content'), undefined);
  await simulation.settle(disk.rename('/unplugged', '/content'));
  await runUntil(simulation, [leecher], () => leecher.transfer.isComplete, 120_000);
  assert.equal(leecher.transfer.history.downloadedBytes, 0);
  await closeAll(simulation, [seed, leecher]);
});

simTest('of files that are gone for good, a resume fetches others', {}, async (simulation) => {
  const seed = await addPeer(simulation, { sample, isSeed: true });
  let leecher = await addPeer(simulation, { sample, knows: [seed] });
  await runUntil(simulation, [seed, leecher], () => leecher.transfer.isComplete);
  await simulation.settle(leecher.session.close());
  await simulation.settle(leecher.host.world.disk.rename('/content', '/gone'));
  const options = { expectsFiles: true };
  leecher = await begin(simulation, leecher.host, { sample, knows: [seed], options });
  await runUntil(simulation, [leecher], () => leecher.transfer.state === 'failed');
  leecher.transfer.resume();
  await runUntil(simulation, [seed, leecher], () => leecher.transfer.isComplete);
  assert.ok(hasAll(leecher, sample));
  await closeAll(simulation, [seed, leecher]);
});

simTest('one that was paused meanwhile, or stopped, is left alone', {}, async (simulation) => {
  const seed = await addPeer(simulation, { sample, isSeed: true, host: { line } });
  const leecher = await addPeer(simulation, { sample, knows: [seed] });
  const peers = [seed, leecher];
  await runUntil(simulation, peers, () => leecher.transfer.progress.bytes > 200_000);
  const mend = leecher.host.disk.fail('io', { path: '/content' });
  await runUntil(simulation, peers, () => leecher.transfer.state === 'failed');
  await simulation.settle(leecher.transfer.pause());
  mend();
  await simulation.advance(10 * 60_000);
  assert.equal(leecher.transfer.state, 'failed');
  await closeAll(simulation, peers);
});
