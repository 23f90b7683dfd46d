// Which entries have which words: FTS5 in SQLite, a GIN index over tsvector in PostgreSQL. Both get the same words.

import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DatabaseKind } from '../database/column-types.ts';
import { insertMany } from '../database/insert-many.ts';
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
    await insertMany(db, 'sqlite', {
      into: 'entry_words',
      columns: [
        ['rowid', 'bigint'],
        ['words', 'text'],
      ],
      rows: rows.map(({ number, words }) => [number, words.join(' ')]),
    });
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
    await insertMany(db, 'postgres', {
      into: 'entry_words',
      columns: [
        ['number', 'bigint'],
        ['words', 'text'],
      ],
      value: (column) => (column === 'words' ? "array_to_tsvector(string_to_array(words, ' '))" : column),
      rows: rows.map(({ number, words }) => [number, words.join(' ')]),
    });
  },
  async remove(db, numbers) {
    await sql`delete from entry_words where number in (${sql.join(numbers)})`.execute(db);
  },
  find: (expression, most) =>
    sql`select number from entry_words where words @@ ${toTsquery(expression)}::tsquery order by number desc limit ${most}`,
  all: (expression) => sql`select number from entry_words where words @@ ${toTsquery(expression)}::tsquery`,
};

export const wordIndexes: Readonly<Record<DatabaseKind, WordIndex>> = { sqlite: fts5, postgres: tsvector };
