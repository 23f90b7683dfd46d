// What peers tell of their DHT nodes (BEP 5), so that discovery has a way in.

import assert from 'node:assert/strict';
import { simTest } from '@shoal/sim/testing';
import { makeSample, someBytes } from './sample.ts';
import { addPeer, closeAll, runUntil, type SimPeer } from './sim-swarm.ts';

for (const isPrivate of [false, true])
  simTest(
    isPrivate
      ? 'peers of a private torrent hear of no DHT node'
      : 'peers that both have a DHT node tell each other where',
    {},
    async (simulation) => {
      const sample = makeSample({ a: someBytes(100_000) }, { format: 'hybrid', isPrivate });
      const seed = await addPeer(simulation, { sample, isSeed: true });
      const leecher = await addPeer(simulation, { sample, knows: [seed] });
      const without = await addPeer(simulation, { sample, knows: [seed] });
      const peers = [seed, leecher, without];
      const told = new Map<SimPeer, string[]>(peers.map((peer) => [peer, []]));
      for (const peer of peers)
        peer.transfer.subscribe((event) => {
          if (event.kind === 'dht-node') told.get(peer)?.push(`${event.address}:${event.port}`);
        });
      seed.session.dhtPort = 4001;
      leecher.session.dhtPort = 4002;
      await runUntil(simulation, peers, () => peers.every(({ transfer }) => transfer.isComplete));
      await simulation.advance(5_000);
      assert.deepEqual(told.get(leecher), isPrivate ? [] : [`${seed.host.address}:4001`]);
      assert.deepEqual(told.get(seed), isPrivate ? [] : [`${leecher.host.address}:4002`]);
      assert.deepEqual(told.get(without), []);
      await closeAll(simulation, peers);
    },
  );
