// One owner for a data folder. The lock is the operating system's own, taken through SQLite on an empty file, since
// Node shows no other way to it: it ends with its process, however that ended, so nothing stale can be left behind,
// and no process id has to be believed. It holds between containers that share a folder, too.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Disk, WorldError } from '@shoal/base';
import { NodeError } from '../errors.ts';

export interface FolderLock {
  release(): void;
}

const lockName = 'lock';
/** SQLITE_BUSY. */
const busy = 5;

/** Undefined when somebody else has it. */
export async function lockFolder(disk: Disk, folder: string): Promise<FolderLock | undefined> {
  const path = join(folder, lockName);
  await makeLockFile(disk, path);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    const held = database;
    return { release: () => held.close() };
  } catch (cause) {
    database?.close();
    if (cause instanceof Error && 'errcode' in cause && cause.errcode === busy) return undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NodeError(
      'folder-unusable',
      `The data folder ${folder} cannot be locked: ${why}.\nChoose another one with --data DIR.`,
      {
        value: folder,
        cause,
      },
    );
  }
}

/**
 * Makes the file through the disk, whose errors are plain. One that is there is not opened: closing it again would,
 * by the rules of POSIX, drop a lock that this very process holds.
 */
async function makeLockFile(disk: Disk, path: string): Promise<void> {
  try {
    await disk.stat(path);
  } catch (error) {
    if (!(error instanceof WorldError && error.code === 'not-found')) throw error;
    await createEmpty(disk, path);
  }
}

async function createEmpty(disk: Disk, path: string): Promise<void> {
  try {
    const file = await disk.open(path, { write: true, create: 'new', mode: 0o600 });
    await file.close();
  } catch (error) {
    // Another process that starts at the same time was quicker.
    if (!(error instanceof WorldError && error.code === 'exists')) throw error;
  }
}
