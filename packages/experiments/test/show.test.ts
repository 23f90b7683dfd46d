// What people see of the numbers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dhtPlots, dhtTable, measureDht } from '@shoal/experiments';
import fc from 'fast-check';
import { drawPlot } from '../src/show/plot.ts';
import { renderTable } from '../src/show/table.ts';
import { spreadOf } from '../src/statistics.ts';

test('half of the values are at most the median, and 99 of 100 at most the high one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 300 }), (values) => {
      const { median, high, most } = spreadOf(values);
      const share = (limit: number) => values.filter((value) => value <= limit).length / values.length;
      assert.ok(share(median) >= 0.5 && share(high) >= 0.99);
      assert.equal(most, Math.max(...values));
      assert.ok(values.includes(median) && values.includes(high));
    }),
  );
  assert.deepEqual(spreadOf([]), { median: 0, high: 0, most: 0 });
});

test('a table has as many cells in each line, and lines of one length', () => {
  const lines = renderTable(
    ['what', 'n'],
    [
      ['long words', '1'],
      ['x', '1,000,000'],
    ],
  ).split('\n');
  assert.equal(lines.length, 4);
  assert.equal(new Set(lines.map(({ length }) => length)).size, 1);
  assert.match(lines[1] ?? '', /^\| -+ \| -+: \|$/);
});

test('every series of a plot is drawn within the picture, on scales of both kinds, and words are escaped', () => {
  const value = fc.double({ min: 0.001, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 6 }), fc.boolean(), (values, isLogarithmic) => {
      const points = values.map((y, i) => ({ x: 10 ** i, y }));
      const series = [{ name: 'a < b & "c"', points }];
      const panel = { title: 't', series, isLogarithmic, label: String };
      const svg = drawPlot({ title: 'x', across: 'n', ticks: points.map(({ x }) => x), panels: [panel] });
      const marks = [...svg.matchAll(/<circle class="m0" cx="([^"]+)" cy="([^"]+)"/g)];
      assert.equal(marks.length, values.length + 1, 'each point, and the legend');
      const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
      for (const [, x = '', y = ''] of marks) {
        assert.ok(Number(x) >= 0 && Number(x) <= Number(width), x);
        assert.ok(Number(y) >= 0 && Number(y) <= Number(height), y);
      }
      assert.ok(svg.includes('a &lt; b &amp; "c"') || svg.includes('a &lt; b &amp; &quot;c&quot;'));
    }),
  );
});

test('the table and the plots of an experiment name its sizes and conditions', async () => {
  const conditions = [
    { kind: 'gone', share: 0 },
    { kind: 'hostile', share: 0.05 },
  ] as const;
  const rows = await measureDht({ nodes: 60, seed: 1, lookups: 5, conditions });
  assert.match(dhtTable(rows), /^\| 60, all there +\|/m);
  assert.match(dhtTable(rows), /^\| 60, 5% hostile +\|/m);
  const [gone, hostile] = dhtPlots(rows);
  assert.ok(gone?.svg.includes('all there') && !gone.svg.includes('hostile<'));
  assert.ok(hostile?.svg.includes('5% hostile'));
});
