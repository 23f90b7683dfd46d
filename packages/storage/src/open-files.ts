// Open files of a session, least recently used closed first.
// Invariant: at most `limit` files are open; a file is closed only while nobody uses it; a path belongs to
// one content at a time.

import type { Disk, DiskFile } from '@shoal/base';
import { mostOpenFiles } from './bounds.ts';
import { StorageError } from './errors.ts';

/** A file that is opened when it is used, and may be closed whenever it is not. */
export class Handle {
  readonly #pool: OpenFiles;
  path: string;
  canWrite: boolean;
  #file: DiskFile | undefined;
  #opening: Promise<DiskFile> | undefined;
  #users = 0;
  #onIdle: (() => void) | undefined;

  constructor(pool: OpenFiles, path: string, canWrite: boolean) {
    this.#pool = pool;
    this.path = path;
    this.canWrite = canWrite;
  }

  /** Calls `action` with the open file, which stays open until it is done. */
  async use<Value>(action: (file: DiskFile) => Promise<Value>): Promise<Value> {
    this.#users++;
    if (this.#users === 1) this.#pool.busy(this);
    try {
      const file = this.#file ?? (await this.#open());
      return await action(file);
    } finally {
      this.#users--;
      if (this.#users === 0) {
        if (this.#file !== undefined) this.#pool.idle(this);
        this.#onIdle?.();
      }
    }
  }

  #open(): Promise<DiskFile> {
    this.#opening ??= this.#pool
      .open(this.path, this.canWrite)
      .then((file) => {
        this.#file = file;
        return file;
      })
      .finally(() => {
        this.#opening = undefined;
      });
    return this.#opening;
  }

  /** Waits for those who use it, then closes it; the next use opens it again, under the path it has by then. */
  async close(): Promise<void> {
    while (this.#users > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
      this.#onIdle = undefined;
    }
    await this.closeIdle();
  }

  async closeIdle(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    this.#pool.busy(this);
    try {
      await file.close();
    } finally {
      this.#pool.closed();
    }
  }
}

/** A content that has files, as the others of its session see it. */
export interface FileUser {
  /** One of these paths that it reads or writes. */
  findUsed(paths: ReadonlySet<string>): string | undefined;
}

export class OpenFiles {
  readonly disk: Disk;
  readonly #limit: number;
  /** Open and unused, the one that was used longest ago first. */
  readonly #idle = new Set<Handle>();
  readonly #waiting: (() => void)[] = [];
  readonly #owners = new Map<string, object>();
  readonly #users = new Set<FileUser>();
  #openCount = 0;

  constructor(disk: Disk, limit: number = mostOpenFiles) {
    if (!Number.isInteger(limit) || limit < 1)
      throw new StorageError('invalid', `at least one file has to be open at a time, not ${limit}`, {
        value: limit,
      });
    this.disk = disk;
    this.#limit = limit;
  }

  get openCount(): number {
    return this.#openCount;
  }

  /** False when the path belongs to another owner. */
  claim(path: string, owner: object): boolean {
    const present = this.#owners.get(path);
    if (present === undefined) this.#owners.set(path, owner);
    return present === undefined || present === owner;
  }

  disclaim(path: string, owner: object): void {
    if (this.#owners.get(path) === owner) this.#owners.delete(path);
  }

  join(user: FileUser): void {
    this.#users.add(user);
  }

  leave(user: FileUser): void {
    this.#users.delete(user);
  }

  /** One of these paths that another content uses, too. */
  findShared(paths: ReadonlySet<string>, self: FileUser): string | undefined {
    for (const user of this.#users) {
      const path = user === self ? undefined : user.findUsed(paths);
      if (path !== undefined) return path;
    }
    return undefined;
  }

  async open(path: string, canWrite: boolean): Promise<DiskFile> {
    while (this.#openCount >= this.#limit) {
      const [oldest] = this.#idle;
      if (oldest !== undefined) await oldest.closeIdle();
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#openCount++;
    try {
      return await this.disk.open(path, { write: canWrite });
    } catch (error) {
      this.closed();
      throw error;
    }
  }

  busy(handle: Handle): void {
    this.#idle.delete(handle);
  }

  idle(handle: Handle): void {
    this.#idle.add(handle);
    this.#waiting.shift()?.();
  }

  closed(): void {
    this.#openCount--;
    this.#waiting.shift()?.();
  }
}
