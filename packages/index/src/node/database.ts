// Opens the database that an address names: `sqlite:FILE` or `postgres://…`.

import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { type DatabaseAccess, IndexDatabase } from '../database/database.ts';
import { migrate, type Tables } from '../database/schema.ts';
import { sqliteDialect } from '../database/sqlite-dialect.ts';
import { IndexError } from '../errors.ts';
import { startSqliteThread } from './sqlite-thread.ts';

/** Beyond this, another process waits for the connections of this one: some to write, some to read. */
const mostConnections = { toWrite: 4, toRead: 8 };
const connectTimeoutMs = 5_000;
/** No search that anybody waits for takes as long. */
const longestReadMs = 10_000;
/** PostgreSQL's number of its type int8. No column holds more than 2^53. */
const int8 = 20;

/** Rejects with an IndexError: `settings` for an address that is none, and for a schema of a newer version. */
export async function openDatabase(address: string, nowMs: number): Promise<IndexDatabase> {
  const access = connect(address);
  const { kind, db } = access;
  try {
    await migrate(db, kind, nowMs);
  } catch (cause) {
    await db.destroy();
    if (cause instanceof IndexError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const place = address.replace(/\/\/.*@/, '//…@');
    throw new IndexError('unavailable', `The database ${place} cannot be used: ${reason}`, { cause });
  }
  return new IndexDatabase(access);
}

function connect(address: string): DatabaseAccess {
  if (address.startsWith('sqlite:') && address.length > 'sqlite:'.length) {
    const path = address.slice('sqlite:'.length);
    const open = (readOnly: boolean): Kysely<Tables> =>
      new Kysely<Tables>({ dialect: sqliteDialect(() => startSqliteThread(path, { readOnly })) });
    // Readers do not wait for writers, who wait for the disk.
    return { kind: 'sqlite', db: open(false), reader: open(true), slowReader: open(true) };
  }
  if (/^postgres(ql)?:\/\//.test(address) && URL.canParse(address)) {
    const db = openPostgres(address, { max: mostConnections.toWrite });
    const reader = openPostgres(address, { max: mostConnections.toRead, statement_timeout: longestReadMs });
    return { kind: 'postgres', db, reader, slowReader: reader };
  }
  throw new IndexError(
    'settings',
    'A database is given as sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME.',
    {
      value: address.replace(/\/\/.*@/, '//…@'),
    },
  );
}

function openPostgres(address: string, config: pg.PoolConfig): Kysely<Tables> {
  const pool = new pg.Pool({
    ...config,
    connectionString: address,
    connectionTimeoutMillis: connectTimeoutMs,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === int8 ? Number : pg.types.getTypeParser(oid, format),
    },
  });
  // A connection that waits and breaks is replaced by the next question; without a listener it would end us.
  pool.on('error', () => {});
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}
