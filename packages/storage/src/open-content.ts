// Opening: what is on the disk, what the journal says of it, and whose it is. The cases are a table in the README.
// Invariant: a piece is believed without hashing only when the journal has it and each of its files looks exactly
// as the journal last saw it; a file in the way is somebody else's until one of its pieces is found to be good.

import { toUtf8 } from '@shoal/base';
import { DiskContent } from './content.ts';
import { StorageError, storageError } from './errors.ts';
import { FileSlot } from './file-slot.ts';
import { Findings } from './findings.ts';
import { Journal } from './journal.ts';
import { filePaths } from './names.ts';
import { PartsFile } from './parts-file.ts';
import { survey } from './survey.ts';
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
  const { disk, hashing, layout, folder, openFiles } = options;
  const digest = hashing.digest.bind(hashing);
  const paths = filePaths(layout, folder, digest);
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
    const parts = new PartsFile(disk, openFiles, `${options.journal}.parts`, layout.files.length);
    const partsLook = await parts.refresh();
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
            onTaken: (stamp) => journal.stamp([stamp]),
          }),
    );
    const found = await survey(disk, paths, signal);
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
    // Before any file's new look is recorded. A journal that cannot be written now will be written anew.
    if (lost.length > 0) await journal.lose(lost).catch(() => {});
    return { slots, parts, journal, wanted, inParts, trusted, unchecked, findings };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** A journal is believed for this content in this folder only. */
function describe({ identity, layout, folder }: ContentOptions): Uint8Array {
  const last = layout.files.at(-1);
  const numbers = [layout.pieceLength, layout.pieceCount, layout.files.length, last?.offset, last?.length];
  return toUtf8(`${identity.join()} ${numbers.join()} ${folder}`);
}
