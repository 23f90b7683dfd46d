// One file system: folders, files and links, and the names that would be there after a power cut. Names that were
// made, renamed or removed are undone by a cut until their folder is synced; what one rename did in two places is
// undone in both or in neither.

import { WorldError } from '@shoal/base';
import type { SeededRandom } from '../random.ts';
import type { ChunkStore } from './chunks.ts';
import { Content, type Space } from './content.ts';

interface Inode {
  readonly id: string;
  readonly volume: Volume;
  modifiedMs: number;
  /** Names that lead here now, and open handles. */
  links: number;
  opens: number;
  /** Undone changes that would bring it back. */
  undos: number;
}

export interface FileNode extends Inode {
  readonly kind: 'file';
  readonly content: Content;
}

export interface FolderNode extends Inode {
  readonly kind: 'folder';
  readonly entries: Map<string, Node>;
  readonly unsafe: Map<string, Undo>;
  /** The root of another volume that is mounted here. */
  mounted: FolderNode | undefined;
}

export interface LinkNode extends Inode {
  readonly kind: 'link';
  readonly target: string;
}

export type Node = FileNode | FolderNode | LinkNode;

/** What a name stood for when its folder was last synced. */
interface Undo {
  readonly folder: FolderNode;
  readonly name: string;
  readonly old: Node | undefined;
  group: Undo[];
}

export interface NameChange {
  readonly folder: FolderNode;
  readonly name: string;
  readonly node: Node | undefined;
}

export interface VolumeOptions {
  /** Default 1 TiB. */
  readonly capacityBytes?: number;
  readonly readOnly?: boolean;
}

export class Volume {
  readonly root: FolderNode;
  readonly space: { usedBytes: number; capacityBytes: number };
  isReadOnly: boolean;
  readonly #store: ChunkStore;
  readonly #number: number;
  readonly #files = new Set<FileNode>();
  readonly #groups = new Set<Undo[]>();
  #nextId = 2;

  constructor(store: ChunkStore, number: number, options: VolumeOptions) {
    this.#store = store;
    this.#number = number;
    this.space = { usedBytes: 0, capacityBytes: options.capacityBytes ?? 2 ** 40 };
    this.isReadOnly = options.readOnly ?? false;
    this.root = this.makeFolder(0);
    this.root.links = 1;
  }

  makeFile(nowMs: number): FileNode {
    const space: Space = this.space;
    const file: FileNode = { ...this.#inode(nowMs), kind: 'file', content: new Content(this.#store, space) };
    this.#files.add(file);
    return file;
  }

  makeFolder(nowMs: number): FolderNode {
    return {
      ...this.#inode(nowMs),
      kind: 'folder',
      entries: new Map(),
      unsafe: new Map(),
      mounted: undefined,
    };
  }

  makeLink(nowMs: number, target: string): LinkNode {
    return { ...this.#inode(nowMs), kind: 'link', target };
  }

  #inode(nowMs: number): Inode {
    const id = `${this.#number}-${this.#nextId++}`;
    return { id, volume: this, modifiedMs: nowMs, links: 0, opens: 0, undos: 0 };
  }

  checkWritable(): void {
    if (this.isReadOnly) throw new WorldError('read-only', 'The disk is read-only');
  }

  /** All of these at once, as far as a power cut is concerned. */
  change(changes: readonly NameChange[], nowMs: number): void {
    const group: Undo[] = [];
    const displaced: Node[] = [];
    this.#groups.add(group);
    for (const { folder, name, node } of changes) {
      const old = folder.entries.get(name);
      const known = folder.unsafe.get(name);
      if (known === undefined) {
        if (old !== undefined) old.undos++;
        const undo = { folder, name, old, group };
        folder.unsafe.set(name, undo);
        group.push(undo);
      } else if (known.group !== group) {
        this.#groups.delete(known.group);
        for (const undo of known.group) {
          undo.group = group;
          group.push(undo);
        }
      }
      if (node === undefined) folder.entries.delete(name);
      else {
        node.links++;
        folder.entries.set(name, node);
      }
      if (old !== undefined) {
        old.links--;
        displaced.push(old);
      }
      folder.modifiedMs = nowMs;
    }
    for (const { node } of changes) if (node !== undefined) this.settle(node);
    for (const node of displaced) this.settle(node);
  }

  /** Counts a file's space while something leads to it, and frees it when nothing ever can. */
  settle(node: Node): void {
    if (node.kind !== 'file') return;
    if (node.links + node.opens > 0) node.content.count();
    else if (node.undos > 0) node.content.discount();
    else {
      node.content.free();
      this.#files.delete(node);
    }
  }

  syncFolder(folder: FolderNode): void {
    for (const undo of [...folder.unsafe.values()]) this.#forget(undo.group);
  }

  #forget(group: Undo[]): void {
    for (const { folder, name, old } of group) {
      folder.unsafe.delete(name);
      if (old === undefined) continue;
      old.undos--;
      this.settle(old);
    }
    this.#groups.delete(group);
  }

  /** A power cut. With `torn`, chance says for each change whether it had reached the disk. */
  lose(torn: SeededRandom | undefined): void {
    for (const group of this.#groups) {
      if (torn !== undefined && torn.below(2) === 0) continue;
      for (const { folder, name, old } of group) {
        const now = folder.entries.get(name);
        if (now !== undefined) now.links--;
        if (old === undefined) folder.entries.delete(name);
        else {
          old.links++;
          folder.entries.set(name, old);
        }
      }
    }
    for (const group of [...this.#groups]) this.#forget(group);
    for (const file of [...this.#files]) {
      file.opens = 0;
      file.content.lose(torn);
      this.settle(file);
    }
  }

  /** A crash of the program alone: what was written stays. */
  closeAll(): void {
    for (const file of [...this.#files]) {
      file.opens = 0;
      this.settle(file);
    }
  }

  freeAll(): void {
    for (const file of this.#files) file.content.free();
    this.#files.clear();
  }
}
