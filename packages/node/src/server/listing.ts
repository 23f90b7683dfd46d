// The list of transfers: filtered, sorted, and a page of it, as JSON. With thousands of them the text of each is kept, so
// that a list is put together rather than made.

import type { RequestOf, TransferSummary } from '@shoal/api';
import type { Feed } from './feed.ts';

type Query = NonNullable<RequestOf<'transfers'>['query']>;
interface Row {
  readonly summary: TransferSummary;
  readonly rest: string;
  readonly place: number;
}

export function listTransfers(feed: Feed, query: Query): string {
  const listed = feed.list();
  let rows: Row[] = listed.map(({ summary, rest }, place) => ({ summary, rest, place }));
  const { state, label, text, sort, order = 'up', offset = 0, limit } = query;
  const part = text?.toLowerCase();
  if (state !== undefined) rows = rows.filter(({ summary }) => summary.state === state);
  if (label !== undefined) rows = rows.filter(({ summary }) => summary.labels.includes(label));
  if (part !== undefined) rows = rows.filter(({ summary }) => summary.name.toLowerCase().includes(part));
  if (sort !== undefined) rows = sorted(rows, sort);
  if (order === 'down') rows.reverse();
  const total = rows.length;
  const page = limit === undefined ? rows.slice(offset) : rows.slice(offset, offset + limit);
  const texts = page.map(({ rest, place }) => `{"place":${place}${rest}`);
  const revision = JSON.stringify(feed.revision);
  return `{"transfers":[${texts.join(',')}],"total":${total},"revision":${revision}}`;
}

function sorted(rows: readonly Row[], sort: NonNullable<Query['sort']>): Row[] {
  const keyed = rows.map((row) => ({ row, key: keyOf(row, sort) }));
  // Equal ones stay in the order of the queue.
  keyed.sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0));
  return keyed.map(({ row }) => row);
}

function keyOf({ summary, place }: Row, sort: NonNullable<Query['sort']>): number | string {
  switch (sort) {
    case 'name':
      return summary.name.toLowerCase();
    case 'added':
      return summary.addedMs;
    case 'size':
      return summary.size;
    case 'progress':
      return summary.total === 0 ? 0 : summary.bytes / summary.total;
    case 'down':
      return summary.downRate;
    case 'up':
      return summary.upRate;
    case 'ratio':
      return summary.uploaded / Math.max(1, summary.downloaded, summary.downloaded === 0 ? summary.size : 0);
    case 'place':
      return place;
  }
}
