// The tables, in one schema for SQLite and PostgreSQL, and the numbered steps that make them. Invariant: each step runs
// in one transaction with the record of it, so that a kill at any time leaves a step done or not begun.

import { type Kysely, sql } from 'kysely';
import { type CatalogueTables, gatherWords, makeCatalogue, nameBlockers } from '../catalogue/tables.ts';
import { IndexError } from '../errors.ts';
import { type ColumnTypes, columnTypes, type DatabaseKind } from './column-types.ts';

export interface Tables extends CatalogueTables {
  readonly schema_steps: { step: number; done_ms: number };
  /** Single values: the start of the index, whether it was stopped cleanly. */
  readonly facts: { name: string; value: string };
  /** What the index lists. */
  readonly content: {
    /** 40 hexadecimal digits: v1, or the first 40 of v2. */
    info_hash: string;
    magnet: string;
    /** Once it is known. */
    torrent: Uint8Array | null;
    name: string;
    added_ms: number;
  };
  readonly users: {
    name: string;
    announce_key: string;
    uploaded: number;
    downloaded: number;
  };
  readonly leases: {
    slot: string;
    sequence: number;
    /** Null once it ended. */
    lease: Uint8Array | null;
    offers: Uint8Array | null;
    digest: string;
    confirmed: string;
    network: string;
    until_ms: number;
    forget_ms: number;
  };
}

interface Step {
  readonly about: string;
  run(db: Kysely<Tables>, types: ColumnTypes): Promise<void>;
}

/** Steps are only ever added at the end. */
const steps: readonly Step[] = [
  {
    about: 'facts, content, users, leases',
    async run({ schema }, { bytes }) {
      await schema
        .createTable('facts')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('value', 'text', (column) => column.notNull())
        .execute();
      await schema
        .createTable('content')
        .addColumn('info_hash', 'text', (column) => column.primaryKey())
        .addColumn('magnet', 'text', (column) => column.notNull())
        .addColumn('torrent', bytes)
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('added_ms', 'bigint', (column) => column.notNull())
        .execute();
      await schema
        .createTable('users')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('announce_key', 'text', (column) => column.notNull().unique())
        .addColumn('uploaded', 'bigint', (column) => column.notNull())
        .addColumn('downloaded', 'bigint', (column) => column.notNull())
        .execute();
      await schema
        .createTable('leases')
        .addColumn('slot', 'text', (column) => column.primaryKey())
        .addColumn('sequence', 'bigint', (column) => column.notNull())
        .addColumn('lease', bytes)
        .addColumn('offers', bytes)
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('confirmed', 'text', (column) => column.notNull())
        .addColumn('network', 'text', (column) => column.notNull())
        .addColumn('until_ms', 'bigint', (column) => column.notNull())
        .addColumn('forget_ms', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  { about: 'the catalogue', run: makeCatalogue },
  { about: 'words are gathered before they are written', run: gatherWords },
  { about: 'who blocked what', run: nameBlockers },
];

/** Several processes may do this at once on one PostgreSQL: the first does it, the others wait. */
const advisoryLock = 0x5_40a1;

/** Throws an IndexError `settings` for a database that a newer version made. */
export async function migrate(db: Kysely<Tables>, kind: DatabaseKind, nowMs: number): Promise<void> {
  const types = columnTypes[kind];
  for (;;) {
    const isDone = await db.transaction().execute(async (transaction) => {
      if (kind === 'postgres') await sql`select pg_advisory_xact_lock(${advisoryLock})`.execute(transaction);
      await transaction.schema
        .createTable('schema_steps')
        .ifNotExists()
        .addColumn('step', 'integer', (column) => column.primaryKey())
        .addColumn('done_ms', 'bigint', (column) => column.notNull())
        .execute();
      const { last } = await transaction
        .selectFrom('schema_steps')
        .select((eb) => eb.fn.max<number | null>('step').as('last'))
        .executeTakeFirstOrThrow();
      const done = Number(last ?? 0);
      if (done > steps.length)
        throw new IndexError(
          'settings',
          `The database was made by a newer version of Shoal (its schema is ${done}, this one knows ${steps.length}). Install that version, or use another database.`,
        );
      const next = steps[done];
      if (next === undefined) return true;
      await next.run(transaction, types);
      await transaction
        .insertInto('schema_steps')
        .values({ step: done + 1, done_ms: nowMs })
        .execute();
      return false;
    });
    if (isDone) return;
  }
}
