// What `get` is told to get, and whom to ask: links, torrent files, and peers by name.

import { resolve } from 'node:path';
import type { Disk, PeerAddress, World } from '@shoal/base';
import { type HostPort, MetainfoError, maxTorrentLength, parseMagnet, parseTorrent } from '@shoal/metainfo';
import type { NamedSource } from '@shoal/swarm';
import { CliError } from '../exit-codes.ts';

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

/** `host:port`, `1.2.3.4:port` or `[::1]:port`. */
export function parsePeer(text: string): HostPort {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/[\]@]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535)
    throw new CliError(
      'usage',
      `A peer is given as HOST:PORT, like 192.0.2.7:6881 or [2001:db8::7]:6881, not ${text}.`,
    );
  return { host, port };
}

export async function resolvePeers(
  world: World,
  peers: readonly HostPort[],
  onUnknown: (peer: HostPort, error: unknown) => void,
): Promise<PeerAddress[]> {
  const found = await Promise.all(
    peers.map(async (peer) => {
      try {
        const addresses = await world.names.resolve(peer.host);
        return addresses.map((address): PeerAddress => ({ kind: 'ip', address, port: peer.port }));
      } catch (error) {
        onUnknown(peer, error);
        return [];
      }
    }),
  );
  return found.flat();
}
