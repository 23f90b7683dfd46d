// One look at a path, where nothing standing there is an answer and no error.

import { type Disk, type FileStat, WorldError } from '@shoal/base';
import { storageError } from './errors.ts';

export async function look(disk: Disk, path: string): Promise<FileStat | undefined> {
  try {
    return await disk.stat(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw storageError(error, path);
  }
}

export function isAbsent(error: unknown): boolean {
  return error instanceof WorldError && (error.code === 'not-found' || error.code === 'not-folder');
}
