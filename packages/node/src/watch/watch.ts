// Folders whose torrent files and magnet links become transfers. Invariant: a file is set aside only after its transfer is
// in the ledger, so that what was cut off between the two is found to be here already, and neither lost nor added twice;
// what is still being written is waited for, and what cannot be meant keeps its bytes, with the reason beside it.

import { join } from 'node:path';
import type { NewTransfer } from '@shoal/api';
import { BencodeError, type Clock, type Disk, type FileStat, type Timer, WorldError } from '@shoal/base';
import { MetainfoError, maxTorrentLength } from '@shoal/metainfo';
import {
  longestLinkFile,
  mostWatchedFiles,
  watchAgainMs,
  watchIntervalMs,
  watchLongestAgainMs,
  watchSettledMs,
  watchTruncatedMs,
} from '../bounds.ts';
import { NodeError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Item } from '../transfers/item.ts';
import type { Transfers } from '../transfers/transfers.ts';
import type { WatchSettings } from './settings.ts';

export interface WatchParts {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  readonly transfers: Pick<Transfers, 'add' | 'find'>;
  /** As they are now. */
  readonly settings: () => readonly WatchSettings[];
}

/** A file as it was when it was last looked at. */
interface Seen {
  readonly stamp: string;
  readonly sinceMs: number;
  readonly triedMs?: number;
  readonly waitMs: number;
  /** It is dealt with, and could not be set aside. */
  readonly isDone: boolean;
}

export class Watch {
  readonly #parts: WatchParts;
  readonly #seen = new Map<string, Seen>();
  /** Why a folder cannot be read: said once. */
  readonly #troubles = new Map<string, string>();
  #timer: Timer | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#again(0);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  #again(ms: number): void {
    if (this.#isClosed) return;
    this.#timer = this.#parts.clock.setTimer(ms, () => {
      this.#looking = this.#look().finally(() => this.#again(watchIntervalMs));
    });
  }

  async #look(): Promise<void> {
    const present = new Set<string>();
    for (const settings of this.#parts.settings()) {
      const { folder } = settings;
      try {
        const names = (await this.#parts.disk.list(folder)).filter(isTaken).sort();
        this.#trouble(folder, '');
        for (const name of names.slice(0, mostWatchedFiles)) {
          if (this.#isClosed) return;
          const path = join(folder, name);
          present.add(path);
          await this.#file(path, settings);
        }
      } catch (error) {
        this.#trouble(folder, wordsOf(error));
      }
    }
    for (const path of this.#seen.keys()) if (!present.has(path)) this.#seen.delete(path);
  }

  #trouble(folder: string, message: string): void {
    if ((this.#troubles.get(folder) ?? '') === message) return;
    this.#troubles.set(folder, message);
    if (message !== '') this.#parts.log.warn({ folder, reason: message }, 'a watch folder cannot be read');
  }

  async #file(path: string, settings: WatchSettings): Promise<void> {
    const { disk, clock, log } = this.#parts;
    const stat = await disk.stat(path).catch((): FileStat | undefined => undefined);
    if (stat?.kind !== 'file') return;
    const nowMs = clock.nowMs();
    const stamp = `${stat.id} ${stat.length} ${stat.modifiedMs}`;
    const before = this.#seen.get(path);
    const seen =
      before?.stamp === stamp ? before : { stamp, sinceMs: nowMs, waitMs: watchAgainMs, isDone: false };
    this.#seen.set(path, seen);
    // What changed since the last look is perhaps not whole yet.
    if (seen.isDone || before?.stamp !== stamp) return;
    if (seen.triedMs !== undefined && nowMs - seen.triedMs < seen.waitMs) return;
    try {
      await this.#add(path, stat, settings);
      await this.#setAside(path, seen, settings);
    } catch (error) {
      if (this.#isClosed) return;
      const patienceMs = patienceOf(error);
      if (patienceMs === undefined) {
        // The outside is in the way: it is tried again, later and later.
        log.warn({ file: path, reason: wordsOf(error) }, 'a file of a watch folder waits');
        const waitMs = Math.min(2 * seen.waitMs, watchLongestAgainMs);
        this.#seen.set(path, { ...seen, triedMs: nowMs, waitMs });
      } else if (nowMs - seen.sinceMs >= patienceMs) await this.#refuse(path, seen, wordsOf(error));
    }
  }

  async #add(path: string, { length }: FileStat, settings: WatchSettings): Promise<void> {
    const { labels, to, isPaused } = settings;
    const usual = { labels: [...labels], ...(to !== undefined && { folder: to }), isPaused };
    if (/\.torrent$/i.test(path)) {
      if (length > maxTorrentLength)
        throw new MetainfoError('too-large', `${length} bytes are too many for a torrent file.`);
      const bytes = await this.#read(path, length);
      if (bytes.length === 0) throw new BencodeError('truncated', 'It is empty.');
      await this.#addOne(path, { ...usual, torrent: Buffer.from(bytes).toString('base64') });
      return;
    }
    if (length > longestLinkFile)
      throw new MetainfoError('too-large', `${length} bytes are too many for links.`);
    const text = new TextDecoder().decode(await this.#read(path, length));
    const links = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
    if (links.length === 0) throw new BencodeError('truncated', 'It is empty.');
    for (const link of links) await this.#addOne(path, { ...usual, link: link.trim() });
  }

  async #addOne(path: string, given: NewTransfer): Promise<void> {
    const { transfers, log } = this.#parts;
    try {
      const item = await transfers.add(given);
      told(item, `it came from ${path}`);
      log.info({ file: path, id: item.record.id }, 'added from a watch folder');
    } catch (error) {
      if (!(error instanceof NodeError) || error.code !== 'duplicate') throw error;
      const item = transfers.find(error.value ?? '');
      if (item !== undefined) told(item, `it came from ${path} too, and was here already`);
      log.info({ file: path, id: error.value }, 'what is in a watch folder is here already');
    }
  }

  async #read(path: string, length: number): Promise<Uint8Array> {
    const file = await this.#parts.disk.open(path);
    try {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, await file.read([bytes], 0));
    } finally {
      await file.close();
    }
  }

  async #setAside(path: string, seen: Seen, { after }: WatchSettings): Promise<void> {
    const { disk, log } = this.#parts;
    try {
      if (after.kind === 'remove') await disk.removeFile(path);
      else if (after.kind === 'rename') await this.#renameTo(path, `${path}.added`);
      else {
        await disk.makeFolder(after.folder);
        await this.#renameTo(path, join(after.folder, path.slice(path.lastIndexOf('/') + 1)));
      }
      this.#seen.delete(path);
    } catch (error) {
      // It is not added again while it is the same; after a restart it is found to be here already.
      this.#seen.set(path, { ...seen, isDone: true });
      log.warn({ file: path, reason: wordsOf(error) }, 'a file of a watch folder could not be set aside');
    }
  }

  async #refuse(path: string, seen: Seen, reason: string): Promise<void> {
    const { disk, log } = this.#parts;
    log.warn({ file: path, reason }, 'a file of a watch folder is refused');
    try {
      const to = await this.#renameTo(path, `${path}.refused`);
      this.#seen.delete(path);
      const file = await disk.open(`${to}.txt`, { write: true, create: true });
      try {
        await file.truncate(0);
        await file.write([new TextEncoder().encode(`${reason}\n`)], 0);
      } finally {
        await file.close();
      }
    } catch (error) {
      this.#seen.set(path, { ...seen, isDone: true });
      log.warn({ file: path, reason: wordsOf(error) }, 'a file of a watch folder could not be set aside');
    }
  }

  /** Beside what has that name already. */
  async #renameTo(path: string, to: string): Promise<string> {
    for (let number = 1; ; number++) {
      const name = number === 1 ? to : `${to}.${number}`;
      try {
        await this.#parts.disk.renameNew(path, name);
        return name;
      } catch (error) {
        const isTaken = error instanceof WorldError && error.code === 'exists';
        if (!isTaken || number >= mostWatchedFiles) throw error;
      }
    }
  }
}

/** Names with a dot in front are for those who write first and rename then. */
function isTaken(name: string): boolean {
  return !name.startsWith('.') && /\.(?:torrent|magnet)$/i.test(name);
}

/** How long what is wrong with it may still come right; undefined where it is not the file's fault. */
function patienceOf(error: unknown): number | undefined {
  if (error instanceof BencodeError || error instanceof MetainfoError)
    return /truncated$/.test(error.code) ? watchTruncatedMs : watchSettledMs;
  if (error instanceof NodeError && error.code === 'invalid') return watchSettledMs;
  return undefined;
}

function told(item: Item, message: string): void {
  item.log.add({ kind: 'watch', message });
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
