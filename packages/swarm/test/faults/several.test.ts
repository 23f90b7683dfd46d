// Several torrents in one session share its memory, its connections and its disk; trouble in one is no trouble of the others.

import assert from 'node:assert/strict';
import { magnetOf, parseMagnet, type TorrentFormat } from '@shoal/metainfo';
import { simTest } from '@shoal/sim/testing';
import { makeSample, someBytes } from '../sample.ts';
import { addPeer, closeAll, hasAll, runUntil, type SimPeer } from '../sim-swarm.ts';
import { HostileHost } from './hostile-host.ts';
import { scripts } from './scripts.ts';

const formats: readonly TorrentFormat[] = ['v1', 'v2', 'hybrid'];

simTest(
  'of several torrents in one session all end right, whatever a stranger does to one of them',
  { seeds: 12 },
  async (simulation) => {
    const random = simulation.randomFor('several');
    const samples = Array.from({ length: 3 }, (_, i) =>
      makeSample(someBytes(100_000 + random.below(200_000), 10 + i), {
        name: `sample-${i}`,
        format: formats[(i + random.below(3)) % 3] ?? 'v1',
        pieceLength: 32_768,
      }),
    );
    const [first] = samples;
    assert.ok(first !== undefined);
    const script = scripts[random.below(scripts.length)];
    assert.ok(script !== undefined);
    const hostile = new HostileHost(simulation, script, first, { line: { latencyMs: 5 } });
    await hostile.listen();
    const line = { upBytesPerSecond: 2e5, latencyMs: 20 };
    const seed = await addPeer(simulation, { sample: first, isSeed: true, host: { line } });
    const leecher = await addPeer(simulation, { sample: first, knows: [seed], host: { line } });
    leecher.transfer.addPeer(hostile.address, 'tracker');
    hostile.attack(seed.address);
    const pairs: { peer: SimPeer; sample: (typeof samples)[number] }[] = [{ peer: leecher, sample: first }];
    for (const sample of samples.slice(1)) {
      for (const [path, bytes] of sample.files) seed.host.disk.write(`/content/${path}`, bytes);
      const at = { folder: '/content', journal: `/state/${sample.torrent.name}` };
      seed.session.add({ kind: 'torrent', torrent: sample.torrent }, at);
      const magnet = parseMagnet(magnetOf(sample.torrent));
      const transfer = leecher.session.add({ kind: 'magnet', magnet }, { ...at, peers: [seed.address] });
      pairs.push({ peer: { ...leecher, transfer }, sample });
    }
    if (random.chance(0.5)) {
      const { disk } = leecher.host;
      disk.setCapacity(disk.usedBytes + random.below(300_000));
      simulation.after(20_000, () => disk.setCapacity(1e9));
    }
    await runUntil(
      simulation,
      pairs.map(({ peer }) => peer),
      () => pairs.every(({ peer }) => peer.transfer.isComplete),
      900_000,
    );
    for (const { peer, sample } of pairs) {
      assert.ok(hasAll(peer, sample), sample.torrent.name);
      assert.ok(peer.transfer.bans.every(({ address }) => address.address === hostile.host.address));
    }
    hostile.isResting = true;
    await closeAll(simulation, [seed, leecher]);
    await simulation.advance(1000);
    assert.deepEqual(
      [seed, leecher].flatMap(({ session }) => session.checkInvariants()),
      [],
    );
  },
);
