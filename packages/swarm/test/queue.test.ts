import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simTest } from '@shoal/sim/testing';
import fc from 'fast-check';
import { chooseActive } from '../src/queue.ts';
import { makeSample, someBytes } from './sample.ts';
import { addPeer, closeAll, placeOf, runUntil } from './sim-swarm.ts';

test('never more than allowed run, the first of the line do, and forced ones always', () => {
  const count = fc.option(fc.nat(6), { nil: undefined });
  const item = fc.record({
    kind: fc.constantFrom('fetch' as const, 'share' as const),
    isForced: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 20 }),
      count,
      count,
      count,
      (items, fetching, sharing, active) => {
        const rules = {
          ...(fetching === undefined ? {} : { fetching }),
          ...(sharing === undefined ? {} : { sharing }),
          ...(active === undefined ? {} : { active }),
        };
        const chosen = chooseActive(items, rules);
        const usual = items.filter((one) => !one.isForced);
        const running = usual.filter((one) => chosen.has(one));
        assert.ok(items.every((one) => !one.isForced || chosen.has(one)));
        assert.ok(running.length <= (active ?? 99));
        for (const [kind, most] of [
          ['fetch', fetching ?? 99],
          ['share', sharing ?? 99],
        ] as const) {
          const ofKind = usual.filter((one) => one.kind === kind);
          const runs = ofKind.filter((one) => chosen.has(one));
          assert.ok(runs.length <= most);
          // Nobody runs before somebody of its kind who waits.
          assert.deepEqual(runs, ofKind.slice(0, runs.length));
          const hasRoom = runs.length < most && running.length < (active ?? 99);
          assert.ok(runs.length === ofKind.length || !hasRoom);
        }
      },
    ),
  );
});

const simulation = { line: { latencyMs: 20, upBytesPerSecond: 3e5, downBytesPerSecond: 3e5 } };

simTest(
  'of five downloads two run at a time, in the order of the queue, and all complete',
  { seeds: 2, simulation },
  async (simulation) => {
    const samples = [0, 1, 2, 3, 4].map((i) =>
      makeSample(someBytes(400_000, i + 1), { pieceLength: 32_768, name: `sample-${i}` }),
    );
    const [first] = samples;
    assert.ok(first !== undefined);
    const seed = await addPeer(simulation, { sample: first, isSeed: true });
    for (const [i, sample] of samples.entries()) {
      if (i === 0) continue;
      for (const [path, bytes] of sample.files) seed.host.disk.write(placeOf(sample, path), bytes);
      seed.session.add(
        { kind: 'torrent', torrent: sample.torrent },
        { folder: '/content', journal: `/state/${i}` },
      );
    }
    const leecher = await addPeer(simulation, { sample: first, knows: [seed] });
    const peers = [seed, leecher];
    leecher.session.setQueue({ fetching: 2 });
    for (const [i, { torrent }] of samples.entries())
      if (i > 0)
        leecher.session.add(
          { kind: 'torrent', torrent },
          { folder: '/content', journal: `/state/${i}`, peers: [seed.address], isPaused: i === 4 },
        );
    const transfers = [...leecher.session.transfers];
    const done: string[] = [];
    for (const transfer of transfers)
      transfer.subscribe(({ kind }) => kind === 'complete' && done.push(transfer.name));
    const last = transfers[4];
    transfers[3]?.moveTo(0);
    let most = 0;
    await runUntil(simulation, peers, () => {
      const running = transfers.filter(({ state }) => state === 'fetching').length;
      most = Math.max(most, simulation.nowMs > 1000 ? running : 0);
      return transfers.filter(({ isComplete }) => isComplete).length === 4;
    });
    assert.ok(most === 2, `${most} ran at a time`);
    assert.equal(done.at(-1), 'sample-2');
    assert.deepEqual([last?.state, last?.waiting?.code], ['paused', 'asked']);
    leecher.session.setQueue({ fetching: 0 });
    last?.resume();
    await simulation.advance(5000);
    assert.deepEqual([last?.state, last?.waiting?.code], ['queued', 'queue']);
    last?.setForced(true);
    await runUntil(simulation, peers, () => last?.isComplete === true, 60_000);
    await closeAll(simulation, peers);
  },
);

simTest(
  'what has been shared as far or as long as was asked pauses, and goes on when somebody wants it to',
  { seeds: 1, simulation },
  async (simulation) => {
    const sample = makeSample(someBytes(300_000), { pieceLength: 32_768 });
    const seed = await addPeer(simulation, { sample, isSeed: true, options: { goals: { ratio: 1.5 } } });
    const peers = [seed];
    const { transfer } = seed;
    for (let i = 0; i < 2; i++) {
      const leecher = await addPeer(simulation, { sample, knows: [seed], options: { goals: {} } });
      peers.push(leecher);
      await runUntil(simulation, peers, () => leecher.transfer.isComplete, 60_000);
      await simulation.settle(leecher.session.close());
    }
    await runUntil(simulation, peers, () => transfer.state === 'paused', 60_000);
    assert.equal(transfer.waiting?.code, 'ratio');
    assert.equal(transfer.history.uploadedBytes, 600_000);
    transfer.resume();
    await simulation.advance(60_000);
    assert.equal(transfer.state, 'sharing');
    transfer.setGoals({ sharedMs: transfer.history.sharedMs + 30_000 });
    await simulation.advance(20_000);
    assert.equal(transfer.state, 'sharing');
    await simulation.advance(25_000);
    assert.deepEqual([transfer.state, transfer.waiting?.code], ['paused', 'time']);
    await closeAll(simulation, peers);
  },
);
