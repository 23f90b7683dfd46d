// The content of one torrent on the disk: pieces in, pieces out, files released.
// Invariants: a good piece is never written again; `good` is set only after the bytes were verified and written;
// unverified bytes (`writeBlocks`) go only where a missing piece belongs.

import type { Bitfield, HashSource } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import { defaultQueueBytes, mostHashesAtOnce } from './bounds.ts';
import { freeBytesFor } from './carry.ts';
import { StorageError } from './errors.ts';
import type { FileSlot } from './file-slot.ts';
import type { Findings } from './findings.ts';
import { isSameHome } from './home.ts';
import { moveIntoParts, moveOutOfParts } from './in-and-out.ts';
import type { Journal } from './journal.ts';
import type { Ledger } from './ledger.ts';
import { moveContent, removeLeftFolders } from './move-content.ts';
import type { FilePaths } from './names.ts';
import type { FileUser } from './open-files.ts';
import type { PartsFile } from './parts-file.ts';
import { PieceJudge } from './piece-judge.ts';
import { PieceWriter } from './piece-writer.ts';
import { Placement } from './placement.ts';
import { Recorder } from './recorder.ts';
import { eachAtOnce } from './survey.ts';
import { Tally } from './tally.ts';
import type {
  CheckOptions,
  Content,
  ContentOptions,
  FileState,
  Home,
  JournalLock,
  Judgement,
  MoveOptions,
} from './types.ts';

/** What `openContent` found. */
export interface ContentParts {
  readonly options: ContentOptions;
  /** One for each file; undefined for padding and links. */
  readonly slots: readonly (FileSlot | undefined)[];
  readonly parts: PartsFile;
  readonly journal: Journal;
  readonly ledger: Ledger;
  /** Where the files belong. */
  readonly home: Home;
  /** Whose the files' names are. */
  readonly owner: object;
  readonly lock: JournalLock | undefined;
  /** 1 for each file that is wanted. */
  readonly wanted: Uint8Array;
  /** 1 for each file whose bytes are, or go, into the parts file. */
  readonly inParts: Uint8Array;
  /** Believed without hashing. */
  readonly trusted: readonly number[];
  readonly unchecked: Bitfield;
  readonly findings: Findings;
  readonly onClose: () => void;
}

export class DiskContent implements Content, FileUser {
  readonly layout: Layout;
  readonly good: Bitfield;
  readonly #given: ContentParts;
  readonly #slots: readonly (FileSlot | undefined)[];
  readonly #parts: PartsFile;
  readonly #placement: Placement;
  readonly #judge: PieceJudge;
  readonly #unchecked: Bitfield;
  readonly #recorder: Recorder;
  readonly #writer: PieceWriter;
  readonly #wanted: Uint8Array;
  readonly #tally: Tally;
  #home: Home;
  /** One move, or change of what is wanted, after the other. */
  #changing: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();
  /** Whose the files are that were found is decided. */
  #isSettled = false;
  #isClosed = false;

  constructor(given: ContentParts) {
    const { options, slots, parts, journal } = given;
    const { layout } = options;
    this.#given = given;
    this.#home = given.home;
    this.layout = layout;
    this.#tally = new Tally(layout);
    this.good = this.#tally.good;
    this.#slots = slots;
    this.#parts = parts;
    this.#placement = new Placement({ layout, slots, parts, inParts: given.inParts });
    this.#judge = new PieceJudge(options.hashing, options.hashes, this.#placement);
    this.#unchecked = given.unchecked;
    this.#writer = new PieceWriter({
      ...{ layout, hashing: options.hashing, hashes: options.hashes },
      ...{ placement: this.#placement, judge: this.#judge, good: this.good },
      queueBytes: options.queueBytes ?? defaultQueueBytes,
      accept: (piece) => this.acceptPiece(piece),
      touched: (piece) => this.#recorder.touch(this.#placement.placesOf(piece)),
    });
    this.#recorder = new Recorder({
      clock: options.clock,
      disk: options.disk,
      journal,
      good: this.good,
      writes: () => (this.queuedBytes === 0 ? this.#writer.queue.begun : undefined),
      isAllChecked: () => this.#unchecked.isEmpty,
      bootId: options.bootId ?? '',
    });
    this.#wanted = given.wanted;
    given.ledger.verifyCopy = (file, path) => this.#verifyCopy(file, path);
    options.openFiles.join(this);
    for (const piece of given.trusted) {
      const isRecorded = journal.isGood(piece);
      if (!isRecorded) this.acceptPiece(piece);
      // What was not synced yet still has to be.
      else if (this.#setGood(piece) && !journal.state.synced.has(piece))
        this.#recorder.owe(piece, this.#placement.placesOf(piece));
    }
  }

  get home(): Home {
    return this.#home;
  }

  get isScattered(): boolean {
    return this.#given.journal.state.isMoving;
  }

  get uncheckedCount(): number {
    return this.#unchecked.count;
  }

  get queuedBytes(): number {
    return this.#writer.queue.queuedBytes;
  }

  get isFull(): boolean {
    return this.#writer.queue.isFull;
  }

  get onDrain(): (() => void) | undefined {
    return this.#writer.queue.onDrain;
  }

  set onDrain(callback: (() => void) | undefined) {
    this.#writer.queue.onDrain = callback;
  }

  async check(options: CheckOptions = {}): Promise<void> {
    let pieces = new Set(this.#unchecked.indices());
    for (;;) {
      await this.#hashPieces(pieces, options);
      if (this.#isSettled) return;
      pieces = this.#given.findings.settle({
        good: this.good,
        isWanted: (file) => this.#wanted[file] === 1,
        keepInParts: (file) => {
          this.#placement.put(file, 'parts');
        },
      });
      this.#isSettled = pieces.size === 0;
    }
  }

  async recheck(options: CheckOptions = {}): Promise<void> {
    await this.flush();
    for (const slot of this.#slots) await slot?.refresh();
    await this.#parts.refresh();
    const pieces = Array.from({ length: this.layout.pieceCount }, (_, piece) => piece);
    await this.#hashPieces(pieces, options);
  }

  #hashPieces(pieces: Iterable<number>, { signal, onPiece }: CheckOptions): Promise<void> {
    return eachAtOnce(mostHashesAtOnce, pieces, async (piece) => {
      if (signal?.aborted) throw new StorageError('aborted', 'Stopped while checking');
      const { verdict } = await this.judge(piece, undefined, signal);
      if (verdict !== 'unknown') this.#unchecked.clear(piece);
      if (verdict === 'good') this.acceptPiece(piece);
      else if (verdict !== 'unknown') this.losePiece(piece);
      onPiece?.(piece, verdict);
    });
  }

  storePiece(piece: number, blocks: readonly Uint8Array[]): Promise<Judgement> {
    return this.#writer.storePiece(piece, blocks);
  }

  writeBlocks(piece: number, begin: number, blocks: readonly Uint8Array[]): Promise<void> {
    return this.#writer.writeBlocks(piece, begin, blocks);
  }

  acceptPiece(piece: number): void {
    if (this.#setGood(piece)) this.#recorder.add(piece, this.#placement.placesOf(piece));
  }

  #setGood(piece: number): boolean {
    this.#unchecked.clear(piece);
    return this.#tally.add(piece);
  }

  losePiece(piece: number): void {
    this.#lose([piece]);
  }

  #lose(pieces: readonly number[]): void {
    this.#recorder.lose(this.#tally.remove(pieces));
  }

  doubtPiece(piece: number): void {
    this.losePiece(piece);
    // While something is unchecked, no stop is clean, and what is not recorded is hashed.
    this.#unchecked.set(piece);
  }

  read(piece: number, begin: number, buffers: readonly Uint8Array[]): Promise<boolean> {
    return this.#placement.read(piece, begin, buffers);
  }

  hashSource(piece: number, withPadding = true): HashSource | undefined {
    return this.#placement.hashSource(piece, withPadding);
  }

  judge(piece: number, source?: readonly Uint8Array[], signal?: AbortSignal): Promise<Judgement> {
    return source === undefined
      ? this.#judge.onDisk(piece, signal)
      : this.#judge.inMemory(piece, source, signal);
  }

  /** What is good has to be good in the copy; bytes that went bad in the file itself are no longer good. */
  async #verifyCopy(file: number, path: string): Promise<void> {
    const { first, end } = this.layout.filePieces(file);
    const pieces: number[] = [];
    for (let piece = first; piece < end; piece++) if (this.good.has(piece)) pieces.push(piece);
    await eachAtOnce(mostHashesAtOnce, pieces, async (piece) => {
      const { signal } = this.#closing;
      const { verdict } = await this.#judge.onDisk(piece, signal, { file, path });
      if (verdict === 'good' || !this.good.has(piece)) return;
      if ((await this.judge(piece, undefined, signal)).verdict === 'good')
        throw new StorageError('io', `The copy ${path} is not what was copied`, { value: path });
      this.doubtPiece(piece);
    });
  }

  fileState(file: number): FileState {
    const slot = this.#slots[file];
    return {
      index: file,
      isWanted: this.#wanted[file] === 1,
      isComplete: this.#tally.isWhole(file),
      isReleased: slot?.isReleased ?? false,
      path: slot?.path ?? '',
    };
  }

  completeFiles(): number[] {
    const files: number[] = [];
    for (const file of this.#tally.whole) {
      const slot = this.#slots[file];
      if (slot !== undefined && !slot.isReleased && (slot.isMade || this.#wanted[file] === 1))
        files.push(file);
    }
    return files;
  }

  async release(file: number): Promise<void> {
    const slot = this.#slots[file];
    if (slot === undefined || slot.isReleased) return;
    if (!this.#tally.isWhole(file))
      throw new StorageError('invalid', `${slot.path} is not complete`, { value: file });
    await slot.release();
    this.#recorder.touch([slot]);
  }

  setWanted(file: number, isWanted: boolean): Promise<void> {
    const slot = this.#slots[file];
    if (slot === undefined) return Promise.resolve();
    this.#wanted[file] = isWanted ? 1 : 0;
    if (!isWanted || !this.#placement.isInParts(file)) return Promise.resolve();
    return this.#inTurn(() => this.#writer.whileNobodyWrites(() => this.#moveOutOfParts(file, slot)));
  }

  discard(file: number): Promise<void> {
    const slot = this.#slots[file];
    if (slot === undefined) return Promise.resolve();
    return this.#inTurn(async () => {
      if (this.#wanted[file] === 1)
        throw new StorageError('invalid', `${slot.path} is wanted: it cannot be removed`, { value: file });
      if (!slot.isMade) return;
      const { path, paths } = slot;
      const shared = this.#given.options.openFiles.findShared(new Set([path]), this);
      if (shared !== undefined)
        throw new StorageError('locked', `Another transfer uses ${shared}, too`, { value: shared });
      await this.#writer.whileNobodyWrites(() => this.#moveIntoParts(file, slot));
      if (!(await slot.remove()))
        throw new StorageError('in-the-way', `${path} is somebody else's by now, and was left`, {
          value: path,
        });
      await this.#removeLeftFolders([paths], [{ ...this.#home, ownsFolder: false }]);
    });
  }

  async move(home: Home, options: MoveOptions = {}): Promise<readonly string[]> {
    const { journal, ledger, owner, options: given } = this.#given;
    const { disk, hashing, openFiles } = given;
    return this.#inTurn(async () => {
      if (isSameHome(home, this.#home) && !this.isScattered) return [];
      const signals = [this.#closing.signal, options.signal].filter((signal) => signal !== undefined);
      const { isScattered } = this;
      return moveContent(
        {
          ...{ disk, journal, ledger, openFiles, owner, isScattered, home: this.#home },
          digest: (name, bytes) => hashing.digest(name, bytes),
          layout: this.layout,
          slots: this.#slots,
          user: this,
          isWanted: (file) => this.#wanted[file] === 1,
          settleIn: (place) => {
            this.#home = place;
          },
        },
        home,
        { ...options, signal: AbortSignal.any(signals) },
      );
    });
  }

  async destroy(): Promise<readonly string[]> {
    const { journal, options } = this.#given;
    const left: string[] = [];
    const paths: FilePaths[] = [];
    await this.flush();
    await this.#inTurn(async () => {
      for (const slot of this.#slots) {
        if (slot === undefined || !slot.isMade) continue;
        const { path } = slot;
        paths.push(slot.paths);
        const isShared = options.openFiles.findShared(new Set([path]), this) !== undefined;
        if (isShared || slot.isLink || !(await slot.remove())) left.push(path);
      }
      this.#wanted.fill(0);
      await this.#removeLeftFolders(paths, journal.state.homes);
    });
    await this.close();
    await this.#parts.remove();
    await journal.remove();
    return left;
  }

  #removeLeftFolders(paths: readonly FilePaths[], homes: readonly Home[]): Promise<void> {
    const { options, ledger } = this.#given;
    const isWanted = (file: number) => this.#wanted[file] === 1;
    return removeLeftFolders({ disk: options.disk, ledger, slots: this.#slots, isWanted }, paths, homes);
  }

  findUsed(paths: ReadonlySet<string>): string | undefined {
    for (const slot of this.#slots) if (slot?.isMade === true && paths.has(slot.path)) return slot.path;
    return undefined;
  }

  #inTurn<Value>(change: () => Promise<Value>): Promise<Value> {
    const turn = this.#changing.then(() => {
      if (this.#isClosed) throw new StorageError('closed', 'The content was closed');
      return change();
    });
    this.#changing = turn.catch(() => {});
    return turn;
  }

  async #moveOutOfParts(file: number, slot: FileSlot): Promise<void> {
    const placement = this.#placement;
    this.#lose(await moveOutOfParts(file, slot, { parts: this.#parts, placement, good: this.good }));
    placement.put(file, 'own');
    this.#recorder.touch([slot]);
  }

  async #moveIntoParts(file: number, slot: FileSlot): Promise<void> {
    const placement = this.#placement;
    this.#lose(await moveIntoParts(file, slot, { parts: this.#parts, placement, good: this.good }));
    placement.put(file, 'parts');
    if (this.#parts.isMade) this.#recorder.touch([this.#parts]);
  }

  freeBytes(): Promise<number> {
    return freeBytesFor(this.#given.options.disk, this.#home.unfinished ?? this.#home.folder);
  }

  flush(): Promise<void> {
    return this.#writer.queue.flush();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#writer.close();
    this.#closing.abort();
    await this.#changing;
    await this.flush();
    await this.#recorder.close();
    await this.#given.journal.close();
    for (const slot of this.#slots) await slot?.close();
    await this.#parts.close();
    this.#given.lock?.release();
    this.#given.options.openFiles.leave(this);
    this.#given.onClose();
  }
}
