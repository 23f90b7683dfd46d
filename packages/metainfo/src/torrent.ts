// A .torrent file, or the info dictionary that peers gave for a link, read into a Torrent. Info hashes are over the exact
// bytes that came. Fields beside `info` (trackers, comment…) never refuse a torrent: what makes no sense is left out.

import { type BencodeNode, decodeBencode, equalBytes, fromUtf8Lossy } from '@shoal/base';
import { maxSources, maxTorrentLength } from './bounds.ts';
import { MetainfoError, type MetainfoErrorCode, withBencodeErrors } from './errors.ts';
import { type InfoContent, readInfo } from './info.ts';
import { PieceHashes } from './piece-hashes.ts';
import { cleanTiers, cleanUrls } from './sources.ts';
import type { Digest, HostPort, InfoHashes, Torrent } from './types.ts';

/** Throws MetainfoError, and nothing else, for whatever is no torrent. The bytes must not change afterwards. */
export function parseTorrent(bytes: Uint8Array, digest: Digest): Torrent {
  if (bytes.length > maxTorrentLength) {
    throw new MetainfoError('too-large', `A torrent of ${bytes.length} bytes is too large.`);
  }
  if (bytes[0] !== letterD) throw new MetainfoError('not-a-torrent', 'This is no torrent file.');
  const { root, isStrict } = decodeRoot(bytes);
  const info = root.get('info');
  if (info?.kind !== 'dictionary') {
    throw new MetainfoError('missing-info', 'The torrent has no info dictionary.');
  }
  const content = readInfo(info, isStrict);
  const hashes = new PieceHashes(digest, content.layout, content.v1Pieces);
  readPieceLayers(root, hashes);
  return torrentOf(info, content, hashes, digest, root);
}

/**
 * An info dictionary that peers gave (BEP 9). It is refused (`info-hash-mismatch`) unless it has every hash that is expected.
 * Piece layers are not part of it: `hashes` tells what to ask peers for.
 */
export function parseInfo(bytes: Uint8Array, digest: Digest, expected: InfoHashes): Torrent {
  if (bytes.length > maxTorrentLength) {
    throw new MetainfoError('too-large', `Metadata of ${bytes.length} bytes are too large.`);
  }
  checkHash(expected.v1, digest('sha1', bytes));
  checkHash(expected.v2, digest('sha256', bytes));
  const { root: info, isStrict } = decodeRoot(bytes);
  if (info.end < bytes.length) {
    throw new MetainfoError('bencode-trailing-bytes', 'Something follows the metadata.');
  }
  if (info.kind !== 'dictionary') throw new MetainfoError('missing-info', 'The metadata are no dictionary.');
  const content = readInfo(info, isStrict);
  if (expected.v2 !== undefined && content.format === 'v1') {
    throw new MetainfoError(
      'info-hash-mismatch',
      'The link has a v2 hash, but the metadata are of a v1 torrent.',
    );
  }
  if (expected.v1 !== undefined && content.format === 'v2') {
    throw new MetainfoError(
      'info-hash-mismatch',
      'The link has a v1 hash, but the metadata are of a v2 torrent.',
    );
  }
  const hashes = new PieceHashes(digest, content.layout, content.v1Pieces);
  return torrentOf(info, content, hashes, digest, undefined);
}

const letterD = 0x64;

/** What real torrents get wrong, and v1 ones get away with. */
const forgivable: ReadonlySet<MetainfoErrorCode> = new Set([
  'bencode-unsorted-keys',
  'bencode-duplicate-key',
  'bencode-leading-zero',
  'bencode-negative-zero',
]);

/** Nearly all are bencoded strictly; where that is no matter of taste (v2), `isStrict` tells. */
function decodeRoot(bytes: Uint8Array): { readonly root: BencodeNode; readonly isStrict: boolean } {
  const decode = (lenient: boolean) =>
    withBencodeErrors(() => decodeBencode(bytes, { lenient, allowTrailing: true }));
  try {
    return { root: decode(false), isStrict: true };
  } catch (error) {
    if (!(error instanceof MetainfoError) || !forgivable.has(error.code)) throw error;
    return { root: decode(true), isStrict: false };
  }
}

/** Read into fields of their own; all others are kept as they came. */
const knownKeys = new Set([
  'info',
  'piece layers',
  'announce',
  'announce-list',
  'url-list',
  'nodes',
  'comment',
  'comment.utf-8',
  'created by',
  'created by.utf-8',
  'creation date',
  'similar',
  'collections',
]);

function torrentOf(
  info: BencodeNode,
  content: InfoContent,
  hashes: PieceHashes,
  digest: Digest,
  root: BencodeNode | undefined,
): Torrent {
  const { format, name, folder, layout } = content;
  const source = textOf(info, 'source');
  const comment = textOf(root, 'comment.utf-8') ?? textOf(root, 'comment');
  const createdBy = textOf(root, 'created by.utf-8') ?? textOf(root, 'created by');
  const creationDate = root?.get('creation date')?.asInteger();
  return {
    format,
    name,
    folder,
    infoHashes: {
      ...(format === 'v2' ? {} : { v1: digest('sha1', info.raw) }),
      ...(format === 'v1' ? {} : { v2: digest('sha256', info.raw) }),
    },
    info: info.raw,
    layout,
    hashes,
    isPrivate: (info.get('private')?.asInteger() ?? 0) !== 0,
    trackers: readTrackers(root),
    webSeeds: cleanUrls(stringsOf(root?.get('url-list'))),
    nodes: readNodes(root),
    similar: [...listOf(info, 'similar'), ...listOf(root, 'similar')]
      .map((item) => item.asBytes(20))
      .filter((hash) => hash !== undefined),
    collections: [...listOf(info, 'collections'), ...listOf(root, 'collections')].flatMap(stringsOf),
    otherKeys: readOtherKeys(root),
    ...(source === undefined ? {} : { source }),
    ...(comment === undefined ? {} : { comment }),
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(creationDate === undefined || creationDate < 0 ? {} : { creationDate }),
  };
}

/** BEP 52: without its piece layers, whole and right, a torrent file is not valid. */
function readPieceLayers(root: BencodeNode, hashes: PieceHashes): void {
  for (const [key, value] of root.get('piece layers')?.entries() ?? []) {
    const piecesRoot = key.asBytes();
    const layer = value.asBytes();
    if (piecesRoot === undefined || layer === undefined || !hashes.addPieceLayer(piecesRoot, layer)) {
      throw new MetainfoError(
        'bad-piece-layer',
        'A piece layer of the torrent belongs to no file, or does not lead to its root.',
      );
    }
  }
  if (!hashes.isComplete) {
    throw new MetainfoError('missing-piece-layer', 'The torrent lacks the piece layer of a file.');
  }
}

function readTrackers(root: BencodeNode | undefined): string[][] {
  const tiers = listOf(root, 'announce-list').map(stringsOf);
  const cleaned = cleanTiers(tiers);
  return cleaned.length > 0 ? cleaned : cleanTiers([stringsOf(root?.get('announce'))]);
}

function readNodes(root: BencodeNode | undefined): HostPort[] {
  const nodes: HostPort[] = [];
  for (const item of listOf(root, 'nodes')) {
    const [host, port] = item.items();
    const name = host?.asText();
    const number = port?.asInteger() ?? 0;
    if (name !== undefined && name !== '' && number > 0 && number < 65_536) {
      nodes.push({ host: name, port: number });
    }
  }
  return nodes;
}

function readOtherKeys(root: BencodeNode | undefined): [Uint8Array, BencodeNode][] {
  const others: [Uint8Array, BencodeNode][] = [];
  for (const [key, value] of root?.entries() ?? []) {
    if (!knownKeys.has(key.asText() ?? '')) others.push([key.asBytes() ?? new Uint8Array(0), value]);
  }
  return others;
}

function checkHash(expected: Uint8Array | undefined, found: Uint8Array): void {
  if (expected !== undefined && !equalBytes(expected, found)) {
    throw new MetainfoError('info-hash-mismatch', 'The metadata are not those that the link is about.');
  }
}

function textOf(node: BencodeNode | undefined, key: string): string | undefined {
  const bytes = node?.get(key)?.asBytes();
  return bytes === undefined ? undefined : fromUtf8Lossy(bytes);
}

/** The first `maxSources` elements; none when it is no list. */
function listOf(node: BencodeNode | undefined, key: string): BencodeNode[] {
  return node?.get(key)?.items().take(maxSources).toArray() ?? [];
}

/** A string, or the strings of a list. */
function stringsOf(node: BencodeNode | undefined): string[] {
  const one = node?.asBytes();
  if (one !== undefined) return [fromUtf8Lossy(one)];
  const texts: string[] = [];
  for (const item of node?.items().take(maxSources) ?? []) {
    const bytes = item.asBytes();
    if (bytes !== undefined) texts.push(fromUtf8Lossy(bytes));
  }
  return texts;
}
