// Rates over the last minutes as two lines, of one transfer or, with an empty name, of the whole node.

import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { formatRate, formatTime } from '../format.ts';
import { ratesOf } from '../node/history.ts';
import { useColours } from '../parts/use-colours.ts';
import { texts } from '../texts.ts';

const height = 180;
const drawnEveryMs = 1000;
/** The time axis is never shorter, so that a new line grows from the right. */
const leastSeconds = 60;

export default function RateChart({ of }: { readonly of: string }) {
  const place = useRef<HTMLDivElement>(null);
  const colours = useColours();
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const axis = { stroke: colours.quiet, grid: { stroke: colours.line, width: 1 }, ticks: { show: false } };
    const value = (_: uPlot, rate: number | null): string => (rate === null ? '–' : formatRate(rate));
    const points = { show: false };
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height,
        padding: [8, 30, 0, 0],
        cursor: { y: false, drag: { x: false, y: false } },
        scales: {
          x: { range: (_, first, last) => [Math.min(first ?? last, last - leastSeconds), last] },
          y: { range: (_, __, most) => [0, Math.max(1000, most * 1.1)] },
        },
        axes: [
          { ...axis, values: (_, times) => times.map((seconds) => formatTime(seconds * 1000)), space: 90 },
          { ...axis, size: 80, values: (_, rates) => rates.map(formatRate) },
        ],
        series: [
          {
            label: texts.rates.time,
            value: (_, seconds: number | null) => (seconds === null ? '–' : formatTime(seconds * 1000)),
          },
          { label: texts.rates.down, stroke: colours.bar, width: 2, fill: `${colours.bar}22`, value, points },
          { label: texts.rates.up, stroke: colours.coral, width: 2, value, points },
        ],
      },
      [[], [], []],
      element,
    );
    const draw = (): void => {
      const { seconds, down, up } = ratesOf(of);
      // Nothing was told since: it is as it was.
      const now = Math.max(Math.round(Date.now() / 1000), seconds.at(-1) ?? 0);
      chart.setData([
        [...seconds, now],
        [...down, down.at(-1) ?? 0],
        [...up, up.at(-1) ?? 0],
      ]);
    };
    draw();
    const timer = setInterval(draw, drawnEveryMs);
    const size = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    size.observe(element);
    return () => {
      clearInterval(timer);
      size.disconnect();
      chart.destroy();
    };
  }, [of, colours]);
  return <div ref={place} className="chart" />;
}
