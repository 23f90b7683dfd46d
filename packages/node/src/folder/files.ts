// Small files of the data folder. Invariant: under its own name a file is whole, whenever the power goes; what was
// begun has the ending `.new` and is overwritten by the next attempt. Only the folder's owner writes.

import { join } from 'node:path';
import { type Disk, WorldError } from '@shoal/base';
import { longestStateFile } from '../bounds.ts';

export async function writeWhole(disk: Disk, folder: string, name: string, text: string): Promise<void> {
  const temporary = join(folder, `${name}.new`);
  await removeIfThere(disk, temporary);
  const file = await disk.open(temporary, { write: true, create: 'new', mode: 0o600 });
  try {
    try {
      await file.write([new TextEncoder().encode(text)], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(temporary, join(folder, name));
  } catch (error) {
    await disk.removeFile(temporary).catch(() => {});
    throw error;
  }
  await disk.syncFolder(folder);
}

/** Undefined when there is no such file, or one that no node has written. */
export async function readWhole(
  disk: Disk,
  folder: string,
  name: string,
  longest: number = longestStateFile,
): Promise<string | undefined> {
  try {
    const file = await disk.open(join(folder, name));
    try {
      const { length } = await file.stat();
      if (length > longest) return undefined;
      const bytes = new Uint8Array(length);
      const count = await file.read([bytes], 0);
      return new TextDecoder().decode(bytes.subarray(0, count));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found') return undefined;
    throw error;
  }
}

export async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.removeFile(path);
  } catch (error) {
    if (!(error instanceof WorldError && error.code === 'not-found')) throw error;
  }
}
