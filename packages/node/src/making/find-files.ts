// The files under a path that a torrent can have. Nothing is followed out of the folder: links are left out.

import { join } from 'node:path';
import { type Disk, type FileStat, WorldError } from '@shoal/base';
import { NodeError } from '../errors.ts';

export interface FoundFile {
  /** Names below the folder. */
  readonly path: readonly string[];
  /** Where it is on the disk. */
  readonly at: string;
  readonly length: number;
  readonly modifiedMs: number;
}

export type LeftOut = 'link' | 'empty folder' | 'neither file nor folder';

export interface FindOptions {
  /** Absolute path that is not taken along: the torrent that is written. */
  readonly except: string;
  readonly signal: AbortSignal;
  readonly onLeftOut: (path: string, reason: LeftOut) => void;
}

/** In no order. */
export async function findFiles(disk: Disk, folder: string, options: FindOptions): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const folders: (readonly string[])[] = [[]];
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    options.signal.throwIfAborted();
    const at = join(folder, ...path);
    const names = (await disk.list(at)).sort();
    if (names.length === 0 && path.length > 0) options.onLeftOut(at, 'empty folder');
    for (let first = 0; first < names.length; first += looksAtOnce) {
      const some = names.slice(first, first + looksAtOnce);
      const stats = await Promise.all(some.map((name) => look(disk, join(at, name))));
      for (const [index, stat] of stats.entries()) {
        const below = [...path, some[index] ?? ''];
        const place = join(folder, ...below);
        if (place === options.except) continue;
        if (stat.kind === 'folder') folders.push(below);
        else if (stat.kind === 'file') {
          found.push({ path: below, at: place, length: stat.length, modifiedMs: stat.modifiedMs });
        } else options.onLeftOut(place, stat.kind === 'link' ? 'link' : 'neither file nor folder');
      }
    }
  }
  return found;
}

/** Enough to keep a disk busy. */
const looksAtOnce = 64;

async function look(disk: Disk, path: string): Promise<FileStat> {
  try {
    return await disk.stat(path);
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found' && path.includes('\ufffd')) {
      throw new NodeError('bad-name', `The name of ${path} is not UTF-8, which a torrent needs. Rename it.`);
    }
    throw error;
  }
}
