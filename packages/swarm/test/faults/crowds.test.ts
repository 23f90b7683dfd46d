// Hundreds of connections from one host, and names that are not one's own: neither keeps an honest peer from being
// served. What each costs stays within the bounds that the invariants count.

import assert from 'node:assert/strict';
import { simTest } from '@shoal/sim/testing';
import { handshakeLength, writeHandshake } from '@shoal/wire';
import { makeSample, someBytes } from '../sample.ts';
import { Arena } from './arena.ts';
import { HostileHost } from './hostile-host.ts';
import { type Script, wantAll } from './hostile-line.ts';

const line = { latencyMs: 30, upBytesPerSecond: 1e5 };

/** How far the connections of a crowd get. */
const crowds: readonly Script[] = [
  { name: 'say nothing', open() {} },
  {
    name: 'say half a handshake',
    open: (hostile) => {
      const bytes = new Uint8Array(handshakeLength);
      writeHandshake(bytes, 0, {
        infoHash: hostile.place.sample.torrent.infoHashes.v1 ?? hostile.bytes(20),
        peerId: hostile.bytes(20),
        capabilities: { extensions: true, fast: true, dht: false, v2: false },
      });
      hostile.send(bytes.subarray(0, 47));
    },
  },
  { name: 'shake hands and say nothing more', begin() {} },
  { name: 'shake hands and ask for nothing', begin: wantAll },
  { name: 'all have one name', peerId: () => new Uint8Array(20).fill(7), begin() {} },
];

for (const script of crowds)
  simTest(
    `an honest peer is served while 600 connections of one host ${script.name}`,
    { seeds: 1, repeats: false },
    async (simulation) => {
      const sample = makeSample(someBytes(300_000), { pieceLength: 32_768 });
      const arena = new Arena(simulation, sample);
      const seed = await arena.addHonest({ isSeed: true, host: { line } });
      const hostile = arena.addHostile(script, { line: { latencyMs: 5 } });
      for (let i = 0; i < 600; i++) {
        if (i % 100 === 0) await simulation.advance(20);
        hostile.attack(seed.address);
      }
      await simulation.advance(2000);
      await arena.addHonest({ knows: [seed], host: { line } });
      await arena.runUntil(() => arena.areAllDone, 200_000);
      arena.checkHonest();
      // And one who is heard of later is still remembered, and dialled.
      const later = await arena.addHonest({ host: { line } });
      seed.transfer.addPeer(later.address, 'tracker');
      await arena.runUntil(() => arena.areAllDone, 200_000);
      arena.checkHonest();
      await arena.close();
    },
  );

simTest('nobody is sent away because a stranger says the same peer id', { seeds: 4 }, async (simulation) => {
  const sample = makeSample(someBytes(600_000), { pieceLength: 32_768 });
  const arena = new Arena(simulation, sample);
  let stolen: Uint8Array | undefined;
  const thief: Script = {
    name: 'takes the name of another',
    peerId: (hostile) => stolen ?? hostile.bytes(20),
    begin: (hostile) => {
      stolen ??= hostile.theirs?.peerId;
      wantAll(hostile);
    },
  };
  const seed = await arena.addHonest({ isSeed: true, host: { line } });
  const hostile = arena.addHostile(thief, { line: { latencyMs: 1 } });
  hostile.attack(seed.address);
  await simulation.advance(1000);
  const leecher = await arena.addHonest({ host: { line } });
  hostile.attack(leecher.address);
  await simulation.advance(500);
  leecher.transfer.addPeer(seed.address, 'tracker');
  await arena.runUntil(() => arena.areAllDone, 60_000);
  const sentAway = arena.partings.filter(
    ({ peer, reason }) => peer !== hostile.host.address && reason.code === 'duplicate',
  );
  assert.deepEqual(sentAway, []);
  arena.checkHonest();
  await arena.close();
});

simTest('all connections of a host end when it is banned', { seeds: 3 }, async (simulation) => {
  const sample = makeSample(someBytes(600_000), { pieceLength: 32_768 });
  const arena = new Arena(simulation, sample);
  const liar: Script = {
    name: 'lies on one of its connections and waits on the others',
    handlers: (hostile) => ({
      request: (piece, begin, length) => hostile.sendBlock(piece, begin, hostile.bytes(length)),
    }),
  };
  const hostile = new HostileHost(simulation, liar, sample, { line: { latencyMs: 1 } });
  const leecher = await arena.addHonest({ host: { line } });
  for (let i = 0; i < 20; i++) hostile.attack(leecher.address);
  await arena.runUntil(() => leecher.transfer.bans.length > 0, 60_000);
  await simulation.advance(10);
  assert.ok(leecher.transfer.peers.every(({ address }) => address.address !== hostile.host.address));
  hostile.isResting = true;
  const seed = await arena.addHonest({ isSeed: true, host: { line } });
  leecher.transfer.addPeer(seed.address, 'tracker');
  await arena.runUntil(() => arena.areAllDone, 60_000);
  arena.checkHonest();
  await arena.close();
});
