// Feeds as readers ask for them: valid by an XML parser, 304 when nothing is new, and nobody's HTML in them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { hashOf, keyOf, publication, withdrawal } from '../catalogue/publishing.ts';
import { corpus, hostile } from './hostile.ts';
import { serve, torrentBytes } from './serving.ts';
import { parseXml } from './xml.ts';

test('any search is a feed in three forms, the newest first, with an enclosure where there is a torrent file', async (context) => {
  const { catalogue, text, get, origin } = await serve(context);
  for (let i = 1; i <= 4; i++)
    await catalogue.take(
      publication(i, `Whale & song ${i}`, {
        description: 'One.\nTwo <2>.',
        tags: ['nature'],
        size: 5,
        category: i === 4 ? 'books' : 'audio',
      }),
    );
  const query = '?q=whale&category=audio';
  const response = await get(`/feeds/rss${query}`);
  assert.match(response.headers.get('content-type') ?? '', /^application\/rss\+xml/);
  const rss = parseXml(await response.text());
  assert.equal(rss.attributes.version, '2.0');
  const items = rss.all('item');
  assert.deepEqual(
    items.map((item) => item.text('title')),
    ['Whale & song 3', 'Whale & song 2', 'Whale & song 1'],
  );
  const enclosures = items.map((item) => item.find('enclosure')?.attributes);
  assert.deepEqual(enclosures.slice(0, 2), [undefined, undefined]);
  assert.deepEqual(enclosures[2], {
    url: `${origin}/torrents/${hashOf(1)}.torrent`,
    length: String(torrentBytes.length),
    type: 'application/x-bittorrent',
  });
  assert.equal(items[0]?.text('link'), `${origin}/torrent/${hashOf(3)}`);
  assert.match(items[0]?.text('torrent:magnetURI') ?? '', /^magnet:\?xt=urn:btih:.*&tr=http/);
  assert.match(items[0]?.text('description') ?? '', /<p dir="auto">Two &lt;2&gt;\.<\/p>/);
  assert.ok(Number.isFinite(Date.parse(items[0]?.text('pubDate') ?? '')));
  assert.equal(rss.find('atom:link')?.attributes.href, `${origin}/feeds/rss?q=whale&category=audio`);

  const atom = parseXml(await text(`/feeds/atom${query}`));
  const entries = atom.all('entry');
  assert.equal(entries.length, 3);
  for (const name of ['id', 'title', 'updated']) assert.ok(atom.text(name), name);
  for (const name of ['id', 'title', 'updated', 'published', 'author'])
    assert.ok(entries[0]?.find(name), name);
  assert.equal(new Set(entries.map((entry) => entry.text('id'))).size, 3);

  const json = JSON.parse(await text(`/feeds/json${query}`));
  assert.equal(json.version, 'https://jsonfeed.org/version/1.1');
  assert.deepEqual(json.items[2].attachments, [
    {
      url: `${origin}/torrents/${hashOf(1)}.torrent`,
      mime_type: 'application/x-bittorrent',
      size_in_bytes: torrentBytes.length,
    },
  ]);
  assert.equal(parseXml(await text(`/feeds/rss?publisher=${keyOf(9).id}`)).all('item').length, 0);
  assert.equal((await get('/feeds/rss?min-size=x')).status, 400);
});

test('a reader that has the feed hears 304 until something is published, edited or withdrawn', async (context) => {
  const { catalogue, get } = await serve(context);
  await catalogue.take(publication(1, 'Whale one'));
  for (const form of ['rss', 'atom', 'json']) {
    const path = `/feeds/${form}?q=whale`;
    const first = await get(path);
    const tag = first.headers.get('etag') ?? '';
    const date = first.headers.get('last-modified') ?? '';
    assert.ok(tag !== '' && Date.parse(date) > 0);
    const status = async (headers: Record<string, string>) => (await get(path, headers)).status;
    assert.equal(await status({ 'If-None-Match': tag }), 304);
    assert.equal(await status({ 'If-None-Match': `"x", W/${tag}` }), 304);
    assert.equal(await status({ 'If-Modified-Since': date }), 304);
    assert.equal(await status({ 'If-None-Match': '"other"', 'If-Modified-Since': date }), 200);
    assert.equal(await status({ 'If-Modified-Since': 'Thu, 01 Jan 1970 00:00:00 GMT' }), 200);
    assert.equal(await status({ 'If-Modified-Since': 'nonsense' }), 200);
  }
  const tag = (await get('/feeds/rss?q=whale')).headers.get('etag') ?? '';
  const known = async () => (await get('/feeds/rss?q=whale', { 'If-None-Match': tag })).status;
  await catalogue.take(publication(2, 'Seal'));
  assert.equal(await known(), 304);
  await catalogue.take(publication(3, 'Whale two'));
  assert.equal(await known(), 200);
  await catalogue.take(withdrawal(3));
  assert.equal(await known(), 304);
  await catalogue.take(publication(1, 'Whale one', { description: 'More.', sequence: 2 }));
  assert.equal(await known(), 200);
});

test('whatever stands in a text field, feeds stay whole and hold no elements but theirs', async (context) => {
  const { catalogue, text } = await serve(context);
  await hostile(catalogue);
  for (const word of ['', ...corpus]) {
    const query = `?limit=100&q=${encodeURIComponent(word)}`;
    for (const form of ['rss', 'atom']) {
      const feed = parseXml(await text(`/feeds/${form}${query}`));
      for (const element of feed.deep())
        assert.doesNotMatch(element.name, /^(script|img|svg|iframe|style|form|base|math)$/i, word);
      for (const content of feed.deep().filter(({ name }) => name === 'description' || name === 'content'))
        assert.doesNotMatch(content.value, /<(?!\/?[pa][\s>])/, word);
    }
    const json = JSON.parse(await text(`/feeds/json${query}`));
    assert.ok(json.items.every((item: object) => !('content_html' in item)));
  }
});

test('another parser than ours reads the feeds, too', async (context) => {
  const { catalogue, text } = await serve(context);
  await hostile(catalogue);
  for (const path of [
    '/feeds/rss?limit=100',
    '/feeds/atom?limit=100',
    '/torznab/api?t=search',
    '/torznab/api?t=caps',
  ]) {
    const program = 'import sys, xml.dom.minidom as m; m.parse(sys.stdin.buffer)';
    const ended = spawnSync('/usr/bin/python3', ['-c', program], { input: await text(path) });
    assert.equal(ended.status, 0, String(ended.stderr));
  }
});
