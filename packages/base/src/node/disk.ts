// Files through Node's callback calls: a promise for a whole read or write, none inside it.

import fs from 'node:fs';
import { dirname } from 'node:path';
import type { Disk, FileStat } from '../world/disk.ts';
import { WorldError } from '../world/errors.ts';
import { call, toFileStat } from './disk-calls.ts';
import { NodeFile } from './disk-file.ts';
import type { OpenThings } from './open-things.ts';
import type { WorkerPool } from './worker-pool.ts';

export function createDisk(openThings: OpenThings, pool: WorkerPool): Disk {
  const { constants } = fs;

  async function stat(path: string): Promise<FileStat> {
    const found = await call<fs.BigIntStats>('Cannot look at', path, (done) =>
      fs.lstat(path, { bigint: true }, done),
    );
    return toFileStat(found);
  }

  function unlink(path: string): Promise<void> {
    return call('Cannot remove', path, (done) => fs.unlink(path, (error) => done(error)));
  }

  function renameOver(from: string, to: string): Promise<void> {
    return call(`Cannot rename ${from} to`, to, (done) => fs.rename(from, to, (error) => done(error)));
  }

  return {
    stat,

    async open(path, { write = false, create = false, mode = 0o666 } = {}) {
      const flags =
        (write ? constants.O_RDWR : constants.O_RDONLY) |
        (create === false ? 0 : constants.O_CREAT) |
        (create === 'new' ? constants.O_EXCL : 0) |
        // Opening somebody's named pipe must not wait for its other end.
        (constants.O_NONBLOCK ?? 0);
      const fd = await call<number>('Cannot open', path, (done) => fs.open(path, flags, mode, done));
      const file = new NodeFile(fd, path, {
        isWritable: write,
        pool,
        onClose: () => openThings.delete(file),
      });
      openThings.add(file, () => file.close());
      try {
        const { kind } = await file.stat();
        if (kind === 'folder')
          throw new WorldError('is-folder', `Cannot open ${path}: a folder`, { value: path });
        if (kind !== 'file')
          throw new WorldError('invalid', `Cannot open ${path}: not a file`, { value: path });
        return file;
      } catch (error) {
        await file.close();
        throw error;
      }
    },

    list: (path) => call<string[]>('Cannot list', path, (done) => fs.readdir(path, done)),

    makeFolder: (path, { mode = 0o777 } = {}) => makeFolder(path, mode),

    rename: renameOver,

    async renameNew(from, to) {
      const { kind } = await stat(from);
      if (kind === 'folder') {
        // Renaming onto an empty folder replaces it in one step, and making it is what claims the name.
        await call(`Cannot rename ${from} to`, to, (done) => fs.mkdir(to, (error) => done(error)));
        await renameOver(from, to);
        return;
      }
      try {
        await call(`Cannot rename ${from} to`, to, (done) => fs.link(from, to, (error) => done(error)));
      } catch (error) {
        if (!(error instanceof WorldError) || !isWithoutLinks(error)) throw error;
        // A file system without links (FAT): an empty file claims the name, then is replaced.
        const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
        const fd = await call<number>(`Cannot rename ${from} to`, to, (done) => fs.open(to, flags, done));
        await call('Cannot close', to, (done) => fs.close(fd, (closeError) => done(closeError ?? null)));
        await renameOver(from, to);
        return;
      }
      await unlink(from);
    },

    removeFile: unlink,

    removeEmptyFolder: (path) =>
      call('Cannot remove folder', path, (done) => fs.rmdir(path, (error) => done(error))),

    async syncFolder(path) {
      // Windows cannot open folders, and makes names durable itself.
      if (process.platform === 'win32') return;
      const fd = await call<number>('Cannot open folder', path, (done) =>
        fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY, done),
      );
      try {
        await call('Cannot sync folder', path, (done) => fs.fsync(fd, (error) => done(error)));
      } finally {
        await call('Cannot close', path, (done) => fs.close(fd, (error) => done(error ?? null)));
      }
    },

    async freeBytes(path) {
      const { bavail, bsize } = await call<fs.StatsFs>('Cannot look at the disk of', path, (done) =>
        fs.statfs(path, done),
      );
      return bavail * bsize;
    },
  };
}

/** Node's own recursive mkdir calls a read-only disk "not found". */
async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await makeOneFolder(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if (!(error instanceof WorldError && error.code === 'not-found' && parent !== path)) throw error;
    await makeFolder(parent, mode);
    // Once only: where nobody can make a folder, in /proc say, it is not found again, parent or no parent.
    await makeOneFolder(path, mode);
  }
}

/** One that is there is as good. */
async function makeOneFolder(path: string, mode: number): Promise<void> {
  try {
    await call('Cannot make folder', path, (done) => fs.mkdir(path, mode, (error) => done(error)));
  } catch (error) {
    if (!(await isFolder(path))) throw error;
  }
}

function isFolder(path: string): Promise<boolean> {
  const found = call<fs.Stats>('Cannot look at', path, (done) => fs.stat(path, done));
  return found.then(
    (stat) => stat.isDirectory(),
    () => false,
  );
}

function isWithoutLinks(error: WorldError): boolean {
  const { cause } = error;
  if (!(cause instanceof Error) || !('code' in cause)) return false;
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(String(cause.code));
}
