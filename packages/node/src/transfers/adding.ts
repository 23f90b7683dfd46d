// From what the API is given to what the engine takes: a link, a torrent file from here or from the web, or a torrent made
// of files that are here.

import { basename, dirname, isAbsolute, join } from 'node:path';
import type { NewTransfer } from '@shoal/api';
import { requestFollowing, type World, WorldError } from '@shoal/base';
import { MetainfoError, maxTorrentLength, parseMagnet, type Torrent } from '@shoal/metainfo';
import type { FileStamp } from '@shoal/storage';
import type { NamedSource } from '@shoal/swarm';
import { NodeError } from '../errors.ts';
import { makeTorrentFile } from '../making/make-torrent.ts';
import { torrentOf } from './torrent-files.ts';

export interface Added {
  readonly source: NamedSource;
  /** The link as it was given. */
  readonly link?: string;
  /** Where its files are, when they are here already. */
  readonly folder?: string;
  /** Of what was hashed just now. */
  readonly hashed?: readonly FileStamp[];
}

export interface AddingParts {
  readonly world: World;
  readonly version: string;
  readonly data: string;
  readonly signal: AbortSignal;
  /** Of files that are hashed here. */
  readonly onProgress: (bytes: number, total: number) => void;
}

const mostRedirects = 5;

export async function readNewTransfer(given: NewTransfer, parts: AddingParts): Promise<Added> {
  const { link, url, torrent, path } = given;
  if ([link, url, torrent, path].filter((one) => one !== undefined).length !== 1)
    throw new NodeError('invalid', 'Give exactly one of link, url, torrent and path.');
  if (link !== undefined) return { source: { kind: 'magnet', magnet: parseMagnet(link) }, link };
  if (url !== undefined) return named(torrentOf(await fetchTorrent(url, parts), parts.world.hashing));
  if (path !== undefined) return await makeFrom(path, given, parts);
  const bytes = Buffer.from(torrent ?? '', 'base64');
  if (bytes.length === 0) throw new NodeError('invalid', 'torrent is no base64.');
  return named(torrentOf(new Uint8Array(bytes), parts.world.hashing));
}

function named(torrent: Torrent): Added {
  return { source: { kind: 'torrent', torrent } };
}

async function fetchTorrent(url: string, { world, version, signal }: AddingParts): Promise<Uint8Array> {
  const headers = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': `Shoal/${version}` };
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw new NodeError('invalid', `${url} is no http: or https: address.`, { value: url });
  const { response } = await requestFollowing(
    world.http,
    { url, headers, signal },
    { mostRedirects, localReach: 'own-host' },
  );
  if (response.status !== 200) {
    response.destroy();
    throw new NodeError('unreachable', `${url} cannot be had: HTTP status ${response.status}.`, {
      value: url,
    });
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  await new Promise<void>((resolve, reject) => {
    response.read({
      data(bytes) {
        length += bytes.length;
        if (length <= maxTorrentLength) chunks.push(bytes.slice());
        else {
          reject(new MetainfoError('too-large', `${url} has too many bytes for a torrent file.`));
          response.destroy();
        }
      },
      close: (error) => (error === undefined ? resolve() : reject(error)),
    });
  });
  return new Uint8Array(Buffer.concat(chunks));
}

async function makeFrom(path: string, given: NewTransfer, parts: AddingParts): Promise<Added> {
  if (!isAbsolute(path))
    throw new NodeError('invalid', `path has to be absolute, not ${path}.`, { value: path });
  const { world, version, data, signal, onProgress } = parts;
  const { clock, disk, hashing, random } = world;
  const begunMs = clock.wallTimeMs();
  const file = join(data, `making-${random.below(2 ** 32).toString(36)}.torrent`);
  const { bytes, layout } = await makeTorrentFile(world, {
    path,
    file,
    format: given.format ?? 'hybrid',
    pieceLength: undefined,
    overwrite: false,
    details: { createdBy: `shoal ${version}`, trackers: (given.trackers ?? []).map((url) => [url]) },
    signal,
    onProgress,
    onLeftOut: () => {},
  });
  await disk.removeFile(file);
  const safe = torrentOf(bytes, hashing);
  // Others may not be able to have these names; here the files have them.
  const torrent = { ...safe, layout, ...(safe.folder === undefined ? {} : { folder: basename(path) }) };
  const hashed: FileStamp[] = [];
  for (const [index, entry] of layout.files.entries()) {
    if (entry.isPad) continue;
    const stat = await disk.stat(join(dirname(path), torrent.folder ?? '', ...entry.path));
    // What was written while it was hashed is hashed again.
    if (stat.modifiedMs < begunMs)
      hashed.push({ file: index, id: stat.id, length: stat.length, modifiedMs: stat.modifiedMs });
  }
  return { source: { kind: 'torrent', torrent }, folder: dirname(path), hashed };
}

/** What the outside does to a request, in the node's words. */
export function addingError(error: unknown): unknown {
  if (!(error instanceof WorldError)) return error;
  if (error.code === 'not-found') return new NodeError('not-found', error.message, { cause: error });
  return new NodeError('unreachable', error.message, { cause: error });
}
