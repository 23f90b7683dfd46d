// Bytes of files that nobody wants, but which share a piece with a file that is wanted. They lie in one file with holes
// beside the journal, at their offset in the content, so that nothing unwanted appears in the content's folder.

import type { Disk, DiskFile, FileStat } from '@shoal/base';
import { storageError } from './errors.ts';
import { stampOf } from './file-slot.ts';
import { folderOf } from './folders.ts';
import { look } from './look.ts';
import { Handle, type OpenFiles } from './open-files.ts';
import { bytesIn } from './segments.ts';
import type { FileStamp } from './types.ts';

export class PartsFile {
  readonly path: string;
  /** In stamps it stands after the files of the layout. */
  readonly index: number;
  readonly #disk: Disk;
  readonly #handle: Handle;
  #presentLength = 0;
  #isMade = false;
  #id: string | undefined;
  #making: Promise<void> | undefined;

  constructor(disk: Disk, openFiles: OpenFiles, path: string, index: number) {
    this.path = path;
    this.index = index;
    this.#disk = disk;
    this.#handle = new Handle(openFiles, path, true);
  }

  get presentLength(): number {
    return this.#presentLength;
  }

  get isMade(): boolean {
    return this.#isMade;
  }

  get id(): string | undefined {
    return this.#id;
  }

  /** Answers how it looks, if it is there. */
  async refresh(): Promise<FileStat | undefined> {
    const stat = await look(this.#disk, this.path);
    this.#isMade = stat !== undefined;
    this.#id = stat?.id;
    this.#presentLength = stat?.length ?? 0;
    return stat;
  }

  async read(buffers: readonly Uint8Array[], position: number): Promise<number> {
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
    try {
      if (!this.#isMade) await this.#make();
      return await this.#handle.use(action);
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  /** Bytes were written up to there. */
  reaches(end: number): void {
    if (end > this.#presentLength) this.#presentLength = end;
  }

  #make(): Promise<void> {
    this.#making ??= (async () => {
      await this.#disk.makeFolder(folderOf(this.path));
      const file = await this.#disk.open(this.path, { write: true, create: true, mode: 0o600 });
      this.#id = (await file.stat()).id;
      await file.close();
      this.#isMade = true;
    })().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  sync(): Promise<void> {
    return this.#handle.use((file) => file.sync());
  }

  async stamp(): Promise<FileStamp | undefined> {
    const stat = await look(this.#disk, this.path);
    return stat === undefined ? undefined : stampOf(this.index, stat);
  }

  async remove(): Promise<void> {
    await this.#handle.close();
    if (this.#isMade) await this.#disk.removeFile(this.path);
    this.#isMade = false;
    this.#presentLength = 0;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
