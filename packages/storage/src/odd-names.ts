// Files that lie under the very names that a torrent gives them, where those are not safe on every system and others were
// chosen: whoever has them here made them here. Invariant: nothing is looked at outside of the folder.

import { type Disk, fromUtf8 } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import { isName } from './home.ts';
import { look } from './look.ts';
import type { Home } from './types.ts';

/** Of files that are there under their odd name, and not under the safe one. */
export async function findOddNames(disk: Disk, layout: Layout, folder: string): Promise<Home['paths']> {
  const names = new Map<number, readonly string[]>();
  for (const [index, { path, originalPath, isPad, linkTarget }] of layout.files.entries()) {
    if (isPad || linkTarget !== undefined || originalPath.length !== path.length) continue;
    const odd = originalPath.map((name) => fromUtf8(name) ?? '');
    if (odd.every((name, depth) => name === path[depth]) || !odd.every(isName)) continue;
    if ((await look(disk, [folder, ...odd].join('/')))?.kind !== 'file') continue;
    if ((await look(disk, [folder, ...path].join('/'))) === undefined) names.set(index, odd);
  }
  return names.size === 0 ? undefined : names;
}
