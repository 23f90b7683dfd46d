// The catalogue over a database. Records that come at the same time are written together, in one wait for the disk.

import { type Clock, RoomError } from '@shoal/base';
import { readEntry, type UnverifiedEntry } from '@shoal/directory';
import { checkTimes, clockToleranceSeconds, isSigned, verifyRecord } from '@shoal/identity';
import { type Kysely, sql } from 'kysely';
import type { DatabaseAccess, IndexDatabase } from '../database/database.ts';
import type { Tables } from '../database/schema.ts';
import { IndexError } from '../errors.ts';
import { applyBatch, type Pending } from './batch.ts';
import { Blocking, blocksFact } from './blocking.ts';
import {
  batchesChecked,
  checkedHere,
  importBatch,
  importTransactionMs,
  maxBatch,
  maxChanges,
  maxChangesBytes,
  maxWaiting,
  ratingsShown,
} from './bounds.ts';
import type { Catalogue, Changes, Rating, Report, Taken, TorrentDetails } from './catalogue.ts';
import { EntryReading, type LiveHealth, torrentNamed } from './entry-rows.ts';
import { writeHealth } from './health.ts';
import { type Exclusively, Moderation } from './moderation.ts';
import type { Publishers } from './publishers.ts';
import { Searching } from './searching.ts';
import type { SignatureThreads } from './signatures.ts';
import { states } from './tables.ts';
import { wordIndexes } from './word-index.ts';
import { indexedWords } from './words.ts';

interface Waiting extends Pending {
  resolve(taken: Taken): void;
  reject(error: unknown): void;
}

/** Two processes on one PostgreSQL write one after the other: so revisions become visible in their order. */
const writeLock = 0x5_40a2;

export interface CatalogueParts {
  readonly clock: Clock;
  readonly database: IndexDatabase;
  /** What the tracker knows. */
  readonly health?: LiveHealth | undefined;
  /** For catalogues from elsewhere; without them, their signatures are checked here. */
  readonly startSignatureThreads?: () => SignatureThreads;
  /** Default: everybody may publish. */
  readonly publishers?: Publishers | undefined;
}

export function openCatalogue(parts: CatalogueParts): Catalogue {
  const { clock, database, health, startSignatureThreads, publishers } = parts;
  const { access } = database;
  const reading = new EntryReading(access, () => clock.wallTimeMs(), health);
  const searching = new Searching(access, clock, reading);
  const blocking = new Blocking();
  /** For what is read, which may be a moment older than what is written. */
  const shown = new Blocking();
  const words = wordIndexes[access.kind];
  const alone: Exclusively = (run) =>
    access.db.transaction().execute(async (db) => {
      if (access.kind === 'postgres') await sql`select pg_advisory_xact_lock(${writeLock})`.execute(db);
      return run(db);
    });
  /** Somebody waits for these. */
  let wanted = 0;
  const exclusively: Exclusively = async (run) => {
    wanted++;
    try {
      return await alone(run);
    } finally {
      wanted--;
    }
  };
  const moderation = new Moderation(access, exclusively, () => clock.wallTimeMs());
  const waiting: Waiting[] = [];
  let isWriting = false;

  async function write(): Promise<void> {
    if (isWriting) return;
    isWriting = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, maxBatch);
      try {
        const results = await exclusively((db) => writeAll(db, batch));
        for (const [i, one] of batch.entries()) {
          const result = results[i];
          if (result === undefined) one.reject(new Error('a record got no answer'));
          else one.resolve(result);
        }
      } catch (cause) {
        const error = unavailable(cause);
        for (const one of batch) one.reject(error);
      }
    }
    isWriting = false;
  }

  function writeAll(db: Kysely<Tables>, batch: readonly Pending[]): Promise<Taken[]> {
    return applyBatch(db, batch, { kind: access.kind, words, blocking, nowMs: clock.wallTimeMs() });
  }

  function timely(bytes: Uint8Array): UnverifiedEntry {
    const entry = readEntry(bytes);
    checkTimes(entry.record, clock.wallTimeMs() / 1000, clockToleranceSeconds);
    return entry;
  }

  /** What is no proper record is left out. */
  async function checkedImport(
    records: readonly Uint8Array[],
    threads: SignatureThreads | undefined,
  ): Promise<Pending[]> {
    const entries = records.flatMap((bytes) => {
      try {
        return [timely(bytes)];
      } catch (error) {
        if (error instanceof RoomError) return [];
        throw error;
      }
    });
    const isGood = await threads?.check(entries.map(({ record }) => record));
    return entries.flatMap((entry, i): Pending[] =>
      (isGood?.[i] ?? isSigned(entry.record)) ? [{ entry, isImport: true }] : [],
    );
  }

  /** As many batches in one transaction as come before somebody waits for it, or it took long enough. */
  async function importAll(batches: AsyncIterator<readonly Pending[]>): Promise<number> {
    let taken = 0;
    let next = await batches.next();
    while (next.done !== true)
      await alone(async (db) => {
        const endMs = clock.nowMs() + importTransactionMs;
        do {
          const results = await writeAll(db, next.value);
          taken += results.filter(({ kind }) => kind === 'taken' || kind === 'known').length;
          next = await batches.next();
        } while (next.done !== true && wanted === 0 && clock.nowMs() < endMs);
      });
    return taken;
  }

  return {
    search: (search) => searching.search(search),
    suggest: (text) => searching.suggest(text),
    async details(text) {
      const infoHash = torrentNamed(text);
      if (infoHash === undefined) return undefined;
      await shown.refresh(access.reader);
      return detailsOf(access, reading, shown, infoHash);
    },
    async take(bytes) {
      if (waiting.length >= maxWaiting)
        throw new IndexError('unavailable', 'Too many publish at the moment: try again later.');
      const entry = timely(bytes);
      const message = publishers?.refusalOf(entry);
      if (message !== undefined) return { kind: 'refused', code: 'forbidden', message };
      const checked = { ...entry, record: verifyRecord(entry.record) };
      return new Promise((resolve, reject) => {
        waiting.push({ entry: checked, isImport: false, resolve, reject });
        void write();
      });
    },
    async takeAll(records) {
      let threads: SignatureThreads | undefined;
      let count = 0;
      /** While one batch is written, the signatures of the next ones are checked. */
      async function* checkedBatches(): AsyncGenerator<readonly Pending[]> {
        const checking: Promise<readonly Pending[]>[] = [];
        for await (const batch of batchesOf(records, importBatch)) {
          count += batch.length;
          if (batch.length > checkedHere) threads ??= startSignatureThreads?.();
          const checks = checkedImport(batch, threads);
          // Told where it is waited for.
          checks.catch(() => {});
          checking.push(checks);
          const first = checking.length > batchesChecked ? checking.shift() : undefined;
          if (first !== undefined) yield await first;
        }
        for (const last of checking) yield await last;
      }
      try {
        const taken = await importAll(checkedBatches());
        return { taken, refused: count - taken };
      } catch (cause) {
        throw unavailable(cause);
      } finally {
        await threads?.close();
      }
    },
    async changes(after, most) {
      await shown.refresh(access.reader);
      return changesOf(access, shown, after, most);
    },
    async totals() {
      const { rows } = await sql<{ publishers: number; revision: number; blocks: string | null }>`select
        (select coalesce(max(publisher), 0) from publishers) as publishers,
        (select coalesce(max(number), 0) from records) as revision,
        (select value from facts where name = ${blocksFact}) as blocks`.execute(access.reader);
      const { publishers = 0, revision = 0, blocks } = rows[0] ?? {};
      return {
        torrents: await reading.listed(),
        publishers,
        revision,
        blocksVersion: Number(blocks ?? 0),
      };
    },
    learnHealth: (swarms) => exclusively((db) => writeHealth(db, swarms, clock.wallTimeMs())),
    block: (block, by) => moderation.block(block, by),
    unblock: (kind, value, by) => moderation.unblock(kind, value, by),
    blocks: () => moderation.blocks(),
    audit: (before, most) => moderation.audit(before, most),
    reports: (infoHash, most) => reportsOf(access, infoHash, most),
  };
}

async function* batchesOf(
  records: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  most: number,
): AsyncGenerator<readonly Uint8Array[]> {
  let batch: Uint8Array[] = [];
  for await (const record of records) {
    batch.push(record);
    if (batch.length < most) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function unavailable(cause: unknown): unknown {
  if (cause instanceof RoomError && !(cause instanceof IndexError)) return cause;
  if (cause instanceof IndexError && cause.code !== 'unavailable') return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new IndexError('unavailable', `The catalogue cannot be written at the moment: ${reason}`, { cause });
}

async function changesOf(
  { reader }: DatabaseAccess,
  blocking: Blocking,
  after: number,
  most: number,
): Promise<Changes> {
  const { rows } = await sql<{ number: number; record: Uint8Array; state: number | null }>`
    select records.number, record, state from records left join entries on entries.number = records.number
    where records.number > ${after} and (state is null or state <> ${sql.lit(states.blocked)})
    order by records.number limit ${Math.min(most, maxChanges)}`.execute(reader);
  let bytes = 0;
  // What is blocked and was not listed (ratings, what was superseded) has no state that says so.
  const isHidden = (record: Uint8Array, state: number | null): boolean => {
    if (blocking.isEmpty || state === states.listed || state === states.withdrawn) return false;
    const entry = readEntry(Uint8Array.from(record));
    return blocking.refuses(entry, entry.kind === 'publication' ? indexedWords(entry).all : []);
  };
  const fits = rows.filter(({ record }) => {
    bytes += record.length;
    return bytes <= maxChangesBytes;
  });
  const changes = fits.flatMap(({ number, record, state }) =>
    isHidden(record, state) ? [] : [{ revision: number, record: Uint8Array.from(record) }],
  );
  return { changes, next: fits.at(-1)?.number };
}

async function detailsOf(
  access: DatabaseAccess,
  reading: EntryReading,
  blocking: Blocking,
  infoHash: string,
): Promise<TorrentDetails | undefined> {
  const all = await reading.ofTorrent(infoHash, [states.listed, states.superseded]);
  const publications = all.filter(
    ({ publication }) => blocking.isEmpty || !blocking.refuses(publication, indexedWords(publication).all),
  );
  const first = publications[0];
  if (first === undefined) return undefined;
  const torrent = Buffer.from(first.infoHash, 'hex');
  const { reader } = access;
  const [successors, ratings] = await Promise.all([
    reader
      .selectFrom('successions')
      .select('successor')
      .where('torrent', '=', torrent)
      .orderBy('sequence', 'desc')
      .limit(20)
      .execute(),
    sql<{ record: Uint8Array }>`select record from ratings join records on records.number = ratings.number
      where torrent = ${torrent} and is_hidden = 0 and (stars > 0 or has_comment = 1)
      order by has_comment desc, ratings.number desc limit ${ratingsShown}`.execute(reader),
  ]);
  return {
    infoHash: first.infoHash,
    publications,
    supersededBy: [...new Set(successors.map(({ successor }) => Buffer.from(successor).toString('hex')))],
    ratings: ratings.rows.flatMap(({ record }): Rating[] => {
      const entry = readEntry(Uint8Array.from(record));
      if (entry.kind !== 'rating' || blocking.refuses(entry, [])) return [];
      return [{ ...spoken(entry), stars: entry.stars }];
    }),
    reports: first.reports,
  };
}

async function reportsOf(
  { reader }: DatabaseAccess,
  text: string | undefined,
  most: number,
): Promise<Report[]> {
  const infoHash = text === undefined ? undefined : torrentNamed(text);
  if (text !== undefined && infoHash === undefined) return [];
  const torrent = Buffer.from(infoHash ?? '', 'hex');
  const of =
    infoHash === undefined
      ? sql``
      : sql`where torrent = ${torrent} or torrent in (select torrent from entries where other = ${torrent})`;
  const { rows } = await sql<{ record: Uint8Array }>`
    select record from reports join records on records.number = reports.number ${of}
    order by reports.number desc limit ${Math.min(most, 1_000)}`.execute(reader);
  return rows.flatMap(({ record }): Report[] => {
    const entry = readEntry(Uint8Array.from(record));
    if (entry.kind !== 'report') return [];
    const infoHash = Buffer.from(entry.torrent).toString('hex');
    return [{ ...spoken(entry), infoHash, reason: entry.reason }];
  });
}

function spoken({ record, comment }: UnverifiedEntry & { comment?: string | undefined }) {
  return {
    key: Buffer.from(record.key).toString('hex'),
    comment,
    madeAtMs: 1000 * record.madeAt,
  };
}
