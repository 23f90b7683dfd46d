// BEP 14 between machines of a virtual home: who meets whom, how soon, and who is not believed.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { type PeerAddress, toHex, toUtf8 } from '@shoal/base';
import { LocalSearch } from '@shoal/lan';
import type { SimHost, Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import {
  encodeLocalAnnounce,
  hashesPerDatagram,
  lsdGroups,
  lsdPort,
  parseLocalAnnounce,
} from '../src/lsd-codec.ts';

const hashOf = (number: number) => new Uint8Array(20).fill(number);

interface Machine {
  readonly host: SimHost;
  readonly search: LocalSearch;
  readonly found: PeerAddress[];
  follow(hash?: Uint8Array, port?: number): ReturnType<LocalSearch['follow']>;
}

function machine(host: SimHost): Machine {
  const search = new LocalSearch(host.world);
  const found: PeerAddress[] = [];
  return {
    host,
    search,
    found,
    follow: (hash = hashOf(1), port = 6881) =>
      search.follow({ infoHashes: [hash], port, found: (peer) => found.push(peer) }),
  };
}

/** Hears every datagram of a group. */
async function listenIn(
  simulation: Simulation,
  host: SimHost,
): Promise<{ bytes: Uint8Array; timeMs: number }[]> {
  const heard: { bytes: Uint8Array; timeMs: number }[] = [];
  const socket = await simulation.settle(
    host.world.datagrams.bind(
      { address: '0.0.0.0', port: lsdPort, shared: true },
      { message: (bytes) => heard.push({ bytes: bytes.slice(), timeMs: simulation.nowMs }), close() {} },
    ),
  );
  socket.join(lsdGroups[4], host.address);
  return heard;
}

async function closeAll(simulation: Simulation, ...machines: Machine[]): Promise<void> {
  await simulation.settle(Promise.all(machines.map(({ search }) => search.close())));
}

describe('two machines on one network', () => {
  simTest('find each other within a second, whoever came first', { seeds: 10 }, async (simulation) => {
    const lan = simulation.addLan();
    const a = machine(simulation.addHost({ lan }));
    a.follow(hashOf(1), 1001);
    await simulation.advance(30_000);
    const b = machine(simulation.addHost({ lan }));
    b.follow(hashOf(1), 1002);
    await simulation.run(() => a.found.length > 0 && b.found.length > 0, { limitMs: 1_000 });
    assert.deepEqual(a.found[0], { kind: 'ip', address: b.host.address, port: 1002 });
    assert.deepEqual(b.found[0], { kind: 'ip', address: a.host.address, port: 1001 });
    await closeAll(simulation, a, b);
  });

  simTest('find each other over link-local IPv6 alone', {}, async (simulation) => {
    const lan = simulation.addLan({ ipv6: true });
    const a = machine(simulation.addHost({ lan, addresses: ['fe80::1%eth0'] }));
    const b = machine(simulation.addHost({ lan, addresses: ['fe80::2%eth0'] }));
    a.follow();
    b.follow();
    await simulation.run(() => a.found.length > 0 && b.found.length > 0, { limitMs: 1_000 });
    assert.deepEqual(a.found[0], { kind: 'ip', address: 'fe80::2', port: 6881, zone: 'eth0' });
    await closeAll(simulation, a, b);
  });

  simTest('do not speak of torrents that only one of them has', {}, async (simulation) => {
    const lan = simulation.addLan();
    const a = machine(simulation.addHost({ lan }));
    const b = machine(simulation.addHost({ lan }));
    a.follow(hashOf(1));
    b.follow(hashOf(2));
    await simulation.advance(20 * 60_000);
    assert.deepEqual([...a.found, ...b.found], []);
    await closeAll(simulation, a, b);
  });

  simTest('meet when the cable is plugged in later', {}, async (simulation) => {
    const lan = simulation.addLan();
    const a = machine(simulation.addHost({ lan, addresses: [] }));
    const b = machine(simulation.addHost({ lan }));
    a.follow();
    b.follow();
    await simulation.advance(10_000);
    assert.equal(a.found.length, 0);
    a.host.setAddresses(['192.168.1.77']);
    await simulation.run(() => a.found.length > 0 && b.found.length > 0, { limitMs: 2_000 });
    assert.equal(b.found[0]?.address, '192.168.1.77');
    await closeAll(simulation, a, b);
  });

  simTest('meet again under a new address', {}, async (simulation) => {
    const lan = simulation.addLan();
    const a = machine(simulation.addHost({ lan }));
    const b = machine(simulation.addHost({ lan }));
    a.follow();
    b.follow();
    await simulation.run(() => a.found.length > 0, { limitMs: 1_000 });
    b.host.setAddresses(['192.168.1.99']);
    await simulation.run(() => a.found.some(({ address }) => address === '192.168.1.99'), { limitMs: 5_000 });
    await closeAll(simulation, a, b);
  });
});

simTest('two programs on one machine find each other', {}, async (simulation) => {
  const host = simulation.addHost({ lan: simulation.addLan() });
  const [a, b] = [machine(host), machine(host)];
  a.follow(hashOf(1), 1);
  b.follow(hashOf(1), 2);
  await simulation.run(() => a.found.length > 0 && b.found.length > 0, { limitMs: 1_000 });
  assert.ok(a.found.every(({ port }) => port === 2));
  assert.ok(b.found.every(({ port }) => port === 1));
  await closeAll(simulation, a, b);
});

simTest(
  'a torrent is announced every five minutes and at most once a minute, however often it is asked for',
  {},
  async (simulation) => {
    const lan = simulation.addLan();
    const heard = await listenIn(simulation, simulation.addHost({ lan }));
    const a = machine(simulation.addHost({ lan }));
    const following = a.follow();
    for (let i = 0; i < 600; i++) {
      following.renew();
      await simulation.advance(1_000);
    }
    assert.ok(heard.length >= 2 && heard.length <= 11, `${heard.length} datagrams in ten minutes`);
    for (const [i, { timeMs }] of heard.entries())
      assert.ok(timeMs - (heard[i - 1]?.timeMs ?? Number.NEGATIVE_INFINITY) >= 59_000);
    following.stop();
    const before = heard.length;
    await simulation.advance(20 * 60_000);
    assert.equal(heard.length, before);
    await closeAll(simulation, a);
  },
);

simTest('a thousand torrents fit some forty datagrams of at most 1,400 bytes', {}, async (simulation) => {
  const lan = simulation.addLan();
  const heard = await listenIn(simulation, simulation.addHost({ lan }));
  const a = machine(simulation.addHost({ lan }));
  await simulation.advance(100);
  for (let i = 0; i < 1000; i++) a.follow(Uint8Array.of(i >> 8, i & 255, ...new Uint8Array(18)));
  await simulation.advance(10_000);
  const named = new Set(heard.flatMap(({ bytes }) => parseLocalAnnounce(bytes)?.infoHashes.map(toHex) ?? []));
  assert.equal(named.size, 1000);
  assert.ok(heard.length <= 1000 / hashesPerDatagram + 1, String(heard.length));
  assert.ok(heard.every(({ bytes }) => bytes.length <= 1400));
  await closeAll(simulation, a);
});

simTest('nobody outside the local network is believed or answered', {}, async (simulation) => {
  const lan = simulation.addLan({ nat: { kind: 'full-cone' } });
  const a = machine(simulation.addHost({ lan }));
  a.follow();
  await simulation.advance(1_000);
  const stranger = simulation.addHost();
  lan.forward('udp', lsdPort, { host: a.host, port: lsdPort });
  let answers = 0;
  const socket = await simulation.settle(
    stranger.world.datagrams.bind(
      { address: stranger.address, port: 0 },
      { message: () => void answers++, close() {} },
    ),
  );
  const announce = encodeLocalAnnounce({ port: 5, infoHashes: [hashOf(1)] }, 4);
  for (let i = 0; i < 20; i++) socket.send(announce, { address: lan.address ?? '', port: lsdPort });
  await simulation.advance(5_000);
  assert.equal(a.found.length + answers, 0);
  await closeAll(simulation, a);
});

simTest(
  'a neighbour that floods is read at a bounded rate and answered once in a while',
  {},
  async (simulation) => {
    const lan = simulation.addLan();
    const a = machine(simulation.addHost({ lan }));
    a.follow();
    await simulation.advance(1_000);
    const { world, address } = simulation.addHost({ lan });
    let answers = 0;
    const socket = await simulation.settle(
      world.datagrams.bind({ address, port: 0 }, { message: () => void answers++, close() {} }),
    );
    const announce = encodeLocalAnnounce({ port: 5, infoHashes: [hashOf(1)] }, 4);
    for (let i = 0; i < 2_000; i++) {
      socket.send(announce, { address: lsdGroups[4], port: lsdPort });
      await simulation.advance(1);
    }
    await simulation.advance(100);
    assert.ok(a.found.length > 0 && a.found.length <= 90, String(a.found.length));
    assert.equal(answers, 1);
    await closeAll(simulation, a);
  },
);

describe('the datagram', () => {
  test('says what was put into it, in the words of BEP 14', () => {
    const announce = { port: 51413, infoHashes: [hashOf(1), hashOf(171)], cookie: 'abc' };
    const text = new TextDecoder().decode(encodeLocalAnnounce(announce, 6));
    assert.match(text, /^BT-SEARCH \* HTTP\/1\.1\r\nHost: \[ff15::efc0:988f\]:6771\r\nPort: 51413\r\n/);
    assert.ok(text.endsWith('\r\n\r\n'));
    assert.deepEqual(parseLocalAnnounce(toUtf8(text)), announce);
  });

  test('is read in any case, order and kind of line ends', () => {
    const hash = toHex(hashOf(0xab)).toUpperCase();
    const parsed = parseLocalAnnounce(
      toUtf8(`bt-search * http/1.1\nINFOHASH:${hash}\nX-More: 1\nport :7\n\n`),
    );
    assert.deepEqual(parsed, { port: 7, infoHashes: [hashOf(0xab)] });
  });

  test('is nothing without a port, a hash or its first line', () => {
    const hash = toHex(hashOf(1));
    for (const text of [
      '',
      'BT-SEARCH * HTTP/1.1',
      `BT-SEARCH * HTTP/1.1\r\nInfohash: ${hash}\r\n\r\n`,
      `BT-SEARCH * HTTP/1.1\r\nPort: 0\r\nInfohash: ${hash}\r\n\r\n`,
      `BT-SEARCH * HTTP/1.1\r\nPort: 65536\r\nInfohash: ${hash}\r\n\r\n`,
      `BT-SEARCH * HTTP/1.1\r\nPort: -1\r\nInfohash: ${hash}\r\n\r\n`,
      `BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: ${hash.slice(1)}\r\n\r\n`,
      `BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: ${hash.slice(2)}zz\r\n\r\n`,
      `M-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: ${hash}\r\n\r\n`,
    ])
      assert.equal(parseLocalAnnounce(toUtf8(text)), undefined, text);
  });

  test('is parsed or refused, whatever its bytes', () => {
    const good = encodeLocalAnnounce({ port: 1, infoHashes: [hashOf(1)], cookie: 'c' }, 4);
    for (let i = 0; i < 2_000; i++) {
      const bytes = i % 2 === 0 ? randomBytes(i) : good.slice();
      for (let j = 0; j < 5; j++) bytes[Math.floor(Math.random() * bytes.length)] = Math.random() * 256;
      const parsed = parseLocalAnnounce(bytes);
      if (parsed === undefined) continue;
      assert.ok(parsed.port > 0 && parsed.port < 65_536);
      assert.ok(parsed.infoHashes.every((hash) => hash.length === 20));
    }
    const many = Array.from({ length: 150 }, (_, i) => hashOf(i));
    assert.equal(
      parseLocalAnnounce(encodeLocalAnnounce({ port: 1, infoHashes: many }, 4))?.infoHashes.length,
      32,
    );
  });
});
