// The info dictionary in all three formats (BEP 3, 27, 38, 47, 52): what the content is, and how it is hashed.
// v2 and hybrid ones have to be bencoded strictly; in v1 real torrents are not, and what is repeated counts once.

import { type BencodeNode, decodeBencode, toUtf8 } from '@shoal/base';
import { leafLength, maxPieceLength, maxPieces } from './bounds.ts';
import { MetainfoError, withBencodeErrors } from './errors.ts';
import { type RawFile, rawName, readFileList, readFileTree, readSingleFile } from './info-files.ts';
import { Layout } from './layout.ts';
import { type RawName, safeName } from './safe-name.ts';
import { SafePaths } from './safe-paths.ts';
import type { TorrentFile, TorrentFormat } from './types.ts';

export interface InfoContent {
  readonly format: TorrentFormat;
  readonly name: string;
  readonly folder: string | undefined;
  readonly layout: Layout;
  readonly v1Pieces: Uint8Array | undefined;
}

export function readInfo(info: BencodeNode): InfoContent {
  const version = readVersion(info);
  if (version > 0) withBencodeErrors(() => decodeBencode(info.raw));
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
  const v2 = place(readFileTree(tree), pieceLength);
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

interface PlacedFile {
  readonly raw: RawFile;
  readonly offset: number;
}

/** One file after the other, each at a multiple of `alignment`. */
function place(files: readonly RawFile[], alignment: number): PlacedFile[] {
  let end = 0;
  return files.map((raw) => {
    const offset = Math.ceil(end / alignment) * alignment;
    end = offset + raw.length;
    if (end > Number.MAX_SAFE_INTEGER) {
      throw new MetainfoError('bad-file-length', 'The files of the torrent are longer than can be counted.');
    }
    return { raw, offset };
  });
}

function layOut(files: readonly PlacedFile[], pieceLength: number, hasGaps: boolean): Layout {
  const paths = new SafePaths();
  for (const { raw } of files) paths.add(raw.names, raw.isPad);
  const safe = paths.finish();
  const layout = new Layout(
    files.map(({ raw, offset }, index) => torrentFile(raw, offset, safe[index] ?? [], paths)),
    pieceLength,
    hasGaps,
  );
  if (layout.contentLength === 0) throw new MetainfoError('no-content', 'The torrent has no content.');
  if (layout.pieceCount > maxPieces) {
    throw new MetainfoError('too-many-pieces', `The torrent has more than ${maxPieces} pieces.`, {
      value: layout.pieceCount,
    });
  }
  return layout;
}

function torrentFile(raw: RawFile, offset: number, path: readonly string[], paths: SafePaths): TorrentFile {
  const isSame = path.length === raw.names.length && path.every((name, depth) => name === raw.names[depth]);
  const { length, isPad, isExecutable, isHidden } = raw;
  return {
    path,
    length,
    offset,
    isPad,
    isExecutable,
    isHidden,
    ...(raw.linkTarget === undefined ? {} : { linkTarget: paths.linkTarget(raw.linkTarget) }),
    ...(raw.piecesRoot === undefined ? {} : { piecesRoot: raw.piecesRoot }),
    ...(isSame
      ? {}
      : { originalPath: raw.names.map((name) => (typeof name === 'string' ? toUtf8(name) : name)) }),
  };
}

/** A file tree of nothing but one file under the torrent's own name is that file (BEP 52), not a folder with a file. */
function isOneFile(files: readonly PlacedFile[], name: RawName): boolean {
  const only = files[0]?.raw.names;
  return files.length === 1 && only?.length === 1 && isSameName(only[0], name);
}

/** The v1 files with the roots of the v2 ones, after a check that both describe the same content in the same places. */
function joinHalves(v1: readonly PlacedFile[], v2: readonly PlacedFile[], pieceLength: number): PlacedFile[] {
  let next = 0;
  let end = 0;
  const joined = v1.map(({ raw, offset }) => {
    if (raw.isPad) {
      end = offset + raw.length;
      return { raw, offset };
    }
    const twin = v2[next++];
    const isTwin =
      twin !== undefined &&
      twin.raw.length === raw.length &&
      (twin.offset === offset || raw.length === 0) &&
      twin.raw.names.length === raw.names.length &&
      twin.raw.names.every((name, depth) => isSameName(name, raw.names[depth]));
    if (!isTwin) throw hybridMismatch(raw);
    end = offset + raw.length;
    return { raw: { ...raw, piecesRoot: twin.raw.piecesRoot }, offset };
  });
  if (next !== v2.length) throw hybridMismatch(v2[next]?.raw);
  // A pad may follow the last file, up to the end of its piece.
  const last = v2.at(-1);
  const v2End = last === undefined ? 0 : last.offset + last.raw.length;
  if (end > Math.ceil(v2End / pieceLength) * pieceLength) throw hybridMismatch(undefined);
  return joined;
}

function hybridMismatch(raw: RawFile | undefined): MetainfoError {
  return new MetainfoError(
    'hybrid-mismatch',
    'The v1 and the v2 half of the torrent do not describe the same files in the same places.',
    raw === undefined ? {} : { value: raw.names.join('/') },
  );
}

function isSameName(a: RawName | undefined, b: RawName | undefined): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a?.length === b?.length && (a?.every((byte, at) => byte === b?.[at]) ?? true);
}

function stringOf(node: BencodeNode, key: string): BencodeNode | undefined {
  const value = node.get(key);
  return value?.kind === 'string' ? value : undefined;
}
