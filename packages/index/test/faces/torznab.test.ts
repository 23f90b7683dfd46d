// Torznab as automation tools speak it: the requests are those that Sonarr, Radarr, Lidarr, Prowlarr and Jackett's users
// send, word for word but for the host.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Details, hashOf, publication } from '../catalogue/publishing.ts';
import { type Served, serve } from './serving.ts';
import { type Element, parseXml } from './xml.ts';

const shows: readonly (readonly [string, Details])[] = [
  ['Some Show S01E02 1080p WEB-DL x264', { category: 'tv', size: 2_000_000_000 }],
  ['Some Show S01E03 480p', { category: 'tv', size: 300_000_000 }],
  ['Some Show S01 Complete 720p', { category: 'tv', size: 9_000_000_000 }],
  ['Daily Show 2024 05 21 720p', { category: 'tv' }],
  ['Spaß & Ernst S02E01 2160p', { category: 'tv', language: 'de' }],
  ['Great Film 2010 1080p BluRay', { category: 'movies', tags: ['drama'], fileCount: 2 }],
  ['Great Film 2010 Soundtrack FLAC', { category: 'audio' }],
  ['Somebody - Great Film, the Book', { category: 'books' }],
  ['Great Game', { category: 'games' }],
  ['Great Editor 2.0', { category: 'software' }],
];

async function filled(served: Served): Promise<void> {
  for (const [i, [title, details]] of shows.entries())
    await served.catalogue.take(publication(i + 1, title, details));
}

async function ask(served: Served, query: string): Promise<Element> {
  const response = await served.get(`/torznab/api?${query}`, {
    Accept: 'application/rss+xml, text/rss+xml, application/xml',
  });
  assert.equal(response.status, 200, query);
  assert.match(response.headers.get('content-type') ?? '', /^application\/xml/);
  return parseXml(await response.text());
}

async function titles(served: Served, query: string): Promise<string[]> {
  return (await ask(served, query))
    .all('item')
    .map((item) => (item.text('title') ?? '').split(' ').slice(0, 3).join(' '));
}

test('the caps say what can be asked, in which categories, and how much', async (context) => {
  const served = await serve(context);
  const caps = await ask(served, 't=caps&apikey=123');
  assert.equal(caps.name, 'caps');
  assert.deepEqual(caps.find('limits')?.attributes, { max: '100', default: '50' });
  assert.equal(caps.find('tv-search')?.attributes.supportedParams, 'q,season,ep');
  for (const name of ['search', 'tv-search', 'movie-search', 'audio-search', 'book-search'])
    assert.equal(caps.find(name)?.attributes.available, 'yes');
  const ids = [...caps.all('category'), ...caps.all('subcat')].map(({ attributes }) => Number(attributes.id));
  for (const id of [2000, 2040, 3000, 4050, 5000, 5030, 5040, 5045, 7000, 8010]) assert.ok(ids.includes(id));
});

test('what Sonarr asks for is found: the newest, an episode, a season, a day', async (context) => {
  const served = await serve(context);
  await filled(served);
  const common = 'cat=5030,5040&extended=1&apikey=f00&offset=0&limit=100';
  assert.equal((await titles(served, `t=tvsearch&${common}`)).length, 5);
  assert.deepEqual(await titles(served, `t=tvsearch&${common}&q=Some%20Show&season=1&ep=2`), [
    'Some Show S01E02',
  ]);
  assert.equal((await titles(served, `t=tvsearch&${common}&q=Some%20Show&season=1`)).length, 3);
  assert.deepEqual(await titles(served, `t=tvsearch&${common}&q=Daily+Show&season=2024&ep=05/21`), [
    'Daily Show 2024',
  ]);
  assert.deepEqual(await titles(served, `t=tvsearch&${common}&q=Spa%C3%9F%20%26%20Ernst&season=2&ep=1`), [
    'Spaß & Ernst',
  ]);
  assert.deepEqual(await titles(served, `t=search&${common}&q=Some+Show+02`), []);
  // Ids of other catalogues are not known here, and are not everything.
  assert.deepEqual(await titles(served, `t=tvsearch&${common}&tvdbid=73244&season=1&ep=2`), [
    'Some Show S01E02',
  ]);
  assert.deepEqual(await titles(served, `t=tvsearch&${common}&tvdbid=73244`), []);
  assert.deepEqual(await titles(served, `t=tvsearch&cat=5030,5040&extended=1&offset=100&limit=100`), []);
  assert.deepEqual(await titles(served, `t=tvsearch&cat=5030,5040&extended=1&offset=99999&limit=100`), []);
});

test('what Radarr, Lidarr, Readarr and Prowlarr ask for is found in its category', async (context) => {
  const served = await serve(context);
  await filled(served);
  const film = ['Great Film 2010'];
  assert.deepEqual(
    await titles(
      served,
      't=search&extended=1&cat=2000,2030,2040,2045&apikey=x&q=Great%20Film%202010&limit=100&offset=0',
    ),
    film,
  );
  assert.deepEqual(await titles(served, 't=movie&cat=2000&extended=1&q=great+film&year=2010'), film);
  assert.deepEqual(await titles(served, 't=movie&cat=2000&extended=1&imdbid=0133093'), []);
  assert.deepEqual(
    await titles(served, 't=music&cat=3000,3010&extended=1&artist=Great+Film&album=Soundtrack'),
    film,
  );
  assert.deepEqual(await titles(served, 't=book&author=somebody&title=film'), ['Somebody - Great']);
  assert.deepEqual(await titles(served, 't=search&cat=1000&q=great'), ['Great Game']);
  assert.deepEqual(await titles(served, 't=search&cat=4010,4020&q=great'), ['Great Editor 2.0']);
  assert.deepEqual(await titles(served, 't=search&cat=999999&q=great'), []);
  assert.equal((await titles(served, 't=search&q=great')).length, 5);
  assert.equal((await titles(served, 't=search&q=some+show&minsize=1000000000')).length, 2);
  assert.equal((await titles(served, 't=search&maxage=1&limit=3')).length, 3);
  assert.equal((await titles(served, 't=search&minage=1')).length, 0);
  assert.deepEqual(await titles(served, 't=search&q=graet+flim'), []);
});

test('an item says all that a tool decides by, each number once', async (context) => {
  const served = await serve(context);
  await filled(served);
  const [item] = (await ask(served, 't=movie&q=great+film')).all('item');
  const attributes = (item?.all('torznab:attr') ?? []).map(({ attributes: { name = '', value = '' } }) => [
    name,
    value,
  ]);
  const named = (name: string) => attributes.filter(([other]) => other === name).map(([, value]) => value);
  assert.deepEqual(named('category'), ['2000', '2040']);
  for (const [name, value] of [
    ['seeders', '0'],
    ['peers', '0'],
    ['size', '0'],
    ['files', '2'],
    ['infohash', hashOf(6)],
    ['tag', 'drama'],
  ] as const)
    assert.deepEqual(named(name), [value], name);
  assert.match(named('magneturl')[0] ?? '', new RegExp(`^magnet:\\?xt=urn:btih:${hashOf(6)}`));
  assert.deepEqual(item?.find('enclosure')?.attributes, {
    url: named('magneturl')[0],
    length: '0',
    type: 'application/x-bittorrent',
  });
  const [first] = (await ask(served, 't=search&q=s01e02')).all('item');
  assert.equal(first?.find('enclosure')?.attributes.url, `${served.origin}/torrents/${hashOf(1)}.torrent`);
  assert.equal(first?.find('enclosure')?.attributes.length, '2000000000');
  const response = (await ask(served, 't=search&q=some&limit=1&offset=1')).find('newznab:response');
  assert.deepEqual(response?.attributes, { offset: '1', total: '3' });
});

test('what is wrong is said in a document with a code', async (context) => {
  const served = await serve(context);
  for (const [query, code] of [
    ['', '200'],
    ['t=', '200'],
    ['t=get&id=1', '202'],
    ['t=%3Cscript%3E', '202'],
    ['t=search&limit=-1', '201'],
    ["t=search&offset=1'--", '201'],
    ['t=search&cat=TV', '201'],
    ['t=tvsearch&season=one', '201'],
    ['t=tvsearch&season=1&ep=1;drop', '201'],
    [`t=search&cat=${'5000,'.repeat(300)}`, '201'],
  ] as const) {
    const error = await ask(served, query);
    assert.equal(error.name, 'error', query);
    assert.equal(error.attributes.code, code, query);
    assert.ok(error.attributes.description, query);
  }
});

test('a network that asks without end is told so in words that tools know', async (context) => {
  const served = await serve(context, { unlimited: false });
  let last: Response | undefined;
  for (let i = 0; i < 500 && last?.status !== 429; i++) last = await served.get('/torznab/api?t=caps');
  assert.equal(last?.status, 429);
  assert.ok(Number(last?.headers.get('retry-after')) >= 1);
  assert.equal(parseXml((await last?.text()) ?? '').attributes.description, 'Request limit reached');
  assert.equal((await served.get('/')).status, 429);
  assert.equal((await served.get('/feeds/rss')).status, 429);
});
