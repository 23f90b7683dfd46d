// A node on a machine with several addresses: whoever asks one of them hears from that one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkInterface } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { createDht } from '@shoal/dht';
import { simTest } from '@shoal/sim/testing';
import { addressOf, port, startNode } from './network.ts';

simTest(
  'it answers from the address that was asked, and from one that came later',
  {},
  async (simulation) => {
    const host = simulation.addHost({ addresses: [addressOf(1), addressOf(2)] });
    const many = await simulation.settle(startNode(host, {}, '0.0.0.0'));
    const asker = simulation.addHost({ addresses: [addressOf(3)] });
    const dht = await simulation.settle(startNode(asker));
    const id = many.stats().families[0]?.id;
    for (const n of [1, 2])
      assert.deepEqual((await simulation.settle(dht.ping({ address: addressOf(n), port }))).id, id);
    host.setAddresses([addressOf(1), addressOf(4), addressOf(5)]);
    await simulation.advance(10_000);
    for (const n of [1, 4, 5])
      assert.deepEqual((await simulation.settle(dht.ping({ address: addressOf(n), port }))).id, id);
    await assert.rejects(simulation.settle(dht.ping({ address: addressOf(2), port })), { code: 'timeout' });
    await simulation.settle(many.close());
    const again = await simulation.settle(startNode(host, {}, '0.0.0.0'));
    assert.equal(again.endpoints[0]?.port, port, 'nothing is left open');
  },
);

test('it answers from the address that was asked on a real machine, and shares its port with nobody', async () => {
  const world = createNodeWorld();
  const own = ['127.0.0.31', '127.0.0.32'].map((address): NetworkInterface => {
    return { name: 'lo', address, prefixLength: 8, family: 4, isLoopback: true };
  });
  const bind = [{ address: '0.0.0.0', port: 0 }];
  const many = await createDht({ ...world, interfaces: { list: () => own }, bind });
  const asker = await createDht({ ...world, bind: [{ address: '127.0.0.1', port: 0 }] });
  const taken = many.endpoints[0]?.port ?? 0;
  for (const { address } of own) {
    const { id } = await asker.ping({ address, port: taken });
    assert.deepEqual(id, many.stats().families[0]?.id);
  }
  await assert.rejects(createDht({ ...world, bind: [{ address: '0.0.0.0', port: taken }] }), {
    code: 'address-in-use',
  });
  await Promise.all([many.close(), asker.close()]);
  await world.close();
});
