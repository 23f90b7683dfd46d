// Registrations at an index that is scripted: it refuses, forgets, vanishes and lies as the test says.

import assert from 'node:assert/strict';
import { fromHex, toHex } from '@shoal/base';
import { clockToleranceSeconds, identityFromSeed } from '@shoal/identity';
import { type ServedResponse, type SimHost, type Simulation, serveHttp } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import {
  createIndexClient,
  DirectoryError,
  encodeHolders,
  encodePeers,
  encodeRefusal,
  encodeRegistered,
  type Offer,
  parseOffers,
  parseRegistration,
  Registration,
  type RegistrationState,
  readLease,
  signLease,
  type UnverifiedLease,
} from '../src/index.ts';

const identity = identityFromSeed(new Uint8Array(32).fill(9));
const infoHash = new Uint8Array(20).fill(7);

interface Heard {
  readonly timeMs: number;
  readonly kind: 'lease' | 'end';
  readonly from: string;
  readonly lease: UnverifiedLease | undefined;
  readonly offers: readonly Offer[] | undefined;
}

class ScriptedIndex {
  readonly host: SimHost;
  readonly heard: Heard[] = [];
  start = 'start 1';
  /** Answers in place of the usual one. */
  answer: ((heard: Heard) => ServedResponse | undefined) | undefined;
  page = '';
  readonly #simulation: Simulation;

  constructor(simulation: Simulation, host = simulation.addHost({ name: 'index' })) {
    this.#simulation = simulation;
    this.host = host;
  }

  async open(): Promise<void> {
    for (const address of ['0.0.0.0', '::'])
      await serveHttp(this.host.world, { port: 80, address }, ({ method, body, remoteAddress }) =>
        method === 'POST' ? this.#take(body, remoteAddress) : { body: this.page },
      ).catch(() => {});
  }

  #take(body: Uint8Array, from: string): ServedResponse {
    const parsed = parseRegistration(Uint8Array.from(body));
    const heard: Heard = {
      timeMs: this.#simulation.nowMs,
      kind: parsed.kind,
      from,
      lease: parsed.kind === 'lease' ? readLease(parsed.lease) : undefined,
      offers: parsed.kind === 'lease' && parsed.offers !== undefined ? parseOffers(parsed.offers) : undefined,
    };
    this.heard.push(heard);
    const usual = { body: encodeRegistered({ index: this.start, seconds: 1800, observed: from }) };
    return this.answer?.(heard) ?? usual;
  }
}

interface Scene {
  readonly index: ScriptedIndex;
  readonly host: SimHost;
  readonly registration: Registration;
  readonly states: RegistrationState[];
  readonly offers: Offer[];
}

async function scene(simulation: Simulation, { ipv6 = false, wallOffsetMs = 0 } = {}): Promise<Scene> {
  const index = new ScriptedIndex(simulation, simulation.addHost({ name: 'index', ipv6 }));
  await simulation.settle(index.open());
  const host = simulation.addHost({ ipv6, wallOffsetMs });
  const states: RegistrationState[] = [];
  const offers: Offer[] = [{ infoHash, have: 0.5 }];
  const registration = new Registration({
    ...host.world,
    index: createIndexClient(host.world, { url: 'http://index' }),
    identity,
    port: 7000,
    client: 'Test',
    offers: () => offers,
    onChange: (state) => void states.push(state),
  });
  return { index, host, registration, states, offers };
}

const lastLease = ({ index }: Scene) => index.heard.findLast(({ lease }) => lease !== undefined);

simTest(
  'a node learns its address from the index, signs it, and is registered',
  { seeds: 2 },
  async (simulation) => {
    const made = await scene(simulation);
    made.registration.renew();
    await simulation.run(() => made.states.length > 0, { limitMs: 5_000 });
    const { heard } = made.index;
    assert.equal(heard.length, 2);
    assert.deepEqual(heard[0]?.lease?.addresses, []);
    assert.deepEqual(heard[1]?.lease?.addresses, [{ address: made.host.address, port: 7000 }]);
    assert.equal(heard[0]?.offers?.length, 1);
    // What the index has is not sent again.
    assert.equal(heard[1]?.offers, undefined);
    assert.ok((heard[1]?.lease?.record.sequence ?? 0) > (heard[0]?.lease?.record.sequence ?? 0));
    await simulation.settle(made.registration.stop());
    assert.equal(heard.at(-1)?.kind, 'end');
  },
);

simTest('it registers over each family, so that it is known by both addresses', {}, async (simulation) => {
  const made = await scene(simulation, { ipv6: true });
  made.registration.renew();
  await simulation.run(() => made.states.length > 0, { limitMs: 5_000 });
  assert.equal(new Set(made.index.heard.map(({ from }) => from)).size, 2);
  assert.equal(lastLease(made)?.lease?.addresses.length, 2);
  await simulation.settle(made.registration.stop());
});

simTest(
  'it renews at about half of the time, and not all nodes together',
  { seeds: 3 },
  async (simulation) => {
    const made = await scene(simulation);
    made.registration.renew();
    await simulation.advance(6 * 3_600_000);
    const times = made.index.heard.slice(2).map(({ timeMs }) => timeMs);
    assert.ok(times.length >= 58 && times.length <= 91, `${times.length}`);
    const gaps = times.slice(1).map((ms, i) => Math.round((ms - (times[i] ?? 0)) / 1000));
    assert.ok(new Set(gaps).size > 5);
    assert.ok(
      gaps.every((seconds) => seconds >= 235 && seconds <= 365),
      gaps.join(),
    );
    await simulation.settle(made.registration.stop());
  },
);

simTest('many changes are told together and soon', {}, async (simulation) => {
  const made = await scene(simulation);
  made.registration.renew();
  await simulation.advance(60_000);
  const before = made.index.heard.length;
  for (let i = 1; i <= 500; i++) {
    made.offers[0] = { infoHash, have: i / 500 };
    made.registration.changed();
    await simulation.advance(100);
  }
  await simulation.advance(25_000);
  const told = made.index.heard.slice(before);
  assert.ok(told.length >= 3 && told.length <= 5, `${told.length}`);
  assert.equal(told.at(-1)?.offers?.[0]?.have, 1);
  await simulation.settle(made.registration.stop());
});

simTest('an index that restarted and forgot gets the whole again', {}, async (simulation) => {
  const made = await scene(simulation);
  made.registration.renew();
  await simulation.advance(5_000);
  const before = made.index.heard.length;
  made.registration.sawIndex('start 1');
  await simulation.advance(5_000);
  assert.equal(made.index.heard.length, before);
  made.index.answer = ({ offers }) =>
    offers === undefined
      ? { status: 409, body: encodeRefusal({ code: 'offers-wanted', message: 'Send your offers.' }) }
      : undefined;
  made.index.start = 'start 2';
  made.registration.sawIndex('start 2');
  await simulation.advance(5_000);
  assert.equal(lastLease(made)?.offers?.length, 1);
  assert.equal(made.states.at(-1)?.kind, 'registered');
  await simulation.settle(made.registration.stop());
});

simTest(
  'an index that is gone is asked again, and registers it when it is back',
  { seeds: 2 },
  async (simulation) => {
    const made = await scene(simulation);
    made.registration.renew();
    await simulation.advance(5_000);
    made.index.host.crash();
    await simulation.advance(3 * 3_600_000);
    const failure = made.states.at(-1);
    assert.ok(failure?.kind === 'failing' && ['unreachable', 'timeout'].includes(failure.error.code));
    made.index.host.restart();
    await simulation.settle(made.index.open());
    await simulation.advance(7 * 60_000);
    assert.equal(made.states.at(-1)?.kind, 'registered');
    await simulation.settle(made.registration.stop());
  },
);

simTest('an address that changed is signed and told', {}, async (simulation) => {
  const made = await scene(simulation);
  made.registration.renew();
  await simulation.advance(5_000);
  made.host.setAddresses(['9.9.9.9']);
  made.registration.renew();
  await simulation.advance(60_000);
  assert.deepEqual(lastLease(made)?.lease?.addresses, [{ address: '9.9.9.9', port: 7000 }]);
  await simulation.settle(made.registration.stop());
});

simTest(
  'a sequence that is too low is raised to the one that the index has, within a day',
  {},
  async (simulation) => {
    const made = await scene(simulation);
    const wallMs = made.host.world.clock.wallTimeMs();
    let has = Math.floor(wallMs) + 3_600_000;
    const refuse = () => ({
      status: 409,
      body: encodeRefusal({ code: 'old-sequence', message: 'Old.', sequence: has }),
    });
    made.index.answer = ({ lease }) => ((lease?.record.sequence ?? has + 1) <= has ? refuse() : undefined);
    made.registration.renew();
    await simulation.advance(5_000);
    assert.equal(made.states.at(-1)?.kind, 'registered');
    assert.ok((lastLease(made)?.lease?.record.sequence ?? 0) > has);
    // Beyond a day somebody else has our key, or the index lies: we do not run after it.
    has += 1000 * 3_600_000;
    const before = made.index.heard.length;
    made.registration.renew();
    await simulation.advance(4_000);
    assert.equal(made.index.heard.length, before + 1);
    const state = made.states.at(-1);
    assert.ok(state?.kind === 'failing' && state.error.refusal === 'old-sequence');
    await simulation.settle(made.registration.stop());
  },
);

simTest('an index that quarrels about everything is not asked in a circle', {}, async (simulation) => {
  const made = await scene(simulation);
  let count = 0;
  made.index.answer = () => {
    count++;
    return { body: encodeRegistered({ index: 'a', seconds: 0, observed: `8.8.8.${count % 250}` }) };
  };
  made.registration.renew();
  await simulation.advance(50_000);
  assert.ok(count <= 16, `${count}`);
  made.index.answer = ({ lease }) => {
    count++;
    const sequence = (lease?.record.sequence ?? 0) + 1;
    return { status: 409, body: encodeRefusal({ code: 'old-sequence', message: '', sequence }) };
  };
  count = 0;
  made.registration.renew();
  await simulation.advance(60_000);
  assert.ok(count <= 24, `${count}`);
  await simulation.settle(made.registration.stop());
});

simTest('an index that asks for patience gets it, up to an hour', {}, async (simulation) => {
  const made = await scene(simulation);
  const body = encodeRefusal({ code: 'too-many', message: 'Slower.' });
  made.index.answer = () => ({ status: 429, headers: { 'retry-after': '99999999' }, body });
  made.registration.renew();
  await simulation.advance(3_500_000);
  assert.equal(made.index.heard.length, 1);
  await simulation.advance(1_200_000);
  assert.equal(made.index.heard.length, 2);
  await simulation.settle(made.registration.stop());
});

simTest('a stop waits for the index no longer than three seconds', {}, async (simulation) => {
  const made = await scene(simulation);
  made.registration.renew();
  await simulation.advance(5_000);
  simulation.partition([made.host], [made.index.host]);
  const begunMs = simulation.nowMs;
  await simulation.settle(made.registration.stop());
  assert.ok(simulation.nowMs - begunMs <= 3_100);
  await simulation.settle(made.registration.stop());
});

simTest('of those that an index names, forged and outdated ones are left out', {}, async (simulation) => {
  const { index, host } = await scene(simulation);
  const client = createIndexClient(host.world, { url: 'http://index/' });
  const madeAt = Math.floor(host.world.clock.wallTimeMs() / 1000);
  const digest = new Uint8Array(32);
  const content = {
    instance: new Uint8Array(8),
    addresses: [
      { address: '8.8.4.4', port: 1 },
      { address: '10.0.0.7', port: 2 },
      { address: '127.0.0.1', port: 3 },
    ],
    client: 'x',
    capabilities: [],
    offers: { count: 0, digest },
  };
  const sign = (at: number) => signLease(identity, content, { sequence: 1, madeAt: at, seconds: 60 });
  const good = sign(madeAt);
  const forged = Uint8Array.from(good);
  forged[forged.length - 10] = (forged[forged.length - 10] ?? 0) ^ 1;
  const named = [
    good,
    forged,
    sign(madeAt + clockToleranceSeconds + 100),
    sign(madeAt - clockToleranceSeconds - 100),
  ].map((lease) => ({ lease, confirmed: [0, 1, 2], have: 1 }));
  index.page = encodeHolders({ index: 'a', holders: named, seeds: 0, peers: 0, store: { port: 9, have: 1 } });
  const { holders, refused, store } = await simulation.settle(client.holders(infoHash));
  assert.equal(refused, 3);
  assert.equal(holders.length, 1);
  // Of the addresses, a public index may name public ones alone.
  assert.deepEqual(holders[0]?.addresses, [{ address: '8.8.4.4', port: 1 }]);
  assert.deepEqual(store?.address, { address: index.host.address, port: 9 });
  index.page = encodePeers({ index: 'a', peers: named, total: 4 });
  const { nodes } = await simulation.settle(client.peers());
  assert.equal(toHex(nodes[0]?.lease.record.key ?? digest), identity.id);
  assert.deepEqual(fromHex(identity.id), identity.publicKey);
});

simTest('what is no index is told by a code, and costs a bound', {}, async (simulation) => {
  const { index, host } = await scene(simulation);
  const client = createIndexClient(host.world, { url: 'http://index/' });
  const codeOf = async (page: string): Promise<string> => {
    index.page = page;
    const asked = client.holders(infoHash).then(
      () => 'none',
      (error: unknown) => (error instanceof DirectoryError ? error.code : String(error)),
    );
    return simulation.settle(asked);
  };
  assert.equal(await codeOf('<html>'), 'malformed');
  assert.equal(await codeOf('x'.repeat(5_000_000)), 'too-large');
  index.host.crash();
  assert.equal(await codeOf(''), 'timeout');
  assert.throws(() => createIndexClient(host.world, { url: 'ftp://index' }), { code: 'unsupported' });
  assert.throws(() => createIndexClient(host.world, { url: 'http://index/?a=1' }), { code: 'unsupported' });
});
