// Node's file calls as promises of the World: WorldErrors out, and stat as the World tells it.

import type { BigIntStats } from 'node:fs';
import type { FileStat } from '../world/disk.ts';
import { toWorldError } from './errors.ts';

type Done<Value> = (error: NodeJS.ErrnoException | null, value: Value) => void;

/** A call with a callback as a promise; `what` begins the message of its error. */
export function call<Value = void>(
  what: string,
  path: string,
  start: (done: Done<Value>) => void,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(toWorldError(error, `${what} ${path}`, { value: path }));
    try {
      start((error, value) => (error === null || error === undefined ? resolve(value) : fail(error)));
    } catch (error) {
      fail(error);
    }
  });
}

export function toFileStat(stat: BigIntStats): FileStat {
  return {
    kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : 'other',
    length: Number(stat.size),
    allocated: Number(stat.blocks) * 512,
    modifiedMs: Number(stat.mtimeNs / 1000n) / 1000,
    // A number of a removed file is soon used again, so the time it was made belongs to it.
    id: `${stat.dev}:${stat.ino}:${stat.birthtimeNs}`,
    // Windows has no such bits; what Node shows there is made up.
    ...(process.platform !== 'win32' && { mode: Number(stat.mode & 0o7777n) }),
  };
}
