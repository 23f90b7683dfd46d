// The content of one torrent on the disk: pieces in, pieces out, files released.
// Invariants: a good piece is never written again; `good` is set only after the bytes were verified and written;
// unverified bytes (`writeBlocks`) go only where a missing piece belongs.

import { Bitfield, type HashSource } from '@shoal/base';
import type { Layout } from '@shoal/metainfo';
import { defaultQueueBytes, mostHashesAtOnce } from './bounds.ts';
import { freeBytesFor } from './carry.ts';
import { StorageError } from './errors.ts';
import type { FileSlot } from './file-slot.ts';
import type { Findings } from './findings.ts';
import { isSameHome } from './home.ts';
import type { Journal } from './journal.ts';
import { judgePiece } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { moveContent, removeLeftFolders } from './move-content.ts';
import type { FilePaths } from './names.ts';
import type { FileUser } from './open-files.ts';
import type { PartsFile } from './parts-file.ts';
import { type Instead, Placement, readFrom } from './placement.ts';
import { Recorder } from './recorder.ts';
import { bytesIn, cutBuffers } from './segments.ts';
import { eachAtOnce } from './survey.ts';
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
import { WriteQueue } from './write-queue.ts';

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
  readonly #unchecked: Bitfield;
  readonly #recorder: Recorder;
  readonly #queue: WriteQueue;
  readonly #wanted: Uint8Array;
  /** Pieces of each file that are not good. */
  readonly #remaining: Int32Array;
  /** Files without such pieces. */
  readonly #whole = new Set<number>();
  #home: Home;
  /** One move, or change of what is wanted, after the other. */
  #changing: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();
  /** Writes wait while bytes move between files. */
  #gate: Promise<void> | undefined;
  /** Whose the files are that were found is decided. */
  #isSettled = false;
  #isClosed = false;

  constructor(given: ContentParts) {
    const { options, slots, parts, journal } = given;
    const { layout } = options;
    this.#given = given;
    this.#home = given.home;
    this.layout = layout;
    this.good = new Bitfield(layout.pieceCount);
    this.#slots = slots;
    this.#parts = parts;
    this.#placement = new Placement({ layout, slots, parts, inParts: given.inParts });
    this.#unchecked = given.unchecked;
    this.#queue = new WriteQueue(options.queueBytes ?? defaultQueueBytes);
    this.#recorder = new Recorder({
      clock: options.clock,
      disk: options.disk,
      journal,
      good: this.good,
      bootId: options.bootId ?? '',
    });
    this.#wanted = given.wanted;
    this.#remaining = Int32Array.from(layout.files, (_, file) => {
      const { first, end } = layout.filePieces(file);
      return end - first;
    });
    this.#remaining.forEach((count, file) => {
      if (count === 0) this.#whole.add(file);
    });
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
    return this.#queue.queuedBytes;
  }

  get isFull(): boolean {
    return this.#queue.isFull;
  }

  get onDrain(): (() => void) | undefined {
    return this.#queue.onDrain;
  }

  set onDrain(callback: (() => void) | undefined) {
    this.#queue.onDrain = callback;
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

  async storePiece(piece: number, blocks: readonly Uint8Array[]): Promise<Judgement> {
    while (this.#gate !== undefined) await this.#gate;
    this.#requireMissing(piece);
    const ranges = this.layout.pieceRanges(piece);
    const [range, ...others] = ranges.filter(({ file }) => this.#placement.placeOf(file) !== undefined);
    const place = range === undefined ? undefined : this.#placement.placeOf(range.file);
    // A piece in several files would hold one while it waits for another: of open files there is a bound.
    if (range === undefined || place === undefined || others.length > 0 || range !== ranges[0]) {
      const judgement = await this.judge(piece, blocks);
      if (judgement.verdict === 'good') await this.#writePiece(piece, blocks);
      return judgement;
    }
    const { hashing, hashes } = this.#given.options;
    const { length } = range;
    const position = this.#placement.positionOf(range);
    const source = (withPadding: boolean): HashSource => ({
      kind: 'memory',
      blocks: this.#placement.trimmed(piece, blocks, withPadding),
    });
    return this.#queue.around(length, async () => {
      const judgement = await place.useToWrite((file) =>
        judgePiece(hashing, hashes, piece, source, { place: { file, position, length } }),
      );
      if (judgement.verdict === 'good') {
        place.reaches(position + length);
        this.acceptPiece(piece);
      }
      return judgement;
    });
  }

  async #writePiece(piece: number, blocks: readonly Uint8Array[]): Promise<void> {
    while (this.#gate !== undefined) await this.#gate;
    await this.#write(piece, 0, blocks, this.layout.pieceSize(piece));
    this.acceptPiece(piece);
  }

  async writeBlocks(piece: number, begin: number, blocks: readonly Uint8Array[]): Promise<void> {
    while (this.#gate !== undefined) await this.#gate;
    await this.#write(piece, begin, blocks, bytesIn(blocks));
    this.#recorder.touch(this.#placement.placesOf(piece));
  }

  #write(piece: number, begin: number, blocks: readonly Uint8Array[], length: number): Promise<void> {
    this.#requireMissing(piece);
    const ranges = this.layout.pieceRanges(piece, begin, length);
    return new Promise((resolve, reject) => {
      let left = 1;
      let failure: unknown;
      const done = (error: unknown): void => {
        failure ??= error;
        left--;
        if (left > 0) return;
        if (failure === undefined) resolve();
        else reject(failure);
      };
      let from = 0;
      for (const range of ranges) {
        const place = this.#placement.placeOf(range.file);
        if (place !== undefined) {
          left++;
          const buffers = cutBuffers(blocks, from, range.length);
          this.#queue.add(place, this.#placement.positionOf(range), range.length, buffers, done);
        }
        from += range.length;
      }
      done(undefined);
    });
  }

  #requireMissing(piece: number): void {
    if (this.#isClosed) throw new StorageError('closed', 'The content was closed');
    if (this.good.has(piece)) throw new StorageError('invalid', `Piece ${piece} is good already`);
  }

  acceptPiece(piece: number): void {
    if (this.#setGood(piece)) this.#recorder.add(piece, this.#placement.placesOf(piece));
  }

  #setGood(piece: number): boolean {
    this.#unchecked.clear(piece);
    if (!this.good.set(piece)) return false;
    for (const { file } of this.layout.pieceRanges(piece)) {
      const left = (this.#remaining[file] ?? 0) - 1;
      this.#remaining[file] = left;
      if (left === 0) this.#whole.add(file);
    }
    return true;
  }

  losePiece(piece: number): void {
    this.#lose([piece]);
  }

  #lose(pieces: readonly number[]): void {
    const lost = pieces.filter((piece) => this.good.clear(piece));
    for (const piece of lost) {
      for (const { file } of this.layout.pieceRanges(piece)) {
        this.#remaining[file] = (this.#remaining[file] ?? 0) + 1;
        this.#whole.delete(file);
      }
    }
    this.#recorder.lose(lost);
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
    if (source === undefined) return this.#judgeOnDisk(piece, undefined, signal);
    return this.#judge(
      piece,
      (withPadding) => ({ kind: 'memory', blocks: this.#placement.trimmed(piece, source, withPadding) }),
      signal,
    );
  }

  #judge(
    piece: number,
    sourceOf: (withPadding: boolean) => HashSource | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Judgement> {
    const { hashing, hashes } = this.#given.options;
    return judgePiece(hashing, hashes, piece, sourceOf, signal === undefined ? {} : { signal });
  }

  async #judgeOnDisk(
    piece: number,
    instead: Instead | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Judgement> {
    const sourceOf = (withPadding: boolean) => this.#placement.hashSource(piece, withPadding, instead);
    for (;;) {
      const paths = this.#placement.pathsOf(piece);
      const judgement = await this.#judge(piece, sourceOf, signal);
      // A file that got its other name before the hasher opened it is not missing.
      const isMoved = this.#placement.pathsOf(piece).some((path, i) => path !== paths[i]);
      if (judgement.verdict !== 'missing' || !isMoved) return judgement;
    }
  }

  /** What is good has to be good in the copy; bytes that went bad in the file itself are no longer good. */
  async #verifyCopy(file: number, path: string): Promise<void> {
    const { first, end } = this.layout.filePieces(file);
    const pieces: number[] = [];
    for (let piece = first; piece < end; piece++) if (this.good.has(piece)) pieces.push(piece);
    await eachAtOnce(mostHashesAtOnce, pieces, async (piece) => {
      const { signal } = this.#closing;
      const { verdict } = await this.#judgeOnDisk(piece, { file, path }, signal);
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
      isComplete: this.#remaining[file] === 0,
      isReleased: slot?.isReleased ?? false,
      path: slot?.path ?? '',
    };
  }

  completeFiles(): number[] {
    const files: number[] = [];
    for (const file of this.#whole) {
      const slot = this.#slots[file];
      if (slot !== undefined && !slot.isReleased && (slot.isMade || this.#wanted[file] === 1))
        files.push(file);
    }
    return files;
  }

  async release(file: number): Promise<void> {
    const slot = this.#slots[file];
    if (slot === undefined || slot.isReleased) return;
    if (this.#remaining[file] !== 0)
      throw new StorageError('invalid', `${slot.path} is not complete`, { value: file });
    await slot.release();
    this.#recorder.touch([slot]);
  }

  setWanted(file: number, isWanted: boolean): Promise<void> {
    const slot = this.#slots[file];
    if (slot === undefined) return Promise.resolve();
    this.#wanted[file] = isWanted ? 1 : 0;
    if (!isWanted || !this.#placement.isInParts(file)) return Promise.resolve();
    return this.#inTurn(() => this.#whileNobodyWrites(() => this.#moveOutOfParts(file, slot)));
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
      await this.#whileNobodyWrites(() => this.#moveIntoParts(file, slot));
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

  async #whileNobodyWrites(action: () => Promise<void>): Promise<void> {
    const acting = this.flush().then(action);
    this.#gate = acting.catch(() => {});
    try {
      await acting;
    } finally {
      this.#gate = undefined;
    }
  }

  /** Until all of them are copied, the bytes are read from the parts file. */
  async #moveOutOfParts(file: number, slot: FileSlot): Promise<void> {
    for (const { piece, offset, length } of this.#placement.rangesOf(file, this.good)) {
      const buffer = new Uint8Array(length);
      if (await readFrom(this.#parts, [buffer], this.#placement.offsetOf(file) + offset, length))
        await slot.write([buffer], offset);
      else this.losePiece(piece);
    }
    this.#placement.put(file, 'own');
    this.#recorder.touch([slot]);
  }

  /** What other files need for their pieces; the other pieces are no longer good. */
  async #moveIntoParts(file: number, slot: FileSlot): Promise<void> {
    const lost: number[] = [];
    for (const { piece, offset, length } of this.#placement.rangesOf(file, this.good)) {
      const isShared = this.#placement.isShared(piece, file);
      const buffer = new Uint8Array(isShared ? length : 0);
      if (isShared && (await readFrom(slot, [buffer], offset, length)))
        await this.#parts.write([buffer], this.#placement.offsetOf(file) + offset);
      else lost.push(piece);
    }
    if (this.#parts.isMade) await this.#parts.sync();
    this.#lose(lost);
    this.#placement.put(file, 'parts');
    if (this.#parts.isMade) this.#recorder.touch([this.#parts]);
  }

  freeBytes(): Promise<number> {
    return freeBytesFor(this.#given.options.disk, this.#home.unfinished ?? this.#home.folder);
  }

  flush(): Promise<void> {
    return this.#queue.flush();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closing.abort();
    await this.#changing;
    await this.flush();
    await this.#recorder.close(this.#unchecked.isEmpty);
    await this.#given.journal.close();
    for (const slot of this.#slots) await slot?.close();
    await this.#parts.close();
    this.#given.lock?.release();
    this.#given.options.openFiles.leave(this);
    this.#given.onClose();
  }
}
