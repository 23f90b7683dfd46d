// Who reaches whom, and how, in virtual time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerAddress, Stream } from '@shoal/base';
import { createSimulation, type SimHost, type Simulation } from '@shoal/sim';
import {
  type Accepted,
  type Channel,
  createTcpTransport,
  type EncryptionPolicy,
  type Transport,
  TransportError,
} from '@shoal/transport';

const infoHash = new Uint8Array(20).fill(0xcd);
const hello = new TextEncoder().encode('\x13BitTorrent protocol and the rest of a handshake');
const answer = new TextEncoder().encode('welcome');

interface Scene {
  readonly simulation: Simulation;
  readonly a: SimHost;
  readonly b: SimHost;
  readonly address: PeerAddress;
}

function scene(seed: number): Scene {
  const simulation = createSimulation({ seed, line: { latencyMs: 20 } });
  const a = simulation.addHost();
  const b = simulation.addHost();
  return { simulation, a, b, address: { kind: 'ip', address: b.addresses[0] ?? '', port: 6881 } };
}

/** Reads all that comes until it is as long as `expected`. */
function read(channel: Channel, expected: Uint8Array): Promise<void> {
  let received = new Uint8Array();
  return new Promise((resolve, reject) => {
    channel.start({
      data(bytes) {
        received = Uint8Array.from([...received, ...bytes]);
        if (received.length < expected.length) return;
        assert.deepEqual(received, expected);
        resolve();
      },
      drain() {},
      close: reject,
    });
  });
}

/** Dials, and has hello and answer cross over. */
async function meet(
  { b, address }: Scene,
  dialler: Transport,
  acceptor: Transport,
): Promise<[Channel, Accepted]> {
  let accepted: Accepted | undefined;
  const arrived = new Promise<void>((resolve) => {
    void acceptor.listen({ port: address.port }, (one) => {
      accepted = one;
      one.channel.write(answer.slice());
      void read(one.channel, hello).then(resolve);
    });
  });
  assert.ok(b.addresses.length > 0);
  const channel = await dialler.dial(address, { infoHash, hello });
  await Promise.all([arrived, read(channel, answer)]);
  assert.ok(accepted);
  return [channel, accepted];
}

const policies: EncryptionPolicy[] = ['prefer-plain', 'prefer-encrypted', 'require'];

test('every policy meets every other, encrypted where one requires it or both prefer it', async () => {
  for (const dialling of policies) {
    for (const accepting of policies) {
      const stage = scene(1);
      const acceptor = createTcpTransport(stage.b.world, { encryption: accepting });
      acceptor.serve(new Uint8Array(20));
      acceptor.serve(infoHash);
      const dialler = createTcpTransport(stage.a.world, { encryption: dialling });
      const [channel, accepted] = await stage.simulation.settle(meet(stage, dialler, acceptor));
      const isEncrypted =
        dialling === 'require' ||
        accepting === 'require' ||
        (dialling === 'prefer-encrypted' && accepting === 'prefer-encrypted');
      const what = `${dialling} to ${accepting}`;
      assert.equal(channel.encryption, isEncrypted ? 'rc4' : 'plain', what);
      assert.equal(accepted.channel.encryption, channel.encryption, what);
      // A plain hello names the torrent itself.
      const wasEncryptedHandshake = dialling !== 'prefer-plain' || accepting === 'require';
      assert.deepEqual(accepted.infoHash, wasEncryptedHandshake ? infoHash : undefined, what);
    }
  }
});

test('a torrent that is not served is found in the clear, or not at all', async () => {
  for (const [policy, code] of [
    ['prefer-encrypted', undefined],
    ['require', 'handshake-closed'],
  ] as const) {
    const stage = scene(2);
    const acceptor = createTcpTransport(stage.b.world);
    acceptor.serve(infoHash);
    acceptor.unserve(infoHash);
    const dialler = createTcpTransport(stage.a.world, { encryption: policy });
    const met = stage.simulation.settle(meet(stage, dialler, acceptor));
    if (code !== undefined) await assert.rejects(met, { code });
    else assert.equal((await met)[0].encryption, 'plain');
  }
});

/** Counts connections, and does with each what `welcome` says. */
async function raw(
  { b, address }: Scene,
  welcome: (stream: Stream, n: number) => void,
): Promise<() => number> {
  let count = 0;
  await b.world.streams.listen(address, (stream) => welcome(stream, count++));
  return () => count;
}

test('a peer that answers is dialled once', async () => {
  const stage = scene(3);
  const count = await raw(stage, (stream) => {
    stream.start({ data: () => void stream.write(answer.slice()), end() {}, drain() {}, close() {} });
  });
  const { dial } = createTcpTransport(stage.a.world);
  const channel = await stage.simulation.settle(dial(stage.address, { infoHash, hello }));
  assert.equal(channel.encryption, 'plain');
  assert.equal(count(), 1);
});

test('a peer that hangs up on either way is dialled both ways, and no more', async () => {
  for (const [encryption, expected] of [
    ['prefer-plain', 2],
    ['prefer-encrypted', 2],
    ['require', 1],
  ] as const) {
    const stage = scene(4);
    const count = await raw(stage, (stream) => {
      stream.start({ data: () => stream.destroy(), end() {}, drain() {}, close() {} });
    });
    const { dial } = createTcpTransport(stage.a.world, { encryption });
    await assert.rejects(stage.simulation.settle(dial(stage.address, { infoHash, hello })), {
      code: 'handshake-closed',
    });
    assert.equal(count(), expected, encryption);
  }
});

test('a peer that knows no encryption and waits for sense is met in the clear after ten seconds', async () => {
  const stage = scene(5);
  await raw(stage, (stream) => {
    let received: number[] = [];
    stream.start({
      data(bytes) {
        received = [...received, ...bytes];
        if (received[0] === 19) stream.write(answer.slice());
      },
      end() {},
      drain() {},
      close() {},
    });
  });
  const { dial } = createTcpTransport(stage.a.world, { encryption: 'prefer-encrypted' });
  const channel = await stage.simulation.settle(dial(stage.address, { infoHash, hello }));
  assert.equal(channel.encryption, 'plain');
  assert.ok(stage.simulation.nowMs > 10_000 && stage.simulation.nowMs < 11_000);
});

test('silence after the hello is given up after ten seconds', async () => {
  const stage = scene(6);
  const count = await raw(stage, (stream) => stream.start({ data() {}, end() {}, drain() {}, close() {} }));
  const { dial } = createTcpTransport(stage.a.world);
  await assert.rejects(stage.simulation.settle(dial(stage.address, { infoHash, hello })), {
    code: 'timeout',
  });
  assert.equal(count(), 1);
  assert.ok(stage.simulation.nowMs < 10_500);
});

test('an address that swallows everything is given up after ten seconds', async () => {
  const stage = scene(7);
  stage.simulation.partition([stage.a], [stage.b]);
  const { dial } = createTcpTransport(stage.a.world);
  const error = await stage.simulation.settle(
    dial(stage.address, { infoHash, hello }).catch((reason: unknown) => reason),
  );
  assert.ok(error instanceof TransportError);
  assert.equal(error.code, 'timeout');
  assert.ok(stage.simulation.nowMs <= 10_001);
});

test('silent connections keep nobody out, and are dropped after ten seconds', async () => {
  const stage = scene(8);
  const acceptor = createTcpTransport(stage.b.world);
  let alive = 0;
  const accepted: Accepted[] = [];
  await acceptor.listen({ port: stage.address.port }, (one) => accepted.push(one));
  const silent = async (): Promise<void> => {
    const stream = await stage.a.world.streams.connect(stage.address);
    alive++;
    stream.start({ data() {}, end: () => void stream.end(), drain() {}, close: () => void alive-- });
  };
  await stage.simulation.settle(Promise.all(Array.from({ length: 300 }, silent)));
  await stage.simulation.advance(1000);
  assert.equal(alive, 256);
  const stream = await stage.simulation.settle(stage.a.world.streams.connect(stage.address));
  stream.start({ data() {}, end() {}, drain() {}, close() {} });
  stream.write(hello.slice());
  await stage.simulation.advance(1000);
  assert.equal(accepted.length, 1);
  await stage.simulation.advance(10_000);
  assert.equal(alive, 0);
});

test('noise of any length is hung up on', async () => {
  const stage = scene(9);
  const acceptor = createTcpTransport(stage.b.world);
  acceptor.serve(infoHash);
  await acceptor.listen({ port: stage.address.port }, () => assert.fail('noise was accepted'));
  const random = stage.simulation.randomFor('noise');
  let closed = 0;
  for (let i = 0; i < 50; i++) {
    const stream = await stage.simulation.settle(stage.a.world.streams.connect(stage.address));
    stream.start({ data() {}, end: () => stream.end(), drain() {}, close: () => void closed++ });
    const noise = new Uint8Array(random.below(3000));
    random.fill(noise);
    for (let at = 0; at < noise.length; at += 100) stream.write(noise.slice(at, at + 100));
  }
  await stage.simulation.advance(11_000);
  assert.equal(closed, 50);
});

test('a peer that never closes its side is dropped five seconds after our end', async () => {
  const stage = scene(10);
  const acceptor = createTcpTransport(stage.b.world);
  const closed = new Promise<void>((resolve) => {
    void acceptor.listen({ port: stage.address.port }, ({ channel }) => {
      channel.start({ data() {}, drain() {}, close: () => resolve() });
      channel.end();
    });
  });
  const stream = await stage.simulation.settle(stage.a.world.streams.connect(stage.address));
  stream.start({ data() {}, end() {}, drain() {}, close() {} });
  stream.write(hello.slice());
  await stage.simulation.settle(closed);
  assert.ok(stage.simulation.nowMs > 5000 && stage.simulation.nowMs < 6000);
});

test('a closed listener drops handshakes in progress', async () => {
  const stage = scene(11);
  const acceptor = createTcpTransport(stage.b.world);
  const listener = await acceptor.listen({ port: stage.address.port }, () => assert.fail('accepted'));
  const stream = await stage.simulation.settle(stage.a.world.streams.connect(stage.address));
  const closed = new Promise<void>((resolve) => {
    stream.start({ data() {}, end: () => stream.end(), drain() {}, close: () => resolve() });
  });
  stream.write(hello.slice(0, 10));
  await stage.simulation.advance(500);
  await listener.close();
  await stage.simulation.settle(closed);
  assert.ok(stage.simulation.nowMs < 2000);
});

test('both families listen on one port, and a machine without IPv6 on IPv4 alone', async () => {
  const simulation = createSimulation({ seed: 12 });
  const both = simulation.addHost({ ipv6: true });
  const { port, addresses } = await createTcpTransport(both.world).listen({ port: 0 }, () => {});
  assert.deepEqual(
    addresses.map(({ address }) => address),
    ['0.0.0.0', '::'],
  );
  assert.ok(addresses.every((one) => one.port === port));
  const [ip4 = '', ip6 = ''] = both.addresses;
  const other = simulation.addHost({ ipv6: true });
  for (const address of [ip4, ip6]) {
    const stream = await simulation.settle(other.world.streams.connect({ address, port }));
    stream.destroy();
  }
});

test('a port that is taken, and an address that is not there, are refused with a code', async () => {
  const stage = scene(13);
  const transport = createTcpTransport(stage.b.world);
  const listener = await transport.listen({ port: 6881 }, () => {});
  await assert.rejects(
    transport.listen({ port: 6881 }, () => {}),
    { code: 'network' },
  );
  await listener.close();
  await assert.rejects(
    transport.listen({ port: 6881, addresses: ['0.0.0.0', '192.0.2.9'] }, () => {}),
    {
      code: 'network',
    },
  );
  // What had been opened before the other failed was closed again.
  const again = await transport.listen({ port: 6881 }, () => {});
  await again.close();
});
