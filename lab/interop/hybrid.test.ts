// A download in hybrid mode outlives its finders: engine and discovery together, on whole nodes in virtual time.

import assert from 'node:assert/strict';
import { createDht } from '@shoal/dht';
import { createDiscovery, type Discovery } from '@shoal/discovery';
import type { Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { peerIdOf, startTracker, trackerUrl } from '../../packages/discovery/test/sim-tracker.ts';
import { makeSample, type Sample, someBytes } from '../../packages/swarm/test/sample.ts';
import { addPeer, closeAll, hasAll, runUntil, type SimPeer } from '../../packages/swarm/test/sim-swarm.ts';

interface Node extends SimPeer {
  readonly discovery: Discovery;
}

const sample = makeSample({ 'some.bin': someBytes(3_000_000) }, { format: 'hybrid', pieceLength: 65_536 });

async function addNode(simulation: Simulation, options: { isSeed?: boolean; sample: Sample }): Promise<Node> {
  const peer = await addPeer(simulation, options);
  const { transfer, session, host } = peer;
  const discovery = createDiscovery(host.world, {
    mode: 'hybrid',
    peerId: peerIdOf(host.name),
    dht: { port: 6882, bootstrap: [{ host: 'first', port: 6881 }] },
  });
  const { v1, v2 } = sample.torrent.infoHashes;
  const quest = discovery.seek(
    {
      infoHashes: [v1, v2?.subarray(0, 20)].filter((hash) => hash !== undefined),
      isPrivate: false,
      trackers: [[trackerUrl]],
      port: session.port ?? 0,
      amounts: () => ({
        uploaded: 0,
        downloaded: 0,
        left: transfer.progress.total - transfer.progress.bytes,
      }),
    },
    (address, { kind }) => transfer.addPeer(address, kind),
  );
  transfer.subscribe((event) => {
    if (event.kind === 'peer-joined') quest.worked(event.address);
    if (event.kind === 'complete') quest.completed();
  });
  return Object.assign(peer, { discovery });
}

const line = { latencyMs: 20, upBytesPerSecond: 100_000, downBytesPerSecond: 1_000_000 };
const share = ({ transfer }: SimPeer) => transfer.progress.bytes / 3_000_000;

async function end(simulation: Simulation, nodes: readonly Node[]): Promise<void> {
  await simulation.settle(Promise.all(nodes.map(({ discovery }) => discovery.close())));
  await closeAll(simulation, nodes);
}

simTest(
  'when the tracker dies in the middle of a download nothing stops, and newcomers still find everybody',
  { seeds: 3, simulation: { line } },
  async (simulation) => {
    const tracker = startTracker(simulation);
    const first = simulation.addHost({ name: 'first' });
    await simulation.settle(createDht({ ...first.world, bind: [{ address: first.address, port: 6881 }] }));
    const seed = await addNode(simulation, { sample, isSeed: true });
    const leecher = await addNode(simulation, { sample });
    const early = [seed, leecher];
    await runUntil(simulation, early, () => share(leecher) > 0.3);
    assert.ok(tracker.heard.length >= 2);
    tracker.host.crash();
    const late = await addNode(simulation, { sample });
    const nodes = [...early, late];
    await runUntil(simulation, nodes, () => nodes.every(({ transfer }) => transfer.isComplete));
    assert.ok(hasAll(leecher, sample) && hasAll(late, sample));
    await end(simulation, nodes);
  },
);

simTest(
  'when the way into the DHT dies too, a download goes on',
  { simulation: { line } },
  async (simulation) => {
    const tracker = startTracker(simulation);
    const first = simulation.addHost({ name: 'first' });
    await simulation.settle(createDht({ ...first.world, bind: [{ address: first.address, port: 6881 }] }));
    const nodes = [
      await addNode(simulation, { sample, isSeed: true }),
      await addNode(simulation, { sample }),
    ];
    await runUntil(simulation, nodes, () => nodes.every((node) => share(node) > 0.3));
    tracker.host.crash();
    first.crash();
    await runUntil(simulation, nodes, () => nodes.every(({ transfer }) => transfer.isComplete));
    await end(simulation, nodes);
  },
);

simTest(
  'a download goes on under a new address, and after a day of sleep',
  { simulation: { line } },
  async (simulation) => {
    startTracker(simulation);
    const first = simulation.addHost({ name: 'first' });
    await simulation.settle(createDht({ ...first.world, bind: [{ address: first.address, port: 6881 }] }));
    const [seed, leecher] = [
      await addNode(simulation, { sample, isSeed: true }),
      await addNode(simulation, { sample }),
    ];
    const nodes = [seed, leecher];
    await runUntil(simulation, nodes, () => share(leecher) > 0.2);
    seed.host.setAddresses(['77.1.2.3']);
    seed.host.setWallOffset(24 * 60 * 60_000);
    await runUntil(simulation, nodes, () => leecher.transfer.isComplete);
    assert.ok(hasAll(leecher, sample));
    await end(simulation, nodes);
  },
);
