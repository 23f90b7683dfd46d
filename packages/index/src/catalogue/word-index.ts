// Which entries have which words: FTS5 in SQLite, a GIN index over tsvector in PostgreSQL. Both get the same words.

import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DatabaseKind } from '../database/column-types.ts';
import { type Expression, toFts5, toTsquery } from './words.ts';

export interface WordIndex {
  add<Tables>(db: Kysely<Tables>, rows: readonly WordRow[]): Promise<void>;
  remove<Tables>(db: Kysely<Tables>, numbers: readonly number[]): Promise<void>;
  /** A subquery with the column `number`: of those that fit, the newest. */
  find(expression: Expression, most: number): RawBuilder<unknown>;
  /** The same for all of them, to look others up in. */
  all(expression: Expression): RawBuilder<unknown>;
}

export interface WordRow {
  readonly number: number;
  readonly words: readonly string[];
}

const fts5: WordIndex = {
  async add(db, rows) {
    const values = rows.map(({ number, words }) => sql`(${number}, ${words.join(' ')})`);
    await sql`insert into entry_words (rowid, words) values ${sql.join(values)}`.execute(db);
  },
  async remove(db, numbers) {
    await sql`delete from entry_words where rowid in (${sql.join(numbers)})`.execute(db);
  },
  find: (expression, most) =>
    sql`select rowid as number from entry_words where entry_words match ${toFts5(expression)} order by rowid desc limit ${most}`,
  all: (expression) =>
    sql`select rowid as number from entry_words where entry_words match ${toFts5(expression)}`,
};

const tsvector: WordIndex = {
  async add(db, rows) {
    const values = rows.map(({ number, words }) => sql`(${number}, array_to_tsvector(${words}::text[]))`);
    await sql`insert into entry_words (number, words) values ${sql.join(values)}`.execute(db);
  },
  async remove(db, numbers) {
    await sql`delete from entry_words where number in (${sql.join(numbers)})`.execute(db);
  },
  find: (expression, most) =>
    sql`select number from entry_words where words @@ ${toTsquery(expression)}::tsquery order by number desc limit ${most}`,
  all: (expression) => sql`select number from entry_words where words @@ ${toTsquery(expression)}::tsquery`,
};

export const wordIndexes: Readonly<Record<DatabaseKind, WordIndex>> = { sqlite: fts5, postgres: tsvector };
