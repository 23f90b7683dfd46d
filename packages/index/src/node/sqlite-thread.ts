// Starts the thread that has the SQLite file, and asks it.

import { Worker } from 'node:worker_threads';
import type { SqliteAnswer, SqliteThread } from '../database/sqlite-dialect.ts';
import { IndexError } from '../errors.ts';

interface Waiting {
  resolve(answer: SqliteAnswer): void;
  reject(error: IndexError): void;
}

type Message =
  | { readonly ready: true }
  | { readonly id: number; readonly error: string }
  | ({ readonly id: number } & SqliteAnswer);

/** Rejects with an IndexError for a file that is no database, or cannot be opened. */
export async function startSqliteThread(
  path: string,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): Promise<SqliteThread> {
  const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
    workerData: { path, readOnly },
    // What the main thread was started with (`--input-type`) may not fit a file.
    execArgv: [],
  });
  const waiting = new Map<number, Waiting>();
  let failure: IndexError | undefined;
  let next = 0;
  await new Promise<void>((resolve, reject) => {
    const fail = (error: IndexError): void => {
      failure ??= error;
      reject(error);
      for (const one of waiting.values()) one.reject(error);
      waiting.clear();
    };
    worker.on('error', (error: Error) => fail(broken(path, error)));
    worker.on('exit', () => fail(new IndexError('unavailable', `The database ${path} was closed.`)));
    worker.on('message', (message: Message) => {
      if ('ready' in message) {
        resolve();
        return;
      }
      const asked = waiting.get(message.id);
      waiting.delete(message.id);
      if ('error' in message) asked?.reject(broken(path, new Error(message.error)));
      else asked?.resolve(message);
    });
  });
  function ask(sql: string, rows: readonly (readonly unknown[])[]): Promise<SqliteAnswer> {
    const id = next++;
    return new Promise((resolve, reject) => {
      if (failure !== undefined) {
        reject(failure);
        return;
      }
      waiting.set(id, { resolve, reject });
      const moved = moveBytes(rows);
      worker.postMessage({ id, sql, rows: moved.rows }, [moved.buffer]);
    });
  }
  return {
    run: (sql, parameters) => ask(sql, [parameters]),
    runEach: ask,
    async close() {
      await worker.terminate();
    },
  };
}

/**
 * With all bytes in one piece of memory, which is handed over: each array of bytes would take with it whatever it is a
 * part of.
 */
function moveBytes(rows: readonly (readonly unknown[])[]): {
  rows: readonly (readonly unknown[])[];
  buffer: ArrayBuffer;
} {
  let length = 0;
  for (const row of rows) for (const value of row) if (value instanceof Uint8Array) length += value.length;
  const buffer = new ArrayBuffer(length);
  const all = new Uint8Array(buffer);
  let at = 0;
  const move = (value: unknown): unknown => {
    if (!(value instanceof Uint8Array)) return value;
    all.set(value, at);
    at += value.length;
    return all.subarray(at - value.length, at);
  };
  return { rows: length === 0 ? rows : rows.map((row) => row.map(move)), buffer };
}

function broken(path: string, error: Error): IndexError {
  const isDamaged = /not a database|malformed/.test(error.message);
  const what = isDamaged
    ? `The database ${path} is damaged or no database (${error.message}). Put a good copy in its place, or name another file.`
    : `The database ${path} cannot be used: ${error.message}.`;
  return new IndexError(isDamaged ? 'damaged' : 'unavailable', what, { value: path, cause: error });
}
