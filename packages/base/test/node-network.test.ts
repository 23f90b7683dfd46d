// What only Node's world has: several address families, zones, binding, and a process around it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Endpoint, Stream, World } from '@shoal/base';
import { createNodeWorld, type NodeWorldOptions } from '@shoal/base/node';

async function withWorld(options: NodeWorldOptions, body: (world: World) => Promise<void>): Promise<void> {
  const world = createNodeWorld(options);
  try {
    await body(world);
  } finally {
    await world.close();
  }
}

/** Connects to `to` and says what the two ends call themselves. */
async function ends(world: World, listenOn: Endpoint, to?: Endpoint): Promise<[Stream, Stream]> {
  const { promise, resolve } = Promise.withResolvers<Stream>();
  const listener = await world.streams.listen(listenOn, resolve);
  const dialled = await world.streams.connect({ ...(to ?? listener.local), port: listener.local.port });
  return [dialled, await promise];
}

const isWithIpv6 = createNodeWorld()
  .interfaces.list()
  .some(({ address }) => address === '::1');
const linkLocal = createNodeWorld()
  .interfaces.list()
  .find(({ zone }) => zone !== undefined);

test('streams and datagrams go over IPv6', { skip: !isWithIpv6 }, () =>
  withWorld({}, async (world) => {
    const [dialled, accepted] = await ends(world, { address: '::1', port: 0 });
    assert.equal(accepted.remote.address, '::1');
    assert.deepEqual(dialled.local, accepted.remote);
    const got = Promise.withResolvers<Endpoint>();
    const receiver = await world.datagrams.bind(
      { address: '::1', port: 0 },
      { message: (_, from) => got.resolve(from), close() {} },
    );
    const sender = await world.datagrams.bind({ address: '::1', port: 0 }, { message() {}, close() {} });
    sender.send(Uint8Array.of(1), receiver.local);
    assert.deepEqual(await got.promise, sender.local);
  }),
);

test('a link-local address is reached with its zone', { skip: linkLocal === undefined }, () =>
  withWorld({}, async (world) => {
    const { address = '', zone = '' } = linkLocal ?? {};
    const [dialled, accepted] = await ends(world, { address, port: 0, zone });
    assert.deepEqual({ ...dialled.remote, port: 0 }, { address, port: 0, zone });
    assert.deepEqual({ ...accepted.remote, port: 0 }, { address, port: 0, zone });
    const got = Promise.withResolvers<Endpoint>();
    const receiver = await world.datagrams.bind(
      { address: '::', port: 0 },
      { message: (_, from) => got.resolve(from), close() {} },
    );
    const sender = await world.datagrams.bind({ address: '::', port: 0 }, { message() {}, close() {} });
    sender.send(Uint8Array.of(1), { address, port: receiver.local.port, zone });
    assert.deepEqual(await got.promise, { address, port: sender.local.port, zone });
  }),
);

test('both wildcards listen on one port, and no address is IPv4-mapped', { skip: !isWithIpv6 }, () =>
  withWorld({}, async (world) => {
    const mapped = { address: '::ffff:127.0.0.1', port: 0 };
    const [dialled, accepted] = await ends(world, { address: '0.0.0.0', port: 0 }, mapped);
    assert.equal(dialled.remote.address, '127.0.0.1');
    assert.equal(accepted.remote.address, '127.0.0.1');
    await world.streams.listen({ address: '::', port: accepted.local.port }, (stream) => stream.destroy());
    const socket = await world.datagrams.bind({ address: '0.0.0.0', port: 0 }, { message() {}, close() {} });
    await world.datagrams.bind({ address: '::', port: socket.local.port }, { message() {}, close() {} });
  }),
);

test('a bound world uses its own address and no other', () =>
  withWorld({ bind: ['127.0.0.1'] }, async (world) => {
    const [dialled, accepted] = await ends(world, { address: '0.0.0.0', port: 0 });
    assert.equal(accepted.local.address, '127.0.0.1');
    assert.equal(dialled.local.address, '127.0.0.1');
    const unreachable = { code: 'unreachable' };
    const none = { message() {}, close() {} };
    await assert.rejects(world.streams.connect({ address: '::1', port: 9 }), unreachable);
    await assert.rejects(
      world.tls.connect({ address: '::1', port: 9 }, { serverName: 'x.test' }),
      unreachable,
    );
    await assert.rejects(
      world.streams.listen({ address: '::', port: 0 }, () => {}),
      unreachable,
    );
    await assert.rejects(world.datagrams.bind({ address: '::', port: 0 }, none), unreachable);
    await assert.rejects(world.http.request({ url: 'http://[::1]:9/' }), unreachable);
    const other = { code: 'address-unavailable' };
    await assert.rejects(
      world.streams.connect({ address: '127.0.0.1', port: 9 }, { from: '127.0.0.2' }),
      other,
    );
    await assert.rejects(
      world.streams.listen({ address: '127.0.0.2', port: 0 }, () => {}),
      other,
    );
    const socket = await world.datagrams.bind({ address: '0.0.0.0', port: 0 }, none);
    assert.equal(socket.local.address, '127.0.0.1');
  }));

test('a world binds to one address of each family', () => {
  for (const bind of [['127.0.0.1', '127.0.0.2'], ['localhost'], ['']])
    assert.throws(() => createNodeWorld({ bind }), { code: 'invalid' });
});

test('a process ends by itself when its hash workers are idle', async () => {
  const script = `
    import { createNodeWorld } from '@shoal/base/node';
    const { hashing } = createNodeWorld({ hashWorkers: 2 });
    const job = { source: { kind: 'memory', blocks: [new Uint8Array(1)] }, sha1: true };
    const results = await Promise.all([hashing.run(job), hashing.run(job)]);
    console.log(results.length);
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    timeout: 20_000,
  });
  assert.equal(stdout, '2\n');
});

test('a closed world rejects the hash jobs that wait', () =>
  withWorld({ hashWorkers: 1 }, async (world) => {
    const blocks = [new Uint8Array(100)];
    const jobs = Array.from({ length: 200 }, () =>
      world.hashing.run({ source: { kind: 'memory', blocks }, sha1: true }),
    );
    const outcomes = Promise.allSettled(jobs);
    await world.close();
    for (const outcome of await outcomes)
      assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'closed');
    await assert.rejects(world.hashing.run({ source: { kind: 'memory', blocks }, sha1: true }), {
      code: 'closed',
    });
  }));

test('balanced sockets have one port, and each datagram goes to one of them, by its sender', () =>
  withWorld({}, async (world) => {
    const got = new Map<number, Set<number>>();
    let count = 0;
    const done = Promise.withResolvers<void>();
    let port = 0;
    for (const number of [1, 2]) {
      const socket = await world.datagrams.bind(
        { address: '127.0.0.1', port, balanced: true },
        {
          message(_, from) {
            got.set(from.port, (got.get(from.port) ?? new Set()).add(number));
            if (++count === 40) done.resolve();
          },
          close() {},
        },
      );
      port = socket.local.port;
    }
    for (let i = 0; i < 20; i++) {
      const sender = await world.datagrams.bind(
        { address: '127.0.0.1', port: 0 },
        { message() {}, close() {} },
      );
      for (let times = 0; times < 2; times++) sender.send(Uint8Array.of(1), { address: '127.0.0.1', port });
    }
    await done.promise;
    assert.ok([...got.values()].every((numbers) => numbers.size === 1));
  }));
