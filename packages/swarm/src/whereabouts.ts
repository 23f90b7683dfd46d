// Which torrent a transfer is of and where its content is: read, opened, looked for, without keeping it open.
// Invariants: it is opened where it was last, or where it was given before; files that were there once are expected to
// be there, so that the empty place of a disk that is away is not taken for a beginning.

import type { InfoHashes, Torrent } from '@shoal/metainfo';
import { type Content, findsFiles, type Home, openContent } from '@shoal/storage';
import { SwarmError } from './errors.ts';
import type { HashExchange } from './hash-exchange.ts';
import type { SessionParts } from './session-parts.ts';
import type { TransferOptions } from './types.ts';

export interface Known {
  readonly torrent: Torrent;
  readonly hashes: HashExchange;
}

export interface WhereaboutsOptions {
  readonly parts: SessionParts;
  readonly given: TransferOptions;
  /** What the content is known by in its journal: what the transfer was added with. */
  readonly infoHashes: InfoHashes;
  /** Reads the torrent again, where that is how it is kept. */
  readonly load: (() => Promise<Known>) | undefined;
}

export class Whereabouts {
  readonly #o: WhereaboutsOptions;
  /** Where the content was last; before it was opened, where it was given. */
  home: Home | undefined;
  /** Undefined before it came, and while it will be read again. */
  known: Known | undefined;
  /** What was verified is there, or its disk is away: it is not fetched anew without a word. */
  #expectsFiles: boolean;
  #isRelocated = false;

  constructor(options: WhereaboutsOptions) {
    this.#o = options;
    this.#expectsFiles = options.given.expectsFiles ?? false;
  }

  get torrent(): Torrent | undefined {
    return this.known?.torrent;
  }

  get canBeRead(): boolean {
    return this.#o.load !== undefined;
  }

  async read(): Promise<Known> {
    const known = this.known ?? (await this.#o.load?.());
    if (known === undefined) throw new SwarmError('invalid', 'the torrent is not known');
    return known;
  }

  open(torrent: Torrent, isWanted: (file: number) => boolean, signal: AbortSignal): Promise<Content> {
    const { infoHashes } = this.#o;
    const { journal, overwrite, hashed } = this.#o.given;
    const isRelocated = this.#isRelocated;
    this.#isRelocated = false;
    const { disk, hashing, clock, openFiles, lock, bootId } = this.#o.parts;
    return openContent(
      {
        disk,
        hashing,
        clock,
        openFiles,
        layout: torrent.layout,
        hashes: torrent.hashes,
        ...this.#homeOf(torrent),
        isRelocated,
        expectsFiles: this.#expectsFiles && !isRelocated,
        identity: infoHashes.v2 ?? infoHashes.v1 ?? new Uint8Array(1),
        journal,
        isWanted,
        ...(lock === undefined ? {} : { lock }),
        ...(bootId === undefined ? {} : { bootId }),
        ...(overwrite === undefined ? {} : { overwrite }),
        ...(hashed === undefined ? {} : { hashed }),
      },
      signal,
    );
  }

  /** From now on pieces are written there. */
  expectFiles(): void {
    this.#expectsFiles = true;
  }

  /** Somebody knows that files are gone, and wants it to go on. */
  acceptLoss(): void {
    this.#expectsFiles = false;
  }

  /** The content is there, whatever the journal says: for the next opening. */
  relocateTo(home: Home): void {
    this.home = home;
    this.#isRelocated = true;
  }

  /** Without looking at the disk: it may be wrong there. */
  async where(): Promise<{ readonly home: Home; readonly torrent: Torrent }> {
    const { torrent } = await this.read();
    return { home: this.#homeOf(torrent), torrent };
  }

  /** Some of its files are there; the folder for them is enough where `hasNone` was verified yet. */
  async isReachable(hasNone: () => boolean): Promise<boolean> {
    const { disk, hashing } = this.#o.parts;
    const { home, torrent } = await this.where();
    if (await findsFiles({ disk, hashing, layout: torrent.layout }, home)) return true;
    if (!hasNone()) return false;
    await disk.stat(
      home.ownsFolder === true ? home.folder.slice(0, home.folder.lastIndexOf('/')) : home.folder,
    );
    return true;
  }

  #homeOf(torrent: Torrent): Home {
    return this.home ?? homeGiven(this.#o.given, torrent);
  }
}

function homeGiven({ home, folder, unfinished }: TransferOptions, torrent: Torrent): Home {
  if (home !== undefined) return home;
  const inside = (top: string) => (torrent.folder === undefined ? top : `${top}/${torrent.folder}`);
  return {
    folder: inside(folder),
    ownsFolder: torrent.folder !== undefined,
    ...(unfinished === undefined ? {} : { unfinished: inside(unfinished) }),
  };
}
