// What a test does to a disk, and a look at what is on it.

import { type FileStat, WorldError, type WorldErrorCode } from '@shoal/base';
import type { ChunkStore } from './disk/chunks.ts';
import type { DiskFault, DiskOperation, DiskOperationKind, DiskSpeed, DiskState } from './disk/disk.ts';
import type { Volume } from './disk/volume.ts';

/** Says what becomes of an operation; undefined lets it be. */
export type DiskHook = (operation: DiskOperation) => DiskFault | undefined;

export interface DiskFilter {
  readonly kind?: DiskOperationKind | readonly DiskOperationKind[];
  /** The path itself, a folder above it, or a pattern. */
  readonly path?: string | RegExp;
  /** Lets this many matching operations pass first. Default 0. */
  readonly after?: number;
  /** Holds for this many. Default: all. */
  readonly times?: number;
}

/** The disk of a host, as tests handle it; it is the same one before and after a crash. */
export class SimDiskControl {
  readonly #state: DiskState;
  readonly #volume: Volume;
  readonly #store: ChunkStore;
  readonly #hooks = new Set<DiskHook>();

  constructor(state: DiskState, volume: Volume, store: ChunkStore) {
    this.#state = state;
    this.#volume = volume;
    this.#store = store;
  }

  /** How many operations were asked for so far, over all incarnations. */
  get operations(): number {
    return this.#state.operations;
  }

  get usedBytes(): number {
    return this.#volume.space.usedBytes;
  }

  /** Bytes that the contents of all disks of the simulation take, equal content once. */
  get storedBytes(): number {
    return this.#store.storedBytes;
  }

  /** Sees every operation as it is asked for. Call the result to take the hook away. */
  hook(hook: DiskHook): () => void {
    this.#hooks.add(hook);
    return () => this.#hooks.delete(hook);
  }

  /** Matching operations fail so. Call the result to mend the disk. */
  fail(code: WorldErrorCode, filter: DiskFilter = {}): () => void {
    return this.#inject({ kind: 'fail', code }, filter);
  }

  delay(delayMs: number, filter: DiskFilter = {}): () => void {
    return this.#inject({ kind: 'delay', delayMs }, filter);
  }

  /** The host crashes at a matching operation: the first one, or the one after so many. */
  crash(when: 'before' | 'during' | 'after', filter: DiskFilter = {}): () => void {
    return this.#inject({ kind: 'crash', when }, { times: 1, ...filter });
  }

  #inject(fault: DiskFault, filter: DiskFilter): () => void {
    let toPass = filter.after ?? 0;
    let left = filter.times ?? Infinity;
    return this.hook((operation) => {
      if (!matches(operation, filter) || left <= 0) return undefined;
      if (toPass-- > 0) return undefined;
      left--;
      return fault;
    });
  }

  faultFor(operation: DiskOperation): DiskFault | undefined {
    for (const hook of this.#hooks) {
      const fault = hook(operation);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  setSpeed(speed: DiskSpeed): void {
    this.#state.speed = { ...this.#state.speed, ...speed };
  }

  setCapacity(bytes: number): void {
    this.#volume.space.capacityBytes = bytes;
  }

  setReadOnly(isReadOnly: boolean): void {
    this.#volume.isReadOnly = isReadOnly;
  }

  /** Puts a file on the disk at once, safe from power cuts, with the folders above it. */
  write(path: string, bytes: Uint8Array): void {
    const { tree } = this.#state;
    tree.makeFolder(path.slice(0, path.lastIndexOf('/')) || '/');
    const handle = tree.open(path, { write: true, create: true });
    tree.truncate(handle, 0);
    tree.write(handle, [bytes], 0);
    handle.node.content.sync();
    tree.close(handle);
    for (let end = path.lastIndexOf('/'); end >= 0; end = path.lastIndexOf('/', end - 1)) {
      tree.syncFolder(path.slice(0, end) || '/');
      if (end === 0) break;
    }
  }

  /** What is in a file now; undefined when there is none. */
  read(path: string): Uint8Array | undefined {
    const stat = this.stat(path);
    return stat?.kind === 'file' ? this.#state.tree.readAt(path, 0, stat.length) : undefined;
  }

  stat(path: string): FileStat | undefined {
    try {
      return this.#state.tree.stat(path);
    } catch (error) {
      if (error instanceof WorldError) return undefined;
      throw error;
    }
  }

  list(path: string): string[] {
    return this.#state.tree.list(path).sort();
  }

  /** A symbolic link, which the World itself cannot make. */
  link(path: string, target: string): void {
    this.#state.tree.makeLink(path, target);
  }
}

function matches(operation: DiskOperation, { kind, path }: DiskFilter): boolean {
  if (kind !== undefined && !(typeof kind === 'string' ? [kind] : kind).includes(operation.kind))
    return false;
  if (path === undefined) return true;
  if (path instanceof RegExp) return path.test(operation.path);
  return operation.path === path || operation.path.startsWith(path.endsWith('/') ? path : `${path}/`);
}
