// A file that is being downloaded: NAME.part, and beside it NAME.part.json, which says what of it is there and of which
// file. Invariants: the record names only bytes that were synced before; NAME appears when all of it is there, and takes
// the place of nothing unless that was asked for; a NAME.part without its record is somebody else's.

import { type Disk, type DiskFile, fromUtf8Lossy, toUtf8, WorldError } from '@shoal/base';
import { WebDownloadError } from './errors.ts';
import { type ByteRange, ByteRanges } from './ranges.ts';

/** How a server tells one state of a file from another (RFC 9110, 8.8). */
export interface Validator {
  readonly etag?: string;
  readonly lastModified?: string;
}

export interface PartRecord {
  readonly length: number;
  readonly done: readonly ByteRange[];
  /** By URL. */
  readonly validators: Readonly<Record<string, Validator>>;
}

/** More ranges than any download leaves behind, and a bound for what is read. */
const longestRecord = 1024 * 1024;

export class PartFile {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #overwrite: boolean;
  #file: DiskFile | undefined;
  /** Written, and perhaps not synced. */
  done: ByteRanges;
  readonly before: PartRecord | undefined;

  private constructor(disk: Disk, path: string, overwrite: boolean, before: PartRecord | undefined) {
    this.#disk = disk;
    this.#path = path;
    this.#overwrite = overwrite;
    this.before = before;
    this.done = new ByteRanges(before?.done);
  }

  static async look(disk: Disk, path: string, overwrite: boolean): Promise<PartFile> {
    const isThere = (place: string) =>
      disk.stat(place).then(
        () => true,
        () => false,
      );
    if (!overwrite && (await isThere(path)))
      throw new WebDownloadError('in-the-way', `${path} is there already. Give --overwrite to replace it.`);
    const before = await readRecord(disk, `${path}.part.json`);
    if (before === undefined && !overwrite && (await isThere(`${path}.part`)))
      throw new WebDownloadError(
        'in-the-way',
        `${path}.part is there already, and was not begun here. Give --overwrite to replace it.`,
      );
    return new PartFile(disk, path, overwrite, (await isThere(`${path}.part`)) ? before : undefined);
  }

  /** What was there before is of no use. */
  async open(isAnew: boolean): Promise<void> {
    this.#file = await this.#disk.open(`${this.#path}.part`, { write: true, create: true });
    if (isAnew) {
      await this.#file.truncate(0);
      this.done = new ByteRanges();
    }
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    await this.#file?.write([bytes], position);
    this.done.add({ start: position, end: position + bytes.length });
  }

  async record(length: number, validators: PartRecord['validators']): Promise<void> {
    const done = [...this.done.list];
    await this.#file?.sync();
    const text = JSON.stringify({ length, done, validators });
    const place = `${this.#path}.part.json`;
    const file = await this.#disk.open(`${place}.new`, { write: true, create: true });
    try {
      await file.truncate(0);
      await file.write([toUtf8(text)], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#disk.rename(`${place}.new`, place);
    await this.#disk.syncFolder(this.#path.replace(/[/\\][^/\\]*$/, '') || '/');
  }

  /** Of no use to anybody: nobody knows what it is, or it is not what was wanted. */
  async discard(): Promise<void> {
    await this.close();
    await this.#disk.removeFile(`${this.#path}.part`).catch(() => {});
    await this.#disk.removeFile(`${this.#path}.part.json`).catch(() => {});
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** All of it is there. */
  async end(length: number): Promise<void> {
    await this.#file?.truncate(length);
    await this.#file?.sync();
    await this.close();
  }

  /** Gives it its name. */
  async release(): Promise<void> {
    const part = `${this.#path}.part`;
    try {
      if (this.#overwrite) await this.#disk.rename(part, this.#path);
      else await this.#disk.renameNew(part, this.#path);
    } catch (error) {
      if (!(error instanceof WorldError) || error.code !== 'exists') throw error;
      throw new WebDownloadError(
        'in-the-way',
        `${this.#path} came there meanwhile; what was fetched is ${part}.`,
      );
    }
    await this.#disk.removeFile(`${part}.json`).catch(() => {});
  }
}

async function readRecord(disk: Disk, path: string): Promise<PartRecord | undefined> {
  try {
    const file = await disk.open(path);
    try {
      const { length } = await file.stat();
      const bytes = new Uint8Array(Math.min(length, longestRecord));
      await file.read([bytes], 0);
      return recordOf(JSON.parse(fromUtf8Lossy(bytes)));
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): PartRecord | undefined {
  if (!isObject(value)) return undefined;
  const { length, done, validators } = value;
  if (!isCount(length) || !Array.isArray(done) || !isObject(validators)) return undefined;
  const ranges: ByteRange[] = [];
  for (const range of done) {
    if (!isObject(range)) return undefined;
    const { start, end } = range;
    if (!isCount(start) || !isCount(end) || end > length) return undefined;
    ranges.push({ start, end });
  }
  const known: Record<string, Validator> = {};
  for (const [url, validator] of Object.entries(validators)) {
    if (!isObject(validator)) continue;
    const { etag, lastModified } = validator;
    known[url] = {
      ...(typeof etag === 'string' ? { etag } : {}),
      ...(typeof lastModified === 'string' ? { lastModified } : {}),
    };
  }
  return { length, done: ranges, validators: known };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
