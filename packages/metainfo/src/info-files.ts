// The file list of a v1 info dictionary (BEP 3, 47) and the file tree of a v2 one (BEP 52), read into one shape.
// Names are only read here; `SafePaths` makes paths of them. What is refused is structure: types, lengths, roots.

import type { BencodeNode } from '@shoal/base';
import { maxFiles } from './bounds.ts';
import { MetainfoError } from './errors.ts';
import type { RawName } from './safe-name.ts';

export interface RawFile {
  readonly names: readonly RawName[];
  readonly length: number;
  readonly isPad: boolean;
  readonly isExecutable: boolean;
  readonly isHidden: boolean;
  readonly linkTarget: readonly RawName[] | undefined;
  readonly piecesRoot: Uint8Array | undefined;
}

export function rawName(node: BencodeNode): RawName | undefined {
  return node.asText() ?? node.asBytes();
}

/** `info` itself describes the file when there is only one. */
export function readSingleFile(info: BencodeNode, name: RawName): RawFile {
  const attributes = readAttributes(info);
  return { ...attributes, names: [name], length: readLength(info, attributes.isLink), piecesRoot: undefined };
}

export function readFileList(list: BencodeNode): RawFile[] {
  if (list.kind !== 'list') throw new MetainfoError('bad-file', 'The torrent has "files" that are no list.');
  const files: RawFile[] = [];
  for (const node of list.items()) {
    if (node.kind !== 'dictionary') {
      throw new MetainfoError('bad-file', 'The torrent lists a file that is no dictionary.');
    }
    const attributes = readAttributes(node);
    const length = readLength(node, attributes.isLink);
    const path = listOf(node, 'path.utf-8') ?? listOf(node, 'path');
    let names = path === undefined ? [] : readNames(path);
    const isPad = attributes.isPad || isBitCometPad(names);
    if (names.length === 0) {
      if (!isPad) throw new MetainfoError('bad-path', 'The torrent lists a file without a path.');
      names = ['.pad', String(length)];
    }
    files.push({ ...attributes, isPad, names, length, piecesRoot: undefined });
    checkCount(files.length);
  }
  return files;
}

export function readFileTree(tree: BencodeNode): RawFile[] {
  if (tree.kind !== 'dictionary') {
    throw new MetainfoError('bad-file-tree', 'The torrent has a "file tree" that is no dictionary.');
  }
  const files: RawFile[] = [];
  readFolder(tree, [], files);
  return files;
}

/** As deep as the decoder lets values nest. */
function readFolder(folder: BencodeNode, above: readonly RawName[], files: RawFile[]): void {
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
    if (file === undefined) readFolder(value, names, files);
    else files.push(readTreeFile(file, names));
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

function readTreeFile(node: BencodeNode, names: readonly RawName[]): RawFile {
  if (node.kind !== 'dictionary') {
    throw new MetainfoError('bad-file-tree', 'The file tree has a file that is no dictionary.');
  }
  const attributes = readAttributes(node);
  if (attributes.isPad) throw new MetainfoError('bad-pad-file', 'The file tree has a padding file.');
  const length = readLength(node, attributes.isLink);
  let piecesRoot: Uint8Array | undefined;
  if (length > 0) {
    piecesRoot = node.get('pieces root')?.asBytes(32);
    if (piecesRoot === undefined || piecesRoot.every((byte) => byte === 0)) {
      throw new MetainfoError('bad-pieces-root', 'A file of the file tree has no root of its pieces.');
    }
  }
  return { ...attributes, names, length, piecesRoot };
}

interface Attributes {
  readonly isPad: boolean;
  readonly isExecutable: boolean;
  readonly isHidden: boolean;
  readonly isLink: boolean;
  readonly linkTarget: readonly RawName[] | undefined;
}

const noAttributes: Attributes = {
  isPad: false,
  isExecutable: false,
  isHidden: false,
  isLink: false,
  linkTarget: undefined,
};

/** BEP 47. */
function readAttributes(node: BencodeNode): Attributes {
  const letters = node.get('attr')?.asText();
  if (letters === undefined) return noAttributes;
  const isLink = letters.includes('l');
  const target = isLink ? listOf(node, 'symlink path') : undefined;
  return {
    isPad: letters.includes('p'),
    isExecutable: letters.includes('x'),
    isHidden: letters.includes('h'),
    isLink,
    linkTarget: target === undefined ? undefined : readNames(target),
  };
}

/** Links have no content, whatever they say. */
function readLength(node: BencodeNode, isLink: boolean): number {
  if (isLink) return 0;
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

function readNames(list: BencodeNode): RawName[] {
  const names: RawName[] = [];
  for (const item of list.items()) {
    const name = rawName(item);
    if (name === undefined) {
      throw new MetainfoError('bad-path', 'A path in the torrent has a part that is no string.');
    }
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
