// SQLite on a thread of its own: its writes wait for the disk, and nobody else should. One statement a message.

import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const mostStatements = 200;
/** 64 MiB of pages, and as much of the file as there is memory for where it is only read. */
const cacheKiB = 64 * 1024;
const mappedBytes = 2 ** 36;
const { path, readOnly }: { path: string; readOnly: boolean } = workerData ?? {};
if (parentPort === null || typeof path !== 'string') throw new Error('started by hand');

const database = new DatabaseSync(path, { timeout: 5_000, readOnly });
// FULL: what was acknowledged survives a power cut, too.
if (readOnly) database.exec(`pragma mmap_size = ${mappedBytes}`);
else database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on');
// Every commit is on the disk in the log; what is moved from there to its place waits for 64 MiB of it.
database.exec('pragma wal_autocheckpoint = 16000');
database.exec(`pragma cache_size = -${cacheKiB}`);
const statements = new Map<string, StatementSync>();
const port = parentPort;

function prepare(sql: string): StatementSync {
  const statement = statements.get(sql) ?? database.prepare(sql);
  statements.delete(sql);
  statements.set(sql, statement);
  const [oldest] = statements.keys();
  if (statements.size > mostStatements && oldest !== undefined) statements.delete(oldest);
  return statement;
}

interface Question {
  readonly id: number;
  readonly sql: string;
  /** The statement runs once for each. */
  readonly rows: readonly (readonly SQLInputValue[])[];
}

port.on('message', ({ id, sql, rows: asked }: Question) => {
  try {
    const statement = prepare(sql);
    const givesRows = statement.columns().length > 0;
    // The number of the row written last may be one of FTS5's own beyond 2^53, which is no fault of the statement.
    if (!givesRows) statement.setReadBigInts(true);
    const rows: unknown[] = [];
    let changes = 0;
    for (const parameters of asked)
      if (givesRows) for (const row of statement.all(...parameters)) rows.push(row);
      else changes += Number(statement.run(...parameters).changes);
    port.postMessage({ id, rows, changes });
  } catch (error) {
    port.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
port.postMessage({ ready: true });
