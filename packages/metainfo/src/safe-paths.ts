// The paths of a torrent's files, made safe as a whole: no two files share a path on any system, and no file stands where
// another needs a folder. Names never refuse a torrent: what collides gets a number before its extension.
// Names that are safe and come first keep their place; the others are fitted in afterwards, in the order of the torrent.

import { toLatin1 } from '@shoal/base';
import { maxNameBytes, maxPathBytes } from './bounds.ts';
import type { RawFile } from './raw-file.ts';
import { collisionKey, markName, type RawName, safeName, utf8Length } from './safe-name.ts';

/** Most folders of a hostile torrent hold one name, so nothing is made before it is needed. */
class Folder {
  readonly name: string;
  /** Collision keys of the names that are taken here: the first, and all when there are more. */
  #first: string | undefined;
  #taken: Set<string> | undefined;
  /** Folders by the name that the torrent has for them. */
  #folders: Map<string, Folder> | undefined;
  /** The number to try next for a name, so that a million equal names do not take a million squared steps. */
  #numbers: Map<string, number> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** False when it is taken already. */
  take(key: string): boolean {
    if (this.#first === undefined) {
      this.#first = key;
      return true;
    }
    if (this.#first === key) return false;
    this.#taken ??= new Set([this.#first]);
    const { size } = this.#taken;
    return this.#taken.add(key).size > size;
  }

  /** Takes the name itself or the first that is free of "name (2).ext", "name (3).ext"… */
  takeFree(name: string): string {
    const key = collisionKey(name);
    if (this.take(key)) return name;
    this.#numbers ??= new Map();
    for (let number = this.#numbers.get(key) ?? 2; ; number++) {
      const numbered = markName(name, ` (${number})`);
      if (!this.take(collisionKey(numbered))) continue;
      this.#numbers.set(key, number + 1);
      return numbered;
    }
  }

  folder(exactName: string): Folder | undefined {
    return this.#folders?.get(exactName);
  }

  /** `name` was taken before. */
  makeFolder(exactName: string, name: string): Folder {
    const folder = new Folder(name);
    this.#folders ??= new Map();
    this.#folders.set(exactName, folder);
    return folder;
  }
}

export class SafePaths {
  readonly #files: readonly RawFile[];
  readonly #root = new Folder('');
  /** Where the last file went: the next one is usually its neighbour. */
  #lastNames: readonly RawName[] = [];
  #lastFolder = this.#root;

  constructor(files: readonly RawFile[]) {
    this.#files = files;
  }

  /** Gives each file its path, and each link its target. */
  giveOut(): void {
    const late: RawFile[] = [];
    for (const file of this.#files) {
      // Padding files take no place: they are never written.
      if (file.isPad) file.path = safePath(file.names);
      else if (isSafe(file.names) && this.#takePlace(file.names)) file.path = file.names;
      else late.push(file);
    }
    for (const file of late) file.path = this.#fitIn(file.names);
    for (const file of this.#files) {
      if (file.link !== undefined) file.link.target = this.#targetOf(file.link.names);
    }
  }

  /** False when a name is taken already. */
  #takePlace(names: readonly string[]): boolean {
    const folder = isNeighbour(names, this.#lastNames) ? this.#lastFolder : this.#openFolder(names);
    if (folder === undefined) return false;
    this.#lastNames = names;
    this.#lastFolder = folder;
    return folder.take(collisionKey(names.at(-1) ?? ''));
  }

  #openFolder(names: readonly string[]): Folder | undefined {
    let folder = this.#root;
    for (const name of names.slice(0, -1)) {
      let next = folder.folder(name);
      if (next === undefined) {
        if (!folder.take(collisionKey(name))) return undefined;
        next = folder.makeFolder(name, name);
      }
      folder = next;
    }
    return folder;
  }

  #fitIn(names: readonly RawName[]): readonly string[] {
    const path: string[] = [];
    let folder = this.#root;
    let bytes = 0;
    for (const raw of names.slice(0, -1)) {
      const exact = exactKey(raw);
      const next = folder.folder(exact) ?? folder.makeFolder(exact, folder.takeFree(safeName(raw)));
      bytes += utf8Length(next.name) + 1;
      // Folders that would make the path too long are left out; the file goes into the last one that fits.
      if (bytes > maxPathBytes - maxNameBytes) break;
      path.push(next.name);
      folder = next;
    }
    path.push(folder.takeFree(safeName(names.at(-1) ?? '')));
    return path.slice();
  }

  /** As far as folders were renamed, links follow them. */
  #targetOf(names: readonly RawName[]): readonly string[] {
    let folder: Folder | undefined = this.#root;
    return names.map((raw) => {
      folder = folder?.folder(exactKey(raw));
      return folder?.name ?? safeName(raw);
    });
  }
}

function isSafe(names: readonly RawName[]): names is readonly string[] {
  let length = 0;
  for (const name of names) {
    if (safeName(name) !== name) return false;
    length += name.length + 1;
  }
  // A UTF-16 unit has at most three bytes of UTF-8.
  return 3 * length <= maxPathBytes || utf8Length(names.join('/')) <= maxPathBytes;
}

function safePath(names: readonly RawName[]): readonly string[] {
  return isSafe(names) ? names : names.map(safeName);
}

/** In the same folder. */
function isNeighbour(names: readonly RawName[], others: readonly RawName[]): boolean {
  if (names.length !== others.length) return false;
  for (let depth = names.length - 2; depth >= 0; depth--) if (names[depth] !== others[depth]) return false;
  return true;
}

/** Equal for equal bytes only: half a character never comes out of UTF-8. */
function exactKey(raw: RawName): string {
  return typeof raw === 'string' ? raw : `\udfff${toLatin1(raw)}`;
}
