// The tracker over HTTP and UDP, asked by our own clients in the simulator.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toLatin1, toUtf8 } from '@shoal/base';
import type { SimHost } from '@shoal/sim';
import { type AnnounceRequest, createTrackers } from '@shoal/tracker';
import { announcePath, ask, infoHash, requestOf, startIndex } from './asking.ts';

const urls = ['http://9.0.0.1:6969/announce', 'udp://9.0.0.1:6969/announce'];
const urls6 = ['http://[2a00::1]:6969/announce', 'udp://[2a00::1]:6969/announce'];

async function setUp(options = {}) {
  const { simulation, addHost, ...more } = await startIndex(options);
  return {
    ...more,
    simulation,
    addHost,
    announce: (host: SimHost, url: string, request: Partial<AnnounceRequest> = {}) =>
      simulation.settle(createTrackers(host.world).announce(url, requestOf(request))),
    scrape: (host: SimHost, url: string) =>
      simulation.settle(createTrackers(host.world).scrape(url, [infoHash, new Uint8Array(20)])),
  };
}

for (const [over, first = '', second = ''] of [
  ['HTTP and UDP over IPv4', ...urls],
  ['HTTP and UDP over IPv6', ...urls6],
]) {
  test(`peers that announce by ${over} are told of each other`, async () => {
    const { addHost, announce, scrape } = await setUp();
    const [a, b] = [addHost(), addHost()];
    assert.deepEqual((await announce(a, first, { event: 'started' })).peers, []);
    const answer = await announce(b, second, { event: 'started', left: 0, port: 7000 });
    assert.equal(answer.peers.length, 1);
    assert.deepEqual([answer.seeders, answer.leechers], [1, 1]);
    const again = await announce(a, second);
    assert.deepEqual(
      again.peers.map(({ port }) => port),
      [7000],
    );
    assert.ok(again.intervalSeconds > 1_500 && again.intervalSeconds <= 1_800);
    for (const url of [first, second])
      assert.deepEqual([...(await scrape(a, url)).values()][0], { seeders: 1, leechers: 1, downloads: 0 });
  });
}

test('over HTTP, peers of both families are told of', async () => {
  const { addHost, announce } = await setUp();
  const [a, b] = [addHost(), addHost()];
  await announce(a, 'udp://9.0.0.1:6969');
  await announce(a, 'udp://[2a00::1]:6969');
  const { peers } = await announce(b, urls[0] ?? '');
  assert.deepEqual(
    peers.map(({ address }) => address),
    ['9.0.1.1', '2a00::1:1'],
  );
});

test('whoever stops is forgotten, and told of nobody', async () => {
  for (const url of urls) {
    const { addHost, announce } = await setUp();
    const [a, b] = [addHost(), addHost()];
    await announce(a, url);
    await announce(b, url);
    assert.deepEqual((await announce(a, url, { event: 'stopped' })).peers, []);
    assert.deepEqual((await announce(b, url)).peers, []);
  }
});

test('a completed download counts once, and only when it was seen without', async () => {
  for (const url of urls) {
    const { addHost, announce, scrape } = await setUp();
    const a = addHost();
    await announce(a, url, { event: 'started' });
    for (let times = 0; times < 3; times++) await announce(a, url, { left: 0, event: 'completed' });
    await announce(addHost(), url, { left: 0, event: 'started' });
    assert.deepEqual([...(await scrape(a, url)).values()][0], { seeders: 2, leechers: 0, downloads: 1 });
  }
});

test('a peer that is not heard of any more is dropped half an interval after it was due', async () => {
  const { addHost, announce, simulation } = await setUp({ settings: { intervalSeconds: 600 } });
  const [a, b] = [addHost(), addHost()];
  await announce(a, urls[1] ?? '');
  await simulation.advance(900_000);
  assert.equal((await announce(b, urls[1] ?? '')).peers.length, 1);
  await simulation.advance(200_000);
  assert.equal((await announce(b, urls[1] ?? '')).peers.length, 0);
});

test('numwant is taken, up to what one answer holds', async () => {
  const { addHost, announce } = await setUp({ unlimited: true });
  const a = addHost();
  for (let port = 1; port <= 300; port++) await announce(a, urls[1] ?? '', { port });
  for (const [url, peersWanted, expected] of [
    [urls[0], 7, 7],
    [urls[1], 7, 7],
    [urls[0], 0, 0],
    [urls[1], 0, 0],
    [urls[0], 1_000_000_000, 200],
    [urls[1], 1_000_000_000, 200],
    [urls[0], -1, 50],
    [urls[1], -1, 50],
  ] as const) {
    const { peers } = await announce(a, url ?? '', { peersWanted, port: 1 });
    assert.equal(peers.length, expected, `${url} ${peersWanted}`);
  }
});

test('dictionaries are answered to those who cannot read compact peers, with ids unless they want none', async () => {
  const { addHost, announce, simulation } = await setUp();
  const [a, b] = [addHost(), addHost()];
  await announce(a, 'udp://9.0.0.1:6969');
  await announce(a, 'udp://[2a00::1]:6969');
  const { root } = await ask(simulation, b.world, announcePath('&compact=0'));
  const peers = [...(root.get('peers')?.items() ?? [])];
  assert.deepEqual(
    peers.map((peer) => [
      peer.get('ip')?.asText(),
      peer.get('port')?.asInteger(),
      peer.get('peer id')?.asText(),
    ]),
    [
      ['9.0.1.1', 6881, '-SH0001-abcdefghijkl'],
      ['2a00::1:1', 6881, '-SH0001-abcdefghijkl'],
    ],
  );
  const without = await ask(simulation, b.world, announcePath('&compact=0&no_peer_id=1'));
  assert.equal([...(without.root.get('peers')?.items() ?? [])][0]?.get('peer id'), undefined);
});

test('a partial seed is told of those who download, and counts as incomplete but not as a downloader', async () => {
  const { addHost, announce, simulation } = await setUp();
  const [partial, seed, downloader] = [addHost(), addHost(), addHost()];
  const path = announcePath('&event=paused&port=1');
  assert.equal((await ask(simulation, partial.world, path)).failure, 'a parameter comes twice');
  await announce(seed, urls[0] ?? '', { left: 0 });
  await ask(simulation, partial.world, announcePath('&event=paused'));
  const { root } = await ask(simulation, partial.world, announcePath('&event=paused'));
  assert.equal(root.get('peers')?.asBytes()?.length, 0);
  assert.equal((await announce(downloader, urls[0] ?? '')).peers.length, 2);
  const again = await ask(simulation, partial.world, announcePath('&event=paused'));
  assert.equal(again.root.get('peers')?.asBytes()?.length, 6);
  const scraped = await ask(simulation, seed.world, `/scrape?info_hash=${'%05'.repeat(20)}`);
  const [entry] = [...(scraped.root.get('files')?.entries() ?? [])].map(([, value]) => value);
  assert.equal(entry?.get('incomplete')?.asInteger(), 2);
  assert.equal(entry?.get('downloaders')?.asInteger(), 1);
});

test('an address that somebody names is not believed', async () => {
  const { addHost, simulation } = await setUp();
  const [liar, other] = [addHost(), addHost()];
  await ask(simulation, liar.world, announcePath('&ip=8.8.8.8&ipv4=8.8.4.4&ipv6=2001:4860:4860::8888'));
  const { root } = await ask(simulation, other.world, announcePath());
  assert.deepEqual([...(root.get('peers')?.asBytes() ?? [])], [9, 0, 1, 1, 0x1a, 0xe1]);
  assert.equal(root.get('peers6'), undefined);
});

test('a peer of our own network may name another address there, and none elsewhere', async () => {
  const { addHost, simulation } = await setUp();
  const [near, other] = [addHost(['10.0.0.5']), addHost(['10.0.0.6'])];
  await ask(simulation, near.world, announcePath('&ip=10.0.0.77&ipv6=fd00::77'));
  await ask(simulation, near.world, announcePath('&ip=8.8.8.8').replace('port=6881', 'port=6882'));
  const { root } = await ask(simulation, other.world, announcePath());
  const peers = [...(root.get('peers')?.asBytes() ?? [])];
  assert.deepEqual(peers.slice(0, 4), peers[5] === 0xe1 ? [10, 0, 0, 77] : [10, 0, 0, 5]);
  assert.equal(peers.length, 12);
  assert.equal(root.get('peers6')?.asBytes()?.length, 18);
});

test('a proxy that the operator named says who asks, and nobody else does', async () => {
  const { addHost, simulation } = await setUp({ proxies: ['9.0.1.1'] });
  const [proxy, stranger] = [addHost(), addHost()];
  await ask(simulation, proxy.world, announcePath(), { 'X-Forwarded-For': '7.7.7.7, 8.8.8.8' });
  const { root } = await ask(simulation, stranger.world, announcePath(), { 'X-Forwarded-For': '7.7.7.7' });
  assert.deepEqual([...(root.get('peers')?.asBytes() ?? [])].slice(0, 4), [8, 8, 8, 8]);
  assert.deepEqual([...(root.get('external ip')?.asBytes() ?? [])], [9, 0, 1, 2]);
});

const refusedQueries: readonly (readonly [string, string])[] = [
  ['', 'info_hash is missing'],
  ['info_hash=abc&peer_id=-SH0001-abcdefghijkl&port=1', 'info_hash must have 20 bytes, percent-encoded'],
  ['info_hash=%0&peer_id=-SH0001-abcdefghijkl&port=1', 'info_hash must have 20 bytes, percent-encoded'],
  [`info_hash=${'%05'.repeat(19)}%G5&peer_id=x&port=1`, 'info_hash must have 20 bytes, percent-encoded'],
  [
    `info_hash=${'05'.repeat(20)}&peer_id=-SH0001-abcdefghijkl&port=1`,
    'info_hash must have 20 bytes, percent-encoded',
  ],
  [`info_hash=${'%05'.repeat(20)}&port=1`, 'peer_id is missing'],
  [`info_hash=${'%05'.repeat(20)}&peer_id=-SH0001-abcdefghijkl`, 'port is missing'],
  [`${announcePath().slice(10)}&info_hash=${'%06'.repeat(20)}`, 'a parameter comes twice'],
  [`${announcePath().slice(10)}&event=exploded`, 'unknown event'],
  [announcePath().slice(10).replace('port=6881', 'port=0'), 'port must be a number from 1 to 65535'],
  [announcePath().slice(10).replace('port=6881', 'port=65536'), 'port must be a number from 1 to 65535'],
  [announcePath().slice(10).replace('port=6881', 'port=6881x'), 'port must be a number from 1 to 65535'],
  [announcePath().slice(10).replace('uploaded=0', 'uploaded=-5'), 'uploaded is not a number of bytes'],
];

test('an announce that is wrong is refused in words that stay the same', async () => {
  const { addHost, simulation } = await setUp();
  const { world } = addHost();
  for (const [query, reason] of refusedQueries)
    assert.equal((await ask(simulation, world, `/announce?${query}`)).failure, reason, query);
});

test('what clients leave out or write in their own way is taken', async () => {
  const { addHost, simulation } = await setUp();
  const { world } = addHost();
  const bare = `/announce?info_hash=${'%05'.repeat(20)}&peer_id=-SH0001-abcdefghijkl&port=6881`;
  for (const path of [
    bare,
    `${bare}&event=`,
    `${bare}&left=-1&numwant=`,
    `${bare}&left=18446744073709551615`,
    `${bare}&x&&=&unknown=%zz`,
    announcePath('&numwant=999999999999999999999'),
    `/announce?info_hash=${'~'.repeat(20)}&peer_id=;;;;;;;;;;;;;;;;;;;;&port=6881&left=0`,
  ])
    assert.equal((await ask(simulation, world, path)).failure, undefined, path);
});

test('a scrape answers for those it knows, each once, and refuses what is no hash', async () => {
  const { addHost, announce, simulation } = await setUp();
  const a = addHost();
  await announce(a, urls[1] ?? '');
  const known = `info_hash=${'%05'.repeat(20)}`;
  const { root } = await ask(simulation, a.world, `/scrape?${known}&info_hash=${'%06'.repeat(20)}&${known}`);
  assert.equal([...(root.get('files')?.entries() ?? [])].length, 1);
  assert.match((await ask(simulation, a.world, '/scrape')).failure ?? '', /missing/);
  assert.match((await ask(simulation, a.world, '/scrape?info_hash=abc')).failure ?? '', /20 bytes/);
  const many = Array.from({ length: 75 }, () => `info_hash=${'a'.repeat(20)}`).join('&');
  assert.match((await ask(simulation, a.world, `/scrape?${many}`)).failure ?? '', /at most 74/);
});

test('one address that floods is refused for a while, and others are not', async () => {
  const { addHost, simulation, index } = await setUp();
  const [a, b] = [addHost(), addHost()];
  const { udp, answers } = await flood(a, simulation, 4_000);
  assert.ok(udp >= 2_900 && udp < 3_400, `${udp}`);
  assert.equal(answers.at(-1), 3);
  const { text, stream } = await pipeline(b, simulation, 4_000);
  assert.ok(/failure reason35:too many requests from this address8:retry ini5ee$/.test(text));
  assert.equal((await ask(simulation, addHost().world, announcePath())).failure, undefined);
  stream.destroy();
  await simulation.advance(60_000);
  assert.equal((await ask(simulation, a.world, announcePath())).failure, undefined);
  await simulation.settle(index.close());
});

async function flood(
  host: SimHost,
  simulation: Awaited<ReturnType<typeof setUp>>['simulation'],
  count: number,
) {
  const answers: number[] = [];
  let id: Uint8Array | undefined;
  const socket = await simulation.settle(
    host.world.datagrams.bind(
      { address: host.address, port: 0 },
      {
        message(bytes) {
          if (bytes[3] === 0) id = bytes.slice(8, 16);
          else answers.push(bytes[3] ?? 0);
        },
        close() {},
      },
    ),
  );
  const to = { address: '9.0.0.1', port: 6969 };
  socket.send(Uint8Array.of(0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0, 1, 2, 3, 4), to);
  await simulation.run(() => id !== undefined);
  const packet = new Uint8Array(98);
  packet.set(id ?? []);
  packet[11] = 1;
  packet[97] = 9;
  for (let i = 0; i < count; i++) {
    socket.send(packet, to);
    if (i % 100 === 99) await simulation.advance(50);
  }
  await simulation.advance(1_000);
  return { answers, udp: answers.filter((action) => action === 1).length };
}

/** That many announces on one connection, and all that is answered. */
async function pipeline(
  host: SimHost,
  simulation: Awaited<ReturnType<typeof setUp>>['simulation'],
  count: number,
) {
  let text = '';
  const stream = await simulation.settle(host.world.streams.connect({ address: '9.0.0.1', port: 6969 }));
  stream.start({ data: (bytes) => (text += toLatin1(bytes)), end() {}, drain() {}, close() {} });
  stream.write(toUtf8(`GET ${announcePath()} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(count)));
  const answers = () => text.split('HTTP/1.1 200').length - 1;
  await simulation.run(() => answers() === count && /ee?$/.test(text));
  return { text, stream };
}
