import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressLine, type Standing } from '../src/progress.ts';
import { cutToWidth, fitToWidth, widthOf } from '../src/text-width.ts';

const film: Standing = {
  name: 'film.mkv',
  bytes: 50 * 2 ** 20,
  total: 100 * 2 ** 20,
  rate: 2 ** 20,
  peers: 3,
};

test('one transfer has a bar, and what is left of it in time', () => {
  assert.equal(
    progressLine([film], 100),
    'film.mkv ━━━━━━━━━━━━━━━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  50.0 % of 100 MiB, 1 MiB/s from 3 peers, 50 s left',
  );
});

test('several are one sum', () => {
  const other: Standing = { name: 'b', bytes: 0, total: 100 * 2 ** 20, rate: 0, peers: 1 };
  assert.match(
    progressLine([film, other], 100),
    /^2 transfers .* 25\.0 % of 200 MiB, 1 MiB\/s from 4 peers, /,
  );
  const sharing: Standing = { ...film, doing: 'sharing', upRate: 2 ** 20 };
  assert.equal(progressLine([sharing, sharing], 100), '2 transfers: sharing at 2 MiB/s, 6 peers');
  assert.match(progressLine([sharing, film], 100), /100\.0 %|75\.0 %|50\.0 %/);
});

test('a line is never wider than the terminal, whatever the name', () => {
  for (const columns of [10, 20, 40, 60, 80, 120, 200])
    for (const name of ['', 'a', '鱼群'.repeat(60), 'e\u0301'.repeat(90), '🐟'.repeat(80)]) {
      const line = cutToWidth(progressLine([{ ...film, name }], columns), columns);
      assert.ok(widthOf(line) <= columns, `${columns}: ${line}`);
    }
});

test('not all is here before all is here', () => {
  const almost: Standing = { ...film, bytes: film.total - 1 };
  assert.match(progressLine([almost], 100), / 99\.9 % of/);
  assert.match(
    progressLine([{ ...film, bytes: 0, total: 0, rate: 0 }], 100),
    / 0\.0 % of 0 bytes, 0 bytes\/s from 3 peers$/,
  );
});

test('texts are as wide as they look', () => {
  assert.deepEqual(['abc', '鱼群', 'e\u0301', '🐟', 'ﾊ', '\u200b'].map(widthOf), [3, 4, 1, 2, 1, 0]);
  assert.equal(fitToWidth('鱼群鱼群', 6), '鱼群… ');
  assert.equal(fitToWidth('ab', 4, 'right'), '  ab');
  assert.equal(cutToWidth('abc', 0), '');
});
