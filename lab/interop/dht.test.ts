// Our DHT, libtorrent's and npm's bittorrent-dht in one small network on loopback, each at an address of its own: what
// one announces or puts, the others find. And ours with libtorrent's over IPv6.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decodeBencode, type Endpoint, toHex, toUtf8 } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { createDht, type Dht, immutableTarget, mutableTarget } from '@shoal/dht';
import { identityFromSeed } from '@shoal/identity';
import {
  type DhtPeer,
  type LibtorrentDht,
  missingLibtorrent,
  startLibtorrentDht,
  startNpmDht,
} from '../clients/dht-peers.ts';
import { createNamespace, labAddress, missingNamespaces } from '../clients/namespace.ts';
import { run, start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';

const world = createNodeWorld();
after(() => world.close());

async function startOurs(address: string, bootstrap: readonly Endpoint[]): Promise<DhtPeer & { dht: Dht }> {
  const dht = await createDht({ ...world, bind: [{ address, port: 0 }], bootstrap });
  await dht.ready;
  return {
    name: 'ours',
    dht,
    endpoints: dht.endpoints,
    async announce(infoHash, port) {
      await dht.announce(infoHash, { port });
      return port;
    },
    async peers(infoHash) {
      const found: Endpoint[] = [];
      for await (const event of dht.peers(infoHash)) if (event.kind === 'peers') found.push(...event.peers);
      return found;
    },
    async put(value, mutable) {
      const signed = mutable && { signer: identityFromSeed(mutable.seed), salt: toUtf8(mutable.salt) };
      return (await dht.putItem({ value, ...signed })).stored;
    },
    async get(target, mutable) {
      const item = await dht.getItem(target, { salt: toUtf8(mutable?.salt ?? '') });
      return item && decodeBencode(item.raw).asText();
    },
    close: () => dht.close(),
  };
}

/** Tables fill up in the first seconds: asks until the answer is there. */
async function eventually<T>(ask: () => Promise<T | undefined>, patienceMs = 10_000): Promise<T | undefined> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || performance.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Each question is a process of its own, on a machine that may be busy. */
const commandPatienceMs = 90_000;

function hashOfValue(value: string): Uint8Array {
  return immutableTarget(world.hashing, toUtf8(`${value.length}:${value}`));
}

async function meet(teller: DhtPeer, asker: DhtPeer, port: number): Promise<void> {
  const infoHash = randomBytes(20);
  const address = teller.endpoints[0]?.address;
  let announced = 0;
  const found = await eventually(async () => {
    announced = await teller.announce(infoHash, port);
    const peers = await asker.peers(infoHash);
    return peers.find((peer) => peer.port === announced);
  });
  assert.deepEqual(found, { address, port: announced }, `${asker.name} finds what ${teller.name} announced`);
}

describe('three DHTs in one network', { skip: missingLibtorrent() ?? false }, () => {
  let first: DhtPeer & { dht: Dht };
  let second: DhtPeer & { dht: Dht };
  let libtorrent: LibtorrentDht;
  let npm: DhtPeer;
  before(async () => {
    first = await startOurs('127.0.0.11', []);
    second = await startOurs('127.0.0.12', first.endpoints);
    libtorrent = await startLibtorrentDht(['127.0.0.13'], first.endpoints);
    npm = await startNpmDht('127.0.0.14', first.endpoints);
  });
  after(async () => {
    await Promise.all([first, second, libtorrent, npm].map((peer) => peer.close()));
  });

  test('each finds what another announced', async () => {
    let port = 5000;
    for (const teller of [second, libtorrent, npm])
      for (const asker of [first, second, libtorrent, npm])
        if (asker !== teller) await meet(teller, asker, port++);
  });

  test('an immutable item put by one is got by the others', async () => {
    for (const putter of [first, libtorrent, npm]) {
      const value = `from ${putter.name} ${randomBytes(4).toString('hex')}`;
      const stored = await eventually(async () => (await putter.put(value)) || undefined);
      assert.ok(stored, `${putter.name} puts`);
      for (const getter of [second, libtorrent, npm]) {
        const got = await eventually(() => getter.get(hashOfValue(value)));
        assert.equal(got, value, `${getter.name} gets what ${putter.name} put`);
      }
    }
  });

  test('a mutable item with salt put by one is got by the others', async () => {
    for (const putter of [first, libtorrent, npm]) {
      const mutable = { seed: new Uint8Array(randomBytes(32)), salt: 'news' };
      const { publicKey } = identityFromSeed(mutable.seed);
      const target = mutableTarget(world.hashing, publicKey, toUtf8(mutable.salt));
      const value = `news from ${putter.name}`;
      const stored = await eventually(async () => (await putter.put(value, mutable)) || undefined);
      assert.ok(stored, `${putter.name} puts`);
      for (const getter of [second, libtorrent, npm]) {
        const got = await eventually(() => getter.get(target, mutable));
        assert.equal(got, value, `${getter.name} gets what ${putter.name} put`);
      }
    }
  });

  test('our sequence numbers go on where libtorrent has left off', async () => {
    const mutable = { seed: new Uint8Array(randomBytes(32)), salt: 'counted' };
    const target = mutableTarget(world.hashing, identityFromSeed(mutable.seed).publicKey, toUtf8('counted'));
    await eventually(async () => (await libtorrent.put('one', mutable)) || undefined);
    const { sequence } = await second.dht.putItem({
      value: 'two',
      signer: identityFromSeed(mutable.seed),
      salt: toUtf8(mutable.salt),
    });
    assert.ok(sequence !== undefined && sequence >= 2, `${sequence}`);
    assert.equal(await eventually(() => libtorrent.get(target, mutable)), 'two');
  });

  test('samples of info hashes are given and taken (BEP 51)', async () => {
    const infoHash = randomBytes(20);
    const [ours] = first.endpoints;
    const [theirs] = libtorrent.endpoints;
    assert.ok(ours && theirs);
    await second.announce(infoHash, 7000);
    const samples = await libtorrent.samples(ours);
    assert.ok(samples.length > 0 && samples.every((sample) => /^[0-9a-f]{40}$/.test(sample)));
    const { infoHashes } = await first.dht.sampleInfohashes(theirs);
    assert.ok(infoHashes.length > 0, toHex(infoHashes[0] ?? new Uint8Array()));
  });
});

describe('two DHTs over IPv6', { skip: missingLibtorrent() ?? false }, () => {
  let ours: DhtPeer & { dht: Dht };
  let libtorrent: LibtorrentDht;
  before(async () => {
    ours = await startOurs('::1', []);
    libtorrent = await startLibtorrentDht(['::1'], ours.endpoints);
    assert.ok(await eventually(async () => ours.dht.nodes().at(0)));
  });
  after(async () => {
    await Promise.all([ours.close(), libtorrent.close()]);
  });

  test('each finds what the other announced', async () => {
    await meet(libtorrent, ours, 6001);
    await meet(ours, libtorrent, 6002);
  });

  test('an item put by one is got by the other', async () => {
    for (const [putter, getter] of [
      [ours, libtorrent],
      [libtorrent, ours],
    ] as const) {
      const value = `over six from ${putter.name}`;
      assert.ok(await eventually(async () => (await putter.put(value)) || undefined));
      assert.equal(await eventually(() => getter.get(hashOfValue(value))), value);
    }
  });
});

describe('a node on a machine with many addresses', {
  skip: missingLibtorrent() ?? missingNamespaces() ?? false,
}, () => {
  test('answers libtorrent and ours at each of them, and at one that came later', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-dht-addresses-'));
    const namespace = await createNamespace();
    const { prefix } = namespace;
    const shoal = (...words: string[]) => run(process.execPath, [shoalCommand, 'dht', ...words], prefix);
    const port = 17_881;
    const log = join(folder, 'log');
    const serve = start(process.execPath, [shoalCommand, 'dht', 'serve', '--port', String(port)], {
      log,
      prefix,
    });
    const libtorrent: LibtorrentDht[] = [];
    context.after(async () => {
      await Promise.all(libtorrent.map((peer) => peer.close()));
      await serve.stop();
      await namespace.close();
      await rm(folder, { recursive: true });
    });
    await serve.line((line) => line.includes(String(port)));
    for (const address of [labAddress(4), labAddress(9), `[${labAddress(6, 6)}]`])
      await shoal('ping', `${address}:${port}`);
    await run('ip', ['addr', 'add', '10.77.0.20/24', 'dev', 'lo'], prefix);
    const hears = (): Promise<true | undefined> =>
      shoal('ping', `10.77.0.20:${port}`).then(
        () => true,
        () => undefined,
      );
    assert.ok(await eventually(hears, commandPatienceMs));
    const peer = await startLibtorrentDht([labAddress(3)], [{ address: labAddress(8), port }], prefix);
    libtorrent.push(peer);
    const infoHash = randomBytes(20);
    const found = await eventually(async () => {
      await peer.announce(infoHash, 0);
      const way = ['--dht-bootstrap', `${labAddress(5)}:${port}`];
      const said = await shoal('find', infoHash.toString('hex'), ...way).catch(() => '');
      return said.includes(labAddress(3)) ? said : undefined;
    }, commandPatienceMs);
    assert.ok(found, 'what libtorrent announced is found');
  });
});
