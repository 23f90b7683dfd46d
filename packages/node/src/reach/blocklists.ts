// The lists of addresses that this node does not talk to, read from their files, and again when those change.
// Invariant: when a list cannot be read, those that were in force stay; a node does not start with one missing.

import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type Disk, IpFilter, type IpListReport, IpRanges, readIpList, WorldError } from '@shoal/base';
import { longestBlocklist } from '../bounds.ts';
import { NodeError } from '../errors.ts';

export interface BlocklistReport extends Omit<IpListReport, 'badLines'> {
  readonly path: string;
  readonly badLines: readonly { readonly line: number; readonly text: string }[];
}

const lineFeed = 0x0a;
/** So much is read before others have their turn: some 20 ms. */
const stretch = 256 * 1024;

export class Blocklists {
  readonly filter = new IpFilter();
  readonly #disk: Disk;
  #paths: readonly string[] = [];
  #reports: readonly BlocklistReport[] = [];
  #seen = '';

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  get reports(): readonly BlocklistReport[] {
    return this.#reports;
  }

  /** `lists` as in the config: `none`, or paths with semicolons between. Rejects with a NodeError. */
  async use(lists: string): Promise<void> {
    const paths =
      lists === 'none'
        ? []
        : lists
            .split(';')
            .map((path) => path.trim())
            .filter((path) => path !== '')
            .map((path) => resolve(path));
    const seen = await this.#look(paths);
    const ranges = new IpRanges();
    const reports: BlocklistReport[] = [];
    for (const path of paths) reports.push(await readList(this.#disk, path, ranges));
    this.filter.use(ranges);
    this.#paths = paths;
    this.#reports = reports;
    this.#seen = seen;
  }

  /** Reads the lists again if a file has changed. True when it did. */
  async refresh(): Promise<boolean> {
    if (this.#paths.length === 0 || (await this.#look(this.#paths)) === this.#seen) return false;
    await this.use(this.#paths.join(';'));
    return true;
  }

  async #look(paths: readonly string[]): Promise<string> {
    const stats = await Promise.all(
      paths.map(async (path) => {
        const { id, length, modifiedMs } = await this.#disk.stat(path).catch((error) => {
          throw unreadable(path, error);
        });
        return `${id} ${length} ${modifiedMs}`;
      }),
    );
    return stats.join('\n');
  }
}

async function readList(disk: Disk, path: string, into: IpRanges): Promise<BlocklistReport> {
  let bytes: Uint8Array;
  try {
    bytes = await unpacked(await readWhole(disk, path));
  } catch (error) {
    throw unreadable(path, error);
  }
  const total = { lines: 0, ranges: 0, allowed: 0, bad: 0, isCut: false };
  const badLines: { line: number; text: string }[] = [];
  for (let at = 0; at < bytes.length && !total.isCut; ) {
    // A binary list is read at once: it takes a tenth of the time.
    const isText = bytes[0] !== 0xff;
    const end = isText ? bytes.indexOf(lineFeed, at + stretch) + 1 || bytes.length : bytes.length;
    const report = readIpList(bytes.subarray(at, end), into);
    for (const { line, text } of report.badLines)
      if (badLines.length < 5) badLines.push({ line: line + total.lines, text });
    total.lines += report.lines;
    total.ranges += report.ranges;
    total.allowed += report.allowed;
    total.bad += report.bad;
    total.isCut ||= report.isCut;
    at = end;
    await new Promise((next) => setImmediate(next));
  }
  return { path, ...total, badLines };
}

async function readWhole(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path);
  try {
    const { length } = await file.stat();
    if (length > longestBlocklist) throw new Error(`it has more than ${longestBlocklist >> 20} MiB`);
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, await file.read([bytes], 0));
  } finally {
    await file.close();
  }
}

/** Lists are offered as gzip. */
async function unpacked(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return await promisify(gunzip)(bytes, { maxOutputLength: longestBlocklist });
}

function unreadable(path: string, error: unknown): NodeError {
  const isMissing = error instanceof WorldError && error.code === 'not-found';
  const why = isMissing ? 'it is not there' : error instanceof Error ? error.message : String(error);
  return new NodeError(
    'filter-unreadable',
    `The list ${path} of addresses to block cannot be read: ${why}.`,
    {
      value: path,
      cause: error,
    },
  );
}
