// Opening: what is on the disk, what the journal says of it, and whose it is. The cases are a table in the README.
// Invariant: a piece is believed without hashing only when the journal has it and each of its files looks exactly
// as the journal last saw it; a file in the way is somebody else's until one of its pieces is found to be good.

import { type Disk, type Hashing, toUtf8 } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import { DiskContent } from './content.ts';
import { StorageError, storageError } from './errors.ts';
import { FileSlot } from './file-slot.ts';
import { Findings } from './findings.ts';
import { folderOf } from './folders.ts';
import { checkHome, homeOf } from './home.ts';
import { Journal } from './journal.ts';
import { Ledger } from './ledger.ts';
import { look } from './look.ts';
import { type FilePaths, filePaths } from './names.ts';
import { findOddNames } from './odd-names.ts';
import { PartsFile } from './parts-file.ts';
import { type Found, survey } from './survey.ts';
import { sortPieces } from './trust.ts';
import type { Content, ContentOptions } from './types.ts';

export async function openContent(options: ContentOptions, signal?: AbortSignal): Promise<Content> {
  const { openFiles, journal: path } = options;
  const owner = {};
  if (!openFiles.claim(path, owner)) throw inUse(path);
  const lock = await options.lock?.(path);
  try {
    if (options.lock !== undefined && lock === undefined) throw inUse(path);
    const opened = await open(options, owner, signal);
    return new DiskContent({
      ...opened,
      options,
      owner,
      lock,
      onClose: () => openFiles.disclaim(path, owner),
    });
  } catch (error) {
    lock?.release();
    openFiles.disclaim(path, owner);
    throw storageError(error, options.folder);
  }
}

function inUse(path: string): StorageError {
  return new StorageError('locked', `This transfer is worked on already, says ${path}`, { value: path });
}

async function open(options: ContentOptions, owner: object, signal: AbortSignal | undefined) {
  const { disk, hashing, layout, openFiles } = options;
  checkHome(options, layout);
  const digest = hashing.digest.bind(hashing);
  const journal = await Journal.open({
    disk,
    openFiles,
    digest,
    path: options.journal,
    contentDigest: digest('sha1', describe(options)),
    pieceCount: layout.pieceCount,
    // The parts file comes after the layout's.
    fileCount: layout.files.length + 1,
    bootId: options.bootId ?? '',
  });
  try {
    const {
      paths: own = journal.knows(options.folder)
        ? undefined
        : await findOddNames(disk, layout, options.folder),
    } = options;
    const home = journal.chooseHome(homeOf({ ...options, paths: own }), options.isRelocated ?? false);
    if (options.isRelocated === true) await journal.settle();
    await tidyCopy(disk, journal);
    const parts = new PartsFile(disk, openFiles, `${options.journal}.parts`, layout.files.length);
    const partsLook = await parts.refresh();
    const { paths, found } = await findAtHomes(disk, layout, journal, digest, signal);
    const ledger = new Ledger(disk, journal);
    const slots = paths.map((own, index) =>
      own === undefined
        ? undefined
        : new FileSlot({
            disk,
            openFiles,
            owner,
            index,
            length: layout.files[index]?.length ?? 0,
            paths: own,
            allocation: options.allocation ?? 'sparse',
            overwrite: options.overwrite ?? false,
            ledger,
          }),
    );
    const isWanted = options.isWanted ?? (() => true);
    const findings = new Findings({
      disk,
      layout,
      slots,
      found,
      stamps: journal.state.stamps,
      hasRestarted: journal.hasRestarted,
      overwrite: options.overwrite ?? false,
      isWanted,
    });
    await findings.choose();
    const wanted = Uint8Array.from(slots, (slot, file) => (slot !== undefined && isWanted(file) ? 1 : 0));
    const inParts = Uint8Array.from(slots, (slot, file) => (slot?.isMade || wanted[file] === 1 ? 0 : 1));
    const { trusted, unchecked, lost } = sortPieces({
      layout,
      slots,
      parts,
      inParts,
      lookOf: (index) => (index === parts.index ? partsLook : findings.lookOf(index)),
      journal,
      hashed: options.hashed ?? [],
    });
    if (options.expectsFiles === true && lost.length > 0 && found.every(isNowhere)) throw gone(home.folder);
    // Before any file's new look is recorded. A journal that cannot be written now will be written anew.
    if (lost.length > 0) await journal.lose(lost).catch(() => {});
    return { home, slots, parts, journal, ledger, wanted, inParts, trusted, unchecked, findings };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

function isNowhere({ final, incomplete }: Found): boolean {
  return final === undefined && incomplete === undefined;
}

function gone(folder: string): StorageError {
  return new StorageError(
    'missing',
    `None of its files are in ${folder}: they are gone, or the disk is away`,
    { value: folder },
  );
}

/** Of a copy that a stop broke off there is still what it was to be a copy of; of one that was whole, that has to go. */
async function tidyCopy(disk: Disk, { state }: Journal): Promise<void> {
  const { copy } = state;
  if (copy === undefined) return;
  const isWhole = state.stamps.get(copy.file)?.id === copy.id;
  for (const path of isWhole ? copy.from.paths : copy.paths) {
    const present = await look(disk, path);
    if (present === undefined) continue;
    const isMade = copy.id !== '';
    const isCopy = isMade ? present.id === copy.id : present.kind === 'file' && present.length === 0;
    if (isWhole ? present.id === copy.from.id : isCopy) await removeForGood(disk, path);
  }
}

/** The journal will soon know nothing of it any more. */
async function removeForGood(disk: Disk, path: string): Promise<void> {
  await disk.removeFile(path);
  await disk.syncFolder(folderOf(path));
}

/** A move that was stopped leaves files in several homes: each is where its recorded id is, or belongs into the last one. */
async function findAtHomes(
  disk: Disk,
  layout: Layout,
  { state }: Journal,
  digest: Hashing['digest'],
  signal: AbortSignal | undefined,
): Promise<{ readonly paths: (FilePaths | undefined)[]; readonly found: Found[] }> {
  const [last, ...earlier] = (state.isMoving ? state.homes : state.homes.slice(-1)).toReversed();
  if (last === undefined) throw new StorageError('invalid', 'The content has no folder');
  const paths = filePaths(layout, last, digest);
  const found = await survey(disk, paths, signal);
  const hasId = ({ final, incomplete }: Found, id: string) => final?.id === id || incomplete?.id === id;
  for (const home of earlier) {
    const before = filePaths(layout, home, digest);
    for (const [index, there] of (await survey(disk, before, signal)).entries()) {
      const id = state.stamps.get(index)?.id;
      const own = before[index];
      const here = found[index];
      const path = paths[index];
      if (own === undefined || here === undefined || path === undefined) continue;
      if (path.incomplete === own.incomplete && path.final === own.final) continue;
      const { incomplete } = there;
      // Made, and not recorded when it all stopped: it holds nothing.
      if (incomplete?.kind === 'file' && incomplete.length === 0 && incomplete.id !== id)
        await removeForGood(disk, own.incomplete);
      if (id === undefined || !hasId(there, id)) continue;
      if (hasId(here, id)) {
        // A stop between the two steps of a rename left the old name, too.
        for (const [stat, name] of [
          [there.final, own.final],
          [there.incomplete, own.incomplete],
        ] as const)
          if (stat?.id === id && name !== path.final && name !== path.incomplete)
            await removeForGood(disk, name);
      } else {
        paths[index] = own;
        found[index] = there;
      }
    }
  }
  return { paths, found };
}

/** A journal is believed for this content only. */
function describe({ identity, layout }: ContentOptions): Uint8Array {
  const last = layout.files.at(-1);
  const numbers = [layout.pieceLength, layout.pieceCount, layout.files.length, last?.offset, last?.length];
  return toUtf8(`${identity.join()} ${numbers.join()}`);
}
