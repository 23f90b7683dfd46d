// Tells the journal what became good: at once when it was written, in batches where many are; and again once it was synced.
// Invariant: a piece is recorded with stamps that were taken after it was written; a fault of the disk that holds the
// journal costs a later hashing and nothing else.

import { type Bitfield, type Clock, type Disk, type Timer, WorldError } from '@shoal/base';
import {
  quietMs,
  recordAgainMs,
  recordPauseMs,
  recordRest,
  syncAtLatestMs,
  syncRest,
  syncWhenQuietMs,
} from './bounds.ts';
import { folderOf, syncNames } from './folders.ts';
import type { Journal } from './journal.ts';
import type { FileStamp } from './types.ts';

/** A file as the recorder sees it. */
export interface RecordedFile {
  readonly index: number;
  readonly path: string;
  /** What its stamps have to have: a copy may have taken its place, or somebody's file. */
  readonly id: string | undefined;
  stamp(): Promise<FileStamp | undefined>;
  sync(): Promise<void>;
}

export interface RecorderOptions {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly journal: Journal;
  /** Kept by the content; a piece that is no longer in it is not recorded. */
  readonly good: Bitfield;
  /** Writes that were begun, those under way too; undefined while some are. */
  readonly writes: () => number | undefined;
  /** What is not good is not there. */
  readonly isAllChecked: () => boolean;
  /** Without one, what was not synced is forgotten with the process, so that a close has to sync. */
  readonly bootId: string;
}

export class Recorder {
  readonly #options: RecorderOptions;
  #unrecorded: number[] = [];
  #changed = new Set<RecordedFile>();
  #unsynced: number[] = [];
  #unsyncedFiles = new Set<RecordedFile>();
  #recordTimer: Timer | undefined;
  /** Not to record again before. */
  #restsUntilMs = 0;
  #syncTimer: Timer | undefined;
  #quietTimer: Timer | undefined;
  /** Of what is not synced. */
  #firstTouchMs = 0;
  #lastTouchMs = 0;
  #recording: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();
  #isClosed = false;
  #wakeRest: (() => void) | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** The piece is good, and lies in these files. */
  add(piece: number, files: Iterable<RecordedFile>): void {
    this.#unrecorded.push(piece);
    this.#unsynced.push(piece);
    this.touch(files);
  }

  /** The pieces are no longer in `good`. */
  lose(pieces: readonly number[]): void {
    // A journal that cannot take this is written anew with the next record.
    if (pieces.length > 0) void this.#options.journal.lose(pieces).catch(() => {});
  }

  /** The piece was recorded by an earlier run, and not synced yet. */
  owe(piece: number, files: Iterable<RecordedFile>): void {
    this.#unsynced.push(piece);
    for (const file of files) this.#toSync(file);
  }

  /** These files look different now. */
  touch(files: Iterable<RecordedFile>): void {
    for (const file of files) {
      this.#changed.add(file);
      this.#toSync(file);
    }
    if (this.#options.bootId !== '' && !this.#isClosed) this.#armRecord();
  }

  #toSync(file: RecordedFile): void {
    this.#lastTouchMs = this.#options.clock.nowMs();
    if (this.#unsyncedFiles.size === 0) this.#firstTouchMs = this.#lastTouchMs;
    this.#unsyncedFiles.add(file);
    if (!this.#isClosed) this.#armSync();
  }

  #armRecord(): void {
    if (this.#recordTimer !== undefined) return;
    const { clock } = this.#options;
    // What becomes good in the same moment goes with it, hence a timer in any case.
    this.#recordTimer = clock.setTimer(Math.max(0, this.#restsUntilMs - clock.nowMs()), () => {
      void this.#record().then(() => {
        this.#recordTimer = undefined;
        if (this.#changed.size > 0 && !this.#isClosed) this.#armRecord();
      });
    });
  }

  #armSync(): void {
    const { clock } = this.#options;
    this.#syncTimer ??= clock.setTimer(syncWhenQuietMs, () => {
      this.#syncTimer = undefined;
      const nowMs = clock.nowMs();
      const isQuiet = nowMs - this.#lastTouchMs >= syncWhenQuietMs;
      if (isQuiet || nowMs - this.#firstTouchMs >= syncAtLatestMs)
        this.#syncing = this.#syncing.then(() => this.#sync(true));
      else this.#armSync();
    });
  }

  /** Records what is good now. Without a boot id it would not be believed. */
  #record(): Promise<void> {
    const { clock } = this.#options;
    this.#recording = this.#recording.then(async () => {
      const beganMs = clock.nowMs();
      const pieces = this.#unrecorded;
      const files = this.#changed;
      this.#unrecorded = [];
      this.#changed = new Set();
      try {
        const writes = this.#options.writes();
        const stamps = await stampsOf(files);
        await this.#options.journal.addWritten(this.#stillGood(pieces), stillTrue(stamps, files));
        this.#sayWhenQuiet(writes);
        const endedMs = clock.nowMs();
        this.#restsUntilMs = endedMs + Math.max(recordPauseMs, recordRest * (endedMs - beganMs));
      } catch {
        // The journal's disk is full or failing: said again with the next batch.
        for (const piece of pieces) this.#unrecorded.push(piece);
        for (const file of files) this.#changed.add(file);
        this.#restsUntilMs = clock.nowMs() + recordAgainMs;
      }
    });
    return this.#recording;
  }

  /** `writes`: as many were begun, and had ended, before the stamps of a record were taken. */
  #sayWhenQuiet(writes: number | undefined): void {
    this.#quietTimer?.cancel();
    if (writes === undefined || this.#isClosed) return;
    this.#quietTimer = this.#options.clock.setTimer(quietMs, () => {
      const isAllRecorded = this.#changed.size === 0 && this.#unrecorded.length === 0;
      if (this.#options.writes() === writes && isAllRecorded && this.#options.isAllChecked())
        void this.#options.journal.markClean().catch(() => {});
    });
  }

  async #sync(mayRest: boolean): Promise<void> {
    const { clock, disk, journal } = this.#options;
    const pieces = this.#unsynced;
    const files = this.#unsyncedFiles;
    if (files.size === 0) return;
    this.#unsynced = [];
    this.#unsyncedFiles = new Set();
    try {
      const folders = new Set<string>();
      for (const file of files) {
        const startMs = clock.nowMs();
        await file.sync().catch(unlessMissing);
        folders.add(folderOf(file.path));
        if (mayRest) await this.#rest((clock.nowMs() - startMs) * syncRest);
        if (mayRest && this.#isClosed) throw new Error('closing');
      }
      await syncNames(disk, folders);
      const writes = this.#options.writes();
      const stamps = await stampsOf(files);
      await journal.addSynced(this.#stillGood(pieces), stillTrue(stamps, files));
      this.#sayWhenQuiet(writes);
    } catch {
      for (const piece of pieces) this.#unsynced.push(piece);
      for (const file of files) this.#unsyncedFiles.add(file);
      if (!this.#isClosed) this.#armSync();
    }
  }

  #rest(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosed || delayMs <= 0) {
        resolve();
        return;
      }
      const timer = this.#options.clock.setTimer(delayMs, resolve);
      this.#wakeRest = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /**
   * Records all that is good; afterwards nothing is hashed again as long as nothing changes.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#recordTimer?.cancel();
    this.#syncTimer?.cancel();
    this.#quietTimer?.cancel();
    this.#wakeRest?.();
    await this.#syncing;
    await (this.#options.bootId === '' ? this.#sync(false) : this.#record());
    const isAllRecorded =
      this.#options.bootId === '' ? this.#unsyncedFiles.size === 0 : this.#changed.size === 0;
    if (isAllRecorded && this.#options.isAllChecked())
      await this.#options.journal.markClean().catch(() => {});
  }

  #stillGood(pieces: readonly number[]): number[] {
    return pieces.filter((piece) => this.#options.good.has(piece));
  }
}

/** A file that somebody removed has nothing to sync. */
function unlessMissing(error: unknown): void {
  if (!(error instanceof WorldError && error.code === 'not-found')) throw error;
}

/** Files may have got other places while they were looked at. */
function stillTrue(stamps: readonly FileStamp[], files: Iterable<RecordedFile>): FileStamp[] {
  const ids = new Map(Array.from(files, ({ index, id }) => [index, id]));
  return stamps.filter(({ file, id }) => ids.get(file) === id);
}

async function stampsOf(files: Iterable<RecordedFile>): Promise<FileStamp[]> {
  const stamps: FileStamp[] = [];
  for (const file of files) {
    const stamp = await file.stamp();
    if (stamp !== undefined) stamps.push(stamp);
  }
  return stamps;
}
