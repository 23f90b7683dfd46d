// Feeds as others write them, and bytes that are none: what is found, and which code each mistake has.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeWorld } from '@shoal/base/node';
import { episodeOf } from '../../src/feeds/episodes.ts';
import { judgeItems } from '../../src/feeds/filter.ts';
import { type ParsedItem, parseFeed } from '../../src/feeds/parse.ts';
import { textOf } from '../../src/feeds/text.ts';

const { clock } = createNodeWorld({ hashWorkers: 1 });
const hash = 'a'.repeat(40);
const base = 'http://feeds.example/rss';
const parse = (text: string) => parseFeed(text, base, clock);
const rss = (items: string) =>
  `<?xml version="1.0"?><rss version="2.0"><channel><title>All</title>${items}</channel></rss>`;

test('the places where feeds put a torrent are all known', async () => {
  const items: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'an enclosure',
      `<enclosure url="/a.torrent?x=1&amp;y=2" length="99" type="application/x-bittorrent"/><link>http://feeds.example/page</link>`,
      ['http://feeds.example/a.torrent?x=1&y=2', 'http://feeds.example/page'],
    ],
    [
      'a magnet as link',
      `<link>magnet:?xt=urn:btih:${hash}&amp;dn=x</link>`,
      [`magnet:?xt=urn:btih:${hash}&dn=x`],
    ],
    [
      'a magnet in CDATA',
      `<link><![CDATA[magnet:?xt=urn:btih:${hash}]]></link>`,
      [`magnet:?xt=urn:btih:${hash}`],
    ],
    [
      'a Torznab attribute',
      `<torznab:attr name="magneturl" value="magnet:?xt=urn:btih:${hash}"/>`,
      [`magnet:?xt=urn:btih:${hash}`],
    ],
    [
      'an info hash alone',
      `<nyaa:infoHash>${hash.toUpperCase()}</nyaa:infoHash>`,
      [`magnet:?xt=urn:btih:${hash}`],
    ],
    [
      'ezRSS',
      `<torrent:magnetURI>magnet:?xt=urn:btih:${hash}</torrent:magnetURI>`,
      [`magnet:?xt=urn:btih:${hash}`],
    ],
    [
      'a link without an ending',
      '<link>https://feeds.example/download/7</link>',
      ['https://feeds.example/download/7'],
    ],
    ['a guid', '<guid>http://feeds.example/b.torrent</guid>', ['http://feeds.example/b.torrent']],
    [
      'Media RSS',
      '<media:title>other</media:title><media:content url="http://feeds.example/c.torrent" type="application/x-bittorrent"/>',
      ['http://feeds.example/c.torrent'],
    ],
    [
      'nothing but scripts',
      '<link>javascript:alert(1)</link><enclosure url="file:///etc/passwd" type="application/x-bittorrent"/>',
      [],
    ],
  ];
  for (const [title, inside, links] of items) {
    const { items: found } = await parse(rss(`<item><title>${title}</title>${inside}</item>`));
    assert.deepEqual(found[0]?.links, links, title);
    assert.equal(found[0]?.title, title);
  }
});

test('Atom and RSS 1.0 are feeds too', async () => {
  const atom =
    await parse(`<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><title type="text">One</title>
    <id>urn:1</id><link rel="alternate" href="http://feeds.example/1"/>
    <link rel="enclosure" type="application/x-bittorrent" href="1.torrent" length="12"/>
    <updated>2024-05-06T07:08:09Z</updated></entry></feed>`);
  assert.equal(atom.title, 'T');
  const [one] = atom.items;
  assert.deepEqual(one?.links, ['http://feeds.example/1.torrent', 'http://feeds.example/1']);
  assert.equal(one?.guid, 'urn:1');
  assert.equal(one?.publishedMs, Date.parse('2024-05-06T07:08:09Z'));
  const rdf = await parse(
    `<rdf:RDF xmlns:rdf="x" xmlns="y"><channel><title>R</title></channel><item><title>Two</title><link>http://feeds.example/2.torrent</link></item></rdf:RDF>`,
  );
  assert.deepEqual(rdf.items[0]?.links, ['http://feeds.example/2.torrent']);
});

test('sizes are read as numbers and as people write them', async () => {
  for (const [inside, size] of [
    ['<torznab:attr name="size" value="1500"/>', 1500],
    ['<nyaa:size>1.5 GiB</nyaa:size>', 1.5 * 2 ** 30],
    ['<torrent:contentLength>77</torrent:contentLength>', 77],
    ['<enclosure url="http://x/a.torrent" length="734003200" type="application/x-bittorrent"/>', 734_003_200],
    ['<enclosure url="http://x/a.torrent" length="20480" type="application/x-bittorrent"/>', undefined],
    ['<size>lots</size>', undefined],
  ] as const) {
    const { items } = await parse(rss(`<item><title>x</title><link>http://x/</link>${inside}</item>`));
    assert.equal(items[0]?.size, size, inside);
  }
});

test('an ampersand too many is forgiven, and what is no feed has its code', async () => {
  const forgiven = await parse(
    rss('<item><title>Tom & Jerry &nbsp; x</title><link>http://x/?a=1&b=2</link></item>'),
  );
  assert.match(forgiven.items[0]?.title ?? '', /^Tom & Jerry/);
  assert.deepEqual(forgiven.items[0]?.links, ['http://x/?a=1&b=2']);
  const laughs = `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]><rss><channel><item><title>&lol2;</title></item></channel></rss>`;
  const outside = `<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&x;</title></item></channel></rss>`;
  for (const [text, code] of [
    [laughs, 'feed-entities'],
    [outside, 'feed-entities'],
    ['<!doctype html><html><body>Log in</body></html>', 'feed-not-xml'],
    ['<html><head></head></html>', 'feed-not-xml'],
    ['', 'feed-not-xml'],
    ['not xml at all', 'feed-not-xml'],
    ['{"items":[]}', 'feed-not-xml'],
    ['<rss><channel><item><title>half', 'feed-not-xml'],
    ['<svg/>', 'feed-unknown'],
    ['<error code="100" description="Invalid API Key"/>', 'feed-unknown'],
    [rss(`${'<a>'.repeat(100)}${'</a>'.repeat(100)}`), 'feed-too-deep'],
    ['&'.repeat(100_000), 'feed-not-xml'],
    ['<![CDATA['.repeat(200_000), 'feed-not-xml'],
    [rss('<'.repeat(200_000)), 'feed-not-xml'],
  ] as const)
    await assert.rejects(parse(text), { name: 'NodeError', code }, text.slice(0, 60));
  const { items } = await parse(rss('<item><title>x</title><link>http://x/</link></item>'.repeat(5000)));
  assert.equal(items.length, 2000);
});

test('text is read in the encoding that it says, and another one is refused', () => {
  const xml = (encoding: string, text: string) =>
    `<?xml version="1.0" encoding="${encoding}"?><rss>${text}</rss>`;
  const latin = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
  assert.match(textOf(latin(xml('ISO-8859-1', 'Ä')), undefined), /Ä/);
  assert.match(textOf(latin('<rss>Ä</rss>'), 'text/xml; charset="windows-1252"'), /Ä/);
  assert.match(
    textOf(new Uint8Array(Buffer.from('\ufeff<rss>Ä</rss>', 'utf16le')), 'text/xml; charset=utf-8'),
    /Ä/,
  );
  assert.match(textOf(new Uint8Array(Buffer.from(xml('utf-8', 'Ä'))), undefined), /Ä/);
  for (const bytes of [latin(xml('utf-8', 'Ä')), latin('<rss>Ä</rss>'), latin(xml('x-nobody-knows', 'a'))])
    assert.throws(() => textOf(bytes, undefined), { code: 'feed-charset' });
});

const item = (title: string, more: Partial<ParsedItem> = {}): ParsedItem => ({
  title,
  guid: title,
  links: [],
  infoHash: undefined,
  size: undefined,
  publishedMs: undefined,
  season: undefined,
  episode: undefined,
  ...more,
});

test('a filter fits by words, pattern, size, season and episode', () => {
  const fits = (filter: Parameters<typeof judgeItems>[1], ...items: ParsedItem[]) =>
    judgeItems(items, filter).map((reason) => reason === undefined);
  const titles = [
    'The.Show.S01E02.1080p-GRP',
    'the show 1x03 720p',
    'Another Show S02 1080p',
    'Some film 2019',
  ].map((title) => item(title));
  assert.deepEqual(fits({}, ...titles), [true, true, true, true]);
  assert.deepEqual(fits({ words: ['the show'] }, ...titles), [true, true, false, false]);
  assert.deepEqual(fits({ words: ['show'], without: ['720P'] }, ...titles), [true, false, true, false]);
  assert.deepEqual(fits({ words: ['show'], without: ['1080'] }, ...titles), [true, true, true, false]);
  assert.deepEqual(fits({ pattern: '^the.show.s\\d+' }, ...titles), [true, false, false, false]);
  assert.deepEqual(fits({ seasons: '1' }, ...titles), [true, true, false, false]);
  assert.deepEqual(fits({ seasons: '1-', episodes: '3-5' }, ...titles), [false, true, false, false]);
  assert.deepEqual(
    fits(
      { minBytes: 10, maxBytes: 20 },
      item('a', { size: 9 }),
      item('b', { size: 20 }),
      item('c', { size: 21 }),
      item('d'),
    ),
    [false, true, false, true],
  );
  assert.deepEqual(fits({ seasons: '4', episodes: '7' }, item('x', { season: 4, episode: 7 })), [true]);
});

test('a pattern that takes for ever ends with a code of its own', () => {
  const begunMs = performance.now();
  assert.throws(() => judgeItems([item(`${'a'.repeat(60)}!`)], { pattern: '^(a+)+$' }), {
    code: 'feed-pattern-slow',
  });
  assert.ok(performance.now() - begunMs < 20_000);
  assert.deepEqual(judgeItems([item('x'), item('a\nb')], { pattern: '^a b$' }), [
    'the pattern does not fit',
    undefined,
  ]);
});

test('season and episode are read from titles as they are written', () => {
  const of = (title: string) => {
    const found = episodeOf(title);
    return (
      found &&
      `${found.show}|${found.season}|${found.episodes?.join('-') ?? 'all'}${found.isRepair ? '|repair' : ''}`
    );
  };
  for (const [title, told] of [
    ['The.Show.S01E02.1080p', 'the show|1|2-2'],
    ['The Show - s1e2-e4 - x', 'the show|1|2-4'],
    ['The.Show.S01E02E03.PROPER', 'the show|1|2-3|repair'],
    ['Show 3x07 REPACK', 'show|3|7-7|repair'],
    ['Show Season 2 Episode 11', 'show|2|11-11'],
    ["Bob's.Show.2024.03.09.720p", 'bobs show|2024|309-309'],
    ['Show.S05.1080p', 'show|5|all'],
    ['Show Season 5 Complete', 'show|5|all'],
    ['A film 2019 1920x1080', undefined],
  ] as const)
    assert.equal(of(title), told, title);
});
