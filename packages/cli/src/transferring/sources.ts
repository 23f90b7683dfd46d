// What `get` is told to get: links and torrent files.

import { resolve } from 'node:path';
import type { Disk, World } from '@shoal/base';
import { MetainfoError, maxTorrentLength, parseMagnet, parseTorrent } from '@shoal/metainfo';
import type { NamedSource } from '@shoal/swarm';

export { parsePeer, resolvePeers } from '@shoal/node/addresses';

/** A magnet link or the path of a torrent file. */
export async function readSource(world: World, what: string): Promise<NamedSource> {
  if (/^\s*magnet:/i.test(what)) return { kind: 'magnet', magnet: parseMagnet(what) };
  const bytes = await readTorrentFile(world.disk, resolve(what));
  return {
    kind: 'torrent',
    torrent: parseTorrent(bytes, (name, input) => world.hashing.digest(name, input)),
  };
}

/** Bounded: a film that was given by mistake is not read into memory. */
async function readTorrentFile(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path);
  try {
    const { length } = await file.stat();
    if (length > maxTorrentLength)
      throw new MetainfoError('too-large', `${path} has ${length} bytes: too many for a torrent file.`);
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, await file.read([bytes], 0));
  } finally {
    await file.close();
  }
}
