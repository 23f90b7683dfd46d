// DATA/transfers.log: what the node remembers of its transfers, one line a change, appended and synced before anybody is
// told that it is done. Invariants: after a kill at any instant every line that was acknowledged is read again; a line
// counts only with its checksum, so that half of one, or what a failing disk made of it, is passed over.

import { join } from 'node:path';
import { crc32c, type Disk, type DiskFile, WorldError } from '@shoal/base';
import { mostLedgerBytes, mostWasteInLedger } from '../bounds.ts';
import { readRecord, type TransferRecord } from './record.ts';

export type LedgerChange =
  | { readonly op: 'put'; readonly record: TransferRecord }
  /** In the order of the queue. */
  | { readonly op: 'place'; readonly id: string; readonly place: number }
  /** Its files and folder are to go. It is `removed` when they have. */
  | { readonly op: 'removing'; readonly id: string; readonly files: boolean }
  | { readonly op: 'removed'; readonly id: string };

export interface Remembered {
  /** In the order of the queue. */
  readonly records: readonly TransferRecord[];
  readonly removing: readonly { readonly record: TransferRecord; readonly files: boolean }[];
}

const fileName = 'transfers.log';

export class Ledger {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #state = new State();
  #file: DiskFile;
  #length: number;
  #waiting: { readonly lines: string; resolve(): void; reject(error: unknown): void }[] = [];
  #writing: Promise<void> | undefined;

  private constructor(disk: Disk, folder: string, file: DiskFile, length: number) {
    this.#disk = disk;
    this.#folder = folder;
    this.#file = file;
    this.#length = length;
  }

  /** `damaged` lines were passed over. */
  static async open(
    disk: Disk,
    folder: string,
  ): Promise<{ readonly ledger: Ledger; readonly remembered: Remembered; readonly damaged: number }> {
    const path = join(folder, fileName);
    const file = await disk.open(path, { write: true, create: true, mode: 0o600 });
    try {
      const { length } = await file.stat();
      if (length > mostLedgerBytes)
        throw new WorldError('invalid', `${path} is ${length} bytes long, which no node has written`);
      const bytes = new Uint8Array(length);
      const count = await file.read([bytes], 0);
      const ledger = new Ledger(disk, folder, file, count);
      const damaged = ledger.#read(bytes.subarray(0, count));
      const remembered = ledger.#state.remembered;
      // Half a line at the end would spoil the next one.
      if (damaged > 0 || ledger.#isWasteful) await ledger.#rewrite();
      return { ledger, remembered, damaged };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Resolves when it would survive a power cut. What is given at once is synced at once. */
  write(...changes: readonly LedgerChange[]): Promise<void> {
    if (changes.length === 0) return Promise.resolve();
    for (const change of changes) this.#state.apply(change);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ lines: changes.map(lineOf).join(''), resolve, reject });
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return promise;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  get #isWasteful(): boolean {
    return this.#length - this.#state.length > mostWasteInLedger + this.#state.length;
  }

  async #writeAll(): Promise<void> {
    // What is asked for in the same turn goes with it.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        if (this.#isWasteful) await this.#rewrite();
        else {
          const bytes = new TextEncoder().encode(batch.map(({ lines }) => lines).join(''));
          await this.#file.write([bytes], this.#length);
          await this.#file.sync();
          // Its name is new.
          if (this.#length === 0) await this.#disk.syncFolder(this.#folder);
          this.#length += bytes.length;
        }
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  /** All that counts as a new file in place of the old one. */
  async #rewrite(): Promise<void> {
    const path = join(this.#folder, fileName);
    const bytes = new TextEncoder().encode(this.#state.lines());
    const file = await this.#disk.open(`${path}.new`, { write: true, create: true, mode: 0o600 });
    try {
      await file.truncate(0);
      await file.write([bytes], 0);
      await file.sync();
      await this.#disk.rename(`${path}.new`, path);
    } catch (error) {
      await file.close();
      throw error;
    }
    await this.#disk.syncFolder(this.#folder);
    await this.#file.close();
    this.#file = file;
    this.#length = bytes.length;
  }

  #read(bytes: Uint8Array): number {
    const text = new TextDecoder().decode(bytes);
    let damaged = 0;
    for (const line of text.split('\n')) {
      const change = parseLine(line);
      if (change !== undefined) this.#state.apply(change);
      else if (line !== '') damaged++;
    }
    return damaged + (text === '' || text.endsWith('\n') ? 0 : 1);
  }
}

/** What all lines together say. */
class State {
  readonly #records = new Map<string, TransferRecord>();
  readonly #removing = new Map<string, { readonly record: TransferRecord; readonly files: boolean }>();
  /** Those that have moved in the queue are not where the map has them. */
  #order: string[] | undefined;
  /** About how long the lines are that say it. */
  length = 0;

  get remembered(): Remembered {
    return { records: this.#inOrder(), removing: [...this.#removing.values()] };
  }

  apply(change: LedgerChange): void {
    if (change.op === 'put') {
      const { record } = change;
      const before = this.#records.get(record.id);
      this.length += lengthOf(record) - (before === undefined ? 0 : lengthOf(before));
      if (before === undefined) this.#order?.push(record.id);
      this.#records.set(record.id, record);
      return;
    }
    const { id } = change;
    if (change.op === 'removed') {
      this.#removing.delete(id);
      return;
    }
    const record = this.#records.get(id);
    if (record === undefined) return;
    if (change.op === 'place') {
      this.#order ??= [...this.#records.keys()];
      this.#order.splice(this.#order.indexOf(id), 1);
      this.#order.splice(change.place, 0, id);
      return;
    }
    this.length -= lengthOf(record);
    this.#records.delete(id);
    this.#order?.splice(this.#order.indexOf(id), 1);
    this.#removing.set(id, { record, files: change.files });
  }

  lines(): string {
    const lines: string[] = [];
    for (const { record, files } of this.#removing.values())
      lines.push(lineOf({ op: 'put', record }), lineOf({ op: 'removing', id: record.id, files }));
    for (const record of this.#inOrder()) lines.push(lineOf({ op: 'put', record }));
    return lines.join('');
  }

  #inOrder(): TransferRecord[] {
    if (this.#order === undefined) return [...this.#records.values()];
    return this.#order.flatMap((id) => this.#records.get(id) ?? []);
  }
}

/** Near enough to know when the file is mostly history. */
function lengthOf({ name, folder, link = '', trackers, choice, fileRuns = [] }: TransferRecord): number {
  const runs = (choice.runs?.length ?? 0) + fileRuns.length;
  return 700 + name.length + folder.length + link.length + 60 * trackers.length + 12 * runs;
}

function lineOf(change: LedgerChange): string {
  const text = JSON.stringify(change);
  return `${checksum(text)} ${text}\n`;
}

function parseLine(line: string): LedgerChange | undefined {
  const text = line.slice(9);
  if (line.slice(0, 9) !== `${checksum(text)} `) return undefined;
  try {
    const value: Partial<Record<'op' | 'record' | 'id' | 'place' | 'files', unknown>> = JSON.parse(text);
    const { op, id, place, files } = value;
    if (op === 'put') {
      const record = readRecord(value.record);
      return record && { op, record };
    }
    if (typeof id !== 'string') return undefined;
    if (op === 'removed') return { op, id };
    if (op === 'removing') return { op, id, files: files === true };
    return op === 'place' && typeof place === 'number' ? { op, id, place } : undefined;
  } catch {
    return undefined;
  }
}

function checksum(text: string): string {
  return crc32c(new TextEncoder().encode(text)).toString(16).padStart(8, '0');
}
