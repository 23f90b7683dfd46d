// One file of a content on the disk: under which of its two names it stands, and the moves between them.
// Invariant: bytes are only written under the incomplete name, or into a file there that is this content's; a name is
// only taken when it is free, when the file there has the same bytes, or when overwriting was asked for.

import type { DiskFile, FileStat } from '@shoal/base';
import { allocationStep } from './bounds.ts';
import {
  changeName,
  copyFile,
  freeBytesFor,
  haveEqualBytes,
  inTheWay,
  isOtherDisk,
  type MayReplace,
} from './carry.ts';
import { StorageError, storageError } from './errors.ts';
import { folderOf } from './folders.ts';
import { look } from './look.ts';
import type { FilePaths } from './names.ts';
import { Handle } from './open-files.ts';
import { bytesIn } from './segments.ts';
import { SlotGate } from './slot-gate.ts';
import type { CarryOptions, SlotOptions } from './slot-options.ts';
import type { FileStamp } from './types.ts';

export type Standing = 'absent' | 'incomplete' | 'final';

export class FileSlot {
  readonly index: number;
  readonly length: number;
  readonly #options: SlotOptions;
  readonly #handle: Handle;
  readonly #gate: SlotGate;
  #paths: FilePaths;
  #standing: Standing = 'absent';
  /** Of the file that is this content's; another file in its place is somebody's. */
  #id: string | undefined;
  /** What is in it now; bytes after it are missing. */
  #presentLength = 0;
  /** It is a link of the user's to a file elsewhere: read, never written. */
  #isLink = false;
  #isReady = false;
  /** It was recorded as this content's. */
  #isTaken = false;
  #preparing: Promise<void> | undefined;
  #releasing: Promise<void> | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.index = options.index;
    this.length = options.length;
    this.#paths = options.paths;
    this.#handle = new Handle(options.openFiles, options.paths.incomplete, true);
    this.#gate = new SlotGate(this.#handle);
  }

  get paths(): FilePaths {
    return this.#paths;
  }

  get id(): string | undefined {
    return this.#id;
  }

  get standing(): Standing {
    return this.#standing;
  }

  get presentLength(): number {
    return this.#presentLength;
  }

  /** Where it is, or will be made. */
  get path(): string {
    return this.#handle.path;
  }

  get isMade(): boolean {
    return this.#standing !== 'absent';
  }

  get isLink(): boolean {
    return this.#isLink;
  }

  get isReleased(): boolean {
    return this.#standing === 'final' && this.#presentLength === this.length;
  }

  /** Takes a file that is there for this content's; `stat` is that of its bytes. */
  adopt(standing: 'incomplete' | 'final', stat: FileStat, isLink: boolean): void {
    this.#stand(standing);
    this.#presentLength = stat.length;
    this.#isLink = isLink;
    this.#isTaken = false;
    this.#id = stat.id;
  }

  abandon(): void {
    this.#stand('absent');
    this.#id = undefined;
    this.#presentLength = 0;
    this.#isLink = false;
    this.#isReady = false;
  }

  #stand(standing: Standing): void {
    this.#standing = standing;
    this.#handle.path = standing === 'final' ? this.paths.final : this.paths.incomplete;
    this.#handle.canWrite = standing !== 'final';
  }

  async read(buffers: readonly Uint8Array[], position: number): Promise<number> {
    await this.#gate.moving;
    try {
      return await this.#handle.use((file) => file.read(buffers, position));
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    await this.useToWrite((file) => file.write(buffers, position));
    this.reaches(position + bytesIn(buffers));
  }

  /** Lends the file, ready to be written; `reaches` is to be told of what was. */
  useToWrite<Value>(action: (file: DiskFile) => Promise<Value>): Promise<Value> {
    return this.#gate.asWriter(async () => {
      if (!this.#isReady) await this.prepare();
      try {
        return await this.#handle.use(action);
      } catch (error) {
        throw storageError(error, this.path);
      }
    });
  }

  /** Bytes were written up to there. */
  reaches(end: number): void {
    if (end > this.#presentLength) this.#presentLength = end;
  }

  async sync(): Promise<void> {
    await this.#gate.moving;
    // Windows wants a file open for writing to sync it; elsewhere any will do.
    await this.#handle.use((file) => file.sync());
  }

  /** How the file looks now; undefined when it is not there. */
  async stamp(): Promise<FileStamp | undefined> {
    for (;;) {
      await this.#gate.moving;
      const { path } = this;
      const stat = this.#isLink
        ? await this.#handle.use((file) => file.stat())
        : await look(this.#options.disk, path);
      if (stat !== undefined) return stampOf(this.index, stat);
      // Unless it got its other name meanwhile, it is gone.
      if (this.#gate.moving === undefined && path === this.path) return undefined;
    }
  }

  /** Looks at the file again: it may have been changed or removed by others. */
  async refresh(): Promise<void> {
    if (!this.isMade) return;
    const stamp = await this.stamp();
    if (stamp === undefined) this.abandon();
    else {
      this.#presentLength = stamp.length;
      this.#id = stamp.id;
    }
  }

  /** Makes sure that the file is there, can be written, and has no more bytes than it should. */
  prepare(): Promise<void> {
    this.#preparing ??= this.#prepare()
      .then(() => {
        this.#isReady = true;
      })
      .catch((error: unknown) => {
        throw storageError(error, this.paths.incomplete);
      })
      .finally(() => {
        this.#preparing = undefined;
      });
    return this.#preparing;
  }

  async #prepare(): Promise<void> {
    if (this.#isLink) throw inTheWay(this.paths.final, 'link');
    this.#claim();
    if (this.#standing === 'final') await this.#carry('incomplete', this.#paths, this.#mayReplace);
    const wasThere = this.#standing !== 'absent';
    if (!wasThere) await this.#make();
    if (!this.#isTaken) await this.#take();
    // Of a file that was there already, a power cut may leave nothing by which it could be known.
    if (wasThere) await this.#options.ledger.takenForGood(this.index);
    if (this.#presentLength > this.length) await this.#cut();
    if (this.#options.allocation === 'full') await this.#allocate();
  }

  #claim(): void {
    const { openFiles, owner } = this.#options;
    if (!openFiles.claim(this.paths.final, owner))
      throw new StorageError(
        'locked',
        `Another transfer is writing ${this.paths.final}: give this one another folder, or wait until that one is complete.`,
        { value: this.paths.final },
      );
  }

  async #take(): Promise<void> {
    const stamp = await this.stamp();
    if (stamp === undefined) throw new StorageError('missing', `${this.path} is gone`, { value: this.path });
    await this.#options.ledger.taken(stamp);
    this.#isTaken = true;
  }

  async #make(): Promise<void> {
    const { disk, overwrite } = this.#options;
    const { incomplete } = this.paths;
    await disk.makeFolder(folderOf(incomplete));
    const present = await look(disk, incomplete);
    if (present !== undefined) {
      // An empty one was left by a stop between making it and recording that: nothing is lost with it.
      const isRemovable = present.kind === 'file' && (present.length === 0 || overwrite);
      if (!isRemovable) throw inTheWay(incomplete, present.kind);
      await disk.removeFile(incomplete);
    }
    const file = await disk.open(incomplete, { write: true, create: 'new' });
    let stat: FileStat;
    try {
      stat = await file.stat();
    } finally {
      await file.close();
    }
    this.adopt('incomplete', stat, false);
  }

  async #cut(): Promise<void> {
    await this.#handle.use((file) => file.truncate(this.length));
    this.#presentLength = this.length;
  }

  /** Zeros from the present end on, so that a stop in between is taken up where it was. */
  async #allocate(): Promise<void> {
    const missing = this.length - this.#presentLength;
    if (missing <= 0) return;
    if ((await freeBytesFor(this.#options.disk, folderOf(this.paths.incomplete))) < missing)
      throw new StorageError('no-space', `The disk has no room for ${this.path}`, { value: missing });
    const zeros = new Uint8Array(Math.min(allocationStep, missing));
    await this.#handle.use(async (file) => {
      while (this.#presentLength < this.length) {
        const count = Math.min(zeros.length, this.length - this.#presentLength);
        await file.write([zeros.subarray(0, count)], this.#presentLength);
        this.#presentLength += count;
      }
    });
  }

  /** Gives a complete file its own name; one of no bytes is made first. */
  release(): Promise<void> {
    this.#releasing ??= this.#gate
      .asWriter(() => this.#release())
      .catch((error: unknown) => {
        throw storageError(error, this.paths.final);
      })
      .finally(() => {
        this.#releasing = undefined;
      });
    return this.#releasing;
  }

  async #release(): Promise<void> {
    if (this.isReleased) return;
    await this.prepare();
    if (this.#presentLength !== this.length)
      throw new StorageError('missing', `${this.path} has ${this.#presentLength} of ${this.length} bytes`);
    // Under its own name it looks like anybody's, should a power cut damage it: the journal has to know it.
    await this.#options.ledger.takenForGood(this.index);
    await this.#carry('final', this.#paths, this.#mayReplace);
    this.#isReady = false;
  }

  readonly #mayReplace: MayReplace = async ({ length }, to) => {
    const { disk, overwrite } = this.#options;
    return overwrite || (await haveEqualBytes(disk, this.path, to, length));
  };

  /** To other paths, whatever of it is there; nothing is replaced. Reading goes on, writing waits. */
  async move(paths: FilePaths, options: CarryOptions): Promise<void> {
    try {
      await this.#gate.whileNobodyWrites(async () => {
        if (this.#standing !== 'absent') await this.#carry(this.#standing, paths, async () => false, options);
        else {
          this.#paths = paths;
          this.#stand('absent');
        }
      });
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  /** From where it is to one of the names in `paths`, which become its own. */
  async #carry(
    standing: 'incomplete' | 'final',
    paths: FilePaths,
    mayReplace: MayReplace,
    options: CarryOptions = {},
  ): Promise<void> {
    const { disk, ledger } = this.#options;
    const from = this.path;
    const to = paths[standing];
    const arrive = (): void => {
      this.#paths = paths;
      this.#stand(standing);
    };
    if (from === to) {
      arrive();
      return;
    }
    if ((await look(disk, from))?.id !== this.#id)
      throw new StorageError('missing', `${from} is gone, or was replaced by another file`, { value: from });
    try {
      await this.#gate.whileNobodyReads(async () => {
        if (folderOf(to) !== folderOf(from)) await ledger.enterFolder(folderOf(to));
        await changeName(disk, from, to, mayReplace);
        arrive();
      });
    } catch (error) {
      if (!isOtherDisk(error)) throw error;
      await ledger.inTurn(() => this.#copy(paths, standing, mayReplace, options, arrive));
    }
  }

  async #copy(
    paths: FilePaths,
    standing: 'incomplete' | 'final',
    mayReplace: MayReplace,
    options: CarryOptions,
    arrive: () => void,
  ): Promise<void> {
    const { disk, ledger } = this.#options;
    const from = this.path;
    const to = paths[standing];
    const landing = `${folderOf(to)}${paths.incomplete.slice(paths.incomplete.lastIndexOf('/'))}`;
    await options.onCopy?.();
    const copy = await copyFile({
      disk,
      read: (buffers, position) => this.read(buffers, position),
      length: this.#presentLength,
      landing,
      to,
      mayReplace,
      enterFolder: (folder) => ledger.enterFolder(folder),
      signal: options.signal,
      begun: (id) =>
        ledger.copyBegun({
          file: this.index,
          from: { id: this.#id ?? '', paths: [this.#paths.final, this.#paths.incomplete] },
          id,
          paths: [landing, to],
        }),
      verify: (path) => ledger.verifyCopy(this.index, path),
      onBytes: options.onBytes ?? (() => {}),
    });
    const id = this.#id;
    // Before it is recorded: the old id must not be recorded after it.
    this.#id = copy.id;
    try {
      await ledger.copied(stampOf(this.index, copy));
    } catch (error) {
      this.#id = id;
      throw error;
    }
    await this.#gate.whileNobodyReads(async () => arrive());
    // What cannot be removed stays behind as a second copy: nothing is lost with that.
    try {
      await disk.removeFile(from);
      await disk.syncFolder(folderOf(from));
    } catch {
      options.onLeft?.(from);
    }
  }

  /** Takes it from the disk. False when what stands there by now is not this content's. */
  async remove(): Promise<boolean> {
    const { disk } = this.#options;
    let isOurs = false;
    await this.#gate.asWriter(() =>
      this.#gate.whileNobodyReads(async () => {
        const present = await look(disk, this.path);
        isOurs = present === undefined || (present.kind === 'file' && present.id === this.#id);
        if (isOurs && present !== undefined) await disk.removeFile(this.path);
        this.abandon();
      }),
    );
    return isOurs;
  }

  close(): Promise<void> {
    this.#options.openFiles.disclaim(this.paths.final, this.#options.owner);
    return this.#handle.close();
  }
}

export function stampOf(file: number, { id, length, modifiedMs }: FileStat): FileStamp {
  return { file, id, length, modifiedMs };
}
