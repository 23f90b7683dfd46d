// A machine's disk as its programs see it: operations one after the other, each with its time, its faults, and a
// crash where a test wants one. The tree underneath outlives the machine's incarnations.

import {
  type Disk,
  type DiskFile,
  type FileStat,
  type OpenOptions,
  WorldError,
  type WorldErrorCode,
} from '@shoal/base';
import type { SeededRandom } from '../random.ts';
import type { Timeline } from '../timeline.ts';
import type { Trace } from '../trace.ts';
import { type Handle, statOf, type Tree } from './tree.ts';

export type DiskOperationKind =
  | 'open'
  | 'read'
  | 'write'
  | 'truncate'
  | 'stat'
  | 'sync'
  | 'close'
  | 'list'
  | 'make-folder'
  | 'rename'
  | 'remove'
  | 'sync-folder'
  | 'free-bytes';

export interface DiskOperation {
  /** The how-manyth operation of this machine's life, from 0. */
  readonly index: number;
  readonly kind: DiskOperationKind;
  readonly path: string;
  readonly position: number;
  readonly length: number;
}

/** What becomes of an operation. */
export type DiskFault =
  | { readonly kind: 'fail'; readonly code: WorldErrorCode }
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** The machine crashes before it, right after it, or when a write was done in part. */
  | { readonly kind: 'crash'; readonly when: 'before' | 'during' | 'after' };

export interface DiskSpeed {
  /** Every operation takes at least this. Default 0.05. */
  readonly operationMs?: number;
  /** Where a read or write does not go on from the last one. Default 0. */
  readonly seekMs?: number;
  /** Default: no limit. */
  readonly bytesPerSecond?: number;
  /** What a sync takes. Default 0. */
  readonly syncMs?: number;
}

/** One machine's disk over all its incarnations. */
export interface DiskState {
  readonly tree: Tree;
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly random: SeededRandom;
  readonly host: { readonly index: number; readonly name: string };
  speed: DiskSpeed;
  busyUntilMs: number;
  /** Where the last read or write ended. */
  head: string;
  operations: number;
  fault(operation: DiskOperation): DiskFault | undefined;
  crash(): void;
}

interface Asked {
  readonly kind: DiskOperationKind;
  readonly path: string;
  readonly position?: number;
  readonly length?: number;
}

export class SimDisk implements Disk {
  readonly #state: DiskState;
  readonly #isAlive: () => boolean;

  constructor(state: DiskState, isAlive: () => boolean) {
    this.#state = state;
    this.#isAlive = isAlive;
  }

  /** Takes its time, then acts, and answers; never, if the machine crashes before that. */
  perform<T>(asked: Asked, action: () => T, inPart?: (share: number) => void): Promise<T> {
    const state = this.#state;
    return new Promise((resolve, reject) => {
      if (!this.#isAlive()) return;
      const operation = { position: 0, length: 0, ...asked, index: state.operations++ };
      const fault = state.fault(operation);
      const { timeline } = state;
      const startMs = Math.max(state.busyUntilMs, timeline.nowMs);
      state.busyUntilMs =
        startMs + this.#durationMs(operation) + (fault?.kind === 'delay' ? fault.delayMs : 0);
      const act = (): void => {
        if (!this.#isAlive()) return;
        state.trace.add(timeline.nowMs, `disk-${operation.kind}`, state.host, operation.length);
        const crash = fault?.kind === 'crash' ? fault.when : undefined;
        try {
          if (fault?.kind === 'fail')
            throw new WorldError(fault.code, `The disk failed to ${operation.kind}`, {
              value: operation.path,
            });
          if (crash === 'during') inPart?.(state.random.fraction());
          else if (crash !== 'before') {
            const result = action();
            if (crash === undefined) resolve(result);
          }
        } catch (error) {
          if (crash === undefined) reject(error);
        }
        if (crash !== undefined) state.crash();
      };
      timeline.at(state.busyUntilMs, { isOff: false, happen: act });
    });
  }

  #durationMs({ kind, path, position, length }: DiskOperation): number {
    const state = this.#state;
    const { operationMs = 0.05, seekMs = 0, bytesPerSecond = Infinity, syncMs = 0 } = state.speed;
    let durationMs = operationMs + (length * 1000) / bytesPerSecond;
    if (kind === 'sync' || kind === 'sync-folder') durationMs += syncMs;
    if (kind === 'read' || kind === 'write') {
      if (state.head !== `${path}@${position}`) durationMs += seekMs;
      state.head = `${path}@${position + length}`;
    }
    return durationMs;
  }

  async open(path: string, options: OpenOptions = {}): Promise<DiskFile> {
    const handle = await this.perform({ kind: 'open', path }, () => this.#state.tree.open(path, options));
    return new SimFile(this, this.#state.tree, handle);
  }

  stat(path: string): Promise<FileStat> {
    return this.perform({ kind: 'stat', path }, () => this.#state.tree.stat(path));
  }

  list(path: string): Promise<string[]> {
    return this.perform({ kind: 'list', path }, () => {
      // In no order: whoever relies on one shall notice.
      const names = this.#state.tree.list(path);
      for (let i = names.length - 1; i > 0; i--) {
        const j = this.#state.random.below(i + 1);
        const [a = '', b = ''] = [names[i], names[j]];
        [names[i], names[j]] = [b, a];
      }
      return names;
    });
  }

  makeFolder(path: string): Promise<void> {
    return this.perform({ kind: 'make-folder', path }, () => this.#state.tree.makeFolder(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.perform({ kind: 'rename', path: from }, () => this.#state.tree.rename(from, to, true));
  }

  renameNew(from: string, to: string): Promise<void> {
    return this.perform({ kind: 'rename', path: from }, () => this.#state.tree.rename(from, to, false));
  }

  removeFile(path: string): Promise<void> {
    return this.perform({ kind: 'remove', path }, () => this.#state.tree.removeFile(path));
  }

  removeEmptyFolder(path: string): Promise<void> {
    return this.perform({ kind: 'remove', path }, () => this.#state.tree.removeEmptyFolder(path));
  }

  syncFolder(path: string): Promise<void> {
    return this.perform({ kind: 'sync-folder', path }, () => this.#state.tree.syncFolder(path));
  }

  freeBytes(path: string): Promise<number> {
    return this.perform({ kind: 'free-bytes', path }, () => this.#state.tree.freeBytes(path));
  }
}

class SimFile implements DiskFile {
  readonly #disk: SimDisk;
  readonly #tree: Tree;
  readonly #handle: Handle;

  constructor(disk: SimDisk, tree: Tree, handle: Handle) {
    this.#disk = disk;
    this.#tree = tree;
    this.#handle = handle;
  }

  read(buffers: readonly Uint8Array[], position: number): Promise<number> {
    return this.#perform({ kind: 'read', position, length: total(buffers) }, () =>
      this.#tree.read(this.#handle, buffers, position),
    );
  }

  write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    return this.#perform(
      { kind: 'write', position, length: total(buffers) },
      () => this.#tree.write(this.#handle, buffers, position),
      (share) =>
        this.#tree.write(this.#handle, firstBytes(buffers, Math.floor(share * total(buffers))), position),
    );
  }

  truncate(length: number): Promise<void> {
    return this.#perform({ kind: 'truncate', position: length }, () =>
      this.#tree.truncate(this.#handle, length),
    );
  }

  stat(): Promise<FileStat> {
    return this.#perform({ kind: 'stat' }, () => statOf(this.#handle.node));
  }

  sync(): Promise<void> {
    return this.#perform({ kind: 'sync' }, () => this.#handle.node.content.sync());
  }

  close(): Promise<void> {
    if (this.#handle.isClosed) return Promise.resolve();
    return this.#perform({ kind: 'close' }, () => {
      if (!this.#handle.isClosed) this.#tree.close(this.#handle);
    });
  }

  #perform<T>(
    asked: { kind: DiskOperationKind; position?: number; length?: number },
    action: () => T,
    inPart?: (share: number) => void,
  ): Promise<T> {
    const { path } = this.#handle;
    const act = (): T => {
      if (this.#handle.isClosed && asked.kind !== 'close')
        throw new WorldError('closed', 'The file is closed', { value: path });
      const { position = 0 } = asked;
      if (!Number.isSafeInteger(position) || position < 0)
        throw new WorldError('invalid', 'Not a position in a file', { value: position });
      return action();
    };
    return this.#disk.perform({ ...asked, path }, act, inPart);
  }
}

export function firstBytes(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  const first: Uint8Array[] = [];
  let left = count;
  for (const buffer of buffers) {
    if (left > 0) first.push(buffer.subarray(0, left));
    left -= buffer.length;
  }
  return first;
}

function total(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.length, 0);
}
