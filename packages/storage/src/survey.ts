// A first look at the disk: what stands under the names of a content, without opening anything.
// Folders that have many of them are listed first, so that a hundred thousand missing files cost one question each folder,
// not two each file; a few files, among thousands of others perhaps, are asked for by name.

import type { Disk, FileStat } from '@shoal/base';
import { mostStatsAtOnce } from './bounds.ts';
import { StorageError, storageError } from './errors.ts';
import { folderOf } from './folders.ts';
import { isAbsent, look } from './look.ts';
import type { FilePaths } from './names.ts';

export interface Found {
  readonly final: FileStat | undefined;
  readonly incomplete: FileStat | undefined;
  /** What a link under the final name leads to. */
  readonly linked?: FileStat | undefined;
}

/** Of one folder: a question each is less than a list of all that others have there. */
const mostAskedByName = 16;

export const nothing: Found = { final: undefined, incomplete: undefined };

export async function survey(
  disk: Disk,
  paths: readonly (FilePaths | undefined)[],
  signal?: AbortSignal,
): Promise<Found[]> {
  const listings = new Map<string, Promise<Set<string> | undefined>>();
  const counts = new Map<string, number>();
  for (const path of paths)
    for (const folder of path === undefined ? [] : new Set([folderOf(path.final), folderOf(path.incomplete)]))
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
  const found: Found[] = paths.map(() => nothing);
  async function lookIn(path: string): Promise<FileStat | undefined> {
    const folder = folderOf(path);
    if ((counts.get(folder) ?? 0) <= mostAskedByName) return look(disk, path);
    let listing = listings.get(folder);
    if (listing === undefined) {
      listing = list(disk, folder);
      listings.set(folder, listing);
    }
    const names = await listing;
    return names !== undefined && mayBeThere(names, path) ? look(disk, path) : undefined;
  }
  await eachAtOnce(mostStatsAtOnce, paths.keys(), async (index) => {
    if (signal?.aborted) throw new StorageError('aborted', 'Stopped while looking at files');
    const path = paths[index];
    if (path === undefined) return;
    const final = await lookIn(path.final);
    const incomplete = await lookIn(path.incomplete);
    if (final === undefined && incomplete === undefined) return;
    const linked = final?.kind === 'link' ? await follow(disk, path.final) : undefined;
    found[index] = { final, incomplete, linked };
  });
  return found;
}

/** Runs `action` for each item, `most` at a time; ends at the first error. */
export async function eachAtOnce<Item>(
  most: number,
  items: Iterable<Item>,
  action: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = Iterator.from(items);
  let isOver = false;
  async function lane(): Promise<void> {
    for (let next = rest.next(); !next.done && !isOver; next = rest.next()) {
      try {
        await action(next.value);
      } catch (error) {
        isOver = true;
        throw error;
      }
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: most }, lane));
  for (const outcome of lanes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Names in a folder in lower case; undefined when there is no such folder. */
async function list(disk: Disk, folder: string): Promise<Set<string> | undefined> {
  try {
    return new Set((await disk.list(folder)).map((name) => name.toLowerCase()));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw storageError(error, folder);
  }
}

/** Some systems change the form of letters beyond ASCII, so those names are always asked for. */
function mayBeThere(names: Set<string>, path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  return names.has(name) || !/^[\x00-\x7f]*$/.test(name);
}

async function follow(disk: Disk, path: string): Promise<FileStat | undefined> {
  try {
    await using stack = new AsyncDisposableStack();
    const file = await disk.open(path);
    stack.defer(() => file.close());
    return await file.stat();
  } catch {
    return undefined;
  }
}
