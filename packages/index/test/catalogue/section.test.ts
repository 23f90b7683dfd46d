// The catalogue over HTTP, by real sockets: what is refused, and that nothing of it is kept.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createNodeWorld } from '@shoal/base/node';
import { createCatalogueClient, longestPublication } from '@shoal/directory';
import { signRecord } from '@shoal/identity';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { openCatalogue } from '../../src/catalogue/open-catalogue.ts';
import { catalogueSection } from '../../src/catalogue/section.ts';
import { createIndex, type Index } from '../../src/create-index.ts';
import { openDatabase } from '../../src/node/database.ts';
import { hashOf, keyOf, publication, rating, torrentOf } from './publishing.ts';

const world = createNodeWorld();
const folder = await mkdtemp(join(tmpdir(), 'shoal-catalogue-'));
const madeAt = Math.floor(Date.now() / 1000);
let index: Index;
let catalogue: Catalogue;
let closeDatabase: () => Promise<void>;

before(async () => {
  const database = await openDatabase(`sqlite:${join(folder, 'index.db')}`, Date.now());
  closeDatabase = () => database.close();
  index = await createIndex({
    ...world,
    port: 0,
    addresses: ['127.0.0.1'],
    sections: (knowledge) => {
      catalogue = openCatalogue({ clock: world.clock, database, health: knowledge });
      return [catalogueSection({ clock: world.clock, catalogue, tracker: knowledge })];
    },
  });
});

after(async () => {
  await index.close();
  await closeDatabase();
  await world.close();
  await rm(folder, { recursive: true });
});

async function post(body: Uint8Array, headers: Record<string, string> = {}): Promise<[number, string]> {
  const response = await fetch(`${index.url}api/catalogue`, {
    method: 'POST',
    body: Uint8Array.from(body),
    headers,
  });
  const { error } = JSON.parse(await response.text());
  return [response.status, error?.code ?? 'taken'];
}

async function get(path: string): Promise<[number, string]> {
  const response = await fetch(`${index.url}${path}`);
  const { error } = JSON.parse(await response.text());
  return [response.status, error?.code ?? 'ok'];
}

test('what must not be taken is refused with a code that stays, and nothing of it is kept', async () => {
  const good = publication(1, 'Good words', { madeAt, sequence: 5 });
  assert.deepEqual(await post(good), [200, 'taken']);
  const { revision } = await catalogue.totals();
  const forged = publication(2, 'Evil words', { madeAt });
  forged[Buffer.from(forged).indexOf('Evil')] = 0x45 + 1;
  const foreign = signRecord(keyOf(1), {
    kind: 'lease',
    sequence: 9,
    madeAt,
    expiresAt: madeAt + 60,
    body: {},
  });
  const cases: [string, Uint8Array, [number, string], Record<string, string>?][] = [
    ['a forged signature', forged, [403, 'bad-signature']],
    ['an older edit', publication(1, 'Older', { madeAt, sequence: 4 }), [409, 'old-sequence']],
    [
      'another one with the same sequence',
      publication(1, 'Twin', { madeAt, sequence: 5 }),
      [409, 'old-sequence'],
    ],
    ['a date of tomorrow', publication(3, 'Later', { madeAt: madeAt + 86_400 }), [400, 'clock-skew']],
    ['another kind of record', foreign, [400, 'bad-record']],
    ['nothing', new Uint8Array(0), [400, 'bad-record']],
    ['no record', Buffer.from('<script>'), [400, 'bad-record']],
    ['many brackets', Buffer.from('l'.repeat(20_000)), [400, 'bad-record']],
    ['ten megabytes', Buffer.alloc(10_000_000, 0x61), [413, 'too-large']],
    ['a byte too many', Buffer.alloc(longestPublication + 1, 0x61), [413, 'too-large']],
    [
      'what is packed',
      gzipSync(Buffer.alloc(20_000_000)).subarray(0, 20_000),
      [415, 'packed'],
      { 'content-encoding': 'gzip' },
    ],
    ['a rating of what nobody published', rating(9, 4, { stars: 5 }), [404, 'not-found']],
  ];
  for (const [what, body, expected, headers] of cases)
    assert.deepEqual(await post(body, headers), expected, what);
  assert.deepEqual(await post(good), [200, 'taken']);
  assert.equal((await catalogue.totals()).revision, revision);
  assert.equal((await catalogue.search({})).total, 1);
});

test('parameters that make no sense are refused by name, and those that mean harm mean nothing', async () => {
  for (const query of [
    'sort=best',
    'category=stolen',
    'min-size=big',
    'seeds=-1',
    'newer=yesterday',
    'publisher=x',
    'limit=101',
    'offset=99999',
    `q=${'x'.repeat(300)}`,
    `tag=${'a,'.repeat(9)}`,
  ])
    assert.deepEqual(await get(`api/search?${query}`), [400, 'invalid'], query);
  const evil = encodeURIComponent(`'; drop table entries; -- " OR 1=1 * NEAR( <script>`);
  for (const name of ['q', 'tag', 'language', 'type', 'file'])
    assert.deepEqual(await get(`api/search?${name}=${evil}`), [200, 'ok'], name);
  for (const path of [
    `api/suggest?q=${evil}`,
    'api/search?q=%ff%00%80',
    'api/search?',
    'api/search?q=&category=&min-size=',
  ])
    assert.deepEqual(await get(path), [200, 'ok'], path);
  for (const path of [`api/content/${evil}`, `api/content/${hashOf(99)}`, 'api/content/..%5c'])
    assert.equal((await get(path))[0], 404, path);
  for (const query of ['after=-1', 'after=x', 'limit=0'])
    assert.deepEqual(await get(`api/catalogue/changes?${query}`), [400, 'invalid'], query);
});

test('the client finds what it published, and reads ratings and health', async () => {
  const client = createCatalogueClient(world, { url: index.url });
  const record = publication(20, 'Northern lights', { madeAt, tags: ['sky'], size: 5_000_000 });
  const { infoHash } = await client.say(record);
  assert.equal(infoHash, hashOf(20));
  await client.say(rating(20, 9, { stars: 4, comment: '<b>Bright</b>' }));
  await assert.rejects(client.say(publication(20, 'Old', { madeAt, sequence: 0 })), {
    code: 'refused',
    refusal: 'old-sequence',
    sequence: 1,
  });
  const hash = [...torrentOf(20)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  await (
    await fetch(`${index.url}announce?info_hash=${hash}&peer_id=${'b'.repeat(20)}&port=6881&left=0`)
  ).arrayBuffer();
  const { entries, refused } = await client.search([
    ['q', 'northern'],
    ['min-size', '4MB'],
  ]);
  assert.equal(refused, 0);
  assert.equal(entries.length, 1);
  assert.deepEqual([entries[0]?.health.seeds, entries[0]?.stars, entries[0]?.ratings], [1, 4, 1]);
  const details = JSON.parse(await (await fetch(`${index.url}api/content/${hashOf(20)}`)).text());
  assert.equal(details.ratings[0].comment, '<b>Bright</b>');
  assert.equal(details.publications[0].title, 'Northern lights');
});

test('who asks without end is told to wait, and others are not', async () => {
  const answers: [number, string][] = [];
  for (let i = 0; i < 40; i++)
    answers.push(...(await Promise.all(Array.from({ length: 20 }, () => get('api/suggest?q=no')))));
  const limited = answers.filter(([status]) => status === 429);
  assert.ok(limited.length > 0 && limited.every(([, code]) => code === 'too-many'));
  assert.ok(answers.some(([status]) => status === 200));
});

test('a record that comes a byte at a time holds up nobody', async () => {
  const { hostname, port } = new URL(index.url);
  const slow = createConnection(Number(port), hostname);
  slow.write('POST /api/catalogue HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\nd');
  assert.deepEqual(await post(publication(30, 'Meanwhile', { madeAt })), [200, 'taken']);
  slow.destroy();
});
