// The paths of a torrent's files, made safe as a whole: no two files share a path on any system, and no file stands where
// another needs a folder. Names never refuse a torrent: what collides gets a number before its extension.
// Names that are safe and come first keep their place; the others are fitted in afterwards, in the order of the torrent.

import { toLatin1 } from '@shoal/base';
import { maxNameBytes, maxPathBytes } from './bounds.ts';
import { collisionKey, markName, type RawName, safeName, utf8Length } from './safe-name.ts';

interface Folder {
  readonly name: string;
  /** Collision keys of the names that are taken here. */
  readonly taken: Set<string>;
  /** Folders by the name that the torrent has for them. */
  readonly folders: Map<string, Folder>;
  /** The number that was last tried for a name, so that a million equal names do not take a million squared steps. */
  readonly numbers: Map<string, number>;
}

export class SafePaths {
  readonly #root = emptyFolder('');
  readonly #paths: (readonly string[])[] = [];
  readonly #late: { readonly index: number; readonly names: readonly RawName[] }[] = [];

  /** Files in their order, each with at least one name. Padding files take no place: they are never written. */
  add(names: readonly RawName[], isPad: boolean): void {
    const path = names.map(safeName);
    if (!isPad && !this.#placeUnchanged(names, path)) this.#late.push({ index: this.#paths.length, names });
    this.#paths.push(path);
  }

  /** The path of each file; called once, after all were added. */
  finish(): readonly (readonly string[])[] {
    for (const { index, names } of this.#late) this.#paths[index] = this.#fitIn(names);
    return this.#paths;
  }

  /** Where a link leads, as far as folders were renamed; called after `finish`. */
  linkTarget(names: readonly RawName[]): readonly string[] {
    let folder: Folder | undefined = this.#root;
    return names.map((raw) => {
      folder = folder?.folders.get(exactKey(raw));
      return folder?.name ?? safeName(raw);
    });
  }

  #placeUnchanged(names: readonly RawName[], path: readonly string[]): boolean {
    let bytes = 0;
    for (const [depth, name] of path.entries()) {
      if (name !== names[depth]) return false;
      bytes += utf8Length(name) + 1;
    }
    if (bytes > maxPathBytes) return false;
    let folder = this.#root;
    for (const name of path.slice(0, -1)) {
      let next = folder.folders.get(name);
      if (next === undefined) {
        if (folder.taken.has(collisionKey(name))) return false;
        next = makeFolder(folder, name, name);
      }
      folder = next;
    }
    const key = collisionKey(path.at(-1) ?? '');
    if (folder.taken.has(key)) return false;
    folder.taken.add(key);
    return true;
  }

  #fitIn(names: readonly RawName[]): readonly string[] {
    const path: string[] = [];
    let folder = this.#root;
    let bytes = 0;
    for (const raw of names.slice(0, -1)) {
      const exact = exactKey(raw);
      const next = folder.folders.get(exact) ?? makeFolder(folder, exact, freeName(folder, safeName(raw)));
      bytes += utf8Length(next.name) + 1;
      // Folders that would make the path too long are left out; the file goes into the last one that fits.
      if (bytes > maxPathBytes - maxNameBytes) break;
      path.push(next.name);
      folder = next;
    }
    const name = freeName(folder, safeName(names.at(-1) ?? ''));
    folder.taken.add(collisionKey(name));
    path.push(name);
    return path;
  }
}

/** Equal for equal bytes only: half a character never comes out of UTF-8. */
function exactKey(raw: RawName): string {
  return typeof raw === 'string' ? raw : `\udfff${toLatin1(raw)}`;
}

function emptyFolder(name: string): Folder {
  return { name, taken: new Set(), folders: new Map(), numbers: new Map() };
}

function makeFolder(parent: Folder, exact: string, name: string): Folder {
  const folder = emptyFolder(name);
  parent.taken.add(collisionKey(name));
  parent.folders.set(exact, folder);
  return folder;
}

/** The name itself or the first that is free of "name (2).ext", "name (3).ext"… */
function freeName(folder: Folder, name: string): string {
  const key = collisionKey(name);
  if (!folder.taken.has(key)) return name;
  for (let number = folder.numbers.get(key) ?? 2; ; number++) {
    const numbered = markName(name, ` (${number})`);
    if (folder.taken.has(collisionKey(numbered))) continue;
    folder.numbers.set(key, number + 1);
    return numbered;
  }
}
