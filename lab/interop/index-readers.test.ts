// Feed readers and a Torznab client that we did not write, on the faces of the shipped index: Debian's newsboat, Python's
// feedparser, and the requests of automation tools read by it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { hashOf, publication } from '../../packages/index/test/catalogue/publishing.ts';
import { corpus } from '../../packages/index/test/faces/hostile.ts';
import { isEvent } from '../clients/client.ts';
import { missingPrograms } from '../clients/installed.ts';
import { start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';

const python = '/usr/bin/python3';
const withoutFeedparser =
  spawnSync(python, ['-c', 'import feedparser']).status !== 0 && 'python3-feedparser not installed';
const madeAt = Math.floor(Date.now() / 1000);

async function filledIndex(context: TestContext): Promise<{ url: string; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-readers-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const words = [
    'index',
    '--address',
    '127.0.0.1',
    '--port',
    '0',
    '--data',
    join(folder, 'data'),
    '--unlimited',
    '--json',
  ];
  const program = start(process.execPath, [shoalCommand, ...words], { log: join(folder, 'log') });
  context.after(() => program.kill());
  const { url } = JSON.parse(await program.line(isEvent('ready'), 60_000));
  const post = async (record: Uint8Array): Promise<void> => {
    const response = await fetch(`${url}api/catalogue`, { method: 'POST', body: Uint8Array.from(record) });
    assert.equal(response.status, 200, await response.text());
  };
  await post(
    publication(1, 'Some Show S01E02 1080p', {
      madeAt,
      category: 'tv',
      size: 2_000_000_000,
      description: 'A & B <i>',
      tags: ['drama'],
    }),
  );
  await post(publication(2, 'Spaß & Ernst 東京', { madeAt, category: 'movies' }));
  for (const [i, text] of corpus.entries())
    await post(
      publication(100 + i, `x ${text}`.slice(0, 200).trim(), { madeAt, description: text.trim() || 'none' }),
    );
  return { url, folder };
}

/** What feedparser makes of a URL, asked once more with what it was told to remember. */
function parsed(url: string): {
  bozo: boolean;
  status: number;
  again: number;
  version: string;

  entries: {
    title: string;
    id: string;
    link: string;
    published: boolean;
    enclosures: { href: string; length: string; type: string }[];
  }[];
} {
  const program = `
import feedparser, json, sys
url = sys.argv[1]
d = feedparser.parse(url)
again = feedparser.parse(url, etag=d.get('etag'), modified=d.get('modified'))
print(json.dumps({
  'bozo': bool(d.bozo), 'status': d.status, 'again': again.status, 'version': d.version,

  'entries': [{'title': e.title, 'id': e.id, 'link': e.get('link', ''), 'published': bool(e.get('published_parsed')),
    'enclosures': [dict(x) for x in e.get('enclosures', [])]} for e in d.entries]}))`;
  const ended = spawnSync(python, ['-c', program, url], { encoding: 'utf8' });
  assert.equal(ended.status, 0, ended.stderr);
  return JSON.parse(ended.stdout);
}

test('feedparser reads the feeds of an index without a complaint, and hears 304 the second time', {
  skip: withoutFeedparser,
}, async (context) => {
  const { url } = await filledIndex(context);
  for (const [form, version] of [
    ['rss', 'rss20'],
    ['atom', 'atom10'],
  ] as const) {
    const feed = parsed(`${url}feeds/${form}?q=ernst`);
    assert.deepEqual([feed.bozo, feed.status, feed.again, feed.version], [false, 200, 304, version]);
    const [entry] = feed.entries;
    assert.equal(feed.entries.length, 1);
    assert.equal(entry?.title, 'Spaß & Ernst 東京');
    assert.ok(entry?.published === true && entry.id !== '' && entry.link.endsWith(`/torrent/${hashOf(2)}`));
    const all = parsed(`${url}feeds/${form}?limit=100`);
    assert.equal(all.bozo, false);
    assert.ok(all.entries.length > 10);
    assert.equal(new Set(all.entries.map(({ id }) => id)).size, all.entries.length);
  }
});

test('what automation tools ask of Torznab is read as an RSS feed with a link to fetch for each', {
  skip: withoutFeedparser,
}, async (context) => {
  const { url } = await filledIndex(context);
  const common = 'extended=1&apikey=0123456789abcdef&offset=0&limit=100';
  for (const query of [
    `t=tvsearch&cat=5030,5040&${common}&q=Some%20Show&season=1&ep=2`,
    `t=search&cat=5000,5030,5040,5045&${common}&q=Some+Show+S01E02`,
    `t=search&cat=5000&${common}`,
    `t=tvsearch&cat=5030,5040,5045&${common}&season=1&q=some+show`,
  ]) {
    const feed = parsed(`${url}torznab/api?${query}`);
    assert.deepEqual([feed.bozo, feed.version, feed.entries.length], [false, 'rss20', 1], query);
    const [enclosure] = feed.entries[0]?.enclosures ?? [];
    assert.equal(enclosure?.type, 'application/x-bittorrent');
    assert.equal(enclosure?.length, '2000000000');
    assert.ok(enclosure?.href.startsWith(`magnet:?xt=urn:btih:${hashOf(1)}`));
  }
  for (const query of [`t=movie&cat=2000&${common}&imdbid=tt0133093`, `t=search&cat=3000&${common}&q=some`])
    assert.equal(parsed(`${url}torznab/api?${query}`).entries.length, 0);
  const program = `
import sys, xml.etree.ElementTree as E
caps = E.parse(sys.stdin.buffer).getroot()
assert caps.find('limits').get('max') == '100'
assert caps.find('searching/tv-search').get('available') == 'yes'
assert {c.get('id') for c in caps.iter('category')} >= {'2000', '3000', '5000', '7000'}`;
  const caps = await (await fetch(`${url}torznab/api?t=caps&apikey=x`)).text();
  const ended = spawnSync(python, ['-c', program], { input: caps, encoding: 'utf8' });
  assert.equal(ended.status, 0, ended.stderr);
});

test('newsboat takes up every form of a feed, and shows each item once', {
  skip: missingPrograms('newsboat'),
}, async (context) => {
  const { url, folder } = await filledIndex(context);
  for (const form of ['rss', 'atom']) {
    // It keeps an item once however many feeds have it.
    const cache = join(folder, `${form}.db`);
    const urls = join(folder, form);
    writeFileSync(urls, `${url}feeds/${form}?limit=50\n`);
    writeFileSync(join(folder, 'config'), '');
    for (let round = 0; round < 2; round++) {
      const words = ['-u', urls, '-c', cache, '-C', join(folder, 'config'), '-x', 'reload'];
      const env = { ...process.env, HOME: folder };
      const ended = spawnSync('newsboat', words, { encoding: 'utf8', env });
      assert.equal(ended.status, 0, ended.stderr + ended.stdout);
    }
    const database = new DatabaseSync(cache, { readOnly: true });
    const rows = database.prepare('select title, url from rss_item').all();
    database.close();
    assert.ok(rows.length > 10, form);
    assert.equal(new Set(rows.map((row) => row.url)).size, rows.length);
    assert.ok(rows.some(({ title }) => title === 'Spaß & Ernst 東京'));
  }
});
