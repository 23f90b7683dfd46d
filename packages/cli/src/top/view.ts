// How `shoal top` looks: a frame of lines for a terminal of some size, from what the board knows. No line is wider than
// the terminal, and there are never more lines than it has.

import { styleText } from 'node:util';
import type { PeerSummary, TransferSummary } from '@shoal/api';
import { countOf, durationText, formatBytes } from '../numbers.ts';
import { printable, type Span, spanText } from '../output.ts';
import { barOf } from '../progress.ts';
import { percentText, rateText, stateSpan, troubleText } from '../running/words.ts';
import { cutToWidth, fitToWidth } from '../text-width.ts';
import type { Board } from './board.ts';

export interface View {
  readonly board: Board;
  readonly columns: number;
  readonly rows: number;
  readonly hasColours: boolean;
  /** The first row of transfers to be seen. */
  readonly scroll: number;
  readonly showsPeers: boolean;
  /** What the last line says in place of the keys. */
  readonly line: string | undefined;
}

interface Cell<Row> {
  readonly title: string;
  readonly width: number;
  readonly side?: 'left' | 'right';
  /** Left out on terminals that are narrower. */
  readonly from?: number;
  text(row: Row): Span;
}

const keys = '↑↓ move  p pause  d remove  v verify  s r sort  / filter  ⏎ peers  q quit';
const chrome = 3;

/** How many transfers fit. */
export function listRows({ rows, showsPeers }: Pick<View, 'rows' | 'showsPeers'>): number {
  return Math.max(1, rows - chrome - peerRows({ rows, showsPeers }));
}

export function frame(view: View): string[] {
  const { board, columns, rows, scroll } = view;
  const shown = board.rows.slice(scroll, scroll + listRows(view));
  const chosenId = board.chosen?.id;
  const empty = board.count === 0 ? 'There is no transfer yet.' : 'No transfer has that in its name.';
  const body = shown.map((row) => tableLine(view, transferCells, row.name, row, row.id === chosenId));
  if (shown.length === 0) body.push(cutToWidth(`  ${empty}`, columns));
  while (body.length < listRows(view)) body.push('');
  const lines = [
    headLine(view),
    paint(view, 'dim', titleLine(view, transferCells, titleOfNames(board))),
    ...body,
    ...peerLines(view),
    paint(view, 'dim', fitToWidth(printable(view.line ?? keys), columns)),
  ];
  return lines.slice(0, rows);
}

function headLine(view: View): string {
  const { board, columns } = view;
  const { statistics } = board;
  if (statistics === undefined) return paint(view, 'bold', fitToWidth('shoal', columns));
  const counts = Object.entries(statistics.transfers)
    .filter(([, count]) => (count ?? 0) > 0)
    .map(([state, count]) => `${count} ${state}`);
  const free = statistics.freeBytes === undefined ? [] : [`${formatBytes(statistics.freeBytes)} free`];
  const parts = [
    `shoal  ↓ ${rateText(statistics.downRate)}  ↑ ${rateText(statistics.upRate)}`,
    counts.join(', '),
    countOf(statistics.connections, 'connection'),
    ...free,
  ].filter((part) => part !== '');
  return paint(view, 'bold', fitToWidth(parts.join('  ·  '), columns));
}

function titleOfNames({ rows, filter, sortKey, isReversed }: Board): string {
  const filtered = filter === '' ? '' : `, filter "${filter}"`;
  return `NAME (${rows.length}, by ${sortKey}${isReversed ? ' reversed' : ''}${filtered})`;
}

const transferCells: readonly Cell<TransferSummary>[] = [
  {
    title: '',
    width: 20,
    from: 120,
    text: ({ bytes, total, isComplete }) => barOf(isComplete ? 1 : bytes / Math.max(1, total), 20),
  },
  { title: 'DONE', width: 7, side: 'right', text: percentText },
  {
    title: 'SIZE',
    width: 9,
    side: 'right',
    from: 90,
    text: ({ size }) => (size === 0 ? '-' : formatBytes(size)),
  },
  { title: 'DOWN', width: 10, side: 'right', from: 45, text: ({ downRate }) => rateText(downRate) },
  { title: 'UP', width: 10, side: 'right', from: 60, text: ({ upRate }) => rateText(upRate) },
  { title: 'PEERS', width: 5, side: 'right', from: 66, text: ({ peers }) => `${peers}` },
  {
    title: 'LEFT',
    width: 9,
    side: 'right',
    from: 100,
    text: ({ secondsLeft }) => (secondsLeft === undefined ? '-' : durationText(secondsLeft)),
  },
  { title: 'STATE', width: 9, from: 34, text: stateSpan },
];

const peerCells: readonly Cell<PeerSummary>[] = [
  { title: 'HAS', width: 5, side: 'right', text: ({ has }) => `${Math.floor(100 * has)} %` },
  { title: 'DOWN', width: 10, side: 'right', from: 45, text: ({ downRate }) => rateText(downRate) },
  { title: 'UP', width: 10, side: 'right', from: 60, text: ({ upRate }) => rateText(upRate) },
  { title: 'FLAGS', width: 6, from: 70, text: ({ flags }) => flags },
  { title: 'CLIENT', width: 18, from: 80, text: ({ client }) => client ?? '-' },
];

/** A third of a terminal that is tall enough. */
function peerRows({ rows, showsPeers }: Pick<View, 'rows' | 'showsPeers'>): number {
  return showsPeers && rows >= 15 ? Math.floor(rows / 3) : 0;
}

function peerLines(view: View): string[] {
  const { board, columns } = view;
  const count = peerRows(view);
  if (count === 0) return [];
  const { chosen, peers } = board;
  if (chosen === undefined) return Array.from({ length: count }, () => '');
  const trouble = troubleText(chosen);
  const about = `── ${chosen.name}${trouble === undefined ? '' : `: ${trouble}`} ─ ${chosen.folder} `;
  const lines = [
    paint(view, 'bold', fitToWidth(cutToWidth(printable(about), columns).padEnd(columns, '─'), columns)),
  ];
  const sorted = peers.toSorted((a, b) => b.downRate + b.upRate - (a.downRate + a.upRate));
  lines.push(paint(view, 'dim', titleLine(view, peerCells, `PEER (${peers.length})`)));
  for (const peer of sorted.slice(0, count - 2))
    lines.push(tableLine(view, peerCells, peer.address, peer, false));
  while (lines.length < count) lines.push('');
  return lines.slice(0, count);
}

function titleLine<Row>(view: View, cells: readonly Cell<Row>[], first: string): string {
  const parts = visible(view, cells).map(({ title, width, side }) => fitToWidth(title, width, side));
  return [fitToWidth(`  ${first}`, firstWidth(view, cells)), ...parts].join(' ');
}

function tableLine<Row>(
  view: View,
  cells: readonly Cell<Row>[],
  first: string,
  row: Row,
  isChosen: boolean,
): string {
  const head = fitToWidth(`${isChosen ? '▸' : ' '} ${printable(first)}`, firstWidth(view, cells));
  const parts = visible(view, cells).map(({ text, width, side }) => {
    const span = text(row);
    const fitted = fitToWidth(printable(spanText(span)), width, side);
    return typeof span === 'string' || isChosen ? fitted : paint(view, span.style, fitted);
  });
  const line = [head, ...parts].join(' ');
  return isChosen ? paint(view, 'inverse', line) : line;
}

function visible<Row>({ columns }: View, cells: readonly Cell<Row>[]): readonly Cell<Row>[] {
  return cells.filter(({ from = 0 }) => columns >= from);
}

/** What is left for the name. */
function firstWidth<Row>(view: View, cells: readonly Cell<Row>[]): number {
  return Math.max(4, view.columns - visible(view, cells).reduce((sum, { width }) => sum + width + 1, 0));
}

function paint({ hasColours }: View, style: Parameters<typeof styleText>[0], text: string): string {
  return hasColours ? styleText(style, text, { validateStream: false }) : text;
}
