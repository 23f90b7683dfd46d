// What a file is called while it is not released: its own name with `.part` after it, as browsers and other clients
// do it, so that people and programs that watch folders know it for what it is.
// Invariant: no two files of a content share a path, incomplete or not, in any case of letters; names depend on
// the layout and the home alone, so that a restart finds them again.

import { type Hashing, toHex, toUtf8 } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import { longestName } from './bounds.ts';
import { keyOf, pathIn } from './home.ts';
import type { Home } from './types.ts';

const suffix = '.part';

export interface FilePaths {
  /** Its own. */
  readonly final: string;
  /** Until it is released. */
  readonly incomplete: string;
}

/** One for each file of the layout; undefined for padding, and for links, which are not made. */
export function filePaths(layout: Layout, home: Home, digest: Hashing['digest']): (FilePaths | undefined)[] {
  const taken = takenNames(layout, home);
  return layout.files.map((file, index) => {
    if (file.isPad || file.linkTarget !== undefined) return undefined;
    const path = pathIn(home, layout, index);
    const folders = path.slice(0, -1);
    const name = path.at(-1) ?? '';
    const inside = [home.folder, ...folders].join('/');
    const before = home.unfinished === undefined ? inside : [home.unfinished, ...folders].join('/');
    return {
      final: `${inside}/${name}`,
      incomplete: `${before}/${incompleteName(folders, name, taken, digest)}`,
    };
  });
}

function incompleteName(
  folders: readonly string[],
  name: string,
  taken: Set<string>,
  digest: Hashing['digest'],
): string {
  for (let attempt = 0; ; attempt++) {
    const tail = attempt === 0 ? suffix : `.${attempt}${suffix}`;
    const candidate = shortened(name, tail, digest);
    const key = keyOf([...folders, candidate]);
    if (taken.size === 0) return candidate;
    if (taken.has(key)) continue;
    taken.add(key);
    return candidate;
  }
}

/** `name` with `tail`; where that is too long for a disk, the end of the name gives way to a digest of it. */
function shortened(name: string, tail: string, digest: Hashing['digest']): string {
  const room = longestName - toUtf8(tail).length;
  if (toUtf8(name).length <= room) return name + tail;
  const mark = `~${toHex(digest('sha1', toUtf8(name)).subarray(0, 8))}`;
  let kept = '';
  let bytes = mark.length;
  for (const character of name) {
    bytes += toUtf8(character).length;
    if (bytes > room) break;
    kept += character;
  }
  return kept + mark + tail;
}

/**
 * Every path in the content, folders too, when an incomplete name could meet one of them; usually nothing is called
 * `.part`, no name is near the limit, and then there is nothing to meet.
 */
function takenNames(layout: Layout, home: Home): Set<string> {
  const taken = new Set<string>();
  const paths = layout.files.map((file, index) => (file.isPad ? [] : pathIn(home, layout, index)));
  const canMeet = paths.some((path) =>
    path.some((name) => name.toLowerCase().endsWith(suffix) || name.length > longestName / 4),
  );
  if (!canMeet) return taken;
  for (const path of paths)
    for (let depth = 1; depth <= path.length; depth++) taken.add(keyOf(path.slice(0, depth)));
  return taken;
}
