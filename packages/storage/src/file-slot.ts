// One file of a content on the disk: under which of its two names it stands, and the moves between them.
// Invariant: bytes are only written under the incomplete name, or into a file there that is this content's; a name is
// only taken when it is free, when the file there has the same bytes, or when overwriting was asked for.

import type { Disk, DiskFile, FileStat } from '@shoal/base';
import { WorldError } from '@shoal/base';
import { allocationStep, compareStep } from './bounds.ts';
import { StorageError, storageError } from './errors.ts';
import type { FilePaths } from './names.ts';
import { Handle, type OpenFiles } from './open-files.ts';
import { bytesIn } from './segments.ts';
import { look } from './survey.ts';
import type { FileStamp } from './types.ts';

export type Standing = 'absent' | 'incomplete' | 'final';

export interface SlotOptions {
  readonly disk: Disk;
  readonly openFiles: OpenFiles;
  /** Whose the names are while they are written. */
  readonly owner: object;
  readonly index: number;
  readonly length: number;
  readonly paths: FilePaths;
  readonly allocation: 'sparse' | 'full';
  readonly overwrite: boolean;
  /** Called before the first byte goes into the file, so that after a stop it is known for this content's. */
  readonly onTaken: (stamp: FileStamp) => Promise<void>;
}

export class FileSlot {
  readonly index: number;
  readonly length: number;
  readonly paths: FilePaths;
  readonly #options: SlotOptions;
  readonly #handle: Handle;
  #standing: Standing = 'absent';
  /** What is in it now; bytes after it are missing. */
  #presentLength = 0;
  /** It is a link of the user's to a file elsewhere: read, never written. */
  #isLink = false;
  #isReady = false;
  /** It was recorded as this content's. */
  #isTaken = false;
  #preparing: Promise<void> | undefined;
  #releasing: Promise<void> | undefined;
  /** While its name changes nobody may open it. */
  #moving: Promise<void> | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.index = options.index;
    this.length = options.length;
    this.paths = options.paths;
    this.#handle = new Handle(options.openFiles, options.paths.incomplete, true);
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
  }

  abandon(): void {
    this.#stand('absent');
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
    if (this.#moving !== undefined) await this.#moving;
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
  async useToWrite<Value>(action: (file: DiskFile) => Promise<Value>): Promise<Value> {
    if (!this.#isReady) await this.prepare();
    try {
      return await this.#handle.use(action);
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  /** Bytes were written up to there. */
  reaches(end: number): void {
    if (end > this.#presentLength) this.#presentLength = end;
  }

  async sync(): Promise<void> {
    if (this.#moving !== undefined) await this.#moving;
    // Windows wants a file open for writing to sync it; elsewhere any will do.
    await this.#handle.use((file) => file.sync());
  }

  /** How the file looks now; undefined when it is not there. */
  async stamp(): Promise<FileStamp | undefined> {
    for (;;) {
      if (this.#moving !== undefined) await this.#moving;
      const { path } = this;
      const stat = this.#isLink
        ? await this.#handle.use((file) => file.stat())
        : await look(this.#options.disk, path);
      if (stat !== undefined) return stampOf(this.index, stat);
      // Unless it got its other name meanwhile, it is gone.
      if (this.#moving === undefined && path === this.path) return undefined;
    }
  }

  /** Looks at the file again: it may have been changed or removed by others. */
  async refresh(): Promise<void> {
    if (!this.isMade) return;
    const stamp = await this.stamp();
    if (stamp === undefined) this.abandon();
    else this.#presentLength = stamp.length;
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
    if (this.#standing === 'final')
      await this.#rename('incomplete', this.paths.incomplete, this.#options.overwrite);
    if (this.#standing === 'absent') await this.#make();
    if (!this.#isTaken) await this.#take();
    if (this.#presentLength > this.length) await this.#cut();
    if (this.#options.allocation === 'full') await this.#allocate();
  }

  #claim(): void {
    const { openFiles, owner } = this.#options;
    if (!openFiles.claim(this.paths.final, owner))
      throw new StorageError('locked', `Another transfer is writing ${this.paths.final}`, {
        value: this.paths.final,
      });
  }

  async #take(): Promise<void> {
    const stamp = await this.stamp();
    if (stamp === undefined) throw new StorageError('missing', `${this.path} is gone`, { value: this.path });
    await this.#options.onTaken(stamp);
    this.#isTaken = true;
  }

  async #make(): Promise<void> {
    const { disk, overwrite } = this.#options;
    const { incomplete, folder } = this.paths;
    await disk.makeFolder(folder);
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
    if ((await this.#options.disk.freeBytes(this.paths.folder)) < missing)
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
    this.#releasing ??= this.#release()
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
    await this.#rename('final', this.paths.final, this.#options.overwrite);
    this.#isReady = false;
  }

  /** Waits for those who read it, then moves it while nobody does. */
  async #rename(standing: 'incomplete' | 'final', to: string, overwrite: boolean): Promise<void> {
    while (this.#moving !== undefined) await this.#moving;
    const { disk } = this.#options;
    const from = this.path;
    const move = async (): Promise<void> => {
      await this.#handle.close();
      try {
        await disk.renameNew(from, to);
      } catch (error) {
        if (!(error instanceof WorldError) || error.code !== 'exists') throw error;
        const present = await look(disk, to);
        const isReplaceable =
          present?.kind === 'file' && (overwrite || (await haveEqualBytes(disk, from, to, present.length)));
        if (!isReplaceable) throw inTheWay(to, present?.kind ?? 'file');
        await disk.rename(from, to);
      }
      this.#stand(standing);
    };
    const moving = move();
    this.#moving = moving.catch(() => {});
    try {
      await moving;
    } finally {
      this.#moving = undefined;
    }
  }

  close(): Promise<void> {
    this.#options.openFiles.disclaim(this.paths.final, this.#options.owner);
    return this.#handle.close();
  }
}

export function stampOf(file: number, { id, length, modifiedMs }: FileStat): FileStamp {
  return { file, id, length, modifiedMs };
}

export function inTheWay(path: string, kind: string): StorageError {
  const what = kind === 'file' ? 'a file of somebody else' : `a ${kind}`;
  return new StorageError('in-the-way', `${what} is in the way: ${path}. Move it, or ask to overwrite.`, {
    value: path,
  });
}

async function haveEqualBytes(disk: Disk, one: string, other: string, length: number): Promise<boolean> {
  await using files = new AsyncDisposableStack();
  const open = async (path: string): Promise<DiskFile> => {
    const file = await disk.open(path);
    files.defer(() => file.close());
    return file;
  };
  const [a, b] = [await open(one), await open(other)];
  if ((await a.stat()).length !== length) return false;
  const bufferA = new Uint8Array(Math.min(compareStep, length));
  const bufferB = new Uint8Array(bufferA.length);
  for (let at = 0; at < length; ) {
    const countA = await a.read([bufferA], at);
    const countB = await b.read([bufferB], at);
    if (countA !== countB || countA === 0) return false;
    for (let i = 0; i < countA; i++) if (bufferA[i] !== bufferB[i]) return false;
    at += countA;
  }
  return true;
}
