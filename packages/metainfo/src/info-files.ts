// The file list of a v1 info dictionary (BEP 3, 47) and the file tree of a v2 one (BEP 52), read into one shape.
// Names are only read here; `SafePaths` makes paths of them. What is refused is structure: types, lengths, roots.

import type { BencodeNode } from '@shoal/base';
import { maxFiles, maxPathBytes } from './bounds.ts';
import { MetainfoError } from './errors.ts';
import { type Attributes, RawFile } from './raw-file.ts';
import type { RawName } from './safe-name.ts';

export function rawName(node: BencodeNode): RawName | undefined {
  return node.asText() ?? node.asBytes();
}

/** `info` itself describes the file when there is only one. */
export function readSingleFile(info: BencodeNode, name: RawName): RawFile {
  return new RawFile([name], readLength(info), readAttributes(info));
}

export function readFileList(list: BencodeNode): RawFile[] {
  if (list.kind !== 'list') throw new MetainfoError('bad-file', 'The torrent has "files" that are no list.');
  const files: RawFile[] = [];
  let before: readonly RawName[] = [];
  for (const node of list.items()) {
    if (node.kind !== 'dictionary') {
      throw new MetainfoError('bad-file', 'The torrent lists a file that is no dictionary.');
    }
    const length = readLength(node);
    const path = listOf(node, 'path.utf-8') ?? listOf(node, 'path');
    let names = path === undefined ? [] : readNames(path, before);
    let attributes = readAttributes(node);
    if (isBitCometPad(names)) attributes = { ...attributes, isPad: true };
    if (names.length === 0) {
      if (!attributes.isPad) throw new MetainfoError('bad-path', 'The torrent lists a file without a path.');
      names = ['.pad', String(length)];
    }
    files.push(new RawFile(names, length, attributes));
    if (!attributes.isPad) before = names;
    checkCount(files.length);
  }
  return files;
}

/** `info` is the dictionary that the tree is part of. */
export function readFileTree(info: BencodeNode, tree: BencodeNode): RawFile[] {
  if (tree.kind !== 'dictionary') {
    throw new MetainfoError('bad-file-tree', 'The torrent has a "file tree" that is no dictionary.');
  }
  const files: RawFile[] = [];
  readFolder({ bytes: info.raw, start: info.start }, tree, [], files);
  return files;
}

interface Info {
  readonly bytes: Uint8Array;
  readonly start: number;
}

/** As deep as the decoder lets values nest. */
function readFolder(info: Info, folder: BencodeNode, above: readonly RawName[], files: RawFile[]): void {
  for (const [key, value] of folder.entries()) {
    const name = rawName(key) ?? '';
    if (name === '') {
      throw new MetainfoError('bad-file-tree', 'The file tree describes a file where it has to be a folder.');
    }
    if (value.kind !== 'dictionary') {
      throw new MetainfoError('bad-file-tree', 'The file tree has an entry that is no dictionary.', {
        value: name,
      });
    }
    const names = [...above, name];
    const file = onlyFile(value);
    if (file === undefined) readFolder(info, value, names, files);
    else files.push(readTreeFile(info, file, names));
    checkCount(files.length);
  }
}

/** The value of the empty key when there is no other: a file. */
function onlyFile(node: BencodeNode): BencodeNode | undefined {
  let only: BencodeNode | undefined;
  for (const [key, value] of node.entries()) {
    if (only !== undefined || !key.isString('')) return undefined;
    only = value;
  }
  return only;
}

function readTreeFile(info: Info, node: BencodeNode, names: readonly RawName[]): RawFile {
  if (node.kind !== 'dictionary') {
    throw new MetainfoError('bad-file-tree', 'The file tree has a file that is no dictionary.');
  }
  const attributes = readAttributes(node);
  if (attributes.isPad) throw new MetainfoError('bad-pad-file', 'The file tree has a padding file.');
  const file = new RawFile(names, readLength(node), attributes);
  if (file.length === 0) return file;
  const root = node.get('pieces root');
  if (root?.asBytes(32)?.some((byte) => byte !== 0) !== true) {
    throw new MetainfoError('bad-pieces-root', 'A file of the file tree has no root of its pieces.');
  }
  file.setPiecesRoot(info.bytes, root.end - 32 - info.start);
  return file;
}

const noAttributes: Attributes = {
  isPad: false,
  isExecutable: false,
  isHidden: false,
  linkNames: undefined,
};

/** BEP 47. */
function readAttributes(node: BencodeNode): Attributes {
  const letters = node.get('attr')?.asText();
  if (letters === undefined) return noAttributes;
  const target = letters.includes('l') ? listOf(node, 'symlink path') : undefined;
  return {
    isPad: letters.includes('p'),
    isExecutable: letters.includes('x'),
    isHidden: letters.includes('h'),
    linkNames: target === undefined ? undefined : readNames(target, []),
  };
}

/** Links have no content, whatever they say. */
function readLength(node: BencodeNode): number {
  if (node.get('attr')?.asText()?.includes('l') === true) return 0;
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
function readNames(list: BencodeNode, before: readonly RawName[]): RawName[] {
  const names: RawName[] = [];
  for (const item of list.items()) {
    const known = before[names.length];
    const name = typeof known === 'string' && item.isString(known) ? known : rawName(item);
    if (name === undefined) {
      throw new MetainfoError('bad-path', 'A path in the torrent has a part that is no string.');
    }
    if (names.length > mostFolders) names.pop();
    names.push(name);
  }
  return names;
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
