// Announces as leases: which tracker hears what, and when.

import assert from 'node:assert/strict';
import { encodeBencode, toUtf8 } from '@shoal/base';
import { type SimHost, type Simulation, serveHttp } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { createTrackers, TrackerList, type TransferCounts } from '@shoal/tracker';

interface Heard {
  readonly timeMs: number;
  readonly event: string;
  readonly left: string;
}

class FakeTracker {
  readonly heard: Heard[] = [];
  readonly host: SimHost;
  failure: string | undefined;
  intervalSeconds = 600;

  constructor(simulation: Simulation, name: string) {
    this.host = simulation.addHost({ name });
    void serveHttp(this.host.world, { port: 80 }, ({ path }) => {
      const query = new URL(path, 'http://t').searchParams;
      this.heard.push({
        timeMs: simulation.nowMs,
        event: query.get('event') ?? 'none',
        left: query.get('left') ?? '',
      });
      if (this.failure !== undefined) return { body: encodeBencode({ 'failure reason': this.failure }) };
      return {
        body: encodeBencode({ interval: this.intervalSeconds, peers: Uint8Array.of(9, 9, 9, 9, 0, 9) }),
      };
    });
  }

  get url(): string {
    return `http://${this.host.address}/announce`;
  }

  get events(): string[] {
    return this.heard.map(({ event }) => event);
  }
}

function list(
  client: SimHost,
  tiers: readonly (readonly string[])[],
  counts: () => TransferCounts,
  onPeers = () => {},
) {
  const { clock, random } = client.world;
  const trackers = createTrackers(client.world);
  const own = { infoHash: new Uint8Array(20), peerId: toUtf8('-SH0001-abcdefghijkl'), port: 6881, key: 1 };
  return new TrackerList({ trackers, clock, random, tiers, counts, onPeers, ...own });
}

simTest(
  'each event is told exactly once, and the lease is renewed in the interval',
  {},
  async (simulation) => {
    const tracker = new FakeTracker(simulation, 'tracker');
    const client = simulation.addHost();
    let left = 5;
    let given = 0;
    const trackers = list(
      client,
      [[tracker.url]],
      () => ({ uploaded: 0, downloaded: 0, left }),
      () => given++,
    );
    trackers.start();
    await simulation.advance(1_500_000);
    assert.deepEqual(tracker.events, ['started', 'none', 'none']);
    const [first, second] = tracker.heard;
    const waitedMs = (second?.timeMs ?? 0) - (first?.timeMs ?? 0);
    assert.ok(waitedMs >= 600_000 && waitedMs < 662_000, String(waitedMs));
    left = 0;
    trackers.completed();
    await simulation.advance(1_000_000);
    trackers.completed();
    await simulation.advance(1000);
    assert.deepEqual(tracker.events, ['started', 'none', 'none', 'completed', 'none', 'none']);
    await simulation.settle(trackers.stop());
    await simulation.settle(trackers.stop());
    assert.equal(tracker.events.at(-1), 'stopped');
    assert.equal(tracker.events.filter((event) => event === 'stopped').length, 1);
    assert.ok(given > 0);
  },
);

simTest('a seed from the start never says completed', {}, async (simulation) => {
  const tracker = new FakeTracker(simulation, 'tracker');
  const trackers = list(simulation.addHost(), [[tracker.url]], () => ({
    uploaded: 0,
    downloaded: 0,
    left: 0,
  }));
  trackers.start();
  await simulation.advance(2_000_000);
  await simulation.settle(trackers.stop());
  assert.deepEqual(new Set(tracker.events), new Set(['started', 'none', 'stopped']));
});

simTest(
  'in a tier the next tracker stands in, and who answers stays first',
  { seeds: 5 },
  async (simulation) => {
    const bad = new FakeTracker(simulation, 'bad');
    const good = new FakeTracker(simulation, 'good');
    bad.failure = 'closed';
    const trackers = list(simulation.addHost(), [[bad.url, good.url]], () => ({
      uploaded: 0,
      downloaded: 0,
      left: 1,
    }));
    trackers.start();
    await simulation.advance(3_000_000);
    assert.ok(bad.heard.length <= 1, 'the bad one is asked at most once');
    assert.ok(good.heard.length >= 4);
    await simulation.settle(trackers.stop());
    assert.ok(!bad.events.includes('stopped'), 'who never took us in is not told that we leave');
  },
);

simTest('every tier has a tracker of its own', {}, async (simulation) => {
  const all = ['a', 'b', 'c'].map((name) => new FakeTracker(simulation, name));
  const trackers = list(
    simulation.addHost(),
    all.map(({ url }) => [url]),
    () => ({ uploaded: 0, downloaded: 0, left: 1 }),
  );
  trackers.start();
  await simulation.advance(1000);
  for (const tracker of all) assert.deepEqual(tracker.events, ['started']);
  assert.deepEqual(
    trackers.status().map(({ state }) => state),
    ['working', 'working', 'working'],
  );
  await simulation.settle(trackers.stop());
});

simTest('a failing tracker is asked less and less often', {}, async (simulation) => {
  const tracker = new FakeTracker(simulation, 'tracker');
  tracker.failure = 'not today';
  const trackers = list(simulation.addHost(), [[tracker.url]], () => ({
    uploaded: 0,
    downloaded: 0,
    left: 1,
  }));
  trackers.start();
  await simulation.advance(3_600_000);
  const waits = tracker.heard.slice(1).map(({ timeMs }, i) => timeMs - (tracker.heard[i]?.timeMs ?? 0));
  for (const [i, wait] of waits.entries())
    assert.ok(wait > (waits[i - 1] ?? 0) * 1.5 || wait >= 1_800_000, String(waits));
  assert.match(trackers.status()[0]?.message ?? '', /not today/);
  await simulation.settle(trackers.stop());
});

simTest('a tracker that wants to be asked every second is asked every minute', {}, async (simulation) => {
  const tracker = new FakeTracker(simulation, 'tracker');
  tracker.intervalSeconds = 1;
  const trackers = list(simulation.addHost(), [[tracker.url]], () => ({
    uploaded: 0,
    downloaded: 0,
    left: 1,
  }));
  trackers.start();
  await simulation.advance(600_000);
  assert.ok(tracker.heard.length <= 11, String(tracker.heard.length));
  await simulation.settle(trackers.stop());
});

simTest('a tracker that is silent at the end holds nothing up', {}, async (simulation) => {
  const tracker = new FakeTracker(simulation, 'tracker');
  const trackers = list(simulation.addHost(), [[tracker.url]], () => ({
    uploaded: 0,
    downloaded: 0,
    left: 1,
  }));
  trackers.start();
  await simulation.advance(1000);
  tracker.host.crash();
  const beganMs = simulation.nowMs;
  await simulation.settle(trackers.stop());
  assert.ok(simulation.nowMs - beganMs <= 3_100);
});
