// What another client remembers of a transfer, whichever client it was. Invariant: `claimed` is what that client believed,
// and nothing more: no piece counts before it was hashed here.

import type { Bitfield } from '@shoal/base';
import type { InfoHashes, Torrent } from '../types.ts';

export interface ImportedTransfer {
  readonly client: 'libtorrent' | 'transmission';
  /** Those that the file names; Transmission's says none. */
  readonly infoHashes: InfoHashes;
  /** Where the content lies, as that machine wrote it: the torrent's folder or file is below it. */
  readonly folder: string;
  /** What the torrent is called there, where that is not its own name. */
  readonly name?: string;
  /** Files that have another path below `folder` than the torrent gives them, by that client's index. */
  readonly renamed: ReadonlyMap<number, string>;
  /** By that client's index: 0 for a file that is not wanted, else 1 (low) to 7; 4 for each that is not named. */
  readonly priorities: readonly number[];
  /** Tiers in order. */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  readonly isPaused: boolean;
  readonly claimed: ClaimedPieces;
}

export type ClaimedPieces =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  /** One byte for each piece, odd where it is there. */
  | { readonly kind: 'pieces'; readonly flags: Uint8Array }
  /** A bit for each 16 KiB of the content, the first one highest. */
  | { readonly kind: 'blocks'; readonly bits: Uint8Array };

const blockLength = 16_384;

/** The pieces that the other client believed to have, whole. */
export function claimedPieces({ claimed }: ImportedTransfer, { layout }: Torrent, pieces: Bitfield): void {
  const hasBlock = (block: number, bits: Uint8Array) =>
    ((bits[block >> 3] ?? 0) & (0x80 >> (block & 7))) !== 0;
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    let isClaimed = claimed.kind === 'all';
    if (claimed.kind === 'pieces') isClaimed = ((claimed.flags[piece] ?? 0) & 1) === 1;
    if (claimed.kind === 'blocks') {
      const first = Math.floor((piece * layout.pieceLength) / blockLength);
      const end = Math.ceil((piece * layout.pieceLength + layout.pieceSize(piece)) / blockLength);
      isClaimed = true;
      for (let block = first; block < end && isClaimed; block++) isClaimed = hasBlock(block, claimed.bits);
    }
    if (isClaimed) pieces.set(piece);
  }
}

/** For each file of the torrent: 0 where it is not wanted, else 1 to 7. */
export function prioritiesOf(imported: ImportedTransfer, torrent: Torrent): number[] {
  return theirIndexes(imported, torrent).map((index) => imported.priorities[index] ?? 4);
}

/** libtorrent counts the gaps between the files of a v2 torrent as files. */
function theirIndexes({ client }: ImportedTransfer, { layout }: Torrent): number[] {
  let gaps = 0;
  let end = 0;
  return layout.files.map(({ offset, length }, index) => {
    if (client === 'libtorrent' && layout.hasGaps && length > 0 && offset > end) gaps++;
    if (length > 0) end = offset + length;
    return index + gaps;
  });
}

/** Where the content is, in the terms of a content's home: a folder, and files with another path below it. */
export interface ImportedPlace {
  readonly folder: string;
  readonly paths: ReadonlyMap<number, readonly string[]>;
  /** The folder holds nothing but this torrent. */
  readonly ownsFolder: boolean;
  /** Files that the other client keeps outside of the folder. */
  readonly elsewhere: readonly number[];
}

/** `folder` instead of the one that the other client had, where the content was moved since. */
export function placeOf(
  imported: ImportedTransfer,
  torrent: Torrent,
  folder: string = imported.folder,
): ImportedPlace {
  const elsewhere: number[] = [];
  const theirs = theirIndexes(imported, torrent);
  const paths = torrent.layout.files.map((file, index): readonly string[] => {
    const own = torrent.folder === undefined ? file.path : [torrent.folder, ...file.path];
    const renamed = imported.renamed.get(theirs[index] ?? index);
    if (renamed === undefined) return own;
    const path = pathBelow(renamed, imported.folder);
    if (path !== undefined) return path;
    elsewhere.push(index);
    return own;
  });
  const [first] = paths.find((_, index) => torrent.layout.files[index]?.isPad === false) ?? [];
  const isInOne =
    torrent.folder !== undefined &&
    first !== undefined &&
    paths.every((path, index) => torrent.layout.files[index]?.isPad === true || path[0] === first);
  const names = new Map<number, readonly string[]>();
  for (const [index, path] of paths.entries()) {
    const file = torrent.layout.files[index];
    if (file === undefined || file.isPad) continue;
    const below = isInOne ? path.slice(1) : path;
    if (below.length > 0 && below.join('/') !== file.path.join('/')) names.set(index, below);
  }
  const top = folder.replace(/[/\\]+$/, '');
  return { folder: isInOne ? `${top}/${first}` : top, paths: names, ownsFolder: isInOne, elsewhere };
}

/** Names below the folder; undefined for a path that leads out of it. */
function pathBelow(path: string, folder: string): readonly string[] | undefined {
  const isWindows = /^[a-z]:[\\/]/i.test(folder);
  const namesOf = (text: string) => text.split(isWindows ? /[\\/]/ : '/').filter((name) => name !== '');
  const isAbsolute = path.startsWith('/') || (isWindows && /^(?:[a-z]:)?[\\/]/i.test(path));
  let names = namesOf(path);
  if (isAbsolute) {
    const above = namesOf(folder);
    if (!above.every((name, depth) => names[depth] === name)) return undefined;
    names = names.slice(above.length);
  }
  const isSound =
    names.length > 0 && names.every((name) => name !== '.' && name !== '..' && !name.includes('\0'));
  return isSound ? names : undefined;
}
