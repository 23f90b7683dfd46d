// All finders together: what each network mode sends, who is handed over and when, and leases through sleep and moves.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import {
  type Datagrams,
  type Endpoint,
  type FinderKind,
  type PeerAddress,
  type Streams,
  toHex,
} from '@shoal/base';
import { createDht } from '@shoal/dht';
import {
  createDiscovery,
  type Discovery,
  type DiscoveryOptions,
  type NetworkMode,
  type Subject,
  type Teller,
} from '@shoal/discovery';
import type { SimHost, Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { peerIdOf, startTracker, trackerUrl } from './sim-tracker.ts';

const hash = new Uint8Array(20).fill(7);
const second = new Uint8Array(20).fill(8);

/** Everything that left a host, by what it was. */
interface Sent {
  readonly datagrams: Endpoint[];
  readonly connections: Endpoint[];
}

function watched({ world }: SimHost): { world: SimHost['world']; sent: Sent } {
  const sent: Sent = { datagrams: [], connections: [] };
  const datagrams: Datagrams = {
    async bind(options, handlers) {
      const socket = await world.datagrams.bind(options, handlers);
      const send = socket.send.bind(socket);
      socket.send = (bytes, to) => {
        sent.datagrams.push(to);
        send(bytes, to);
      };
      return socket;
    },
  };
  const streams: Streams = world.streams;
  const http: typeof world.http = {
    request(request) {
      const { hostname: address, port } = new URL(request.url);
      sent.connections.push({ address, port: Number(port) });
      return world.http.request(request);
    },
  };
  return { world: { ...world, datagrams, streams, http }, sent };
}

interface Node {
  readonly host: SimHost;
  readonly discovery: Discovery;
  readonly sent: Sent;
  readonly found: { readonly address: PeerAddress; readonly by: Teller; readonly timeMs: number }[];
  seek(subject?: Partial<Subject>): ReturnType<Discovery['seek']>;
}

function nodeOn(simulation: Simulation, host: SimHost, options: Partial<DiscoveryOptions> = {}): Node {
  const { world, sent } = watched(host);
  const discovery = createDiscovery(world, { mode: 'hybrid', peerId: peerIdOf(host.name), ...options });
  const found: Node['found'] = [];
  return {
    host,
    discovery,
    sent,
    found,
    seek: (subject) =>
      discovery.seek(
        {
          infoHashes: [hash],
          isPrivate: false,
          trackers: [[trackerUrl]],
          port: 6881,
          amounts: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
          ...subject,
        },
        (address, by) => void found.push({ address, by, timeMs: simulation.nowMs }),
      ),
  };
}

async function startDhtNode(simulation: Simulation, host: SimHost): Promise<void> {
  await simulation.settle(createDht({ ...host.world, bind: [{ address: host.address, port: 6881 }] }));
}

const viaFirst = { dht: { bootstrap: [{ host: 'first', port: 6881 }] } };
const isMulticast = ({ address }: Endpoint) => address.startsWith('239.') || address.startsWith('ff');
const kindsIn = ({ found }: Node) => new Set(found.map(({ by }) => by.kind));

async function closeAll(simulation: Simulation, ...nodes: Node[]): Promise<void> {
  await simulation.settle(Promise.all(nodes.map(({ discovery }) => discovery.close())));
}

describe('network modes', () => {
  const expected: Record<NetworkMode, readonly FinderKind[]> = {
    hybrid: ['dht', 'lan', 'tracker'],
    centralized: ['tracker'],
    distributed: ['dht', 'lan'],
  };
  for (const mode of ['hybrid', 'centralized', 'distributed'] as const) {
    simTest(
      `in ${mode} mode peers come from ${expected[mode].join(', ')}, and no packet goes elsewhere`,
      {},
      async (simulation) => {
        startTracker(simulation);
        const first = simulation.addHost({ name: 'first' });
        await startDhtNode(simulation, first);
        const lan = simulation.addLan({ nat: { kind: 'full-cone' } });
        const a = nodeOn(simulation, simulation.addHost({ lan }), { mode, ...viaFirst });
        const b = nodeOn(simulation, simulation.addHost({ lan }), { mode, ...viaFirst });
        const others = [nodeOn(simulation, simulation.addHost(), viaFirst)];
        others[0]?.seek();
        await simulation.advance(20_000);
        a.seek();
        b.seek();
        a.discovery.addDhtNode({ host: 'first', port: 6881 });
        await simulation.advance(60 * 60_000);
        const kinds = [...new Set([...kindsIn(a), ...kindsIn(b)])].sort();
        assert.deepEqual(kinds, expected[mode]);
        for (const { sent } of [a, b]) {
          const toDht = sent.datagrams.filter((to) => !isMulticast(to) && to.port === 6881);
          assert.equal(sent.datagrams.some(isMulticast), mode !== 'centralized');
          assert.equal(toDht.length > 0, mode !== 'centralized');
          assert.equal(sent.connections.length > 0, mode !== 'distributed');
          if (mode === 'centralized') assert.deepEqual(sent.datagrams, []);
        }
        await closeAll(simulation, a, b, ...others);
      },
    );
  }
});

describe('private torrents', () => {
  simTest('are asked of their trackers alone', {}, async (simulation) => {
    const tracker = startTracker(simulation);
    await startDhtNode(simulation, simulation.addHost({ name: 'first' }));
    const lan = simulation.addLan({ nat: { kind: 'full-cone' } });
    const a = nodeOn(simulation, simulation.addHost({ lan }), viaFirst);
    a.seek({ isPrivate: true });
    await simulation.advance(60 * 60_000);
    assert.ok(tracker.heard.length > 0);
    assert.deepEqual(a.sent.datagrams, []);
    await closeAll(simulation, a);
  });

  simTest('are asked of nobody else from the moment that the metadata says so', {}, async (simulation) => {
    startTracker(simulation);
    await startDhtNode(simulation, simulation.addHost({ name: 'first' }));
    const lan = simulation.addLan({ nat: { kind: 'full-cone' } });
    const [a, b] = [
      nodeOn(simulation, simulation.addHost({ lan }), viaFirst),
      nodeOn(simulation, simulation.addHost({ lan }), viaFirst),
    ];
    const quest = a.seek();
    await simulation.advance(20_000);
    assert.ok(a.sent.datagrams.length > 0);
    quest.learned({ infoHashes: [hash], isPrivate: true });
    const before = a.found.length;
    b.seek({ trackers: [] });
    await simulation.advance(10 * 60_000);
    assert.equal(a.found.length, before);
    await closeAll(simulation, a, b);
  });
});

simTest(
  'trackers of all torrents are told of one until it turns out to be private',
  {},
  async (simulation) => {
    const tracker = startTracker(simulation);
    const [open, secret] = [simulation.addHost(), simulation.addHost()].map((host) =>
      nodeOn(simulation, host),
    );
    assert.ok(open && secret);
    const own = { trackers: [], moreTrackers: [trackerUrl] };
    const quest = open.seek(own);
    secret.seek({ ...own, isPrivate: true });
    await simulation.advance(20_000);
    assert.ok(tracker.knows(hash, open.host.address));
    assert.ok(!tracker.knows(hash, secret.host.address));
    quest.learned({ infoHashes: [hash], isPrivate: true });
    await simulation.advance(20_000);
    assert.ok(!tracker.knows(hash, open.host.address));
    await closeAll(simulation, open, secret);
  },
);

simTest('the other name of a hybrid torrent is asked for as soon as it is known', {}, async (simulation) => {
  const tracker = startTracker(simulation);
  const a = nodeOn(simulation, simulation.addHost());
  const quest = a.seek();
  await simulation.advance(1_000);
  quest.learned({ infoHashes: [hash, second], isPrivate: false });
  await simulation.advance(1_000);
  assert.ok(tracker.knows(hash, a.host.address) && tracker.knows(second, a.host.address));
  await closeAll(simulation, a);
});

simTest('a peer that several tell of is handed over once, with all who told', {}, async (simulation) => {
  startTracker(simulation);
  await startDhtNode(simulation, simulation.addHost({ name: 'first' }));
  const lan = simulation.addLan({ nat: { kind: 'full-cone' } });
  const a = nodeOn(simulation, simulation.addHost(), viaFirst);
  const b = nodeOn(simulation, simulation.addHost(), viaFirst);
  a.seek();
  await simulation.advance(30_000);
  const quest = b.seek({ peers: [{ host: a.host.address, port: 6881 }] });
  await simulation.run(() => (quest.peers[0]?.tellers.length ?? 0) >= 3, { limitMs: 60_000 });
  assert.deepEqual(quest.peers[0]?.tellers.map(({ kind }) => kind).sort(), ['dht', 'given', 'tracker']);
  assert.equal(b.found.filter(({ address }) => address.address === a.host.address).length, 1);
  assert.ok(lan.address);
  await closeAll(simulation, a, b);
});

simTest('the first answer does not wait for the others', {}, async (simulation) => {
  const tracker = startTracker(simulation);
  tracker.lies = [{ address: '5.5.5.5', port: 5 }];
  simulation.setName('first', ['9.9.9.9']);
  const a = nodeOn(simulation, simulation.addHost(), viaFirst);
  a.seek({ trackers: [[trackerUrl], ['http://9.9.9.9/announce'], ['udp://9.9.9.9:6969']] });
  await simulation.run(() => a.found.length > 0, { limitMs: 2_000 });
  await closeAll(simulation, a);
});

simTest('nothing is sent for a DHT without a way in', {}, async (simulation) => {
  const a = nodeOn(simulation, simulation.addHost(), { lan: false });
  a.seek({ trackers: [] });
  await simulation.advance(60 * 60_000);
  assert.deepEqual(a.sent, { datagrams: [], connections: [] });
  assert.equal(a.discovery.saveNodes(), undefined);
  await startDhtNode(simulation, simulation.addHost({ name: 'first' }));
  a.discovery.addDhtNode({ host: 'first', port: 6881 });
  await simulation.advance(10_000);
  assert.ok(a.sent.datagrams.length > 0);
  const saved = a.discovery.saveNodes();
  await closeAll(simulation, a);
  const again = nodeOn(simulation, simulation.addHost(), { lan: false, dht: { saved } });
  again.seek({ trackers: [] });
  await simulation.run(() => again.sent.datagrams.length > 0, { limitMs: 1_000 });
  await closeAll(simulation, again);
});

describe('a finder that lies', () => {
  simTest(
    'is trusted less: its peers come slowly, while others are handed over at once',
    {},
    async (simulation) => {
      const tracker = startTracker(simulation);
      const liar = startTracker(simulation, 300, 'liar');
      liar.lies = Array.from({ length: 40 }, (_, i) => ({ address: `7.7.7.${i}`, port: 1 }));
      const other = nodeOn(simulation, simulation.addHost());
      other.seek();
      const a = nodeOn(simulation, simulation.addHost());
      const quest = a.seek({ trackers: [['http://liar/announce'], [trackerUrl]] });
      await simulation.advance(10_000);
      assert.equal(a.found.length, 41);
      quest.worked({ kind: 'ip', address: other.host.address, port: 6881 });
      liar.lies = Array.from({ length: 40 }, (_, i) => ({ address: `8.8.8.${i}`, port: 1 }));
      tracker.lies = Array.from({ length: 20 }, (_, i) => ({ address: `9.9.9.${i}`, port: 1 }));
      await simulation.run(() => a.found.some(({ address }) => address.address.startsWith('9.')), {
        limitMs: 1_200_000,
      });
      const of = (prefix: string) =>
        a.found.filter(({ address }) => address.address.startsWith(prefix)).length;
      assert.equal(of('9.'), 20);
      await simulation.advance(1_000);
      assert.ok(of('8.') < 40, `${of('8.')} of the liar's`);
      await closeAll(simulation, a, other);
    },
  );

  simTest('has no say about addresses that no peer can have', {}, async (simulation) => {
    const tracker = startTracker(simulation);
    tracker.lies = ['0.0.0.0', '255.255.255.255', '224.0.0.1', '127.0.0.1', '10.0.0.1'].map((address) => ({
      address,
      port: 5,
    }));
    const a = nodeOn(simulation, simulation.addHost());
    a.seek();
    await simulation.advance(60_000);
    assert.deepEqual(a.found, []);
    await closeAll(simulation, a);
  });
});

simTest(
  'a tracker that refuses one name of a hybrid torrent is no failure, one that refuses both is',
  {},
  async (simulation) => {
    const tracker = startTracker(simulation);
    const a = nodeOn(simulation, simulation.addHost());
    const failures: string[] = [];
    const failed = ({ teller }: Teller, message: string) => void failures.push(`${teller} ${message}`);
    tracker.refused = [toHex(second)];
    const quest = a.seek({ infoHashes: [hash, second], failed });
    await simulation.advance(5 * 60_000);
    assert.deepEqual(failures, []);
    await simulation.settle(quest.stop());
    tracker.refused = [toHex(second), toHex(hash)];
    a.seek({ infoHashes: [hash, second], failed });
    await simulation.advance(5_000);
    assert.match(failures[0] ?? '', /tracker\/announce .*not here/);
    const subject = { infoHashes: [hash], isPrivate: false, trackers: [[trackerUrl]], port: 1, failed };
    const amounts = () => ({ uploaded: 0, downloaded: 0, left: 0 });
    failures.length = 0;
    await simulation.settle(a.discovery.seek({ ...subject, amounts }, () => {}, { once: true }).done);
    assert.equal(failures.length, 1);
    await closeAll(simulation, a);
  },
);

simTest('what is told of ourselves is not handed over', {}, async (simulation) => {
  const tracker = startTracker(simulation);
  const a = nodeOn(simulation, simulation.addHost());
  tracker.lies = [
    { address: a.host.address, port: 6881 },
    { address: a.host.address, port: 6882 },
  ];
  a.seek();
  await simulation.advance(5_000);
  assert.deepEqual(
    a.found.map(({ address }) => address.port),
    [6882],
  );
  await closeAll(simulation, a);
});

describe('leases', () => {
  simTest('are renewed for as long as the search runs, and given back at its end', {}, async (simulation) => {
    const tracker = startTracker(simulation);
    const a = nodeOn(simulation, simulation.addHost());
    const quest = a.seek();
    for (let hour = 0; hour < 5; hour++) {
      await simulation.advance(60 * 60_000);
      assert.ok(tracker.knows(hash, a.host.address));
    }
    await simulation.settle(quest.stop());
    assert.equal(tracker.knows(hash, a.host.address), false);
    assert.equal(tracker.heard.filter(({ event }) => event === 'started').length, 1);
    assert.equal(tracker.heard.filter(({ event }) => event === 'stopped').length, 1);
    await closeAll(simulation, a);
  });

  simTest('run out when a peer vanishes', {}, async (simulation) => {
    const tracker = startTracker(simulation);
    const a = nodeOn(simulation, simulation.addHost());
    a.seek();
    await simulation.advance(5_000);
    a.host.crash();
    assert.ok(tracker.knows(hash, a.host.address));
    await simulation.advance(60 * 60_000);
    assert.equal(tracker.knows(hash, a.host.address), false);
  });

  simTest('are made anew after a day of sleep, within seconds', {}, async (simulation) => {
    const tracker = startTracker(simulation, 1_800);
    const a = nodeOn(simulation, simulation.addHost());
    a.seek();
    await simulation.advance(60_000);
    const before = tracker.heard.length;
    a.host.setWallOffset(24 * 60 * 60_000);
    await simulation.run(() => tracker.heard.length > before, { limitMs: 6_000 });
    await closeAll(simulation, a);
  });

  simTest('are made anew under a new address, within seconds', {}, async (simulation) => {
    const tracker = startTracker(simulation, 1_800);
    const a = nodeOn(simulation, simulation.addHost());
    a.seek();
    await simulation.advance(60_000);
    a.host.setAddresses(['77.1.2.3']);
    await simulation.run(() => tracker.knows(hash, '77.1.2.3'), { limitMs: 20_000 });
    await closeAll(simulation, a);
  });

  simTest('are made anew at most once a minute, however often addresses change', {}, async (simulation) => {
    const tracker = startTracker(simulation, 1_800);
    const a = nodeOn(simulation, simulation.addHost());
    a.seek();
    await simulation.advance(60_000);
    const before = tracker.heard.length;
    for (let i = 1; i <= 60; i++) {
      a.host.setAddresses([`77.1.2.${i}`]);
      await simulation.advance(5_000);
    }
    const count = tracker.heard.length - before;
    assert.ok(count >= 3 && count <= 6, `${count} announces in five minutes`);
    await simulation.run(() => tracker.knows(hash, '77.1.2.60'), { limitMs: 80_000 });
    await closeAll(simulation, a);
  });

  simTest('are made anew when the tracker can be reached again', {}, async (simulation) => {
    const tracker = startTracker(simulation);
    const a = nodeOn(simulation, simulation.addHost());
    const cut = simulation.partition([a.host], [tracker.host]);
    a.seek();
    await simulation.advance(2 * 60 * 60_000);
    assert.equal(tracker.knows(hash, a.host.address), false);
    cut.heal();
    await simulation.run(() => tracker.knows(hash, a.host.address), { limitMs: 35 * 60_000 });
    await closeAll(simulation, a);
  });

  simTest('tell a tracker once that all is here now', {}, async (simulation) => {
    const tracker = startTracker(simulation);
    let left = 5;
    const a = nodeOn(simulation, simulation.addHost());
    const quest = a.seek({ amounts: () => ({ uploaded: 0, downloaded: 0, left }) });
    await simulation.advance(60_000);
    left = 0;
    quest.completed();
    await simulation.advance(60 * 60_000);
    assert.equal(tracker.heard.filter(({ event }) => event === 'completed').length, 1);
    await closeAll(simulation, a);
  });
});

simTest('a tracker that never answers holds up the end for three seconds at most', {}, async (simulation) => {
  const tracker = startTracker(simulation);
  const a = nodeOn(simulation, simulation.addHost());
  a.seek();
  await simulation.advance(10_000);
  simulation.partition([a.host], [tracker.host]);
  const begunMs = simulation.nowMs;
  await closeAll(simulation, a);
  assert.ok(simulation.nowMs - begunMs <= 3_100, String(simulation.nowMs - begunMs));
});

simTest('asked once, all finders tell who is there, and it is over', {}, async (simulation) => {
  startTracker(simulation);
  await startDhtNode(simulation, simulation.addHost({ name: 'first' }));
  const a = nodeOn(simulation, simulation.addHost(), viaFirst);
  a.seek();
  await simulation.advance(30_000);
  const b = nodeOn(simulation, simulation.addHost(), viaFirst);
  const subject = {
    infoHashes: [hash],
    isPrivate: false,
    trackers: [[trackerUrl]],
    port: 1,
    amounts: () => ({ uploaded: 0, downloaded: 0, left: 0 }),
  };
  const quest = b.discovery.seek(subject, () => {}, { once: true });
  await simulation.settle(quest.done);
  const told = quest.peers.find(({ address }) => address.address === a.host.address);
  assert.deepEqual(told?.tellers.map(({ kind }) => kind).sort(), ['dht', 'tracker']);
  await closeAll(simulation, a, b);
});
