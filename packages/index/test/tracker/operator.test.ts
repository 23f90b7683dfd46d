// Trackers that are not open to all, and what an operator sees and changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8Lossy } from '@shoal/base';
import { HashList, parseHashList, parseUsers } from '@shoal/index';
import { createTrackers } from '@shoal/tracker';
import { announcePath, ask, get, infoHash, requestOf, startIndex } from './asking.ts';

const udp = 'udp://9.0.0.1:6969';

test('a tracker with a list serves what is on it, and the operator changes it', async () => {
  const listed = new HashList();
  let kept = 0;
  const { simulation, addHost } = await startIndex({
    access: { listed },
    operatorToken: 'secret',
    listedChanged: async () => {
      kept++;
    },
  });
  const { world } = addHost();
  const trackers = createTrackers(world);
  const overUdp = () =>
    simulation.settle(trackers.announce(udp, requestOf()).then(String, (error: Error) => error.message));
  const refusal = 'this tracker does not serve this info_hash';
  assert.equal((await ask(simulation, world, announcePath())).failure, refusal);
  assert.match(await overUdp(), new RegExp(refusal));
  const change = (token: string, body: string) =>
    get(simulation, world, '/api/tracker/listed', {
      headers: { Authorization: `Bearer ${token}` },
      method: 'POST',
      body,
    });
  const add = JSON.stringify({ add: ['05'.repeat(20)] });
  assert.equal((await change('secre', add)).status, 401);
  assert.equal((await change('secret', '{')).status, 400);
  assert.equal((await change('secret', '{"add":["05"]}')).status, 400);
  assert.equal((await change('secret', add)).status, 200);
  assert.equal(kept, 1);
  assert.equal((await ask(simulation, world, announcePath())).failure, undefined);
  assert.ok(!/serve/.test(await overUdp()));
  const { body } = await get(simulation, world, '/api/tracker/thin');
  assert.deepEqual(JSON.parse(fromUtf8Lossy(body)), {
    content: [{ infoHash: '05'.repeat(20), seeds: 0, partialSeeds: 0, downloaders: 1, leastLeft: 16_384 }],
  });
});

test('what an open tracker knows is listed for its operator alone, the thinnest first', async () => {
  const { simulation, addHost } = await startIndex({ operatorToken: 'secret' });
  const host = addHost();
  const trackers = createTrackers(host.world);
  const announce = (byte: number, port: number, left: number) =>
    simulation.settle(trackers.announce(udp, requestOf({ infoHash: infoHash.map(() => byte), port, left })));
  await announce(1, 1, 0);
  await announce(1, 2, 0);
  await announce(2, 1, 0);
  await announce(2, 2, 9);
  await announce(3, 1, 0);
  await announce(4, 1, 40_000);
  assert.equal((await get(simulation, host.world, '/api/tracker/thin')).status, 401);
  const { body } = await get(simulation, host.world, '/api/tracker/thin?limit=3', {
    headers: { Authorization: 'Bearer secret' },
  });
  const { content }: { content: { infoHash: string }[] } = JSON.parse(fromUtf8Lossy(body));
  assert.deepEqual(
    content.map(({ infoHash: hash }) => hash.slice(0, 2)),
    ['04', '02', '03'],
  );
});

test('a private tracker serves those with a key, in the path or the query, over HTTP and UDP', async () => {
  const users = parseUsers('alice alice-key-1\nbob bob-key-22 # a remark\n\n# nobody\n');
  const { simulation, addHost } = await startIndex({ access: { users } });
  const { world } = addHost();
  const failureAt = async (path: string) => (await ask(simulation, world, path)).failure;
  const query = announcePath().slice('/announce'.length);
  assert.equal(await failureAt(announcePath()), 'this tracker needs an announce key in its URL');
  assert.equal(await failureAt(`/nobodys-key/announce${query}`), 'this announce key is not known');
  for (const path of [
    `/alice-key-1/announce${query}`,
    `/announce/bob-key-22${query}`,
    announcePath('&passkey=alice-key-1'),
    `/alice-key-1/scrape?info_hash=${'%05'.repeat(20)}`,
  ])
    assert.equal(await failureAt(path), undefined, path);
  const trackers = createTrackers(world);
  const overUdp = (url: string) =>
    simulation.settle(
      trackers.announce(url, requestOf()).then(
        () => 'fine',
        (error: Error) => error.message,
      ),
    );
  assert.match(await overUdp(`${udp}/announce`), /needs an announce key/);
  assert.match(await overUdp(`${udp}/nobodys-key/announce`), /not known/);
  for (const path of ['/alice-key-1/announce', '/announce/bob-key-22', '/announce?passkey=alice-key-1'])
    assert.equal(await overUdp(udp + path), 'fine', path);
});

test('what users give and take is counted by its growth, and a low ratio may seed but not download', async () => {
  const users = parseUsers('alice alice-key-1', { leastRatio: 0.5 });
  const { simulation, addHost } = await startIndex({ access: { users } });
  const { world } = addHost();
  const announce = async (uploaded: number, downloaded: number, left: number, more = '') => {
    const path = announcePath(`&passkey=alice-key-1${more}`)
      .replace('uploaded=0', `uploaded=${uploaded}`)
      .replace('downloaded=0', `downloaded=${downloaded}`)
      .replace('left=1000', `left=${left}`);
    return (await ask(simulation, world, path)).failure;
  };
  const gib = 1024 ** 3;
  await announce(5 * gib, 0, 10, '&event=started');
  await simulation.advance(60_000);
  assert.equal(await announce(6 * gib, 4 * gib, 10), undefined);
  await simulation.advance(60_000);
  // Nobody's line takes a petabyte in a minute.
  assert.equal(await announce(1024 * 1024 * gib, 4 * gib, 10), undefined);
  await simulation.advance(60_000);
  assert.equal(await announce(0, 8 * gib, 10), 'the ratio of this key is too low to download');
  assert.equal(await announce(0, 8 * gib, 0), undefined);
  const [alice] = users.all();
  assert.deepEqual([alice?.uploaded, alice?.downloaded], [gib, 8 * gib]);
});

test('lists that are wrong are refused with the line that is', () => {
  assert.throws(() => parseHashList(`${'05'.repeat(20)}\nxyz`), { code: 'settings', message: /Line 2/ });
  assert.throws(() => parseUsers('alice'), { code: 'settings', message: /Line 1/ });
  assert.throws(() => parseUsers('alice short'), { code: 'settings', message: /alice/ });
  assert.throws(() => parseUsers('a same-key-1\nb same-key-1'), {
    code: 'settings',
    message: /somebody else's/,
  });
  assert.equal(parseHashList(`${'05'.repeat(32)} # a v2 one\n`).has(infoHash, 0), true);
});

test('the page, the health and the numbers say how the index is, and name no peer', async () => {
  const { simulation, addHost } = await startIndex();
  const { world } = addHost();
  await ask(simulation, world, announcePath());
  const text = async (path: string, headers = {}) =>
    fromUtf8Lossy((await get(simulation, world, path, { headers })).body);
  const page = await text('/', { Host: 'index.example"><script>' });
  assert.match(page, /udp:\/\/index\.examplescript\/announce/);
  assert.match(page, /1 peers in 1 swarms/);
  assert.deepEqual(JSON.parse(await text('/health')), { status: 'ok' });
  const metrics = await text('/metrics');
  assert.match(metrics, /^shoal_index_peers\{family="4"\} 1$/m);
  assert.match(metrics, /^shoal_index_announces_total 1$/m);
  for (const all of [page, metrics, await text('/api/tracker')]) assert.ok(!all.includes('9.0.1.'));
});
