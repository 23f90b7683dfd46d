// What the kinds of network came to, for people: a table, and a plot against the number of receivers.

import { countText, drawPlot, type Series } from '../show/plot.ts';
import { renderTable } from '../show/table.ts';
import type { NetworkFault, NetworkRow } from './experiment.ts';
import { networkKinds } from './experiment.ts';

const faultNames: Readonly<Record<NetworkFault, string>> = {
  none: '',
  source: ', source dies',
  'source-early': ', source dies early',
  index: ', index dies',
};
const faultOrder: readonly NetworkFault[] = ['none', 'source', 'source-early', 'index'];

/** Rows of a new run take the place of those of the same kind, size and fault. Sorted as the table is. */
export function mergeNetworkRows(known: readonly NetworkRow[], fresh: readonly NetworkRow[]): NetworkRow[] {
  const keyOf = ({ kind, receivers, fault }: NetworkRow): string => `${kind} ${receivers} ${fault}`;
  const byKey = new Map([...known, ...fresh].map((row) => [keyOf(row), row]));
  return [...byKey.values()].sort(
    (a, b) =>
      faultOrder.indexOf(a.fault) - faultOrder.indexOf(b.fault) ||
      a.receivers - b.receivers ||
      networkKinds.indexOf(a.kind) - networkKinds.indexOf(b.kind),
  );
}

export function networkTable(rows: readonly NetworkRow[]): string {
  const head = [
    'network',
    'receivers',
    'got all of it',
    'came later, got all',
    's to the median',
    's to the last',
    'copies sent by the source',
    'MiB of content',
  ];
  const cells = rows.map((row) => [
    `${row.kind}${faultNames[row.fault]}`,
    countText(row.receivers),
    shareText(row.completeShare),
    row.lateShare === undefined ? '' : shareText(row.lateShare),
    secondsText(row.medianMs),
    secondsText(row.lastMs),
    (row.sourceBytes / row.contentBytes).toFixed(1),
    (row.contentBytes / 2 ** 20).toFixed(0),
  ]);
  return renderTable(head, cells);
}

function shareText(share: number): string {
  return `${(share * 100).toFixed(0)}%`;
}

/** Nobody got all of it: there is no time to tell. */
function secondsText(ms: number): string {
  return ms === 0 ? '–' : countText(Math.round(ms / 100) / 10);
}

export function networkPlot(rows: readonly NetworkRow[]): string {
  const calm = rows.filter(({ fault }) => fault === 'none');
  const seriesOf = (pick: (row: NetworkRow) => number): Series[] =>
    [...Map.groupBy(calm, ({ kind }) => kind)].map(([name, group]) => ({
      name,
      points: group.map((row) => ({ x: row.receivers, y: pick(row) })),
    }));
  const isLogarithmic = true;
  return drawPlot({
    title: 'The same file to many receivers',
    across: 'receivers',
    ticks: [...new Set(calm.map(({ receivers }) => receivers))].sort((a, b) => a - b),
    panels: [
      {
        title: 'Seconds until the median receiver has it',
        series: seriesOf(({ medianMs }) => medianMs / 1000),
        isLogarithmic,
        label: countText,
      },
      {
        title: 'Seconds until the last one has it',
        series: seriesOf(({ lastMs }) => lastMs / 1000),
        isLogarithmic,
        label: countText,
      },
      {
        title: 'Copies that the source had to send',
        series: seriesOf((row) => row.sourceBytes / row.contentBytes),
        isLogarithmic,
        label: countText,
      },
    ],
  });
}
