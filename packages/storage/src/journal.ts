// The append-only file that remembers which pieces were verified and how their files looked then.
// Invariant: a record is written only after what it speaks of; so whatever part of the journal survives a crash is true,
// as long as the files still look as their last stamps say. It is one of the session's open files, and closed when
// others need the place.

import { Bitfield, type Disk, type Hashing, WorldError } from '@shoal/base';
import { journalSlack, journalSlackWhenSynced, longestJournal } from './bounds.ts';
import { storageError } from './errors.ts';
import { folderOf, syncNames } from './folders.ts';
import {
  type CopyRecord,
  cleanRecord,
  copyRecord,
  doubtWritten,
  enterHome,
  goodRecords,
  headerRecord,
  homeRecords,
  type JournalState,
  lostRecords,
  parseJournal,
  settledRecord,
  stampRecords,
} from './journal-records.ts';
import { look } from './look.ts';
import { Handle, type OpenFiles } from './open-files.ts';
import type { FileStamp, Home } from './types.ts';

export interface JournalOptions {
  readonly disk: Disk;
  readonly openFiles: OpenFiles;
  readonly digest: Hashing['digest'];
  readonly path: string;
  /** Says which content this is and how it is laid out: the journal of any other one is not believed. */
  readonly contentDigest: Uint8Array;
  readonly pieceCount: number;
  readonly fileCount: number;
  /** Empty when it is not known: then only what was synced counts. */
  readonly bootId: string;
}

export class Journal {
  readonly state: JournalState;
  readonly #options: JournalOptions;
  readonly #handle: Handle;
  /** What the file says is known, and can be gone on with. */
  #isWhole = false;
  #length = 0;
  /** For all that is known its name is not yet safe from a power cut. */
  #isNew = true;
  /** How many changes were made, and how many of them a power cut leaves. */
  #changes = 0;
  #syncedChanges = 0;
  #syncing: Promise<void> | undefined;
  #hasRestarted = false;
  /** One change after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: JournalOptions) {
    this.#options = options;
    this.#handle = new Handle(options.openFiles, options.path, true);
    this.state = {
      stamps: new Map(),
      synced: new Bitfield(options.pieceCount),
      written: new Bitfield(options.pieceCount),
      doubtful: new Bitfield(options.pieceCount),
      homes: [],
      isMoving: false,
      copy: undefined,
      homeParts: [],
      bootId: '',
      isClean: false,
    };
  }

  static async open(options: JournalOptions): Promise<Journal> {
    const journal = new Journal(options);
    try {
      await journal.#load();
    } catch (error) {
      await journal.close();
      throw storageError(error, options.path);
    }
    return journal;
  }

  /** The machine may have lost power since this journal was written. */
  get hasRestarted(): boolean {
    return this.#hasRestarted;
  }

  isGood(piece: number): boolean {
    return this.state.synced.has(piece) || this.state.written.has(piece);
  }

  /**
   * Where the files are: where they were moved to since, if `given` is a place they were in. What is recorded of any
   * other place is forgotten, and so it is when the caller is certain that `given` is right.
   */
  chooseHome(given: Home, isCertain: boolean): Home {
    const { homes, isMoving } = this.state;
    const last = homes.at(-1);
    if (last === undefined || !this.knows(given.folder) || (isCertain && last.folder !== given.folder)) {
      this.#forget();
      enterHome(this.state, given);
      return given;
    }
    // The caller has learned of the last move. The next record writes the journal anew, without the former home.
    if (last.folder === given.folder && !isMoving && homes.length > 1) {
      this.state.homes = [last];
      this.#isWhole = false;
    }
    return last;
  }

  /** Files are or were there, as far as it is recorded. */
  knows(folder: string): boolean {
    return this.state.homes.some((home) => home.folder === folder);
  }

  #forget(): void {
    const { state } = this;
    state.stamps.clear();
    for (const pieces of [state.synced, state.written, state.doubtful]) pieces.clearAll();
    state.homes = [];
    state.copy = undefined;
    state.isMoving = false;
    state.isClean = false;
    this.#hasRestarted = false;
    this.#isWhole = false;
  }

  /** From now on files may be in either place. `stamps` tell them from those of others, wherever they are. */
  async beginMove(home: Home, stamps: readonly FileStamp[]): Promise<void> {
    const { homes, isMoving } = this.state;
    enterHome(this.state, home);
    for (const stamp of stamps) this.state.stamps.set(stamp.file, stamp);
    const { digest } = this.#options;
    try {
      await this.#append([...stampRecords(digest, stamps), ...homeRecords(digest, home)]);
      await this.sync();
    } catch (error) {
      Object.assign(this.state, { homes, isMoving });
      this.#isWhole = false;
      throw error;
    }
  }

  /** All files are in the last home, and stay there after a power cut. */
  async settle(): Promise<void> {
    this.state.isMoving = false;
    await this.#append([settledRecord(this.#options.digest)]);
    await this.sync();
  }

  async beginCopy(copy: CopyRecord): Promise<void> {
    this.state.copy = copy;
    await this.#append([copyRecord(this.#options.digest, copy)]);
    await this.sync();
  }

  /** The copy is whole and has taken the file's place. */
  async finishCopy(stamp: FileStamp): Promise<void> {
    await this.stamp([stamp]);
    await this.sync();
  }

  stamp(stamps: readonly FileStamp[]): Promise<void> {
    for (const stamp of stamps) this.state.stamps.set(stamp.file, stamp);
    return this.#append(stampRecords(this.#options.digest, stamps));
  }

  /** What `sync` has to reach for all that was recorded until now. */
  get changes(): number {
    return this.#changes;
  }

  /** Resolves when what was recorded survives a power cut: all of it, or as much as was recorded at `changes`. */
  async sync(changes = this.#changes): Promise<void> {
    while (this.#syncedChanges < changes) {
      this.#syncing ??= this.#sync().finally(() => {
        this.#syncing = undefined;
      });
      await this.#syncing;
    }
  }

  /** Beside the records that come meanwhile: those of new files must not wait for it. */
  async #sync(): Promise<void> {
    await this.#turn;
    const changes = this.#changes;
    const { path } = this.#options;
    const isNew = this.#isNew;
    this.#isNew = false;
    try {
      // Without a file a record failed, and all of it will be written anew: there is nothing to be had from waiting.
      if (this.#isWhole) await this.#handle.use((file) => file.sync());
      if (isNew) await syncNames(this.#options.disk, [folderOf(path)]);
    } catch (error) {
      this.#isNew ||= isNew;
      throw storageError(error, path);
    }
    this.#syncedChanges = changes;
  }

  /** `stamps` were taken after the pieces were written. */
  addWritten(pieces: readonly number[], stamps: readonly FileStamp[]): Promise<void> {
    for (const piece of pieces) this.state.written.set(piece);
    return this.#add(pieces, stamps, this.#options.bootId);
  }

  /** `stamps` were taken after the pieces were synced. The journal is, too, when this resolves. */
  async addSynced(pieces: readonly number[], stamps: readonly FileStamp[]): Promise<void> {
    for (const piece of pieces) this.state.synced.set(piece);
    await this.#add(pieces, stamps, '');
    await this.#inTurn(() => this.#shorten(journalSlackWhenSynced));
    await this.sync();
  }

  lose(pieces: readonly number[]): Promise<void> {
    const { synced, written, doubtful } = this.state;
    for (const piece of pieces) {
      synced.clear(piece);
      written.clear(piece);
      doubtful.clear(piece);
    }
    return this.#append(lostRecords(this.#options.digest, pieces));
  }

  /** All that is good was recorded, and nothing else is in the files as long as they look so and nothing follows. */
  markClean(): Promise<void> {
    return this.#append([cleanRecord(this.#options.digest)]);
  }

  /** It is of no use any more. */
  async remove(): Promise<void> {
    await this.close();
    for (const path of [this.#options.path, `${this.#options.path}.new`])
      if ((await look(this.#options.disk, path)) !== undefined) await this.#options.disk.removeFile(path);
  }

  async close(): Promise<void> {
    await this.#turn.catch(() => {});
    await this.#syncing?.catch(() => {});
    await this.#handle.close();
  }

  #add(pieces: readonly number[], stamps: readonly FileStamp[], bootId: string): Promise<void> {
    for (const stamp of stamps) this.state.stamps.set(stamp.file, stamp);
    const { digest } = this.#options;
    // Stamps first: pieces must never be believed by an older look of their files.
    return this.#append([...stampRecords(digest, stamps), ...goodRecords(digest, pieces, bootId)]);
  }

  #append(records: readonly Uint8Array[]): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    this.#changes++;
    return this.#inTurn(async () => {
      if (!this.#isWhole) await this.#rewrite();
      await this.#handle.use((file) => file.write(records, this.#length));
      for (const record of records) this.#length += record.length;
      await this.#shorten(journalSlack);
    });
  }

  async #shorten(slack: number): Promise<void> {
    if (this.#length > Math.max(slack, 4 * this.#shortest())) await this.#rewrite();
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(async () => {
      try {
        await change();
      } catch (error) {
        // What the journal says now is not known: the next record begins a new one.
        this.#isWhole = false;
        await this.#handle.close().catch(() => {});
        throw storageError(error, this.#options.path);
      }
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #load(): Promise<void> {
    const { digest, contentDigest, fileCount, bootId } = this.#options;
    try {
      await this.#handle.use(async (file) => {
        const { length } = await file.stat();
        const bytes = new Uint8Array(Math.min(length, longestJournal));
        const count = await file.read([bytes], 0);
        this.#length = parseJournal(digest, bytes.subarray(0, count), contentDigest, fileCount, this.state);
        // One that is not this content's, or damaged from the start, is written anew with the first record.
        this.#isWhole = this.#length > 0;
        if (this.#isWhole && this.#length < length) await file.truncate(this.#length);
      });
    } catch (error) {
      if (error instanceof WorldError && error.code === 'not-found') return;
      throw error;
    }
    this.#hasRestarted = this.#length > 0 && (this.state.bootId !== bootId || bootId === '');
    if (this.#hasRestarted) doubtWritten(this.state, bootId);
  }

  /** A fresh file with what is true now, in the place of the old one. */
  async #rewrite(): Promise<void> {
    const { disk, path, digest, contentDigest, bootId } = this.#options;
    const { stamps, synced, written, homes, isMoving, copy } = this.state;
    const records = [
      headerRecord(digest, contentDigest),
      ...homes.flatMap((home) => homeRecords(digest, home)),
      ...(isMoving || homes.length < 2 ? [] : [settledRecord(digest)]),
      ...(copy === undefined ? [] : [copyRecord(digest, copy)]),
      ...stampRecords(digest, [...stamps.values()]),
      ...goodRecords(digest, synced.indices(), ''),
      ...(bootId === '' ? [] : goodRecords(digest, written.indices(), bootId)),
    ];
    const fresh = `${path}.new`;
    await disk.makeFolder(folderOf(path));
    const file = await disk.open(fresh, { write: true, create: true, mode: 0o600 });
    try {
      await file.truncate(0);
      await file.write(records, 0);
      // Before it takes an older one's place it has to be there after a power cut, too.
      if (this.#length > 0) await file.sync();
    } finally {
      await file.close();
    }
    await this.#handle.close();
    await disk.rename(fresh, path);
    this.#isWhole = true;
    this.#isNew = true;
    this.#length = records.reduce((total, record) => total + record.length, 0);
  }

  /** About what a rewritten journal takes, without writing it. */
  #shortest(): number {
    return 64 + this.state.stamps.size * 64 + this.state.synced.length / 4;
  }
}
