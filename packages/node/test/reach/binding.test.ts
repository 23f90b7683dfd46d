import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkInterface } from '@shoal/base';
import { planBinding } from '@shoal/node/reach';

const ip4 = (name: string, address: string): NetworkInterface => ({
  name,
  address,
  prefixLength: 24,
  family: 4,
  isLoopback: name === 'lo',
});
const local = { priority: 0, src: 'all', table: 'local' };
const main = { priority: 32766, src: 'all', table: 'main' };
const own = { priority: 100, src: '10.8.0.2', table: '4870' };
const mainRoutes = [{ dst: 'default', gateway: '10.0.0.1', dev: 'eth0' }];
const held = [
  { dst: 'default', dev: 'tun0' },
  { type: 'blackhole', dst: 'default', metric: 9999 },
];

function machine(rules: object[] | undefined, tables: Record<string, object[]> = {}, more: object = {}) {
  return {
    platform: 'linux',
    interfaces: () => [ip4('lo', '127.0.0.1'), ip4('eth0', '10.0.0.5'), ip4('tun0', '10.8.0.2')],
    interfaceNames: async () => ['lo', 'eth0', 'tun0'],
    run: async (_program: string, words: readonly string[]) => {
      if (rules === undefined) return undefined;
      return JSON.stringify(words[2] === 'rule' ? rules : (tables[words.at(-1) ?? ''] ?? []));
    },
    read: async () => undefined,
    ...more,
  };
}

test('an interface is bound where a rule and a blackhole hold its traffic', async () => {
  const system = machine([local, own, main], { main: mainRoutes, 4870: held });
  assert.deepEqual(await planBinding('tun0', system), {
    addresses: ['10.8.0.2'],
    interfaceName: 'tun0',
    heldBy: 'rules',
  });
});

test('an interface is bound where there is no other', async () => {
  const names = async () => ['lo', 'sit0', 'tun0'];
  const system = machine(undefined, {}, { interfaceNames: names });
  assert.equal((await planBinding('tun0', system))?.heldBy, 'namespace');
});

const leaks: Record<string, ReturnType<typeof machine>> = {
  'no rule of its own': machine([local, main], { main: mainRoutes, 4870: held }),
  'no blackhole': machine([local, own, main], { main: mainRoutes, 4870: held.slice(0, 1) }),
  'another way out of its table': machine([local, own, main], {
    4870: [...held, { dst: '10.9.0.0/16', dev: 'eth0' }],
  }),
  'one of several hops elsewhere': machine([local, own, main], {
    4870: [...held, { dst: '10.9.0.0/16', nexthops: [{ dev: 'tun0' }, { dev: 'eth0' }] }],
  }),
  'a way back to the other tables': machine([local, own, main], {
    4870: [...held, { type: 'throw', dst: '10.9.0.0/16' }],
  }),
  'an earlier rule': machine([local, { ...main, priority: 50 }, own], { main: mainRoutes, 4870: held }),
  'an earlier rule that asks for more': machine(
    [local, { priority: 50, src: 'all', fwmark: '0x5', table: '4870' }, own],
    { 4870: held },
  ),
  'a rule for all but its address': machine([local, { ...own, not: null }, own], { 4870: held }),
  'a table that ends early': machine([local, { ...own, suppress_prefixlen: 0 }], { 4870: held }),
  'no program to ask': machine(undefined),
  'another system': machine([local, own], { 4870: held }, { platform: 'darwin' }),
};
for (const [why, system] of Object.entries(leaks))
  test(`an interface is refused for ${why}`, async () => {
    await assert.rejects(planBinding('tun0', system), { code: 'bind-not-held', message: /held to tun0/ });
  });

test('rules for others do not matter', async () => {
  const others = [
    { priority: 40, src: '10.9.0.0', srclen: 16, table: '7' },
    { priority: 41, src: '10.8.0.3', table: '7' },
  ];
  const system = machine([local, ...others, own, main], { 4870: held, 7: mainRoutes });
  assert.equal((await planBinding('tun0', system))?.heldBy, 'rules');
});

test('addresses are bound when they are own ones, one of each family', async () => {
  const system = machine([]);
  assert.equal(await planBinding('any', system), undefined);
  assert.deepEqual((await planBinding('10.8.0.2', system))?.addresses, ['10.8.0.2']);
  for (const bind of ['10.8.0.9', 'tun7', '10.8.0.2,10.0.0.5', '10.8.0.2,tun0', ''])
    await assert.rejects(planBinding(bind, system), { code: 'bind-unknown' });
});
