// The registry on the simulated network, with the client that nodes use, and with strangers who forge, replay and flood.

import assert from 'node:assert/strict';
import { type Endpoint, toHex, toUtf8 } from '@shoal/base';
import {
  createIndexClient,
  digestOffers,
  encodeOffers,
  encodeRegistration,
  type LeaseContent,
  type Offer,
  Registration,
  signLease,
  signLeaseEnd,
} from '@shoal/directory';
import { clockToleranceSeconds, type Identity, identityFromSeed } from '@shoal/identity';
import type { SimHost, Simulation } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import { createIndex } from '../../src/create-index.ts';
import { leaseLimits } from '../../src/registry/bounds.ts';
import { MemoryLeases } from '../../src/registry/memory-leases.ts';
import { createRegistry, type Registry } from '../../src/registry/registry.ts';
import { hashOf } from './lease-stores.ts';

interface Scene {
  readonly host: SimHost;
  readonly registry: Registry;
  readonly leases: MemoryLeases;
}

async function openIndex(simulation: Simulation, { ipv6 = false } = {}): Promise<Scene> {
  const host = simulation.addHost({ name: 'index', ipv6 });
  const { world } = host;
  const leases = new MemoryLeases({ start: 'first', random: world.random, limits: leaseLimits });
  const registry = createRegistry({ ...world, store: leases });
  await simulation.settle(createIndex({ ...world, port: 80, sections: [registry] }));
  return { host, registry, leases };
}

function identityOf(id: number): Identity {
  return identityFromSeed(new Uint8Array(32).fill(id));
}

function node(host: SimHost, id: number, offers: readonly Offer[], url = 'http://index'): Registration {
  return new Registration({
    ...host.world,
    index: createIndexClient(host.world, { url }),
    identity: identityOf(id),
    port: 7000 + id,
    client: 'Test 1',
    offers: () => offers,
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly code: string | undefined;
}

async function send(
  simulation: Simulation,
  from: SimHost,
  body: Uint8Array | undefined,
  path = '/api/leases',
): Promise<Answer> {
  const asked = from.world.http.request({
    url: `http://index${path}`,
    method: body === undefined ? 'GET' : 'POST',
    ...(body === undefined ? {} : { body }),
  });
  const { status, headers, ...response } = await simulation.settle(asked);
  const chunks: Uint8Array[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  response.read({ data: (bytes) => void chunks.push(bytes.slice()), close: () => resolve() });
  await simulation.settle(promise);
  const text = Buffer.concat(chunks).toString();
  const code = /"code":"([^"]*)"/.exec(text)?.[1];
  return { status, headers, text, code };
}

interface Signed {
  readonly id?: number;
  readonly sequence?: number;
  readonly madeAt?: number;
  readonly seconds?: number;
  readonly addresses?: readonly Endpoint[];
  readonly offers?: Uint8Array;
  readonly sent?: Uint8Array | undefined;
  readonly instance?: number;
}

function leaseOf(host: SimHost, signed: Signed = {}): Uint8Array {
  const { hashing, clock } = host.world;
  const { offers = encodeOffers([]), sequence = 1, seconds = 600, id = 1, addresses = [] } = signed;
  const content: LeaseContent = {
    instance: new Uint8Array(8).fill(signed.instance ?? 1),
    addresses,
    client: 'x',
    capabilities: [],
    offers: { count: offers.length / 22, digest: digestOffers(hashing, offers) },
  };
  const madeAt = signed.madeAt ?? Math.floor(clock.wallTimeMs() / 1000);
  return signLease(identityOf(id), content, { sequence, madeAt, seconds });
}

function bodyOf(host: SimHost, signed: Signed = {}): Uint8Array {
  const offers = 'sent' in signed ? signed.sent : (signed.offers ?? encodeOffers([]));
  return encodeRegistration({ kind: 'lease', lease: leaseOf(host, signed), offers });
}

simTest(
  'two nodes find each other by what they hold, at the addresses they came from',
  { seeds: 2 },
  async (simulation) => {
    await openIndex(simulation, { ipv6: true });
    const [a, b] = [simulation.addHost({ ipv6: true }), simulation.addHost()];
    const film = hashOf('film');
    const [first, second] = [
      node(a, 1, [{ infoHash: film, have: 1 }]),
      node(b, 2, [{ infoHash: film, have: 0.5 }]),
    ];
    first.renew();
    second.renew();
    await simulation.advance(3_000);
    const client = createIndexClient(b.world, { url: 'http://index' });
    const { holders } = await simulation.settle(client.holders(film));
    const found = holders.map(({ lease, addresses, have }) => [
      toHex(lease.record.key),
      addresses.map(({ address, port }) => `${address} ${port}`).sort(),
      Math.round(have * 100),
    ]);
    assert.deepEqual(
      found.sort(),
      [
        [identityOf(1).id, a.addresses.map((address) => `${address} 7001`).sort(), 100],
        [identityOf(2).id, [`${b.address} 7002`], 50],
      ].sort(),
    );
    const known = await simulation.settle(client.peers());
    assert.equal(known.total, 2);
    assert.equal(known.nodes.length, 2);
    await simulation.settle(first.stop());
    assert.equal((await simulation.settle(client.holders(film))).holders.length, 1);
    await simulation.settle(second.stop());
    assert.equal((await simulation.settle(client.peers())).nodes.length, 0);
  },
);

simTest('a node that vanishes is named until its lease runs out, and no longer', {}, async (simulation) => {
  await openIndex(simulation);
  const [a, b] = [simulation.addHost(), simulation.addHost()];
  const gone = node(a, 1, [{ infoHash: hashOf('film'), have: 1 }]);
  gone.renew();
  await simulation.advance(3_000);
  a.crash();
  const client = createIndexClient(b.world, { url: 'http://index' });
  assert.equal((await simulation.settle(client.holders(hashOf('film')))).holders.length, 1);
  await simulation.advance(11 * 60_000);
  assert.equal((await simulation.settle(client.holders(hashOf('film')))).holders.length, 0);
});

simTest(
  'what is forged, replayed, outdated or badly made is refused with a code, and changes nothing',
  {},
  async (simulation) => {
    const { host: index, leases } = await openIndex(simulation);
    const a = simulation.addHost();
    const own = [{ address: a.address, port: 1 }];
    const good = leaseOf(a, { addresses: own, sequence: 5 });
    const forged = leaseOf(a, { addresses: own, sequence: 6 });
    forged[forged.length - 20] = (forged.at(-20) ?? 0) ^ 1;
    const stolen = Uint8Array.from(good);
    stolen.set(identityOf(2).publicKey, Buffer.from(good).indexOf(Buffer.from(identityOf(1).publicKey)));
    const nowSeconds = Math.floor(index.world.clock.wallTimeMs() / 1000);
    const far = clockToleranceSeconds + 60;
    const offers = encodeOffers([{ infoHash: hashOf('film'), have: 1 }]);
    const wrap = (lease: Uint8Array) => encodeRegistration({ kind: 'lease', lease, offers: undefined });
    const end = (id: number, sequence: number) =>
      encodeRegistration({
        kind: 'end',
        end: signLeaseEnd(identityOf(id), new Uint8Array(8).fill(1), {
          sequence,
          madeAt: nowSeconds,
          seconds: 60,
        }),
      });
    assert.equal((await send(simulation, a, wrap(good))).status, 200);
    const cases: readonly (readonly [string, Uint8Array, number, string])[] = [
      ['nothing', new Uint8Array(0), 400, 'bad-registration'],
      ['a page', toUtf8('<html>'), 400, 'bad-registration'],
      ['a changed byte', wrap(forged), 403, 'bad-signature'],
      ['another key', wrap(stolen), 403, 'bad-signature'],
      ['no record', wrap(new Uint8Array(90)), 400, 'bad-record'],
      [
        'an end as a lease',
        wrap(
          signLeaseEnd(identityOf(1), new Uint8Array(8), { sequence: 9, madeAt: nowSeconds, seconds: 60 }),
        ),
        400,
        'bad-record',
      ],
      ['an older sequence', bodyOf(a, { sequence: 4 }), 409, 'old-sequence'],
      ['another lease with the same sequence', bodyOf(a, { sequence: 5, seconds: 700 }), 409, 'old-sequence'],
      ['a clock ahead', bodyOf(a, { sequence: 9, madeAt: nowSeconds + far }), 400, 'clock-skew'],
      ['a clock behind', bodyOf(a, { sequence: 9, madeAt: nowSeconds - 600 - far }), 400, 'record-expired'],
      ['too long a life', bodyOf(a, { sequence: 9, seconds: 7300 }), 400, 'bad-lease'],
      [
        'other offers than signed',
        bodyOf(a, { sequence: 9, offers, sent: offers.map((byte) => byte ^ 1) }),
        400,
        'bad-offers',
      ],
      [
        'offers that are none',
        bodyOf(a, { sequence: 9, offers, sent: new Uint8Array(21) }),
        400,
        'bad-offers',
      ],
      [
        'offers that are not known',
        bodyOf(a, { sequence: 9, offers, sent: undefined }),
        409,
        'offers-wanted',
      ],
      [
        'a bare list of too many offers',
        toUtf8(`d5:lease1:x6:offers47000:${'x'.repeat(47_000)}e`),
        400,
        'bad-record',
      ],
      ['the end of another key', end(2, 1), 200, ''],
      ['an old end', end(1, 5), 409, 'old-sequence'],
    ];
    for (const [what, body, status, code] of cases) {
      const answer = await send(simulation, a, body);
      assert.deepEqual([answer.status, answer.code ?? ''], [status, code], `${what}: ${answer.text}`);
    }
    const huge = await send(simulation, a, new Uint8Array(200_000));
    assert.equal(huge.status, 413);
    const skewed = await send(simulation, a, bodyOf(a, { sequence: 9, madeAt: nowSeconds + far }));
    assert.match(skewed.text, /ahead of this clock, which reads 20.*Set the clock/);
    // The lease that stood still does, and nothing else does.
    const key = await leases.ofKey(identityOf(1).id, index.world.clock.wallTimeMs());
    assert.deepEqual(
      key.map(({ sequence }) => sequence),
      [5],
    );
    assert.deepEqual(await leases.totals(), { leases: 1, offers: 0 });
  },
);

simTest(
  'a replayed lease, and a lease with addresses of others, send nobody anywhere',
  {},
  async (simulation) => {
    await openIndex(simulation);
    const [a, thief, asker] = [simulation.addHost(), simulation.addHost(), simulation.addHost()];
    const offers = encodeOffers([{ infoHash: hashOf('film'), have: 1 }]);
    const client = createIndexClient(asker.world, { url: 'http://index' });
    const places = async () =>
      (await simulation.settle(client.holders(hashOf('film')))).holders.flatMap(({ addresses }) =>
        addresses.map(({ address }) => address),
      );
    // It claims somebody else's address: it is known, and named nowhere.
    const victim = { address: '8.8.8.8', port: 53 };
    const claimed = bodyOf(a, { addresses: [victim, { address: a.address, port: 1 }], offers });
    assert.equal((await send(simulation, a, claimed)).status, 200);
    assert.deepEqual(await places(), [a.address]);
    // Somebody who saw the lease sends it again from elsewhere.
    assert.equal((await send(simulation, thief, claimed)).status, 200);
    assert.deepEqual(await places(), [a.address]);
    // A lease of a key that never came itself.
    const planted = bodyOf(a, { id: 3, addresses: [victim], offers });
    assert.equal((await send(simulation, thief, planted)).status, 200);
    assert.deepEqual(await places(), [a.address]);
  },
);

simTest('private addresses are named to neighbours alone', {}, async (simulation) => {
  const lan = simulation.addLan();
  const host = simulation.addHost({ lan, name: 'index', addresses: ['192.168.0.2'] });
  const leases = new MemoryLeases({ start: 'x', random: host.world.random, limits: leaseLimits });
  const registry = createRegistry({ ...host.world, store: leases });
  await simulation.settle(createIndex({ ...host.world, port: 80, sections: [registry] }));
  const a = simulation.addHost({ lan });
  const neighbour = node(a, 1, [{ infoHash: hashOf('film'), have: 1 }]);
  neighbour.renew();
  await simulation.advance(3_000);
  const near = await simulation.settle(
    createIndexClient(a.world, { url: 'http://index' }).holders(hashOf('film')),
  );
  assert.deepEqual(near.holders[0]?.addresses, [{ address: a.address, port: 7001 }]);
  const route = registry.routes.find(({ path }) => path.endsWith('/holders'));
  const request = {
    params: { infoHash: toHex(hashOf('film')) },
    remote: { address: '8.8.8.8', port: 5 },
  };
  const far = await simulation.settle(Promise.resolve(route?.handle(request as never)));
  assert.match(JSON.stringify(far?.body), /"confirmed\\":\[\]/);
  await simulation.settle(neighbour.stop());
});

simTest(
  'a flood from one network is slowed before signatures are looked at, and others are served',
  {},
  async (simulation) => {
    const { leases } = await openIndex(simulation);
    const [flooder, other] = [simulation.addHost(), simulation.addHost()];
    const codes: Record<string, number> = {};
    for (let i = 0; i < 150; i++) {
      const { code = 'fine', headers } = await send(
        simulation,
        flooder,
        bodyOf(flooder, { sequence: i, instance: 1 }),
      );
      codes[code] = (codes[code] ?? 0) + 1;
      if (code === 'too-many') assert.ok(Number(headers['retry-after']) >= 1);
    }
    assert.ok((codes['too-many'] ?? 0) > 30, JSON.stringify(codes));
    assert.equal((await send(simulation, other, bodyOf(other, { id: 2 }))).status, 200);
    for (let i = 0; i < 30; i++)
      await send(simulation, other, bodyOf(other, { id: 2, instance: 2 + i, sequence: 3 }));
    assert.deepEqual(await leases.totals(), { leases: 17, offers: 0 });
    const { code } = await send(simulation, other, bodyOf(other, { id: 2, instance: 90, sequence: 3 }));
    assert.equal(code, 'too-many-leases');
  },
);

simTest(
  'an index that restarts and forgot has everybody again within its first answers',
  {},
  async (simulation) => {
    const first = await openIndex(simulation);
    const a = simulation.addHost();
    const registration = node(a, 1, [{ infoHash: hashOf('film'), have: 1 }]);
    registration.renew();
    await simulation.advance(3_000);
    first.host.crash({ unsynced: 'kept' });
    await simulation.advance(60_000);
    const world = first.host.restart();
    const leases = new MemoryLeases({ start: 'second', random: world.random, limits: leaseLimits });
    await simulation.settle(
      createIndex({ ...world, port: 80, sections: [createRegistry({ ...world, store: leases })] }),
    );
    const client = createIndexClient(a.world, { url: 'http://index' });
    const { index, holders } = await simulation.settle(client.holders(hashOf('film')));
    assert.equal(holders.length, 0);
    registration.sawIndex(index);
    await simulation.advance(3_000);
    assert.equal((await simulation.settle(client.holders(hashOf('film')))).holders.length, 1);
    await simulation.settle(registration.stop());
  },
);

simTest(
  'what is thin is known, and seeds are told as the tracker counts them, too',
  {},
  async (simulation) => {
    const host = simulation.addHost({ name: 'index' });
    const leases = new MemoryLeases({ start: 'x', random: host.world.random, limits: leaseLimits });
    const swarms = {
      counts: (hash: Uint8Array) => (hash[0] === hashOf('film')[0] ? { seeds: 4, peers: 9 } : undefined),
    };
    const registry = createRegistry({
      ...host.world,
      store: leases,
      swarms,
      storeOffer: () => ({ port: 9, have: 1 }),
    });
    await simulation.settle(createIndex({ ...host.world, port: 80, sections: [registry] }));
    const a = simulation.addHost();
    const offers = encodeOffers([
      { infoHash: hashOf('film'), have: 1 },
      { infoHash: hashOf('song'), have: 0.5 },
    ]);
    await send(simulation, a, bodyOf(a, { addresses: [{ address: a.address, port: 4 }], offers }));
    assert.deepEqual(
      (await registry.thin(5)).map(({ infoHash, holders, complete }) => [infoHash, holders, complete]),
      [
        [toHex(hashOf('song')), 1, 0],
        [toHex(hashOf('film')), 1, 1],
      ],
    );
    const client = createIndexClient(a.world, { url: 'http://index' });
    const { store } = await simulation.settle(client.holders(hashOf('film')));
    const holders = await send(simulation, a, undefined, `/api/content/${toHex(hashOf('film'))}/holders`);
    assert.match(holders.text, /"seeds":4,"peers":9/);
    assert.deepEqual(store, { address: { address: host.address, port: 9 }, have: 1 });
    assert.deepEqual(await registry.holdersOf(toHex(hashOf('film'))), [
      { address: { address: a.address, port: 4 }, have: 1 },
    ]);
    const key = await send(simulation, a, undefined, `/api/peers/${identityOf(1).id}`);
    assert.equal(JSON.parse(key.text).peers.length, 1);
    for (const [path, code] of [
      [`/api/peers/${'0'.repeat(64)}`, 'not-found'],
      ['/api/peers/x', 'bad-hash'],
      ['/api/content/xyz/holders', 'bad-hash'],
      [`/api/content/${'a'.repeat(41)}/holders`, 'bad-hash'],
    ] as const)
      assert.equal((await send(simulation, a, undefined, path)).code, code);
    for (const query of ['after=%00', `after=${'x'.repeat(5000)}`])
      assert.equal((await send(simulation, a, undefined, `/api/peers?${query}`)).status, 200);
  },
);
