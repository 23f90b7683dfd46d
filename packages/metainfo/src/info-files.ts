// The file list of a v1 info dictionary (BEP 3, 47) and the file tree of a v2 one (BEP 52), read into one shape.
// Names are only read here; `SafePaths` makes paths of them. What is refused is structure: types, lengths, roots.

import type { BencodeNode } from '@shoal/base';
import { maxFiles, maxPathBytes } from './bounds.ts';
import { MetainfoError } from './errors.ts';
import { RawFile, type RawLink } from './raw-file.ts';
import type { RawName } from './safe-name.ts';

export function rawName(node: BencodeNode): RawName | undefined {
  return node.asText() ?? node.asBytes();
}

/** `info` itself describes the file when there is only one. */
export function readSingleFile(info: BencodeNode, name: RawName): RawFile {
  const attributes = readAttributes(info);
  return new RawFile([name], readLength(info, attributes), attributes, readLink(info, attributes));
}

export function readFileList(list: BencodeNode): RawFile[] {
  if (list.kind !== 'list') throw new MetainfoError('bad-file', 'The torrent has "files" that are no list.');
  const files: RawFile[] = [];
  // Neighbours share folders, and padding has one of its own.
  let before: readonly RawName[] = [];
  let padBefore: readonly RawName[] = [];
  let padCount = 0;
  list.forEachItem((node) => {
    if (node.kind !== 'dictionary') {
      throw new MetainfoError('bad-file', 'The torrent lists a file that is no dictionary.');
    }
    let attributes = readAttributes(node);
    const length = readLength(node, attributes);
    const path = listOf(node, 'path.utf-8') ?? listOf(node, 'path');
    let names = path === undefined ? [] : readNames(path, attributes.includes('p') ? padBefore : before);
    if (isBitCometPad(names)) attributes += 'p';
    if (names.length === 0) {
      if (!attributes.includes('p')) {
        throw new MetainfoError('bad-path', 'The torrent lists a file without a path.');
      }
      names = ['.pad', String(length)];
    }
    const file = new RawFile(names, length, attributes, readLink(node, attributes));
    files.push(file);
    if (file.isPad) {
      padBefore = names;
      checkCount(++padCount);
    } else {
      before = names;
      checkCount(files.length - padCount);
    }
  });
  return files;
}

/** `info` is the dictionary that the tree is part of, `twins` the v1 files of a hybrid, which should have the same names. */
export function readFileTree(info: BencodeNode, tree: BencodeNode, twins: readonly RawFile[]): RawFile[] {
  if (tree.kind !== 'dictionary') {
    throw new MetainfoError('bad-file-tree', 'The torrent has a "file tree" that is no dictionary.');
  }
  const files: RawFile[] = [];
  const twinNames = twins.filter((file) => !file.isPad).map((file) => file.names);
  readFolder({ bytes: info.raw, start: info.start, twinNames }, tree, [], files);
  return files;
}

interface Info {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly twinNames: readonly (readonly RawName[])[];
}

/** As deep as the decoder lets values nest. */
function readFolder(info: Info, folder: BencodeNode, above: readonly RawName[], files: RawFile[]): void {
  folder.forEachEntry((key, value) => {
    const twin = info.twinNames[files.length];
    const known = twin?.[above.length];
    const name = typeof known === 'string' && key.isString(known) ? known : (rawName(key) ?? '');
    if (name === '') {
      throw new MetainfoError('bad-file-tree', 'The file tree describes a file where it has to be a folder.');
    }
    if (value.kind !== 'dictionary') {
      throw new MetainfoError('bad-file-tree', 'The file tree has an entry that is no dictionary.', {
        value: name,
      });
    }
    const isTwin = name === known && twin?.length === above.length + 1 && isBelow(twin, above);
    const names = isTwin ? twin : [...above, name];
    const file = onlyFile(value);
    if (file === undefined) readFolder(info, value, names, files);
    else files.push(readTreeFile(info, file, names));
    checkCount(files.length);
  });
}

function isBelow(names: readonly RawName[], above: readonly RawName[]): boolean {
  return above.every((name, depth) => name === names[depth]);
}

/** The value of the empty key when there is no other: a file. */
function onlyFile(node: BencodeNode): BencodeNode | undefined {
  const file = node.get('');
  // Then the dictionary is "d", "0:", the file and "e".
  return file !== undefined && file.start === node.start + 3 && file.end === node.end - 1 ? file : undefined;
}

function readTreeFile(info: Info, node: BencodeNode, names: readonly RawName[]): RawFile {
  if (node.kind !== 'dictionary') {
    throw new MetainfoError('bad-file-tree', 'The file tree has a file that is no dictionary.');
  }
  const attributes = readAttributes(node);
  if (attributes.includes('p')) {
    throw new MetainfoError('bad-pad-file', 'The file tree has a padding file.');
  }
  const length = readLength(node, attributes);
  const link = readLink(node, attributes);
  if (length === 0) return new RawFile(names, length, attributes, link);
  const root = node.get('pieces root');
  if (root?.asBytes(32)?.some(isNotZero) !== true) {
    throw new MetainfoError('bad-pieces-root', 'A file of the file tree has no root of its pieces.');
  }
  const at = root.end - 32 - info.start;
  return new RawFile(names, length, attributes, link, { holder: info.bytes, at });
}

function isNotZero(byte: number): boolean {
  return byte !== 0;
}

/** The letters of BEP 47. */
function readAttributes(node: BencodeNode): string {
  return node.get('attr')?.asText() ?? '';
}

function readLink(node: BencodeNode, attributes: string): RawLink | undefined {
  if (!attributes.includes('l')) return undefined;
  const path = listOf(node, 'symlink path');
  return path === undefined ? undefined : { names: readNames(path, []), target: [] };
}

/** Links have no content, whatever they say. */
function readLength(node: BencodeNode, attributes: string): number {
  if (attributes.includes('l')) return 0;
  const length = node.get('length')?.asInteger();
  if (length === undefined || length < 0) {
    throw new MetainfoError('bad-file-length', 'A file of the torrent has no possible length.', {
      value: node.get('length')?.asBigInt() ?? 'none',
    });
  }
  return length;
}

function listOf(node: BencodeNode, key: string): BencodeNode | undefined {
  const list = node.get(key);
  return list?.kind === 'list' ? list : undefined;
}

/** More folders than this never fit into a path that is not too long: they are not even kept. */
const mostFolders = maxPathBytes / 2;

/** Names that are those of `before` in the same places become the same strings, which takes less time and memory. */
function readNames(list: BencodeNode, before: readonly RawName[]): readonly RawName[] {
  const names: RawName[] = [];
  list.forEachItem((item) => {
    const known = before[names.length];
    const name = typeof known === 'string' && item.isString(known) ? known : rawName(item);
    if (name === undefined) {
      throw new MetainfoError('bad-path', 'A path in the torrent has a part that is no string.');
    }
    if (names.length > mostFolders) names.pop();
    names.push(name);
  });
  // Without the room that growing has left.
  return names.slice();
}

/** BitComet marks padding by name alone. */
function isBitCometPad(names: readonly RawName[]): boolean {
  const last = names.at(-1);
  return typeof last === 'string' && last.startsWith('_____padding_file_');
}

function checkCount(count: number): void {
  if (count > maxFiles) {
    throw new MetainfoError('too-many-files', `The torrent has more than ${maxFiles} files.`);
  }
}
