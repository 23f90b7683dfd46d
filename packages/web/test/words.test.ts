// What the pages make of numbers, names, pieces and links, without a browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatBytes, formatDuration, formatRate, formatShare, visible } from '../src/format.ts';
import { ratesOf, recordRates } from '../src/node/history.ts';
import { texts } from '../src/texts.ts';
import { sumUp, toCells } from '../src/transfer/pieces.ts';
import { readLinks, Unusable } from '../src/transfers/adding.ts';
import { changeOf, errorsIn, noWishes, parseRate, type Wishes } from '../src/transfers/options.ts';

test('sizes have three digits that count', () => {
  const pairs = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [12_345_678, '12.3 MB'],
    [123_456_789_012, '123 GB'],
  ] as const;
  for (const [bytes, text] of pairs) assert.equal(formatBytes(bytes), text);
  assert.equal(formatRate(0), '–');
  assert.equal(formatRate(2_500_000), '2.50 MB/s');
});

test('nothing is called complete before it is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e15 }),
      fc.double({ min: 0, max: 1, maxExcluded: true }),
      (whole, share) => {
        const part = Math.min(whole - 1, Math.floor(whole * share));
        return formatShare(part, whole) !== '100 %' && formatShare(whole, whole) === '100 %';
      },
    ),
  );
});

test('durations are told in two steps, and endless ones as such', () => {
  assert.equal(formatDuration(59), '59 s');
  assert.equal(formatDuration(3700), '1 h 1 min');
  assert.equal(formatDuration(90_000), '1 d 1 h');
  assert.equal(formatDuration(Number.POSITIVE_INFINITY), 'a very long time');
});

test('signs that hide or turn are visible, other scripts stay as they are', () => {
  assert.equal(visible('cod\u202Egpj.exe'), 'cod‹U+202E›gpj.exe');
  assert.equal(visible('a\u0000b\u200Bc'), 'a‹U+0000›b‹U+200B›c');
  for (const name of ['سلام دنيا', 'עברית', '日本語', 'naïve café', '👩🏽 film'])
    assert.equal(visible(name), name);
  assert.ok(visible('x'.repeat(10_000)).length < 500);
});

test('cells of a piece map hold every piece once, and their sums are those of the pieces', () => {
  const maps = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 500,
  });
  fc.assert(
    fc.property(maps, fc.integer({ min: 1, max: 100 }), (map, most) => {
      const pieces = {
        states: Uint8Array.from(map, ([state]) => state),
        availability: Uint8Array.from(map, ([, count]) => count),
      };
      const cells = toCells(pieces, most);
      assert.ok(cells.length <= most);
      assert.deepEqual(
        cells.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i)),
        map.map((_, i) => i),
      );
      const missing = map.filter(([state]) => state !== 2).map(([, count]) => count);
      assert.deepEqual(sumUp(pieces), {
        first: 0,
        last: map.length - 1,
        here: map.filter(([state]) => state === 2).length,
        coming: map.filter(([state]) => state === 1).length,
        fewest: missing.length === 0 ? undefined : Math.min(...missing),
      });
    }),
  );
});

test('links of all kinds are taken, one a line, and anything else is named', () => {
  const hash = 'AB'.repeat(20);
  const requests = readLinks(`magnet:?xt=urn:btih:x\r\n\n# a note\nhttps://a.example/b.torrent\n${hash}`);
  assert.deepEqual(
    requests.map(({ request }) => request),
    [
      { link: 'magnet:?xt=urn:btih:x' },
      { url: 'https://a.example/b.torrent' },
      { link: `magnet:?xt=urn:btih:${hash}` },
    ],
  );
  for (const text of ['javascript:alert(1)', 'file:///etc/passwd', 'hello', 'data:text/html,x'])
    assert.throws(() => readLinks(text), Unusable);
});

test('limits are read as people write them, and what was not touched is not changed', () => {
  const pairs = [
    ['500 kB', 500_000],
    ['1.5MB', 1_500_000],
    ['2 MiB/s', 2_097_152],
    ['1,5 mb', 1_500_000],
    ['0', 0],
    ['', null],
    ['none', null],
    ['500', undefined],
    ['fast', undefined],
    ['-1 kB', undefined],
  ] as const;
  for (const [text, rate] of pairs) assert.equal(parseRate(text), rate, text);
  const form = (wishes: Partial<Wishes>): Wishes => ({ ...noWishes, ...wishes });
  assert.deepEqual(errorsIn(form({ down: 'x', hours: '1e9' })), {
    down: texts.options.notRate,
    hours: texts.options.notNumber,
  });
  assert.deepEqual(changeOf(noWishes, undefined, []), {});
  assert.deepEqual(
    changeOf(form({ up: 'none', ratio: '2', forced: 'no', trackers: ' a \n\na\nb' }), undefined, []),
    {
      limits: { up: null },
      goals: { ratio: 2 },
      isForced: false,
      addTrackers: ['a', 'b'],
    },
  );
});

test('rates are kept for the last minutes and for so many transfers, and no more', () => {
  for (let second = 0; second < 2000; second++) recordRates('a', second * 1000, second, 1);
  const { seconds, down } = ratesOf('a');
  assert.equal(seconds.length, 600);
  assert.deepEqual([seconds.at(0), seconds.at(-1), down.at(-1)], [1400, 1999, 1999]);
  for (let i = 0; i < 1000; i++) recordRates(`t${i}`, 0, 5, 5);
  assert.equal(
    Array.from({ length: 1000 }, (_, i) => ratesOf(`t${i}`).seconds.length).reduce((a, b) => a + b),
    199,
  );
});
