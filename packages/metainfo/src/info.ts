// The info dictionary in all three formats (BEP 3, 27, 38, 47, 52): what the content is, and how it is hashed.
// v2 and hybrid ones have to be bencoded strictly; in v1 real torrents are not, and what is repeated counts once.

import { type BencodeNode, decodeBencode } from '@shoal/base';
import { leafLength, maxPieceLength, maxPieces } from './bounds.ts';
import { MetainfoError, withBencodeErrors } from './errors.ts';
import { rawName, readFileList, readFileTree, readSingleFile } from './info-files.ts';
import { Layout } from './layout.ts';
import type { RawFile } from './raw-file.ts';
import { type RawName, safeName } from './safe-name.ts';
import { SafePaths } from './safe-paths.ts';
import type { TorrentFormat } from './types.ts';

export interface InfoContent {
  readonly format: TorrentFormat;
  readonly name: string;
  readonly folder: string | undefined;
  readonly layout: Layout;
  readonly v1Pieces: Uint8Array | undefined;
}

/** `isStrict`: it is known to be bencoded strictly. */
export function readInfo(info: BencodeNode, isStrict: boolean): InfoContent {
  const version = readVersion(info);
  if (version > 0 && !isStrict) withBencodeErrors(() => decodeBencode(info.raw));
  const pieceLength = readPieceLength(info, version === 2);
  const nameNode = stringOf(info, 'name.utf-8') ?? stringOf(info, 'name');
  const name = nameNode === undefined ? undefined : rawName(nameNode);
  if (name === undefined) throw new MetainfoError('missing-name', 'The torrent has no name.');

  const tree = info.get('file tree');
  const list = info.get('files');
  const hasV1 = list !== undefined || info.get('length') !== undefined || version < 2;
  const v1 = hasV1 ? readV1(info, list, name) : undefined;
  if (version < 2) {
    if (tree !== undefined) {
      throw new MetainfoError(
        'missing-meta-version',
        'The torrent has a file tree, but is not of version 2.',
      );
    }
    const layout = layOut(place(v1 ?? [], 1), pieceLength, false);
    const isFolder = list !== undefined;
    return describe('v1', name, isFolder, layout, readPieces(info, layout.pieceCount));
  }
  if (tree === undefined) throw new MetainfoError('missing-files', 'The torrent has no file tree.');
  const v2 = place(readFileTree(info, tree, v1 ?? []), pieceLength);
  if (v1 === undefined) {
    const layout = layOut(v2, pieceLength, true);
    return describe('v2', name, !isOneFile(v2, name), layout, undefined);
  }
  const layout = layOut(joinHalves(place(v1, 1), v2, pieceLength), pieceLength, false);
  return describe('hybrid', name, list !== undefined, layout, readPieces(info, layout.pieceCount));
}

function describe(
  format: TorrentFormat,
  name: RawName,
  isFolder: boolean,
  layout: Layout,
  v1Pieces: Uint8Array | undefined,
): InfoContent {
  const safe = safeName(name);
  return { format, name: safe, folder: isFolder ? safe : undefined, layout, v1Pieces };
}

/** 0 for v1, which has none. */
function readVersion(info: BencodeNode): number {
  const version = info.get('meta version')?.asBigInt() ?? 0n;
  if (version > 2n) {
    throw new MetainfoError(
      'unsupported-version',
      `The torrent is of version ${version}; 2 is the latest known.`,
    );
  }
  return Number(version < 0n ? 0n : version);
}

function readPieceLength(info: BencodeNode, isV2: boolean): number {
  const node = info.get('piece length');
  const length = node?.asInteger() ?? 0;
  if (length <= 0 || length > maxPieceLength) {
    throw new MetainfoError('bad-piece-length', 'The torrent has no possible piece length.', {
      value: node?.asBigInt() ?? 'none',
    });
  }
  if (isV2 && (length < leafLength || (length & (length - 1)) !== 0)) {
    throw new MetainfoError('bad-piece-length', 'A v2 piece length is a power of two from 16 KiB on.', {
      value: length,
    });
  }
  return length;
}

function readV1(info: BencodeNode, list: BencodeNode | undefined, name: RawName): RawFile[] {
  if (list !== undefined) return readFileList(list);
  if (info.get('length') === undefined && info.get('attr') === undefined) {
    throw new MetainfoError('missing-files', 'The torrent has neither a length nor files.');
  }
  return [readSingleFile(info, name)];
}

function readPieces(info: BencodeNode, pieceCount: number): Uint8Array {
  const pieces = info.get('pieces')?.asBytes();
  if (pieces === undefined)
    throw new MetainfoError('missing-pieces', 'The torrent has no hashes of its pieces.');
  if (pieces.length % 20 !== 0) {
    throw new MetainfoError('bad-pieces', 'The hashes of the pieces are not of 20 bytes each.', {
      value: pieces.length,
    });
  }
  if (pieces.length / 20 !== pieceCount) {
    throw new MetainfoError(
      'piece-count-mismatch',
      `The files take ${pieceCount} pieces, but the torrent has ${pieces.length / 20} hashes.`,
    );
  }
  return pieces;
}

/** One file after the other, each at a multiple of `alignment`. */
function place(files: readonly RawFile[], alignment: number): readonly RawFile[] {
  let end = 0;
  for (const file of files) {
    file.offset = Math.ceil(end / alignment) * alignment;
    end = file.offset + file.length;
    if (end > Number.MAX_SAFE_INTEGER) {
      throw new MetainfoError('bad-file-length', 'The files of the torrent are longer than can be counted.');
    }
  }
  return files;
}

function layOut(files: readonly RawFile[], pieceLength: number, hasGaps: boolean): Layout {
  new SafePaths(files).giveOut();
  const layout = new Layout(files, pieceLength, hasGaps);
  if (layout.contentLength === 0) throw new MetainfoError('no-content', 'The torrent has no content.');
  if (layout.pieceCount > maxPieces) {
    throw new MetainfoError('too-many-pieces', `The torrent has more than ${maxPieces} pieces.`, {
      value: layout.pieceCount,
    });
  }
  return layout;
}

/** A file tree of nothing but one file under the torrent's own name is that file (BEP 52), not a folder with a file. */
function isOneFile(files: readonly RawFile[], name: RawName): boolean {
  const only = files[0]?.names;
  return files.length === 1 && only?.length === 1 && isSameName(only[0], name);
}

/** Gives the v1 files the roots of the v2 ones, after a check that both are the same content in the same places. */
function joinHalves(v1: readonly RawFile[], v2: readonly RawFile[], pieceLength: number): readonly RawFile[] {
  let next = 0;
  for (const file of v1) {
    if (file.isPad) continue;
    const twin = v2[next++];
    const isTwin =
      twin !== undefined &&
      twin.length === file.length &&
      (twin.offset === file.offset || file.length === 0) &&
      isSameNames(twin.names, file.names);
    if (!isTwin) throw hybridMismatch(file);
    file.takePiecesRoot(twin);
  }
  if (next !== v2.length) throw hybridMismatch(v2[next]);
  // A pad may follow the last file, up to the end of its piece.
  if (endOf(v1) > Math.ceil(endOf(v2) / pieceLength) * pieceLength) throw hybridMismatch(undefined);
  return v1;
}

function endOf(files: readonly RawFile[]): number {
  const last = files.at(-1);
  return last === undefined ? 0 : last.offset + last.length;
}

function hybridMismatch(file: RawFile | undefined): MetainfoError {
  return new MetainfoError(
    'hybrid-mismatch',
    'The v1 and the v2 half of the torrent do not describe the same files in the same places.',
    file === undefined ? {} : { value: file.names.join('/') },
  );
}

function isSameNames(a: readonly RawName[], b: readonly RawName[]): boolean {
  return a === b || (a.length === b.length && a.every((name, depth) => isSameName(name, b[depth])));
}

function isSameName(a: RawName | undefined, b: RawName | undefined): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a?.length === b?.length && (a?.every((byte, at) => byte === b?.[at]) ?? true);
}

function stringOf(node: BencodeNode, key: string): BencodeNode | undefined {
  const value = node.get(key);
  return value?.kind === 'string' ? value : undefined;
}
