// What a comparison came to, for people: a table, and a plot of how the file and the source's bytes went over time.

import { drawPlot, renderTable, type Series } from '@shoal/experiments';
import { formatBytes } from '../numbers.ts';
import { mostPoints } from './bounds.ts';
import type { Outcome, Point } from './contest.ts';

export function outcomeTable(outcomes: readonly Outcome[], length: number): string {
  const head = [
    'way',
    'got all of it',
    's to the median',
    's to the last',
    'sent by the source',
    'copies',
    'CPU s, source',
    'CPU s, receivers',
  ];
  return renderTable(
    head,
    outcomes.map((row) => [
      row.way,
      `${row.complete} of ${row.receivers}`,
      numberText(row.medianSeconds, 1),
      numberText(row.lastSeconds, 1),
      row.sourceBytes === undefined ? 'not known here' : formatBytes(row.sourceBytes),
      numberText(row.sourceBytes && row.sourceBytes / length, 2),
      numberText(row.sourceCpuSeconds, 2),
      numberText(row.receiversCpuSeconds, 2),
    ]),
  );
}

function numberText(value: number | undefined, digits: number): string {
  return value === undefined ? '–' : value.toFixed(digits);
}

export function outcomePlot(outcomes: readonly Outcome[], title: string): string {
  const last = Math.max(1, ...outcomes.flatMap(({ points }) => points.map(({ seconds }) => seconds)));
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((one) => last / one <= 8) ?? last;
  const seriesOf = (pick: (point: Point) => number | undefined): Series[] =>
    outcomes.map(({ way, points }) => ({
      name: way,
      points: thinned(points).flatMap((point) => {
        const y = pick(point);
        return y === undefined ? [] : [{ x: point.seconds, y }];
      }),
    }));
  return drawPlot({
    title,
    across: 'seconds',
    isLinear: true,
    ticks: Array.from({ length: Math.ceil(last / step) + 1 }, (_, at) => at * step),
    panels: [
      {
        title: 'Of the file, with the receiver in the middle',
        series: seriesOf(({ medianShare }) => medianShare * 100),
        to: 100,
        label: (value) => `${value}%`,
      },
      {
        title: 'Copies that the source has sent',
        series: seriesOf(({ copies }) => copies),
        label: String,
      },
      {
        title: 'Receivers that have all of it',
        series: seriesOf(({ complete }) => complete),
        to: Math.max(...outcomes.map(({ receivers }) => receivers)),
        label: String,
      },
      {
        title: 'CPU seconds of all processes together',
        series: seriesOf(({ cpuSeconds }) => cpuSeconds),
        label: (value) => String(Math.round(value * 100) / 100),
      },
    ],
  });
}

/** The last one is among them. */
function thinned(points: readonly Point[]): Point[] {
  const step = Math.max(1, Math.ceil(points.length / mostPoints));
  return points.filter((_, at) => (points.length - 1 - at) % step === 0);
}
