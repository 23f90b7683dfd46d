// Resume files of other clients, told apart by their keys: libtorrent's (with qBittorrent's own keys beside them) and
// Transmission's, of 2.x to 4.x. What makes no sense in one is left out; what is no such file is refused.

import { type BencodeNode, decodeBencode, fromUtf8Lossy } from '@shoal/base';
import { maxFiles, maxPieces, maxResumeLength, maxSources } from '../bounds.ts';
import { MetainfoError, withBencodeErrors } from '../errors.ts';
import { cleanTiers, cleanUrls } from '../sources.ts';
import type { InfoHashes } from '../types.ts';
import type { ClaimedPieces, ImportedTransfer } from './imported.ts';

/** Throws MetainfoError, and nothing else, for whatever is no resume file. */
export function parseResume(bytes: Uint8Array): ImportedTransfer {
  if (bytes.length > maxResumeLength)
    throw new MetainfoError('too-large', `A resume file of ${bytes.length} bytes is too large.`);
  const root = withBencodeErrors(() => decodeBencode(bytes, { lenient: true, allowTrailing: true }));
  const imported = root.get('destination') === undefined ? readLibtorrent(root) : readTransmission(root);
  if (imported === undefined)
    throw new MetainfoError('not-a-resume-file', 'This is no resume file of libtorrent or Transmission.');
  return imported;
}

function readLibtorrent(root: BencodeNode): ImportedTransfer | undefined {
  const isOne =
    root.get('file-format')?.isString('libtorrent resume file') === true ||
    ['save_path', 'qBt-savePath', 'info-hash', 'info-hash2'].some((key) => root.get(key) !== undefined);
  // qBittorrent keeps what it hands to libtorrent, or leaves it empty, and the folder of unfinished content apart.
  const folder = [
    textOf(root, 'save_path'),
    textOf(root, 'qBt-downloadPath'),
    textOf(root, 'qBt-savePath'),
  ].find((path) => path !== undefined && path !== '');
  if (!isOne || folder === undefined) return undefined;
  const name = textOf(root, 'qBt-name');
  return {
    client: 'libtorrent',
    infoHashes: infoHashesOf(root),
    folder,
    ...(name === undefined || name === '' ? {} : { name }),
    renamed: renamedOf(root.get('mapped_files')),
    priorities: numbersOf(root.get('file_priority')).map((priority) => Math.min(Math.max(priority, 0), 7)),
    trackers: cleanTiers(listOf(root.get('trackers'), maxSources).map(textsOf)),
    webSeeds: cleanUrls([...textsOf(root.get('url-list')), ...textsOf(root.get('httpseeds'))]),
    uploadedBytes: countOf(root, 'total_uploaded'),
    downloadedBytes: countOf(root, 'total_downloaded'),
    isPaused: root.get('paused')?.asInteger() === 1,
    claimed: claimedByLibtorrent(root),
  };
}

function claimedByLibtorrent(root: BencodeNode): ClaimedPieces {
  if (root.get('seed_mode')?.asInteger() === 1) return { kind: 'all' };
  const flags = root.get('pieces')?.asBytes();
  if (flags === undefined || flags.length === 0 || flags.length > maxPieces) return { kind: 'none' };
  return { kind: 'pieces', flags };
}

function readTransmission(root: BencodeNode): ImportedTransfer | undefined {
  const folder = textOf(root, 'destination');
  if (folder === undefined || folder === '') return undefined;
  const unwanted = numbersOf(root.get('dnd'));
  const levels = numbersOf(root.get('priority'));
  const priorities = Array.from({ length: Math.max(unwanted.length, levels.length) }, (_, file) => {
    if (unwanted[file] === 1) return 0;
    return (levels[file] ?? 0) > 0 ? 7 : (levels[file] ?? 0) < 0 ? 1 : 4;
  });
  const name = textOf(root, 'name');
  // Unfinished content may lie in a folder of its own, and is not at its destination then.
  const unfinished = textOf(root, 'incomplete-dir');
  const claimed = claimedByTransmission(root.get('progress'));
  return {
    client: 'transmission',
    infoHashes: {},
    folder: claimed.kind !== 'all' && unfinished !== undefined && unfinished !== '' ? unfinished : folder,
    ...(name === undefined || name === '' ? {} : { name }),
    renamed: renamedOf(root.get('files')),
    priorities,
    trackers: [],
    webSeeds: [],
    uploadedBytes: countOf(root, 'uploaded'),
    downloadedBytes: countOf(root, 'downloaded'),
    isPaused: root.get('paused')?.asInteger() === 1,
    claimed,
  };
}

/** `blocks` is a word or a bitfield since 2.0; before, and in some files since, `have` or `bitfield` says it. */
function claimedByTransmission(progress: BencodeNode | undefined): ClaimedPieces {
  for (const key of ['blocks', 'have', 'bitfield']) {
    const value = progress?.get(key);
    if (value === undefined) continue;
    if (value.isString('all')) return { kind: 'all' };
    if (value.isString('none')) return { kind: 'none' };
    const bits = value.asBytes();
    if (bits !== undefined && bits.length > 0) return { kind: 'blocks', bits };
  }
  return { kind: 'none' };
}

function infoHashesOf(root: BencodeNode): InfoHashes {
  const v1 = root.get('info-hash')?.asBytes(20);
  const v2 = root.get('info-hash2')?.asBytes(32) ?? root.get('info-hash')?.asBytes(32);
  // Zeros stand for a hash that there is not.
  const isThere = (hash: Uint8Array | undefined) => hash?.some((byte) => byte !== 0) === true;
  return {
    ...(v1 !== undefined && isThere(v1) ? { v1 } : {}),
    ...(v2 !== undefined && isThere(v2) ? { v2 } : {}),
  };
}

/** Empty where a file has its own path. */
function renamedOf(list: BencodeNode | undefined): Map<number, string> {
  const renamed = new Map<number, string>();
  for (const [index, item] of listOf(list, maxFiles).entries()) {
    const bytes = item.asBytes();
    if (bytes !== undefined && bytes.length > 0) renamed.set(index, fromUtf8Lossy(bytes));
  }
  return renamed;
}

function numbersOf(list: BencodeNode | undefined): number[] {
  return listOf(list, maxFiles).map((item) => item.asInteger() ?? 0);
}

function textsOf(list: BencodeNode | undefined): string[] {
  return listOf(list, maxSources).flatMap((item) => {
    const bytes = item.asBytes();
    return bytes === undefined ? [] : [fromUtf8Lossy(bytes)];
  });
}

function listOf(list: BencodeNode | undefined, most: number): BencodeNode[] {
  return list?.items().take(most).toArray() ?? [];
}

function textOf(root: BencodeNode, key: string): string | undefined {
  const bytes = root.get(key)?.asBytes();
  return bytes === undefined ? undefined : fromUtf8Lossy(bytes);
}

function countOf(root: BencodeNode, key: string): number {
  return Math.max(0, root.get(key)?.asInteger() ?? 0);
}
