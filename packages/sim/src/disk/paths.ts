// From a path to a place in the tree: walks folders, links and mounted volumes as POSIX does.

import { WorldError } from '@shoal/base';
import { longestName, longestPath, mostLinks } from '../bounds.ts';
import type { FolderNode, Node } from './volume.ts';

export interface Place {
  readonly folder: FolderNode;
  /** Empty for the root itself. */
  readonly name: string;
  readonly node: Node | undefined;
}

export function walk(root: FolderNode, path: string, options: { followLast: boolean }): Place {
  return new Walk(root, path).go(options.followLast);
}

class Walk {
  readonly #root: FolderNode;
  readonly #path: string;
  /** Names still to come, the next one last. */
  readonly #names: string[];
  readonly #above: FolderNode[] = [];
  #folder: FolderNode;
  #links = 0;

  constructor(root: FolderNode, path: string) {
    if (!path.startsWith('/') || path.includes('\0'))
      throw new WorldError('invalid', 'Not an absolute path', { value: path });
    if (path.length > longestPath)
      throw new WorldError('name-too-long', 'The path is too long', { value: path });
    this.#root = root;
    this.#path = path;
    this.#names = namesOf(path);
    this.#folder = root;
  }

  go(followLast: boolean): Place {
    for (;;) {
      const name = this.#names.pop();
      if (name === undefined) return { folder: this.#folder, name: '', node: this.#folder };
      if (name === '..') {
        this.#folder = this.#above.pop() ?? this.#root;
        continue;
      }
      if (Buffer.byteLength(name) > longestName) throw this.#error('name-too-long', 'A name is too long');
      const node = this.#folder.entries.get(name);
      const isLast = this.#names.length === 0;
      if (node?.kind === 'link' && (!isLast || followLast)) {
        this.#follow(node.target);
        continue;
      }
      if (isLast)
        return { folder: this.#folder, name, node: node?.kind === 'folder' ? (node.mounted ?? node) : node };
      if (node === undefined) throw this.#error('not-found', 'No such file or folder');
      if (node.kind !== 'folder') throw this.#error('not-folder', `${name} is no folder`);
      this.#above.push(this.#folder);
      this.#folder = node.mounted ?? node;
    }
  }

  #follow(target: string): void {
    if (++this.#links > mostLinks) throw this.#error('invalid', 'Links lead round in a circle');
    this.#names.push(...namesOf(target));
    if (!target.startsWith('/')) return;
    this.#folder = this.#root;
    this.#above.length = 0;
  }

  #error(code: 'not-found' | 'not-folder' | 'name-too-long' | 'invalid', message: string): WorldError {
    return new WorldError(code, message, { value: this.#path });
  }
}

function namesOf(path: string): string[] {
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .reverse();
}
