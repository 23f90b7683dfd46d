// Folders on the way to a file.

import { type Disk, WorldError } from '@shoal/base';
import { storageError } from './errors.ts';

export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Makes the names of what is in these folders, and of the folders themselves, survive a power cut. */
export async function syncNames(disk: Disk, folders: Iterable<string>): Promise<void> {
  const done = new Set<string>();
  for (const folder of folders) {
    for (let at = folder; !done.has(at); at = folderOf(at)) {
      done.add(at);
      try {
        await disk.syncFolder(at === '' ? '/' : at);
      } catch (error) {
        // Those far above are not ours to open, and nothing was made in them either.
        if (at === folder || !(error instanceof WorldError && error.code === 'permission'))
          throw storageError(error, at);
      }
    }
  }
}
