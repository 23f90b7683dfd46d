// The list of transfers: filtered, sorted, and a page of it, as JSON. With thousands of them the text of each is kept, and
// of all of them the bytes of many in a row, so that a list is put together rather than made.

import type { RequestOf, TransferSummary } from '@shoal/api';
import type { Feed } from './feed.ts';

type Query = NonNullable<RequestOf<'transfers'>['query']>;
interface Row {
  readonly summary: TransferSummary;
  readonly rest: string;
  readonly place: number;
}

/** So many in a row, of which none has changed, are copied as they are: some 100 KB. */
const stretchLength = 200;

interface Stretch {
  readonly rests: readonly string[];
  readonly bytes: Uint8Array;
}

export class Listing {
  readonly #feed: Feed;
  readonly #stretches: Stretch[] = [];

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  /** In parts where it is long: memory for 5 MB in one piece takes longer than all the rest. */
  answer(query: Query): string | readonly Uint8Array[] {
    return Object.keys(query).length === 0 ? this.#all() : listTransfers(this.#feed, query);
  }

  #all(): readonly Uint8Array[] {
    const listed = this.#feed.list();
    const parts: Uint8Array[] = [Buffer.from('{"transfers":[')];
    const count = Math.ceil(listed.length / stretchLength);
    for (let index = 0; index < count; index++) parts.push(this.#stretch(listed, index));
    this.#stretches.length = count;
    const revision = JSON.stringify(this.#feed.revision);
    parts.push(Buffer.from(`],"total":${listed.length},"revision":${revision}}`));
    return parts;
  }

  #stretch(listed: ReturnType<Feed['list']>, index: number): Uint8Array {
    const first = index * stretchLength;
    const length = Math.min(stretchLength, listed.length - first);
    const kept = this.#stretches[index];
    let isSame = kept?.rests.length === length;
    for (let i = 0; i < length && isSame; i++) isSame = kept?.rests[i] === listed[first + i]?.rest;
    if (kept !== undefined && isSame) return kept.bytes;
    const rests = listed.slice(first, first + length).map(({ rest }) => rest);
    const texts = rests.map((rest, i) => `{"place":${first + i}${rest}`);
    const bytes = Buffer.from(`${first === 0 ? '' : ','}${texts.join(',')}`);
    this.#stretches[index] = { rests, bytes };
    return bytes;
  }
}

function listTransfers(feed: Feed, query: Query): string {
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
