// The torrent beside its content in the store. Under its own name it is whole, whenever the power goes.

import { type Disk, decodeBencode, type Hashing } from '@shoal/base';
import { encodeTorrent, maxTorrentLength, parseInfo, parseTorrent, type Torrent } from '@shoal/metainfo';

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
      return parse(bytes, (name, input) => hashing.digest(name, input));
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** A hybrid torrent that came by a link may lack piece layers, which it does without: its v1 hashes are in the info. */
function parse(bytes: Uint8Array, digest: Hashing['digest']): Torrent {
  try {
    return parseTorrent(bytes, digest);
  } catch {
    const info = decodeBencode(bytes).get('info')?.raw ?? bytes;
    return parseInfo(info, digest, { v1: digest('sha1', info), v2: digest('sha256', info) });
  }
}
