// The pages as text: what they say, and that they hold nobody else's HTML.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashOf, keyOf, publication, rating, report, torrentOf } from '../catalogue/publishing.ts';
import { corpus, hostile } from './hostile.ts';
import { serve, torrentBytes } from './serving.ts';

test('the front page shows the newest and the categories, results are found, and one leads to the next page', async (context) => {
  const { catalogue, text, get } = await serve(context);
  assert.match(await text('/'), /Nothing is published yet/);
  for (let i = 1; i <= 60; i++)
    await catalogue.take(
      publication(i, `Whale song ${i}`, { category: i % 2 === 0 ? 'audio' : 'books', size: i * 1_000_000 }),
    );
  const front = await text('/');
  assert.match(front, /Whale song 60/);
  assert.match(front, /60 torrents by 1 publisher/);
  assert.match(front, /href="\/search\?category=audio"/);
  const found = await text('/search?q=whale&category=audio&limit=20');
  assert.match(found, /30 torrents/);
  const [, next = ''] = /rel="next" href="([^"]+)"/.exec(found) ?? [];
  const second = await text(next.replaceAll('&amp;', '&'));
  assert.match(second, /rel="prev"/);
  assert.doesNotMatch(second, /rel="next"/);
  const largest = await text('/search?q=whale&sort=size&limit=1');
  assert.match(largest, /Whale song 60/);
  assert.match(await text('/search?q=wahle'), /whale/);
  assert.match(await text('/search?q=nothing-like-it'), /Nothing was found/);
  assert.equal((await get('/search?category=shoes')).status, 400);
  assert.equal((await get('/search?min-size=%27%20or%201%3D1')).status, 400);
  for (const path of ['/style.css', '/icon.svg']) {
    const first = await get(path);
    assert.equal(first.status, 200);
    const again = await get(path, { 'If-None-Match': first.headers.get('etag') ?? '' });
    assert.equal(again.status, 304);
  }
});

test('one entry shows its files, health, ratings, publisher and how to get it', async (context) => {
  const { catalogue, text, get, origin } = await serve(context);
  await catalogue.take(
    publication(1, 'Blue Whale Songs', {
      infoHashes: { v1: torrentOf(1), v2: new Uint8Array(32).fill(7) },
      description: 'First line.\nSecond line.',
      category: 'audio',
      tags: ['nature'],
      language: 'is',
      licence: 'CC-BY-4.0',
      size: 1_500_000,
      files: [{ path: 'songs/one.flac', length: 1_500_000 }],
      fileCount: 3,
      trackers: ['udp://tracker.example:1/announce'],
    }),
  );
  await catalogue.take(publication(2, 'Blue Whale Songs, again', { supersedes: [torrentOf(1)] }));
  await catalogue.take(rating(1, 5, { stars: 4, comment: 'Lovely <b>indeed</b>' }));
  await catalogue.take(report(1, 6));
  const page = await text(`/torrent/${hashOf(1)}`);
  for (const expected of [
    /songs\/one\.flac/,
    /1\.5 MB, 3 files/,
    /and 2 files more/,
    /CC-BY-4\.0/,
    /Lovely &lt;b&gt;indeed/,
    /4\.0 <span class="of">of 5, 1 rating/,
    /1 person reported/,
    new RegExp(`href="/torrent/${hashOf(2)}"`),
    new RegExp(`href="/publisher/${keyOf(1).id}"`),
    /href="magnet:\?xt=urn:btih:0{39}1&amp;xt=urn:btmh:1220(07){32}&amp;dn=Blue%20Whale%20Songs&amp;tr=udp/,
    new RegExp(`&amp;tr=${encodeURIComponent(`${origin}/announce`)}"`),
  ])
    assert.match(page, expected);
  const file = await get(`/torrents/${hashOf(1)}.torrent`);
  assert.equal(file.headers.get('content-type'), 'application/x-bittorrent');
  assert.match(
    file.headers.get('content-disposition') ?? '',
    /filename\*=UTF-8''Blue%20Whale%20Songs\.torrent/,
  );
  assert.deepEqual(new Uint8Array(await file.arrayBuffer()), torrentBytes);
  assert.equal((await get(`/torrents/${hashOf(2)}.torrent`)).status, 404);
  assert.equal((await get(`/torrent/${hashOf(3)}`)).status, 404);
  assert.equal((await get('/torrent/nonsense')).status, 404);
  const publisher = await text(`/publisher/${keyOf(1).id}`);
  assert.match(publisher, /Blue Whale Songs, again/);
  assert.equal((await get(`/publisher/${keyOf(9).id}`)).status, 404);
  assert.equal((await get('/publisher/nobody')).status, 400);
});

test('whatever stands in a text field or a URL, no page holds it as HTML', async (context) => {
  const { catalogue, get } = await serve(context);
  const paths = await hostile(catalogue);
  for (const path of paths) {
    const response = await get(path);
    const page = await response.text();
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.match(response.headers.get('content-type') ?? '', /^text\/html; charset=utf-8$/);
    // Every tag is one of ours, and none has an attribute that we do not write.
    for (const [tag, name = ''] of page.matchAll(/<\/?([a-zA-Z!][^\s>/]*)[^>]*>/g)) {
      assert.match(name, ours, `${path}: ${tag}`);
      const bare = tag.replaceAll(/"[^"]*"/g, '""');
      assert.doesNotMatch(bare, /\son\w+\s*=|\sstyle\s*=|srcdoc|formaction/i, `${path}: ${tag}`);
    }
    for (const [, address = ''] of page.matchAll(/\s(?:href|src|action)="([^"]*)"/g))
      assert.match(address, /^(\/|#main$|magnet:\?|http:\/\/127\.0\.0\.1)/, path);
  }
  assert.ok(corpus.length > 20);
});

const ours =
  /^(!doctype|html|head|meta|title|link|body|a|header|form|input|button|nav|ul|li|main|h1|h2|h3|p|span|time|bdi|footer|details|summary|div|label|select|option|dl|dt|dd|code)$/;
