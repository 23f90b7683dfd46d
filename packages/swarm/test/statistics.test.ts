import assert from 'node:assert/strict';
import { simTest } from '@shoal/sim/testing';
import { makeSample, someBytes } from './sample.ts';
import { addPeer, closeAll, runUntil } from './sim-swarm.ts';

simTest(
  'the numbers of a download add up, and its end is foretold without jumps',
  { seeds: 1, simulation: { line: { latencyMs: 20, upBytesPerSecond: 1e6, downBytesPerSecond: 1e6 } } },
  async (simulation) => {
    const sample = makeSample(someBytes(4_000_000), { pieceLength: 65_536 });
    const seeds = [
      await addPeer(simulation, { sample, isSeed: true }),
      await addPeer(simulation, { sample, isSeed: true }),
    ];
    const leecher = await addPeer(simulation, {
      sample,
      knows: seeds,
      limits: { downBytesPerSecond: 100_000 },
    });
    const peers = [...seeds, leecher];
    const { transfer, session } = leecher;
    assert.equal(transfer.statistics.secondsLeft, undefined);
    await runUntil(simulation, peers, () => transfer.progress.bytes > 500_000);
    const foretold: number[] = [];
    for (let i = 0; i < 10; i++) {
      const endMs = simulation.nowMs + 1000;
      await runUntil(simulation, peers, () => simulation.nowMs >= endMs);
      foretold.push((transfer.statistics.secondsLeft ?? 0) + i);
    }
    // Each second it is about a second less, and it comes near to what the limit says.
    for (const [i, seconds] of foretold.entries())
      assert.ok(Math.abs(seconds - (foretold[i - 1] ?? seconds)) < 3, foretold.join());
    assert.ok(Math.abs((foretold.at(-1) ?? 0) - 35) < 5, foretold.join());
    const map = transfer.pieceMap;
    assert.ok(map !== undefined);
    assert.ok(map.availability.every((copies) => copies === 2));
    const have = map.states.filter((state) => state === 2).length;
    assert.ok(have > 0 && have < map.states.length);
    const coming = transfer.comingPieces(100);
    assert.deepEqual(
      coming.map(({ piece }) => piece).sort((a, b) => a - b),
      Array.from(map.states.keys()).filter((piece) => map.states[piece] === 1),
    );
    const places = transfer.peers.map(({ address }) => address);
    for (const { piece, blocks, received, from } of coming) {
      assert.equal(
        from.reduce((sum, share) => sum + share.received, 0),
        received,
      );
      assert.ok(
        from.every(
          ({ address, asked }) => address !== undefined && places.includes(address) && asked <= blocks,
        ),
      );
      assert.deepEqual(
        transfer.holdersOf(piece).map(({ address }) => address),
        places,
      );
    }
    assert.equal(transfer.comingPieces(1).length, Math.min(1, coming.length));
    assert.deepEqual(
      transfer.peers.map(({ flags }) => flags),
      ['D', 'D'],
    );
    await runUntil(simulation, peers, () => transfer.isComplete);
    const { down, sources, waste, secondsLeft } = transfer.statistics;
    assert.equal(secondsLeft, undefined);
    assert.equal(down.payloadBytes, 4_000_000 + waste.twice + waste.late + waste.bad);
    assert.equal(sources.peers, down.payloadBytes);
    assert.ok(down.peerBytes <= leecher.meter.received && down.peerBytes > leecher.meter.received - 200);
    assert.equal(session.statistics.down.peerBytes, down.peerBytes);
    assert.equal(session.statistics.transfers.sharing, 1);
    await closeAll(simulation, peers);
  },
);
