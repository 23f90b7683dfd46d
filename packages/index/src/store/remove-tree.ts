// Takes away a folder of the store with all that is in it. Links are removed, and never followed.

import { join } from 'node:path';
import { type Disk, WorldError } from '@shoal/base';

export async function removeTree(disk: Disk, path: string): Promise<void> {
  let names: string[];
  try {
    names = await disk.list(path);
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found') return;
    throw error;
  }
  for (const name of names) {
    const inner = join(path, name);
    if ((await disk.stat(inner)).kind === 'folder') await removeTree(disk, inner);
    else await disk.removeFile(inner);
  }
  await disk.removeEmptyFolder(path);
}
