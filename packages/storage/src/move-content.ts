// All files of a content to another home. Files are found again by their ids, wherever a stop leaves them: the journal
// knows both homes until all are in the new one, and each copy while it grows.
// Invariant: a move that is refused has changed nothing; of one that broke off, each file is whole in one place.

import type { Disk, Hashing } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import { freeBytesFor, inTheWay } from './carry.ts';
import { StorageError, storageError } from './errors.ts';
import type { FileSlot } from './file-slot.ts';
import { folderOf, syncNames } from './folders.ts';
import { checkHome } from './home.ts';
import type { Journal } from './journal.ts';
import type { Ledger } from './ledger.ts';
import { look } from './look.ts';
import { type FilePaths, filePaths } from './names.ts';
import type { FileUser, OpenFiles } from './open-files.ts';
import { survey } from './survey.ts';
import type { FileStamp, Home, MoveOptions } from './types.ts';

/** What a move may know of a content. */
export interface Movable {
  readonly disk: Disk;
  readonly digest: Hashing['digest'];
  readonly layout: Layout;
  readonly slots: readonly (FileSlot | undefined)[];
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly openFiles: OpenFiles;
  /** The content among the others of its session. */
  readonly user: FileUser;
  /** Whose the names are that files get. */
  readonly owner: object;
  /** Where the files belonged until now. */
  readonly home: Home;
  readonly isScattered: boolean;
  isWanted(file: number): boolean;
  /** Where they belong from now on. */
  settleIn(home: Home): void;
}

interface Step {
  readonly slot: FileSlot;
  readonly from: FilePaths;
  readonly to: FilePaths;
}

/** Answers the files that were copied and could not be removed. */
export async function moveContent(content: Movable, home: Home, options: MoveOptions): Promise<string[]> {
  const { layout, slots, journal, openFiles, owner } = content;
  checkHome(home, layout);
  const paths = filePaths(layout, home, content.digest);
  const steps: Step[] = [];
  for (const [index, slot] of slots.entries()) {
    const to = paths[index];
    if (slot !== undefined && to !== undefined) steps.push({ slot, from: slot.paths, to });
  }
  const changing = steps.filter(
    ({ from, to }) => from.final !== to.final || from.incomplete !== to.incomplete,
  );
  await refuse(content, changing, paths, options.signal);
  const before = content.home;
  const stamps = await stampsOf(changing);
  // Of a file that was released to another disk meanwhile, the stamp is no longer true.
  await journal.beginMove(
    home,
    stamps.filter(({ file, id }) => slots[file]?.id === id),
  );
  content.settleIn(home);
  const walk = new Walk(content, changing, options);
  try {
    await walk.run();
  } catch (error) {
    for (const { to, from } of walk.left) if (to.final !== from.final) openFiles.disclaim(to.final, owner);
    if (!walk.hasMoved && !content.isScattered) {
      for (const { slot, from } of changing) await slot.move(from, {});
      await removeLeftFolders(
        content,
        changing.map(({ to }) => to),
        [home],
      );
      await journal.beginMove(before, []);
      await journal.settle();
      content.settleIn(before);
    }
    throw error;
  }
  await walk.syncNames();
  const left = journal.state.homes.slice(0, -1);
  await journal.settle();
  for (const { from, to } of changing) if (to.final !== from.final) openFiles.disclaim(from.final, owner);
  const formerly = left.flatMap((former) => filePaths(layout, former, content.digest));
  await removeLeftFolders(content, formerly, left);
  if (walk.gone !== undefined) throw walk.gone;
  return walk.remaining;
}

class Walk {
  readonly remaining: string[] = [];
  /** Not moved yet. */
  left: readonly Step[];
  hasMoved = false;
  /** Somebody took a file away meanwhile. */
  gone: StorageError | undefined;
  readonly #content: Movable;
  readonly #options: MoveOptions;
  readonly #all: readonly Step[];
  #copiedBytes = 0;
  #totalBytes = 0;

  constructor(content: Movable, steps: readonly Step[], options: MoveOptions) {
    this.#content = content;
    // What is not there comes last: should the first file show that nothing can be put there, nobody was sent there yet.
    this.#all = steps.toSorted((a, b) => Number(b.slot.isMade) - Number(a.slot.isMade));
    this.left = this.#all;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    for (const [index, { slot, to }] of this.#all.entries()) {
      if (signal?.aborted) throw new StorageError('aborted', 'Stopped while moving');
      this.left = this.#all.slice(index);
      await this.#move(slot, to);
    }
    this.left = [];
  }

  async #move(slot: FileSlot, to: FilePaths): Promise<void> {
    const wasMade = slot.isMade;
    try {
      await slot.move(to, {
        signal: this.#options.signal,
        onCopy: () => this.#askForRoom(slot, to),
        onBytes: (count) => {
          this.#copiedBytes += count;
          this.#options.onProgress?.(this.#copiedBytes, this.#totalBytes);
        },
        onLeft: (path) => this.remaining.push(path),
      });
      this.hasMoved ||= wasMade;
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'missing') throw error;
      const { path } = slot;
      // It is there: what is not is its new folder, any more.
      if ((await look(this.#content.disk, path))?.id === slot.id) throw notMade(folderOf(to.final), error);
      slot.abandon();
      this.gone ??= new StorageError('missing', `${path} was gone before it could be moved`, { value: path });
      await slot.move(to, {});
    }
  }

  /** Once, before the first copy: for all that has to be copied, as it seems. */
  async #askForRoom(slot: FileSlot, to: FilePaths): Promise<void> {
    if (this.#totalBytes > 0) return;
    const { disk } = this.#content;
    let needed = 0;
    for (const step of this.left) {
      if (!step.slot.isMade) continue;
      this.#totalBytes += step.slot.presentLength;
      needed += (await look(disk, step.slot.path))?.allocated ?? 0;
    }
    const folder = folderOf(to.final);
    const free = await freeBytesFor(disk, folder);
    if (free < needed)
      throw new StorageError(
        'no-space',
        `The disk of ${folder} has no room: ${needed} bytes, and ${free} free`,
        {
          value: slot.path,
        },
      );
  }

  /** So that a power cut cannot undo a rename of which the journal says that it was done. */
  syncNames(): Promise<void> {
    const made = this.#all.filter(({ slot }) => slot.isMade);
    return syncNames(this.#content.disk, new Set(made.map(({ slot }) => folderOf(slot.path))));
  }
}

/** Everything that can be known beforehand. */
async function refuse(
  content: Movable,
  steps: readonly Step[],
  paths: readonly (FilePaths | undefined)[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { disk, openFiles, owner, slots } = content;
  const used = new Set<string>();
  for (const { slot } of steps) {
    if (slot.isLink)
      throw new StorageError('invalid', `${slot.path} is a link to a file elsewhere: move it yourself`, {
        value: slot.path,
      });
    if (slot.isMade) used.add(slot.path);
  }
  const shared = openFiles.findShared(used, content.user);
  if (shared !== undefined)
    throw new StorageError('locked', `Another transfer uses ${shared}, too: stop it first`, {
      value: shared,
    });
  const wanted = paths.map((path, index) =>
    content.isWanted(index) || slots[index]?.isMade === true ? path : undefined,
  );
  for (const [index, found] of (await survey(disk, wanted, signal)).entries()) {
    const slot = slots[index];
    const path = paths[index];
    if (slot === undefined || path === undefined) continue;
    for (const [stat, place] of [
      [found.final, path.final],
      [found.incomplete, path.incomplete],
    ] as const) {
      const isStaying = slot.paths.final === path.final && slot.paths.incomplete === path.incomplete;
      if (stat !== undefined && stat.id !== slot.id && !isStaying) throw inTheWay(place, stat.kind);
    }
  }
  const claimed: string[] = [];
  try {
    for (const { from, to } of steps) {
      if (to.final === from.final) continue;
      if (!openFiles.claim(to.final, owner))
        throw new StorageError('locked', `Another transfer is writing ${to.final}`, { value: to.final });
      claimed.push(to.final);
    }
    await makeFolders(content, steps);
  } catch (error) {
    for (const path of claimed) openFiles.disclaim(path, owner);
    throw error;
  }
}

/** All that files are in or will come into: whether one can be made is only known when it is. */
async function makeFolders({ disk, ledger, isWanted }: Movable, steps: readonly Step[]): Promise<void> {
  const needed = new Set<string>();
  for (const { slot, to } of steps)
    if (slot.isMade || isWanted(slot.index))
      needed.add(folderOf(slot.standing === 'final' ? to.final : to.incomplete));
  const made: string[] = [];
  for (const folder of needed) {
    try {
      for (let at = folder; at !== ''; at = folderOf(at)) {
        const present = await look(disk, at);
        if (present?.kind === 'file') throw inTheWay(at, 'file');
        if (present !== undefined) break;
        made.push(at);
      }
      await ledger.enterFolder(folder);
    } catch (error) {
      for (const path of made.toSorted((a, b) => b.length - a.length))
        await disk.removeEmptyFolder(path).catch(() => {});
      ledger.forgetFolders();
      throw notMade(folder, error);
    }
  }
}

/** What is missing is no file of the content: nobody may take it for that. */
function notMade(folder: string, error: unknown): StorageError {
  const { code, value } = storageError(error, folder);
  const first = error instanceof StorageError ? (error.cause ?? error) : error;
  const reason = first instanceof Error ? first.message : String(first);
  return new StorageError(
    code === 'missing' ? 'invalid' : code,
    `The folder ${folder} cannot be made or entered: ${reason}`,
    { value, cause: error },
  );
}

async function stampsOf(steps: readonly Step[]): Promise<FileStamp[]> {
  const stamps: FileStamp[] = [];
  for (const { slot } of steps) {
    const stamp = slot.isMade ? await slot.stamp() : undefined;
    if (stamp !== undefined) stamps.push(stamp);
  }
  return stamps;
}

/** Folders that the content has left, where nothing else is in them. */
export async function removeLeftFolders(
  { disk, ledger, slots, isWanted }: Pick<Movable, 'disk' | 'ledger' | 'slots' | 'isWanted'>,
  paths: readonly (FilePaths | undefined)[],
  homes: readonly Home[],
): Promise<void> {
  // Somebody may be about to make a file in those that are still used.
  const used = new Set<string>();
  for (const [index, slot] of slots.entries()) {
    if (slot === undefined || !(slot.isMade || isWanted(index))) continue;
    for (const path of [slot.paths.final, slot.paths.incomplete])
      for (let at = folderOf(path); at !== '' && !used.has(at); at = folderOf(at)) used.add(at);
  }
  const left = new Set<string>();
  for (const { folder, unfinished = folder, ownsFolder } of homes)
    for (const top of [folder, unfinished]) {
      for (const own of paths)
        for (const path of own === undefined ? [] : [own.final, own.incomplete])
          for (let at = folderOf(path); at.startsWith(`${top}/`); at = folderOf(at)) left.add(at);
      if (ownsFolder === true) left.add(top);
    }
  const deepestFirst = [...left].filter((folder) => !used.has(folder)).sort((a, b) => b.length - a.length);
  for (const folder of deepestFirst) await disk.removeEmptyFolder(folder).catch(() => {});
  ledger.forgetFolders();
}
