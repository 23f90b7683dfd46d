import assert from 'node:assert/strict';
import { rejectsWith } from './expect.ts';
import type { WorldTest } from './harness.ts';

export function testNetwork(test: WorldTest): void {
  test('a name resolves to the address of its host', async ({ a, nameOfB, addressB }) => {
    const addresses = await a.names.resolve(nameOfB);
    assert.ok(addresses.includes(addressB), addresses.join());
  });

  test('an address resolves to itself, in canonical text', async ({ a }) => {
    assert.deepEqual(await a.names.resolve('192.0.2.7'), ['192.0.2.7']);
    assert.deepEqual(await a.names.resolve('2001:DB8:0:0::1'), ['2001:db8::1']);
  });

  test('an address of the other family is not found', async ({ a }) => {
    await rejectsWith('name-not-found', a.names.resolve('192.0.2.7', { family: 6 }));
    await rejectsWith('name-not-found', a.names.resolve('2001:db8::1', { family: 4 }));
  });

  test('an unknown name is not found', async ({ a }) => {
    // A label this long is refused without asking anybody, so that the test does not wait for a name server.
    await rejectsWith('name-not-found', a.names.resolve(`${'x'.repeat(64)}.invalid`));
  });

  test('an empty name is invalid', async ({ a }) => {
    await rejectsWith('invalid', a.names.resolve(''));
  });

  test('waiting for a name can be aborted', async ({ a, nameOfB }) => {
    await rejectsWith('aborted', a.names.resolve(nameOfB, { signal: AbortSignal.abort() }));
    const controller = new AbortController();
    const asked = a.names.resolve(nameOfB, { signal: controller.signal });
    controller.abort();
    await rejectsWith('aborted', asked);
  });

  test('the interfaces have the addresses that others reach', async ({ a, b, addressA, addressB }) => {
    for (const [world, address] of [
      [a, addressA],
      [b, addressB],
    ] as const) {
      const found = world.interfaces.list().find((one) => one.address === address);
      assert.ok(found !== undefined);
      assert.equal(found.family, 4);
      assert.ok(found.prefixLength > 0 && found.prefixLength <= 32);
    }
  });
}
