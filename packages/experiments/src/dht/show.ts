// What the lookups came to, for people: a table, and two plots against the number of nodes.

import { countText, drawPlot, type Panel, type Series } from '../show/plot.ts';
import { renderTable } from '../show/table.ts';
import type { Spread } from '../statistics.ts';
import { type DhtCondition, type DhtRow, usualWaysIn } from './experiment.ts';

export function nameOfCondition(condition: DhtCondition): string {
  if (condition.kind === 'churn') return `lives of ${condition.medianLifeMs / 60_000} min`;
  if (condition.share === 0) return condition.kind === 'gone' ? 'all there' : 'none hostile';
  const share = `${Math.round(condition.share * 1000) / 10}% ${condition.kind}`;
  const waysIn = condition.kind === 'hostile' ? (condition.waysIn ?? usualWaysIn) : usualWaysIn;
  return waysIn === usualWaysIn ? share : `${share}, ${waysIn} ways in`;
}

/** Rows of a new run take the place of those of the same size and condition. Sorted as the table is. */
export function mergeRows(known: readonly DhtRow[], fresh: readonly DhtRow[]): DhtRow[] {
  const keyOf = ({ nodes, condition }: DhtRow): string => `${nodes} ${nameOfCondition(condition)}`;
  const byKey = new Map([...known, ...fresh].map((row) => [keyOf(row), row]));
  return [...byKey.values()].sort((a, b) => a.nodes - b.nodes || orderOf(a.condition) - orderOf(b.condition));
}

function orderOf(condition: DhtCondition): number {
  if (condition.kind === 'churn') return 1;
  return condition.share + (condition.kind === 'gone' ? 0 : 2);
}

export function dhtTable(rows: readonly DhtRow[]): string {
  const head = [
    'nodes, condition',
    'found',
    'hops to the peer',
    'hops to the nearest 8',
    'ms to the peer',
    'ms to the end',
    'messages',
    'false peers',
    'contacts',
    'lookups',
  ];
  const cells = rows.map((row) => [
    `${countText(row.nodes)}, ${nameOfCondition(row.condition)}`,
    `${(row.foundShare * 100).toFixed(1)}%`,
    spreadText(row.hopsToPeer),
    spreadText(row.hops),
    spreadText(row.firstPeerMs),
    spreadText(row.doneMs),
    spreadText(row.messages),
    row.falsePeers.toFixed(1),
    row.tableSize.toFixed(0),
    countText(row.lookups),
  ]);
  return renderTable(head, cells);
}

function spreadText({ median, high, most }: Spread): string {
  return [median, high, most].map((value) => countText(Math.round(value))).join(' / ');
}

/** Those that are gone and churn in one picture, those that are hostile in the other. */
export function dhtPlots(rows: readonly DhtRow[]): { readonly name: string; readonly svg: string }[] {
  const isCalm = ({ condition }: DhtRow): boolean => condition.kind !== 'churn' && condition.share === 0;
  const isHostile = ({ condition }: DhtRow): boolean => condition.kind === 'hostile';
  return [
    {
      name: 'dht-gone',
      svg: plot(
        'DHT lookups with some of the nodes gone',
        rows.filter((row) => !isHostile(row)),
      ),
    },
    {
      name: 'dht-hostile',
      svg: plot(
        'DHT lookups with hostile nodes',
        rows.filter((row) => isCalm(row) || isHostile(row)),
      ),
    },
  ];
}

function plot(title: string, rows: readonly DhtRow[]): string {
  const seriesOf = (pick: (row: DhtRow) => number): Series[] =>
    [...Map.groupBy(rows, ({ condition }) => nameOfCondition(condition))].map(([name, group]) => ({
      name,
      points: group.map((row) => ({ x: row.nodes, y: pick(row) })),
    }));
  const plain = (value: number): string => countText(Math.round(value * 10) / 10);
  const panels: Panel[] = [
    { title: 'Hops to the peer, 99th of 100', series: seriesOf((row) => row.hopsToPeer.high), label: plain },
    {
      title: 'Seconds until the peer is known, median',
      series: seriesOf((row) => row.firstPeerMs.median / 1000),
      label: plain,
    },
    {
      title: 'Seconds until all is asked, 99th of 100',
      series: seriesOf((row) => row.doneMs.high / 1000),
      label: plain,
    },
    {
      title: 'Found, %',
      series: seriesOf((row) => row.foundShare * 100),
      from: 95,
      to: 100,
      label: plain,
    },
  ];
  const sizes = [...new Set(rows.map(({ nodes }) => nodes))].sort((a, b) => a - b);
  return drawPlot({ title, across: 'nodes', ticks: sizes, panels });
}
