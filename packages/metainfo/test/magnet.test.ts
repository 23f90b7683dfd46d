// Links as people and programs write them, good and bad.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toBase32, toHex } from '@shoal/base';
import { MetainfoError, magnetOf, parseMagnet } from '@shoal/metainfo';
import fc from 'fast-check';

const v1 = new Uint8Array(20).map((_, i) => i * 13);
const v2 = new Uint8Array(32).map((_, i) => i * 7);
const btih = `xt=urn:btih:${toHex(v1)}`;
const btmh = `xt=urn:btmh:1220${toHex(v2)}`;

test('the same hash is read from every spelling', () => {
  for (const link of [
    `magnet:?${btih}`,
    `MAGNET:?XT=URN:BTIH:${toHex(v1).toUpperCase()}`,
    `magnet:?xt=urn:btih:${toBase32(v1)}`,
    `magnet:?xt=urn:btih:${toBase32(v1).toLowerCase()}`,
    `magnet:?xt=urn%3Abtih%3A${toHex(v1)}`,
    `magnet:?xt.1=urn:btih:${toHex(v1)}&xt.2=urn:sha1:ABC`,
    `magnet:?dn=x&${btih}&${btih}`,
    `magnet:?&&=&x&${btih}&`,
    `  magnet:?${btih}\n`,
    `magnet:?dn=a&amp;${btih}&amp;tr=`,
    `magnet:?${btih}#fragment`,
    `magnet:?xt=urn:btih:${toHex(v1)}%20`,
  ]) {
    assert.deepEqual(parseMagnet(link).infoHashes, { v1 }, link);
  }
});

test('a link may have the hash of v2, or both', () => {
  assert.deepEqual(parseMagnet(`magnet:?${btmh}`).infoHashes, { v2 });
  assert.deepEqual(parseMagnet(`magnet:?${btmh.toUpperCase()}&${btih}`).infoHashes, { v1, v2 });
});

const other = 'f'.repeat(40);
const refused: readonly [link: string, code: string][] = [
  ['', 'not-a-link'],
  ['magnet:', 'not-a-link'],
  ['http://a.example/?xt=urn:btih:', 'not-a-link'],
  [toHex(v1), 'not-a-link'],
  ['magnet:?', 'missing-info-hash'],
  ['magnet:?dn=name', 'missing-info-hash'],
  ['magnet:?xt=', 'missing-info-hash'],
  ['magnet:?xt=urn:ed2k:31D6CFE0D16AE931B73C59D7E0C089C0', 'missing-info-hash'],
  ['magnet:?xt=urn:btih:', 'bad-info-hash'],
  [`magnet:?xt=urn:btih:${toHex(v1).slice(1)}`, 'bad-info-hash'],
  [`magnet:?xt=urn:btih:${toHex(v1)}00`, 'bad-info-hash'],
  [`magnet:?xt=urn:btih:${'g'.repeat(40)}`, 'bad-info-hash'],
  [`magnet:?xt=urn:btih:${'1'.repeat(32)}`, 'bad-info-hash'],
  [`magnet:?xt=urn:btih:${'0'.repeat(39)}é`, 'bad-info-hash'],
  [`magnet:?xt=urn:btmh:${toHex(v2)}`, 'bad-info-hash'],
  [`magnet:?xt=urn:btmh:1114${toHex(v1)}`, 'bad-info-hash'],
  [`magnet:?xt=urn:btmh:1220${toHex(v2).slice(2)}`, 'bad-info-hash'],
  [`magnet:?${btih}&xt=urn:btih:${other}`, 'conflicting-info-hashes'],
  [`magnet:?${btih}&dn=${'x'.repeat(2 ** 21)}`, 'too-large'],
];

for (const [link, code] of refused) {
  test(`${link.slice(0, 60)} is refused as ${code}`, () => {
    assert.throws(() => parseMagnet(link), { name: 'MetainfoError', code });
  });
}

test('names, trackers, seeds, peers and files are read, and what makes no sense is left out', () => {
  const link = [
    `magnet:?${btih}`,
    'dn=a+b%20%2B%26%C3%A9&dn=second',
    'tr=http%3A%2F%2Ft.example%2Fa%3Fb%3Dc+d&tr=udp://u.example:80&tr.1=udp://u.example:80&TR.2=wss://w.example&tr=nonsense',
    'ws=http://w.example/%E4%B8%80&ws=',
    'x.pe=1.2.3.4:5&x.pe=[2001:db8::1]:6&x.pe=host.example:7&x.pe=host:0&x.pe=host:99999&x.pe=nohost&x.pe=a b:5&x.pe=1.2.3.4:5',
    'so=0,2,4,6-8,x,9-,-3,5-4,1e3',
    'kt=unknown&xl=5',
  ].join('&');
  const magnet = parseMagnet(link);
  assert.equal(magnet.name, 'a b +&é');
  assert.deepEqual(magnet.trackers, ['http://t.example/a?b=c+d', 'udp://u.example:80', 'wss://w.example']);
  assert.deepEqual(magnet.webSeeds, ['http://w.example/一']);
  assert.deepEqual(magnet.peers, [
    { host: '1.2.3.4', port: 5 },
    { host: '2001:db8::1', port: 6 },
    { host: 'host.example', port: 7 },
  ]);
  assert.deepEqual(magnet.selectOnly, [
    { first: 0, last: 0 },
    { first: 2, last: 2 },
    { first: 4, last: 4 },
    { first: 6, last: 8 },
  ]);
});

test('escapes that are none stay as they are, and names that are no UTF-8 are shown with marks', () => {
  assert.equal(parseMagnet(`magnet:?${btih}&dn=100%25%`).name, '100%%');
  assert.equal(parseMagnet(`magnet:?${btih}&dn=%zz`).name, '%zz');
  assert.equal(parseMagnet(`magnet:?${btih}&dn=a%FFb`).name, 'a\ufffdb');
  assert.equal(parseMagnet(`magnet:?${btih}&so=x`).selectOnly, undefined);
});

test('whatever is written into a link is read from it', () => {
  const urls = fc.webUrl({ withQueryParameters: true, withFragments: true });
  const port = fc.integer({ min: 1, max: 65_535 });
  const peer = fc.record(
    { host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()), port },
    { noNullPrototype: true },
  );
  const described = fc.record({
    name: fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => name.trim() === name),
    trackers: fc.uniqueArray(urls, { maxLength: 4 }),
    webSeeds: fc.uniqueArray(urls, { maxLength: 4 }),
    peers: fc.uniqueArray(peer, { maxLength: 3, selector: ({ host, port }) => `${host} ${port}` }),
  });
  fc.assert(
    fc.property(described, (fields) => {
      const magnet = parseMagnet(magnetOf({ infoHashes: { v1, v2 }, ...fields }));
      assert.deepEqual(magnet, { infoHashes: { v1, v2 }, ...fields });
    }),
  );
});

test('any text is a link or is refused with a code', () => {
  const pieces = fc.constantFrom(
    'magnet:?',
    btih,
    btmh,
    '&',
    '=',
    'xt',
    'so=',
    'tr',
    '%',
    '%F',
    '+',
    'urn:btih:',
    ',',
    '-',
    '1',
    ':',
    '[',
  );
  const texts = fc
    .array(fc.oneof(pieces, fc.string({ unit: 'binary' })), { maxLength: 12 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parseMagnet(`magnet:?${text}`);
      } catch (error) {
        assert.ok(error instanceof MetainfoError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
