// Leases in a real Redis: the suite of all lease stores, and what only a server of its own can do: vanish, restart, forget.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import type { TlsStreams } from '@shoal/base';
import { testCertificate, testKey } from '@shoal/base/compliance';
import { createNodeWorld } from '@shoal/base/node';
import { openRedisLeases } from '@shoal/index/registry';
import { leaseStoreSuite, roomy } from '../../packages/index/test/registry/lease-stores.ts';
import { redisProgram, startRedis } from '../clients/redis.ts';

const skip = redisProgram() === undefined ? 'redis-server not installed' : false;

if (skip === false) {
  let prefixes = 0;
  const server = await startRedis();
  test.after(() => server.stop());
  leaseStoreSuite('leases in Redis', async (limits) => {
    const world = createNodeWorld();
    const prefix = `test${prefixes++}:`;
    const store = await openRedisLeases({ ...world, url: server.url, limits, prefix });
    return {
      store,
      async close() {
        await store.close();
        await world.close();
      },
    };
  });
}

test('a Redis that is killed is told in words, and found again with what it wrote down', {
  skip,
}, async () => {
  const server = await startRedis({ keeps: true, password: 'p%20w' });
  const world = createNodeWorld();
  try {
    const options = { ...world, limits: roomy, url: server.url.replace('p%20w', 'p%2520w') };
    const store = await openRedisLeases(options);
    const { start } = store;
    const put = {
      slot: 'ab'.repeat(40),
      lease: Uint8Array.from([1, 2]),
      sequence: 3,
      addresses: ['192.0.2.1'],
      from: '192.0.2.1',
      network: '192.0.2.1',
      offers: new Uint8Array(0),
      digest: 'd',
      untilMs: world.clock.wallTimeMs() + 60_000,
      forgetMs: world.clock.wallTimeMs() + 60_000,
    };
    await store.put(put, world.clock.wallTimeMs());
    await server.kill();
    await assert.rejects(store.peek(put.slot), { code: 'unavailable' });
    assert.match(store.ailment ?? '', /Redis/);
    await assert.rejects(openRedisLeases(options), { code: 'unavailable' });
    await server.restart();
    assert.deepEqual((await store.peek(put.slot))?.lease, put.lease);
    assert.equal(store.ailment, undefined);
    assert.equal(store.start, start);
    await store.close();
    await assert.rejects(
      openRedisLeases({ ...options, url: server.url.replace('p%20w', 'wrong') }),
      /refused/,
    );
    for (const url of ['http://127.0.0.1', 'redis://', 'redis://127.0.0.1/a'])
      await assert.rejects(openRedisLeases({ ...options, url }), { code: 'settings' });
  } finally {
    await world.close();
    await server.stop();
  }
});

test('leases go over TLS (rediss:), and not to a server that nobody vouches for', { skip }, async () => {
  const server = await startRedis();
  const { port: plainPort } = new URL(server.url);
  const front = createServer({ cert: testCertificate, key: testKey }, (socket) => {
    const back = connect(Number(plainPort), '127.0.0.1');
    for (const [one, other] of [
      [socket, back],
      [back, socket],
    ] as const) {
      one.pipe(other);
      one.on('error', () => other.destroy());
    }
  });
  front.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const address = front.address();
  assert.ok(typeof address === 'object' && address !== null);
  const url = `rediss://localhost:${address.port}`;
  const world = createNodeWorld();
  const tls: TlsStreams = {
    ...world.tls,
    connect: (to, options) => world.tls.connect(to, { ...options, trusted: [testCertificate] }),
  };
  try {
    const store = await openRedisLeases({ ...world, tls, limits: roomy, url });
    assert.equal(await store.peek('ab'.repeat(40)), undefined);
    assert.equal(store.ailment, undefined);
    await store.close();
    await assert.rejects(openRedisLeases({ ...world, limits: roomy, url }), { code: 'unavailable' });
  } finally {
    await world.close();
    front.close();
    await server.stop();
  }
});
