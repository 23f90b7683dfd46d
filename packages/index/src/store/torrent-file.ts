// The torrent beside its content in the store. Under its own name it is whole, whenever the power goes.

import type { Disk, Hashing } from '@shoal/base';
import { encodeTorrent, maxTorrentLength, parseTorrent, type Torrent } from '@shoal/metainfo';

export async function writeTorrent(disk: Disk, path: string, torrent: Torrent): Promise<void> {
  const unfinished = `${path}.new`;
  const file = await disk.open(unfinished, { write: true, create: true });
  try {
    await file.truncate(0);
    await file.write([encodeTorrent(torrent)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(unfinished, path);
}

/** Undefined when there is none, or it cannot be read: then its peers are asked again. */
export async function readTorrent(
  { disk, hashing }: { readonly disk: Disk; readonly hashing: Pick<Hashing, 'digest'> },
  path: string,
): Promise<Torrent | undefined> {
  try {
    const file = await disk.open(path);
    try {
      const { length } = await file.stat();
      if (length > maxTorrentLength) return undefined;
      const bytes = new Uint8Array(length);
      await file.read([bytes], 0);
      return parseTorrent(bytes, (name, input) => hashing.digest(name, input));
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
