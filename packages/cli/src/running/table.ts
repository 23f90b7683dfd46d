// Lists as tables: as wide as they have to be in a pipe, cut to the terminal on one.

import { type Output, type Span, spanText } from '../output.ts';
import { fitToWidth, widthOf } from '../text-width.ts';

export interface Column<Row> {
  readonly title: string;
  cell(row: Row): Span;
  readonly side?: 'left' | 'right';
  /** Gives way where the terminal is too narrow; no table has two. */
  readonly isElastic?: true;
}

const gap = '  ';
/** Less of a name says nothing. */
const narrowest = 12;

/** With --json each row is printed by itself, as `data` says. */
export function printTable<Row>(
  output: Output,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  data: (row: Row) => object,
): void {
  if (output.json) {
    for (const row of rows) output.result(data(row), '');
    return;
  }
  if (rows.length === 0) return;
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map(({ title }, index) =>
    cells.reduce((most, line) => Math.max(most, widthOf(spanText(line[index] ?? ''))), widthOf(title)),
  );
  const elastic = columns.findIndex(({ isElastic }) => isElastic === true);
  const total = widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1));
  if (output.columns !== undefined && elastic !== -1)
    widths[elastic] = Math.max(narrowest, (widths[elastic] ?? 0) - Math.max(0, total - output.columns));
  const line = (parts: readonly Span[]): Span[] =>
    parts.flatMap((part, index) => {
      const isLast = index === parts.length - 1;
      const { side = 'left' } = columns[index] ?? {};
      const width = widths[index] ?? 0;
      const text =
        isLast && side === 'left' && output.columns === undefined
          ? spanText(part)
          : fitToWidth(spanText(part), width, side);
      const shown = isLast ? text.trimEnd() : text;
      return [...(index === 0 ? [] : [gap]), typeof part === 'string' ? shown : { ...part, text: shown }];
    });
  output.result({}, line(columns.map(({ title }) => ({ text: title, style: 'dim' }))));
  for (const parts of cells) output.result({}, line(parts));
}
