// One open file. Reads and writes are positional and go on until all is done; a close waits for those under way,
// since a number that was closed may by then be another file's.

import fs from 'node:fs';
import type { DiskFile, FileStat } from '../world/disk.ts';
import { WorldError } from '../world/errors.ts';
import { call, toFileStat } from './disk-calls.ts';
import { toWorldError } from './errors.ts';
import type { WorkerPool } from './worker-pool.ts';

/** IOV_MAX on Linux, macOS and the BSDs. */
const mostBuffersInCall = 1024;

type Transfer = (
  fd: number,
  buffers: readonly Uint8Array[],
  position: number,
  done: (error: NodeJS.ErrnoException | null, count: number) => void,
) => void;

export class NodeFile implements DiskFile {
  readonly #path: string;
  readonly #isWritable: boolean;
  readonly #pool: WorkerPool;
  readonly #onClose: () => void;
  #fd: number;
  #underWay = 0;
  #whenIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    fd: number,
    path: string,
    options: { isWritable: boolean; pool: WorkerPool; onClose: () => void },
  ) {
    this.#fd = fd;
    this.#path = path;
    this.#isWritable = options.isWritable;
    this.#pool = options.pool;
    this.#onClose = options.onClose;
  }

  read(buffers: readonly Uint8Array[], position: number): Promise<number> {
    return this.#use((fd) => transfer(fs.readv, fd, buffers, position, `Cannot read ${this.#path}`));
  }

  /** Shared memory is written by a thread of the pool: megabytes cost this one a message, and the disk never waits for it. */
  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    await this.useToWrite<unknown>(position, (fd, what) =>
      buffers.every(({ buffer }) => buffer instanceof SharedArrayBuffer)
        ? this.#pool.run({
            source: { kind: 'memory', blocks: buffers },
            store: { fd, position, length: lengthOf(buffers) },
            what,
          })
        : writeAll(fd, buffers, position, what),
    );
  }

  /** For those who write to the file by its number. It stays open until `action` is done. */
  async useToWrite<Value>(
    position: number,
    action: (fd: number, what: string) => Promise<Value>,
  ): Promise<Value> {
    const what = `Cannot write ${this.#path}`;
    this.#requireWritable(what);
    requirePosition(position, what);
    return this.#use((fd) => action(fd, what));
  }

  async truncate(length: number): Promise<void> {
    const what = 'Cannot change the length of';
    this.#requireWritable(`${what} ${this.#path}`);
    if (!Number.isSafeInteger(length) || length < 0)
      throw new WorldError('invalid', `${what} ${this.#path}: not a length`, { value: length });
    await this.#use((fd) =>
      call(what, this.#path, (done) => fs.ftruncate(fd, length, (error) => done(error))),
    );
  }

  async stat(): Promise<FileStat> {
    const stat = await this.#use((fd) =>
      call<fs.BigIntStats>('Cannot look at', this.#path, (done) => fs.fstat(fd, { bigint: true }, done)),
    );
    return toFileStat(stat);
  }

  sync(): Promise<void> {
    return this.#use((fd) =>
      call('Cannot sync', this.#path, (done) => fs.fdatasync(fd, (error) => done(error))),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = -1;
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    this.#onClose();
    await call('Cannot close', this.#path, (done) => fs.close(fd, (error) => done(error ?? null)));
  }

  #requireWritable(what: string): void {
    if (!this.#isWritable) throw new WorldError('invalid', `${what}: opened for reading only`);
  }

  async #use<Value>(action: (fd: number) => Promise<Value>): Promise<Value> {
    if (this.#fd === -1) throw new WorldError('closed', `${this.#path} is closed`, { value: this.#path });
    this.#underWay++;
    try {
      return await action(this.#fd);
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) this.#whenIdle?.();
    }
  }
}

function lengthOf(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((total, buffer) => total + buffer.length, 0);
}

async function writeAll(
  fd: number,
  buffers: readonly Uint8Array[],
  position: number,
  what: string,
): Promise<void> {
  const written = await transfer(fs.writev, fd, buffers, position, what);
  const asked = lengthOf(buffers);
  if (written !== asked) throw new WorldError('io', `${what}: the system took ${written} of ${asked} bytes`);
}

/** Repeats `step` (readv or writev) until the buffers are used up or, for reads, the file ends. */
function transfer(
  step: Transfer,
  fd: number,
  buffers: readonly Uint8Array[],
  position: number,
  what: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let left: readonly Uint8Array[] = buffers;
    let total = 0;

    function next(): void {
      const part = left.length > mostBuffersInCall ? left.slice(0, mostBuffersInCall) : left;
      if (part.length === 0) {
        resolve(total);
        return;
      }
      step(fd, part, position + total, onDone);
    }

    function onDone(error: NodeJS.ErrnoException | null, count: number): void {
      if (error) {
        reject(toWorldError(error, what));
        return;
      }
      total += count;
      const before = left;
      left = skip(left, count);
      // Nothing was transferred though there was room: the end of the file.
      if (count === 0 && left.length > 0 && left.length === before.length) resolve(total);
      else next();
    }

    try {
      requirePosition(position, what);
      left = skip(left, 0);
      next();
    } catch (error) {
      reject(toWorldError(error, what));
    }
  });
}

function requirePosition(position: number, what: string): void {
  if (!Number.isSafeInteger(position) || position < 0)
    throw new WorldError('invalid', `${what}: not a position`, { value: position });
}

/** What is left of `buffers` after the first `count` bytes, empty ones left out at the front. */
function skip(buffers: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let index = 0;
  let rest = count;
  for (;;) {
    const buffer = buffers[index];
    if (buffer === undefined) return [];
    if (rest < buffer.length) {
      if (rest === 0) return index === 0 ? buffers : buffers.slice(index);
      return [buffer.subarray(rest), ...buffers.slice(index + 1)];
    }
    rest -= buffer.length;
    index++;
  }
}
