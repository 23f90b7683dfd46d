// What a machine's disks hold, and what each operation of `Disk` does to it, at once and without faults.

import { type FileStat, type OpenOptions, WorldError } from '@shoal/base';
import { mostOpenFiles } from '../bounds.ts';
import { walk } from './paths.ts';
import type { FileNode, FolderNode, Node, Volume } from './volume.ts';

const folderBytes = 4096;

export interface Handle {
  readonly node: FileNode;
  readonly path: string;
  readonly canWrite: boolean;
  isClosed: boolean;
}

export class Tree {
  readonly #root: FolderNode;
  readonly #nowMs: () => number;
  readonly #mostOpen: number;
  #open = 0;

  constructor(root: FolderNode, nowMs: () => number, mostOpen = mostOpenFiles) {
    this.#root = root;
    this.#nowMs = nowMs;
    this.#mostOpen = mostOpen;
  }

  /** Every handle is gone. */
  forgetHandles(): void {
    this.#open = 0;
  }

  volumeOf(path: string): Volume {
    return this.#existing(path).volume;
  }

  open(path: string, options: OpenOptions): Handle {
    const isNew = options.create === 'new';
    const { folder, name, node } = walk(this.#root, path, { followLast: !isNew });
    if (node !== undefined && isNew) throw failure('exists', 'There is one already', path);
    if (node?.kind === 'folder') throw failure('is-folder', 'That is a folder', path);
    if (node === undefined && options.create === undefined) throw failure('not-found', 'No such file', path);
    if (node === undefined && options.create === false) throw failure('not-found', 'No such file', path);
    if (node?.kind === 'link') throw failure('invalid', 'That is a link', path);
    if (this.#open >= this.#mostOpen) throw failure('too-many-files', 'Too many open files', path);
    if (node === undefined || options.write === true) folder.volume.checkWritable();
    const file = node ?? folder.volume.makeFile(this.#nowMs());
    if (node === undefined) folder.volume.change([{ folder, name, node: file }], this.#nowMs());
    file.opens++;
    this.#open++;
    return { node: file, path, canWrite: options.write === true, isClosed: false };
  }

  close(handle: Handle): void {
    handle.isClosed = true;
    handle.node.opens--;
    this.#open--;
    handle.node.volume.settle(handle.node);
  }

  /** Reads without a handle. */
  readAt(path: string, position: number, length: number): Uint8Array {
    const node = this.#existing(path);
    if (node.kind !== 'file') throw failure('is-folder', 'That is a folder', path);
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, node.content.read(bytes, position));
  }

  read(handle: Handle, buffers: readonly Uint8Array[], position: number): number {
    let done = 0;
    for (const buffer of buffers) {
      const count = handle.node.content.read(buffer, position + done);
      done += count;
      if (count < buffer.length) break;
    }
    return done;
  }

  write(handle: Handle, buffers: readonly Uint8Array[], position: number): void {
    this.#checkWrite(handle);
    let at = position;
    for (const buffer of buffers) {
      handle.node.content.write(buffer, at);
      at += buffer.length;
    }
    handle.node.modifiedMs = this.#nowMs();
  }

  truncate(handle: Handle, length: number): void {
    this.#checkWrite(handle);
    handle.node.content.truncate(length);
    handle.node.modifiedMs = this.#nowMs();
  }

  #checkWrite(handle: Handle): void {
    if (!handle.canWrite) throw failure('invalid', 'The file is not open for writing', handle.path);
    handle.node.volume.checkWritable();
  }

  stat(path: string): FileStat {
    const { node } = walk(this.#root, path, { followLast: false });
    if (node === undefined) throw failure('not-found', 'No such file or folder', path);
    return statOf(node);
  }

  list(path: string): string[] {
    return [...this.#folder(path).entries.keys()];
  }

  makeFolder(path: string): void {
    let at = '';
    for (const name of path.split('/').filter((part) => part !== '' && part !== '.')) {
      at += `/${name}`;
      const { folder, name: last, node } = walk(this.#root, at, { followLast: true });
      if (node?.kind === 'folder') continue;
      if (node !== undefined)
        throw failure(
          at.length === path.replace(/\/+$/, '').length ? 'exists' : 'not-folder',
          'A file is in the way',
          at,
        );
      folder.volume.checkWritable();
      const made = folder.volume.makeFolder(this.#nowMs());
      folder.volume.change([{ folder, name: last, node: made }], this.#nowMs());
    }
  }

  rename(from: string, to: string, mayReplace: boolean): void {
    const source = walk(this.#root, from, { followLast: false });
    if (source.node === undefined) throw failure('not-found', 'No such file or folder', from);
    const target = walk(this.#root, to, { followLast: false });
    if (target.node !== undefined && !mayReplace) throw failure('exists', 'There is one already', to);
    if (source.folder.volume !== target.folder.volume)
      throw failure('other-disk', 'A rename cannot lead to another disk', to);
    if (source.node === target.node) return;
    if (source.name === '' || target.name === '') throw failure('invalid', 'A root cannot be renamed', from);
    this.#checkReplace(source.node, target.node, to);
    if (source.node.kind === 'folder' && this.#isWithin(to, source.node))
      throw failure('invalid', 'A folder cannot go into itself', to);
    source.folder.volume.checkWritable();
    source.folder.volume.change(
      [
        { folder: target.folder, name: target.name, node: source.node },
        { folder: source.folder, name: source.name, node: undefined },
      ],
      this.#nowMs(),
    );
  }

  #checkReplace(node: Node, replaced: Node | undefined, to: string): void {
    if (replaced === undefined) return;
    if (replaced.kind !== 'folder') {
      if (node.kind === 'folder') throw failure('not-folder', 'A file is in the way', to);
      return;
    }
    if (node.kind !== 'folder') throw failure('is-folder', 'A folder is in the way', to);
    if (replaced.entries.size > 0) throw failure('not-empty', 'The folder is not empty', to);
  }

  #isWithin(path: string, folder: FolderNode): boolean {
    const names = path.split('/');
    for (let count = names.length - 1; count > 0; count--) {
      const above = names.slice(0, count).join('/') || '/';
      if (walk(this.#root, above, { followLast: true }).node === folder) return true;
    }
    return false;
  }

  removeFile(path: string): void {
    const { folder, name, node } = walk(this.#root, path, { followLast: false });
    if (node === undefined) throw failure('not-found', 'No such file', path);
    if (node.kind === 'folder') throw failure('is-folder', 'That is a folder', path);
    folder.volume.checkWritable();
    folder.volume.change([{ folder, name, node: undefined }], this.#nowMs());
  }

  removeEmptyFolder(path: string): void {
    const { folder, name, node } = walk(this.#root, path, { followLast: false });
    if (node === undefined) throw failure('not-found', 'No such folder', path);
    if (node.kind !== 'folder') throw failure('not-folder', 'That is no folder', path);
    if (node.entries.size > 0) throw failure('not-empty', 'The folder is not empty', path);
    if (name === '' || node.volume !== folder.volume)
      throw failure('invalid', 'A root cannot be removed', path);
    folder.volume.checkWritable();
    folder.volume.change([{ folder, name, node: undefined }], this.#nowMs());
  }

  syncFolder(path: string): void {
    const folder = this.#folder(path);
    folder.volume.syncFolder(folder);
  }

  freeBytes(path: string): number {
    const { space } = this.#existing(path).volume;
    return Math.max(0, space.capacityBytes - space.usedBytes);
  }

  /** For tests: a link, which the World has no means to make. */
  makeLink(path: string, target: string): void {
    const { folder, name, node } = walk(this.#root, path, { followLast: false });
    if (node !== undefined) throw failure('exists', 'There is one already', path);
    const made = folder.volume.makeLink(this.#nowMs(), target);
    folder.volume.change([{ folder, name, node: made }], this.#nowMs());
  }

  mount(path: string, volume: Volume): void {
    this.makeFolder(path);
    this.#folder(path).mounted = volume.root;
  }

  #existing(path: string): Node {
    const { node } = walk(this.#root, path, { followLast: true });
    if (node === undefined) throw failure('not-found', 'No such file or folder', path);
    return node;
  }

  #folder(path: string): FolderNode {
    const node = this.#existing(path);
    if (node.kind !== 'folder') throw failure('not-folder', 'That is no folder', path);
    return node;
  }
}

export function statOf(node: Node): FileStat {
  const { kind, id } = node;
  const modifiedMs = Math.floor(node.modifiedMs);
  if (kind === 'file')
    return { kind, id, modifiedMs, length: node.content.length, allocated: node.content.allocated };
  const length = kind === 'folder' ? folderBytes : Buffer.byteLength(node.target);
  return { kind, id, modifiedMs, length, allocated: kind === 'folder' ? folderBytes : 0 };
}

function failure(
  code:
    | 'exists'
    | 'is-folder'
    | 'not-found'
    | 'invalid'
    | 'too-many-files'
    | 'closed'
    | 'other-disk'
    | 'not-folder'
    | 'not-empty',
  message: string,
  path: string,
): WorldError {
  return new WorldError(code, message, { value: path });
}
