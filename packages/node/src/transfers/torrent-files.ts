// The torrent file of each transfer, in its folder below DATA/transfers. Invariant: under its name it is whole.

import { join } from 'node:path';
import { type Disk, type Hashing, type World, WorldError } from '@shoal/base';
import {
  encodeTorrent,
  type InfoHashes,
  MetainfoError,
  maxTorrentLength,
  parseInfo,
  parseTorrent,
  type Torrent,
} from '@shoal/metainfo';

const fileName = 'torrent';
/** Without its piece layers a hybrid is no torrent file yet; its info dictionary says all that is needed to go on. */
const infoName = 'info';

/** Survives a power cut when it resolves. */
export async function keepTorrent(disk: Disk, folder: string, torrent: Torrent): Promise<void> {
  const isWhole = torrent.format === 'v1' || torrent.hashes.isComplete;
  const path = join(folder, isWhole ? fileName : infoName);
  const file = await disk.open(`${path}.new`, { write: true, create: true, mode: 0o600 });
  try {
    await file.truncate(0);
    await file.write([isWhole ? encodeTorrent(torrent) : torrent.info], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(`${path}.new`, path);
  await disk.syncFolder(folder);
}

export async function readTorrent(
  { disk, hashing }: Pick<World, 'disk' | 'hashing'>,
  folder: string,
  infoHashes: InfoHashes,
): Promise<Torrent> {
  const bytes = await readTorrentBytes(disk, folder);
  if (bytes !== undefined) return torrentOf(bytes, hashing);
  const info = await readBytes(disk, join(folder, infoName));
  return parseInfo(info, (name, input) => hashing.digest(name, input), infoHashes);
}

/** Undefined where it is not known whole. */
export async function readTorrentBytes(disk: Disk, folder: string): Promise<Uint8Array | undefined> {
  try {
    return await readBytes(disk, join(folder, fileName));
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** Bounded: a film that was given by mistake is not read into memory. */
async function readBytes(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path);
  try {
    const { length } = await file.stat();
    if (length > maxTorrentLength)
      throw new MetainfoError('too-large', `${length} bytes are too many for a torrent file.`);
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, await file.read([bytes], 0));
  } finally {
    await file.close();
  }
}

export function torrentOf(bytes: Uint8Array, hashing: Pick<Hashing, 'digest'>): Torrent {
  return parseTorrent(bytes, (name, input) => hashing.digest(name, input));
}

/** All that a transfer's folder holds, and the folder. Files that cannot be removed stay. */
export async function removeState(disk: Disk, folder: string): Promise<void> {
  const names = await disk.list(folder).catch((): string[] => []);
  for (const name of names) await disk.removeFile(join(folder, name)).catch(() => {});
  await disk.removeEmptyFolder(folder).catch(() => {});
}
