// Many rows by one statement: SQLite runs it once for each row where it is prepared, PostgreSQL takes the columns as
// arrays. Saying all values in the text of a statement takes several times as long as writing them.

import { CompiledQuery, type Kysely } from 'kysely';
import type { DatabaseKind } from './column-types.ts';

export type ColumnKind = 'bigint' | 'bytes' | 'text';

export interface ManyRows {
  readonly into: string;
  readonly columns: readonly (readonly [name: string, kind: ColumnKind])[];
  /** Values in the order of the columns. */
  readonly rows: readonly (readonly unknown[])[];
  /** What a column gets, where that is not the value itself: "array_to_tsvector(x)" of "x". */
  readonly value?: (column: string) => string;
  /** What follows the values: "on conflict …", "returning …". */
  readonly end?: string;
}

/** In place of the parameters of one statement: those of many. Only SQLite's dialect gets it. */
export class Rows {
  readonly all: readonly (readonly unknown[])[];

  constructor(all: readonly (readonly unknown[])[]) {
    this.all = all;
  }
}

const postgresTypes: Readonly<Record<ColumnKind, string>> = {
  bigint: 'bigint',
  bytes: 'bytea',
  text: 'text',
};

/** No name in it may come from outside. */
export async function insertMany<Row, Tables>(
  db: Kysely<Tables>,
  kind: DatabaseKind,
  { into, columns, rows, value = (column) => column, end = '' }: ManyRows,
): Promise<readonly Row[]> {
  if (rows.length === 0) return [];
  const names = columns.map(([name]) => name);
  const head = `insert into ${into} (${names.join(', ')})`;
  if (kind === 'sqlite') {
    const marks = names.map(() => '?').join(', ');
    const statement = `${head} values (${marks}) ${end}`;
    return (await db.executeQuery<Row>(CompiledQuery.raw(statement, [new Rows(rows)]))).rows;
  }
  const arrays = columns.map(([, type], i) => `$${i + 1}::${postgresTypes[type]}[]`);
  const statement = `${head} select ${names.map(value).join(', ')} from unnest(${arrays.join(', ')}) as given (${names.join(', ')}) ${end}`;
  const parameters = columns.map((_, i) => rows.map((row) => row[i]));
  return (await db.executeQuery<Row>(CompiledQuery.raw(statement, parameters))).rows;
}
