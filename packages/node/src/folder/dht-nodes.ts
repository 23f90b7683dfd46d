// The DHT nodes that a data folder remembers, for a way in without anybody's help.

import { join } from 'node:path';
import { type Disk, WorldError } from '@shoal/base';

const fileName = 'dht-nodes';
/** Both tables take 26 kB. */
const maxSavedBytes = 100_000;

export async function readDhtNodes(disk: Disk, folder: string): Promise<Uint8Array | undefined> {
  try {
    const file = await disk.open(join(folder, fileName));
    try {
      const bytes = new Uint8Array(Math.min(maxSavedBytes, (await file.stat()).length));
      return bytes.subarray(0, await file.read([bytes], 0));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** A new file takes the place of the old one, so that a crash leaves one of them. */
export async function writeDhtNodes(disk: Disk, folder: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, fileName);
  await disk.makeFolder(folder, { mode: 0o700 });
  const file = await disk.open(`${path}.new`, { write: true, create: true, mode: 0o600 });
  try {
    await file.truncate(0);
    await file.write([bytes], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(`${path}.new`, path);
}
