// The tables of the catalogue. Rows of `entries` are short, and hold what is filtered and sorted by: all else is in the
// record as it was signed. A number is a revision: whatever changes gets the next one, so that the numbers after one are
// what changed since, and the highest ones are the newest.

import { type Generated, type Kysely, sql } from 'kysely';
import type { ColumnTypes } from '../database/column-types.ts';

/** What is shown is 0. */
export const states = { listed: 0, withdrawn: 1, superseded: 2, blocked: 3 } as const;

export interface CatalogueTables {
  readonly publishers: { publisher: Generated<number>; key: Uint8Array };
  /** The record by its revision. */
  readonly records: { number: number; record: Uint8Array };
  readonly entries: {
    number: number;
    publisher: number;
    /** 20 bytes. */
    torrent: Uint8Array;
    /** The first 20 bytes of v2 where `torrent` is v1. */
    other: Uint8Array | null;
    sequence: number;
    added_ms: number;
    state: number;
    /** -1 where it is not known. */
    size: number;
    title_words: number;
    seeds: number;
    leechers: number;
    completed: number;
    seen_ms: number;
    stars: number;
    ratings: number;
    reports: number;
  };
  /** What each publisher said takes the place of what, and when. */
  readonly successions: { publisher: number; torrent: Uint8Array; successor: Uint8Array; sequence: number };
  readonly ratings: {
    torrent: Uint8Array;
    publisher: number;
    number: number;
    sequence: number;
    /** 0 for none. */
    stars: number;
    has_comment: number;
    /** 1 where its key is blocked. */
    is_hidden: number;
  };
  readonly reports: { torrent: Uint8Array; publisher: number; number: number; sequence: number };
  readonly vocabulary: { word: string; uses: number };
  readonly spellings: { shortening: number; word: string };
  readonly blocks: { kind: string; value: string; reason: string; made_ms: number; by_whom: string };
  readonly audit: {
    number: Generated<number>;
    at_ms: number;
    by_whom: string;
    action: string;
    kind: string;
    value: string;
    reason: string;
  };
}

export async function makeCatalogue<Tables>(
  db: Kysely<Tables>,
  { kind, bytes, plainText }: ColumnTypes,
): Promise<void> {
  const { schema } = db;
  const numbered = kind === 'sqlite' ? sql`integer` : sql`bigint generated always as identity`;
  await schema
    .createTable('publishers')
    .addColumn('publisher', numbered, (column) => column.primaryKey())
    .addColumn('key', bytes, (column) => column.notNull().unique())
    .execute();
  await schema
    .createTable('records')
    .addColumn('number', kind === 'sqlite' ? 'integer' : 'bigint', (column) => column.primaryKey())
    .addColumn('record', bytes, (column) => column.notNull())
    .execute();
  let entries = schema
    .createTable('entries')
    .addColumn('number', kind === 'sqlite' ? 'integer' : 'bigint', (column) => column.primaryKey())
    .addColumn('publisher', 'bigint', (column) => column.notNull())
    .addColumn('torrent', bytes, (column) => column.notNull())
    .addColumn('other', bytes);
  for (const name of ['sequence', 'added_ms', 'state', 'size', 'title_words', 'seeds', 'leechers'])
    entries = entries.addColumn(name, 'bigint', (column) => column.notNull());
  for (const name of ['completed', 'seen_ms', 'stars', 'ratings', 'reports'])
    entries = entries.addColumn(name, 'bigint', (column) => column.notNull());
  await entries.execute();
  await schema
    .createIndex('entries_of_torrent')
    .unique()
    .on('entries')
    .columns(['torrent', 'publisher'])
    .execute();
  for (const [name, columns, condition] of [
    ['other', 'other', 'other is not null'],
    ['seeds', 'seeds, number', 'state = 0'],
    ['size', 'size, number', 'state = 0'],
    ['added', 'added_ms, number', 'state = 0'],
    ['rating', 'stars, number', 'state = 0 and ratings > 0'],
    ['blocked', 'number', 'state = 3'],
    // What has no seeds and leechers any more is looked for among the few that had some.
    ['alive', 'seen_ms', 'seeds > 0 or leechers > 0'],
  ])
    await sql`create index ${sql.raw(`entries_by_${name} on entries (${columns}) where ${condition}`)}`.execute(
      db,
    );
  await schema
    .createTable('successions')
    .addColumn('publisher', 'bigint', (column) => column.notNull())
    .addColumn('torrent', bytes, (column) => column.notNull())
    .addColumn('successor', bytes, (column) => column.notNull())
    .addColumn('sequence', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('successions_key', ['torrent', 'publisher', 'successor'])
    .execute();
  for (const name of ['ratings', 'reports'] as const) {
    const opinions = schema
      .createTable(name)
      .addColumn('torrent', bytes, (column) => column.notNull())
      .addColumn('publisher', 'bigint', (column) => column.notNull())
      .addColumn('number', 'bigint', (column) => column.notNull())
      .addColumn('sequence', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint(`${name}_key`, ['torrent', 'publisher']);
    if (name === 'reports') await opinions.execute();
    else
      await opinions
        .addColumn('stars', 'bigint', (column) => column.notNull())
        .addColumn('has_comment', 'bigint', (column) => column.notNull())
        .addColumn('is_hidden', 'bigint', (column) => column.notNull())
        .execute();
    await schema.createIndex(`${name}_of_publisher`).on(name).column('publisher').execute();
  }
  await schema.createIndex('reports_by_number').on('reports').column('number').execute();
  await schema
    .createTable('vocabulary')
    .addColumn('word', plainText, (column) => column.primaryKey())
    .addColumn('uses', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('spellings')
    .addColumn('shortening', 'bigint', (column) => column.notNull())
    .addColumn('word', plainText, (column) => column.notNull())
    .addPrimaryKeyConstraint('spellings_key', ['shortening', 'word'])
    .modifyEnd(kind === 'sqlite' ? sql`without rowid` : sql``)
    .execute();
  await schema
    .createTable('blocks')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('value', plainText, (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('made_ms', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('blocks_key', ['kind', 'value'])
    .execute();
  await schema
    .createTable('audit')
    .addColumn('number', numbered, (column) => column.primaryKey())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('by_whom', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .execute();
  if (kind === 'sqlite')
    await sql`create virtual table entry_words using fts5(words, content='', contentless_delete=1, detail=none, tokenize='ascii')`.execute(
      db,
    );
  else {
    await sql`create table entry_words (number bigint primary key, words tsvector not null)`.execute(db);
    // Without a list of what is to be sorted in later, which every search would read.
    await sql`create index entry_words_all on entry_words using gin (words) with (fastupdate = off)`.execute(
      db,
    );
  }
}

/** Sixteen times what SQLite would hold before it writes a part of the index, which are merged again and again. */
export async function gatherWords<Tables>(db: Kysely<Tables>, { kind }: ColumnTypes): Promise<void> {
  if (kind === 'sqlite')
    await sql`insert into entry_words (entry_words, rank) values ('hashsize', 16777216)`.execute(db);
}

/** So that what another index blocked can be told from what the operator did. */
export async function nameBlockers<Tables>({ schema }: Kysely<Tables>): Promise<void> {
  await schema
    .alterTable('blocks')
    .addColumn('by_whom', 'text', (column) => column.notNull().defaultTo('operator'))
    .execute();
}
