// What slots tell of their files, into the journal. Invariant: one file of a content is copied at a time, so that the
// journal has to know of one copy at most.

import type { Disk } from '@shoal/base';
import { syncNames } from './folders.ts';
import type { Journal } from './journal.ts';
import type { CopyRecord } from './journal-records.ts';
import type { SlotLedger } from './slot-options.ts';
import type { FileStamp } from './types.ts';

export class Ledger implements SlotLedger {
  readonly #disk: Disk;
  readonly #journal: Journal;
  /** At which change of the journal each file that was begun in this run is named as ours. */
  readonly #takenAt = new Map<number, number>();
  #turn: Promise<unknown> = Promise.resolve();
  /** Set by the content, which can hash. */
  verifyCopy: SlotLedger['verifyCopy'] = () => Promise.resolve();

  /** Made here, or found, and safe from a power cut. */
  #folders = new Set<string>();

  constructor(disk: Disk, journal: Journal) {
    this.#disk = disk;
    this.#journal = journal;
  }

  async taken(stamp: FileStamp): Promise<void> {
    await this.#journal.stamp([stamp]);
    this.#takenAt.set(stamp.file, this.#journal.changes);
    // Nobody waits for it now, and mostly nobody has to later.
    void this.#journal.sync().catch(() => {});
  }

  /** A state folder that fails holds up nobody. */
  async takenForGood(file: number): Promise<void> {
    await this.#journal.sync(this.#takenAt.get(file) ?? 0).catch(() => {});
    this.#takenAt.delete(file);
  }

  /** A file that moves into a folder would go with it, should a power cut undo the folder. */
  async enterFolder(folder: string): Promise<void> {
    await this.#disk.makeFolder(folder);
    if (this.#folders.has(folder)) return;
    await syncNames(this.#disk, [folder]);
    this.#folders.add(folder);
  }

  /** Some folders were removed. */
  forgetFolders(): void {
    this.#folders.clear();
  }

  inTurn(copy: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(copy);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  copyBegun(copy: CopyRecord): Promise<void> {
    return this.#journal.beginCopy(copy);
  }

  copied(stamp: FileStamp): Promise<void> {
    return this.#journal.finishCopy(stamp);
  }
}
