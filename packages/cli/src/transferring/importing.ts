// What another client remembers of a transfer, for `get --resume-from`: where its files are and which are wanted. Its
// word that a piece is there counts for nothing: all is hashed.

import { isAbsolute, resolve } from 'node:path';
import { Bitfield, equalBytes, type World, WorldError } from '@shoal/base';
import { MetainfoError, maxResumeLength, type Torrent } from '@shoal/metainfo';
import { claimedPieces, parseResume, placeOf, prioritiesOf } from '@shoal/metainfo/resume';
import type { NamedSource, Transfer, TransferOptions } from '@shoal/swarm';
import { CliError } from '../exit-codes.ts';

export interface Imported {
  readonly source: NamedSource;
  readonly options: Pick<TransferOptions, 'home' | 'webSeeds'>;
  isWanted(file: number): boolean;
  /** For people. */
  readonly note: string;
}

/** `folder` instead of the one that the other client had. */
export async function importResume(
  world: World,
  sources: readonly NamedSource[],
  file: string,
  folder: string | undefined,
): Promise<Imported> {
  const [source, ...others] = sources;
  if (source?.kind !== 'torrent' || others.length > 0)
    throw new CliError('usage', 'With --resume-from, give the one torrent file that it belongs to.');
  const { torrent } = source;
  const imported = parseResume(await readAll(world, resolve(file)));
  for (const kind of ['v1', 'v2'] as const) {
    const [theirs, ours] = [imported.infoHashes[kind], torrent.infoHashes[kind]];
    if (theirs !== undefined && ours !== undefined && !equalBytes(theirs, ours))
      throw new CliError('refused', `${file} is of another torrent than ${torrent.name}.`);
  }
  const top = folder ?? imported.folder;
  if (!isAbsolute(top) || !(await isFolder(world, top)))
    throw new CliError(
      'not-found',
      `There is no folder ${top} here, which ${file} names. Say where it is with -o.`,
    );
  const { elsewhere, ...home } = placeOf(imported, torrent, top);
  const claimed = new Bitfield(torrent.layout.pieceCount);
  claimedPieces(imported, torrent, claimed);
  const priorities = prioritiesOf(imported, torrent);
  const client = imported.client === 'transmission' ? 'Transmission' : 'libtorrent';
  const outside =
    elsewhere.length === 0 ? '' : ` ${elsewhere.length} files are outside of it, and not looked for.`;
  return {
    source: { kind: 'torrent', torrent: withTrackers(torrent, imported.trackers) },
    options: { home, webSeeds: imported.webSeeds },
    isWanted: (index) => priorities[index] !== 0,
    note: `${client} had ${claimed.count} of ${claimed.length} pieces in ${home.folder}, which is verified now.${outside}`,
  };
}

/** qBittorrent calls unfinished files so, and tells libtorrent that this is their name. */
const unfinishedName = /\.!qB$/;

/** To be called when it is complete. */
export async function dropForeignNames(transfer: Transfer): Promise<void> {
  for (const path of transfer.home?.paths?.values() ?? []) {
    const name = path.at(-1) ?? '';
    if (unfinishedName.test(name)) await transfer.rename(path.join('/'), name.replace(unfinishedName, ''));
  }
}

function withTrackers(torrent: Torrent, tiers: readonly (readonly string[])[]): Torrent {
  const known = new Set(torrent.trackers.flat());
  const more = tiers.map((tier) => tier.filter((url) => !known.has(url))).filter((tier) => tier.length > 0);
  return { ...torrent, trackers: [...torrent.trackers, ...more] };
}

async function isFolder(world: World, path: string): Promise<boolean> {
  try {
    await world.disk.list(path);
    return true;
  } catch (error) {
    if (error instanceof WorldError && (error.code === 'not-found' || error.code === 'not-folder'))
      return false;
    throw error;
  }
}

async function readAll({ disk }: World, path: string): Promise<Uint8Array> {
  const file = await disk.open(path);
  try {
    const { length } = await file.stat();
    if (length > maxResumeLength)
      throw new MetainfoError('too-large', `${path} is too large for a resume file.`);
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, await file.read([bytes], 0));
  } finally {
    await file.close();
  }
}
