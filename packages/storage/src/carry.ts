// One file from one place to another: by its name on one disk, by a copy to another.
// Invariant: nothing is replaced but what `mayReplace` agrees to, and the old file is not touched before the new one
// is whole and safe from a power cut.

import { type Disk, type DiskFile, type FileStat, WorldError } from '@shoal/base';
import { compareStep, copyStep } from './bounds.ts';
import { StorageError, storageError } from './errors.ts';
import { folderOf } from './folders.ts';
import { look } from './look.ts';

/** Whether the file that stands at `to` may go. */
export type MayReplace = (present: FileStat, to: string) => Promise<boolean>;

/** Rejects with `in-the-way`, or with the WorldError `other-disk` when it takes a copy. */
export async function changeName(
  disk: Disk,
  from: string,
  to: string,
  mayReplace: MayReplace,
): Promise<void> {
  try {
    await disk.renameNew(from, to);
  } catch (error) {
    if (!(error instanceof WorldError) || error.code !== 'exists') throw error;
    const present = await look(disk, to);
    if (present?.kind !== 'file' || !(await mayReplace(present, to)))
      throw inTheWay(to, present?.kind ?? 'file');
    await disk.rename(from, to);
  }
}

export interface CopyTask {
  readonly disk: Disk;
  /** How the file is read; the count is short at its end. */
  readonly read: (buffers: readonly Uint8Array[], position: number) => Promise<number>;
  readonly length: number;
  /** Where the copy grows, in the folder of `to`. */
  readonly landing: string;
  readonly to: string;
  readonly mayReplace: MayReplace;
  /** Makes the folder, safe from a power cut. */
  readonly enterFolder: (folder: string) => Promise<void>;
  readonly signal: AbortSignal | undefined;
  /** Called before the copy is made, and with its id before its first byte: the journal always knows what it is. */
  readonly begun: (id: string) => Promise<void>;
  /** Called with the whole copy before it takes the name; throws when it is not what it should be. */
  readonly verify: (landing: string) => Promise<void>;
  readonly onBytes: (count: number) => void;
}

/** Resolves to the copy, under its name and safe from a power cut. When it fails, nothing of it is left. */
export async function copyFile(task: CopyTask): Promise<FileStat> {
  const { disk, landing, to } = task;
  const folder = folderOf(to);
  await task.enterFolder(folder);
  await task.begun('');
  const file = await disk.open(landing, { write: true, create: 'new' });
  try {
    try {
      await task.begun((await file.stat()).id);
      await fill(file, task);
      await file.sync();
    } finally {
      await file.close();
    }
    await task.verify(landing);
    if (landing !== to) await changeName(disk, landing, to, task.mayReplace);
  } catch (error) {
    await disk.removeFile(landing).catch(() => {});
    throw error;
  }
  await disk.syncFolder(folder);
  const stat = await look(disk, to);
  if (stat === undefined) throw new StorageError('missing', `${to} is gone`, { value: to });
  return stat;
}

/** Holes stay holes: what is all zeros is not written. */
async function fill(file: DiskFile, { read, length, signal, onBytes }: CopyTask): Promise<void> {
  const buffer = new Uint8Array(Math.min(copyStep, Math.max(1, length)));
  for (let at = 0; at < length; ) {
    if (signal?.aborted) throw new StorageError('aborted', 'Stopped while moving');
    const part = buffer.subarray(0, Math.min(buffer.length, length - at));
    if ((await read([part], at)) !== part.length)
      throw new StorageError('missing', 'A file became shorter while it was moved');
    if (part.some((byte) => byte !== 0)) await file.write([part], at);
    at += part.length;
    onBytes(part.length);
  }
  if ((await file.stat()).length !== length) await file.truncate(length);
}

export async function haveEqualBytes(
  disk: Disk,
  one: string,
  other: string,
  length: number,
): Promise<boolean> {
  await using files = new AsyncDisposableStack();
  const open = async (path: string): Promise<DiskFile> => {
    const file = await disk.open(path);
    files.defer(() => file.close());
    return file;
  };
  const [a, b] = [await open(one), await open(other)];
  if ((await a.stat()).length !== length) return false;
  const bufferA = new Uint8Array(Math.min(compareStep, length));
  const bufferB = new Uint8Array(bufferA.length);
  for (let at = 0; at < length; ) {
    const countA = await a.read([bufferA], at);
    const countB = await b.read([bufferB], at);
    if (countA !== countB || countA === 0) return false;
    for (let i = 0; i < countA; i++) if (bufferA[i] !== bufferB[i]) return false;
    at += countA;
  }
  return true;
}

export function inTheWay(path: string, kind: string): StorageError {
  const what = kind === 'file' ? 'a file of somebody else' : `a ${kind}`;
  return new StorageError('in-the-way', `${what} is in the way: ${path}. Move it, or ask to overwrite.`, {
    value: path,
  });
}

/** The error of a rename that takes a copy instead. */
export function isOtherDisk(error: unknown): boolean {
  return error instanceof WorldError && error.code === 'other-disk';
}

/** Room on the disk that holds the folder, or will hold it. */
export async function freeBytesFor(disk: Disk, folder: string): Promise<number> {
  for (let path = folder; ; path = folderOf(path)) {
    try {
      return await disk.freeBytes(path === '' ? '/' : path);
    } catch (error) {
      // The folder is made with the first file; until then the one above it tells.
      if (!path.includes('/')) throw storageError(error, folder);
    }
  }
}
