// Kysely over a SQLite that runs elsewhere (a thread). There is one connection; whoever has it, has it alone.

import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { Rows } from './insert-many.ts';

export interface SqliteAnswer {
  readonly rows: readonly unknown[];
  readonly changes: number;
}

export interface SqliteThread {
  run(sql: string, parameters: readonly unknown[]): Promise<SqliteAnswer>;
  /** The same statement once for each of `rows`; one answer with all rows of theirs. */
  runEach(sql: string, rows: readonly (readonly unknown[])[]): Promise<SqliteAnswer>;
  close(): Promise<void>;
}

/** The thread is started with the first question. */
export function sqliteDialect(start: () => Promise<SqliteThread>): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new ThreadDriver(start),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class ThreadDriver implements Driver {
  readonly #start: () => Promise<SqliteThread>;
  #thread: SqliteThread | undefined;
  readonly #connection: DatabaseConnection;
  /** Ends when the one before has given the connection back. */
  #last: Promise<void> = Promise.resolve();
  #release: () => void = () => {};

  constructor(start: () => Promise<SqliteThread>) {
    this.#start = start;
    this.#connection = {
      executeQuery: async <Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> => {
        if (this.#thread === undefined) throw new Error('the database was closed');
        const [first] = parameters;
        const { rows, changes } = await (first instanceof Rows
          ? this.#thread.runEach(sql, first.all)
          : this.#thread.run(sql, parameters));
        return { rows: rowsOf<Row>(rows), numAffectedRows: BigInt(changes) };
      },
      streamQuery() {
        throw new Error('nothing streams from SQLite');
      },
    };
  }

  async init(): Promise<void> {
    this.#thread = await this.#start();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    this.#release = resolve;
    return this.#connection;
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    // At once for writing, since a transaction that finds out later that it may not write has to begin again.
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await connection.executeQuery(CompiledQuery.raw('rollback'));
    } catch (error) {
      // A full disk has rolled it back already; what is told is that the disk is full.
      if (!(error instanceof Error && error.message.includes('no transaction is active'))) throw error;
    }
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  async destroy(): Promise<void> {
    await this.#thread?.close();
    this.#thread = undefined;
  }
}

/** Kysely's types say what a query's rows are; SQLite gives what the columns hold. */
function rowsOf<Row>(rows: readonly unknown[]): Row[] {
  return rows as Row[];
}
