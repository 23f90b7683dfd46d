// From the path of a URL to a place below the folder that is served. Invariant: what is found lies inside of it, links
// followed; names that begin with a dot, and with them parts of uploads, are not there for anybody.

import { lstat, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** In no name; on Windows also what would be a path, a drive or a stream. */
const separators = process.platform === 'win32' ? /[\\/:\0]/ : /[/\0]/;

/** The names on the way; undefined for what is no path of ours. A trailing slash says that a folder is meant. */
export function namesOf(pathname: string): { names: string[]; isFolder: boolean } | undefined {
  if (!pathname.startsWith('/')) return undefined;
  const names: string[] = [];
  const parts = pathname.slice(1).split('/');
  for (const [i, part] of parts.entries()) {
    if (part === '' && i === parts.length - 1) continue;
    let name: string;
    try {
      name = decodeURIComponent(part);
    } catch {
      return undefined;
    }
    if (name === '' || name.startsWith('.') || separators.test(name) || name.length > 255) return undefined;
    names.push(name);
  }
  return { names, isFolder: pathname.endsWith('/') };
}

export interface Place {
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly length: number;
  readonly modifiedMs: number;
  /** Changes when the file does. */
  readonly tag: string;
}

/** `root` is a real path. Undefined for what is not there, or lies outside. */
export async function findPlace(root: string, names: readonly string[]): Promise<Place | undefined> {
  try {
    const path = await realpath(join(root, ...names));
    if (path !== root && !path.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
    const found = await stat(path);
    const { size, mtimeMs, ino } = found;
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : undefined;
    if (kind === undefined) return undefined;
    const tag = `"${ino.toString(36)}-${size.toString(36)}-${Math.floor(mtimeMs * 1000).toString(36)}"`;
    return { path, kind, length: size, modifiedMs: mtimeMs, tag };
  } catch {
    return undefined;
  }
}

/** What every system can call a file: others fetch it from here. */
export function isPortable(name: string): boolean {
  const isReserved = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(name);
  return !isReserved && !/[<>:"|?*\\\p{Cc}]|[. ]$/u.test(name) && Buffer.byteLength(name) <= 255;
}

/** Where a new file goes: its folder is there, and lies inside. */
export async function findRoom(root: string, names: readonly string[]): Promise<string | undefined> {
  const [last] = names.slice(-1);
  const folder = await findPlace(root, names.slice(0, -1));
  if (last === undefined || folder?.kind !== 'folder') return undefined;
  const path = join(folder.path, last);
  // What a link would lead to is not ours to replace.
  const there = await lstat(path).catch(() => undefined);
  return there === undefined || there.isFile() ? path : undefined;
}
