// One batch of records in one transaction: what it says of each is on the disk once the transaction is. Invariant: of one
// key about one torrent the highest sequence stands, and a sequence that was used is never used again.

import { equalBytes } from '@shoal/base';
import type {
  UnverifiedEntry,
  UnverifiedPublication,
  UnverifiedRating,
  UnverifiedReport,
  UnverifiedWithdrawal,
} from '@shoal/directory';
import { type Insertable, type Kysely, sql } from 'kysely';
import type { DatabaseKind } from '../database/column-types.ts';
import { insertMany } from '../database/insert-many.ts';
import type { Tables } from '../database/schema.ts';
import type { Blocking } from './blocking.ts';
import { maxPublicationsOfTorrent, maxRatingsOfTorrent } from './bounds.ts';
import type { Taken } from './catalogue.ts';
import { adoptOpinions, refreshOpinions } from './opinions.ts';
import { isCorrectable, shortenings } from './spelling.ts';
import { type CatalogueTables, states } from './tables.ts';
import type { WordIndex, WordRow } from './word-index.ts';
import { type IndexedWords, indexedWords } from './words.ts';

export interface Pending {
  /** Its signature was verified. */
  readonly entry: UnverifiedEntry;
  /** From another catalogue: it may come before what it is about. */
  readonly isImport: boolean;
}

type EntryRow = CatalogueTables['entries'];
type OpinionRow = Omit<CatalogueTables['ratings'], 'torrent'> & { torrent: Uint8Array };

interface BatchParts {
  readonly kind: DatabaseKind;
  readonly words: WordIndex;
  readonly blocking: Blocking;
  readonly nowMs: number;
}

/** Values in one list of a statement, of the 32,766 that SQLite takes. */
const rowsAtOnce = 500;
const columnsOfEntry = [
  'number',
  'publisher',
  'torrent',
  'other',
  'sequence',
  'added_ms',
  'state',
  'size',
  'title_words',
  'seeds',
  'leechers',
  'completed',
  'seen_ms',
  'stars',
  'ratings',
  'reports',
] as const satisfies readonly (keyof EntryRow)[];
const bytesOfEntry: readonly string[] = ['torrent', 'other'];
export const revisionFact = 'catalogue-revision';
export const listedFact = 'catalogue-listed';

export async function applyBatch(
  db: Kysely<Tables>,
  pending: readonly Pending[],
  parts: BatchParts,
): Promise<Taken[]> {
  await parts.blocking.refresh(db);
  const batch = new Batch(db, parts);
  await batch.load(pending);
  const results = pending.map(({ entry, isImport }) => batch.take(entry, isImport));
  await batch.write();
  return results;
}

class Batch {
  readonly #db: Kysely<Tables>;
  readonly #parts: BatchParts;
  readonly #publishers = new Map<string, number>();
  /** By torrent and publisher. */
  readonly #rows = new Map<string, EntryRow>();
  readonly #publicationsOf = new Map<string, number>();
  readonly #ratingsOf = new Map<string, number>();
  readonly #opinions = { rating: new Map<string, OpinionRow>(), report: new Map<string, OpinionRow>() };
  readonly #successions = new Map<string, { successor: string; sequence: number }[]>();
  readonly #standing = new Map<number, Uint8Array>();
  readonly #slots = new Map<UnverifiedEntry, string>();
  /** By a second name (v2 of a hybrid torrent): what its publications are filed under, and by whom. */
  readonly #aliases = new Map<string, { torrent: Uint8Array; publisher: number }[]>();
  #revision = 0;
  #listed = 0;

  readonly #changedRows = new Set<string>();
  readonly #changedOpinions = { rating: new Set<string>(), report: new Set<string>() };
  readonly #goneRows: number[] = [];
  readonly #goneRecords: number[] = [];
  readonly #goneWords: number[] = [];
  readonly #records = new Map<number, Uint8Array>();
  readonly #words = new Map<number, IndexedWords>();
  readonly #restated = new Map<number, number>();
  readonly #newSuccessions: Insertable<CatalogueTables['successions']>[] = [];
  readonly #endedSuccessions: { publisher: number; successor: Uint8Array }[] = [];
  readonly #refreshed = new Map<string, Uint8Array>();
  /** What was said under a second name before the publication that tells of it came. */
  readonly #adopted: { from: Uint8Array; to: Uint8Array }[] = [];

  constructor(db: Kysely<Tables>, parts: BatchParts) {
    this.#db = db;
    this.#parts = parts;
  }

  async load(pending: readonly Pending[]): Promise<void> {
    const entries = pending.map(({ entry }) => entry);
    await this.#loadPublishers(entries);
    const facts = await this.#db
      .selectFrom('facts')
      .selectAll()
      .where('name', 'in', [revisionFact, listedFact])
      .execute();
    for (const { name, value } of facts)
      if (name === revisionFact) this.#revision = Number(value);
      else this.#listed = Number(value);
    await this.#loadAliases(entries);
    const torrents = distinct([
      ...entries.flatMap((entry) => [
        entry.torrent,
        ...(entry.kind === 'publication' ? entry.supersedes : []),
      ]),
      ...[...this.#aliases.values()].flatMap((all) => all.map(({ torrent }) => torrent)),
    ]);
    for (const some of chunks(torrents, rowsAtOnce)) {
      const rows = await this.#db.selectFrom('entries').selectAll().where('torrent', 'in', some).execute();
      for (const row of rows) {
        const torrent = hex(row.torrent);
        this.#rows.set(`${torrent}/${row.publisher}`, row);
        this.#publicationsOf.set(torrent, (this.#publicationsOf.get(torrent) ?? 0) + 1);
        this.#ratingsOf.set(torrent, row.ratings);
      }
    }
    await this.#loadSuccessions(entries);
    await this.#loadOpinions(entries);
    await this.#loadStanding(entries);
  }

  async #loadPublishers(entries: readonly UnverifiedEntry[]): Promise<void> {
    const keys = distinct(entries.map(({ record }) => record.key));
    const add = (rows: { publisher: number; key: Uint8Array }[]): void => {
      for (const { publisher, key } of rows) this.#publishers.set(hex(key), publisher);
    };
    add(await this.#db.selectFrom('publishers').selectAll().where('key', 'in', keys).execute());
    const fresh = keys.filter((key) => !this.#publishers.has(hex(key)));
    if (fresh.length > 0)
      add(
        await this.#db
          .insertInto('publishers')
          .values(fresh.map((key) => ({ key })))
          .returningAll()
          .execute(),
      );
  }

  async #loadAliases(entries: readonly UnverifiedEntry[]): Promise<void> {
    const add = (other: Uint8Array, torrent: Uint8Array, publisher: number): void => {
      const name = hex(other);
      const all = this.#aliases.get(name);
      if (all === undefined) this.#aliases.set(name, [{ torrent, publisher }]);
      else all.push({ torrent, publisher });
    };
    const named = distinct(
      entries.flatMap((entry) => (entry.kind === 'publication' ? entry.supersedes : [entry.torrent])),
    );
    if (named.length === 0) return;
    for (const some of chunks(named, rowsAtOnce)) {
      const rows = await this.#db
        .selectFrom('entries')
        .select(['torrent', 'other', 'publisher'])
        .where('other', 'in', some)
        .orderBy('number')
        .execute();
      for (const { torrent, other, publisher } of rows) if (other !== null) add(other, torrent, publisher);
    }
    for (const entry of entries) {
      const other = entry.kind === 'publication' ? secondName(entry) : undefined;
      if (other !== undefined) add(other, entry.torrent, this.#publisherOf(entry.record.key));
    }
  }

  /** What `name` is filed under: itself, where something is published under it; else what it is a second name of. */
  #filedUnder(name: Uint8Array, publisher?: number): Uint8Array {
    const aliases = this.#aliases.get(hex(name));
    if (aliases === undefined || (this.#publicationsOf.get(hex(name)) ?? 0) > 0) return name;
    const own = publisher === undefined ? aliases[0] : aliases.find((one) => one.publisher === publisher);
    return own?.torrent ?? name;
  }

  #torrentOf(entry: UnverifiedEntry): Uint8Array {
    if (entry.kind === 'publication') return entry.torrent;
    const publisher = entry.kind === 'withdrawal' ? this.#publisherOf(entry.record.key) : undefined;
    return this.#filedUnder(entry.torrent, publisher);
  }

  async #loadSuccessions(entries: readonly UnverifiedEntry[]): Promise<void> {
    const published = distinct(
      entries.flatMap((entry) => (entry.kind === 'publication' ? [entry.torrent] : [])),
    );
    if (published.length === 0) return;
    const rows = await this.#db
      .selectFrom('successions')
      .selectAll()
      .where('torrent', 'in', published)
      .execute();
    for (const { torrent, publisher, successor, sequence } of rows)
      this.#succeed(`${hex(torrent)}/${publisher}`, { successor: hex(successor), sequence });
  }

  async #loadOpinions(entries: readonly UnverifiedEntry[]): Promise<void> {
    for (const kind of ['rating', 'report'] as const) {
      const torrents = distinct(
        entries.flatMap((entry) => (entry.kind === kind ? [this.#torrentOf(entry)] : [])),
      );
      if (torrents.length === 0) continue;
      const table: 'ratings' | 'reports' = `${kind}s`;
      const { rows } = await sql<Partial<OpinionRow> & { torrent: Uint8Array; publisher: number }>`
        select * from ${sql.table(table)} where torrent in (${sql.join(torrents)})
        and publisher in (${sql.join([...this.#publishers.values()])})`.execute(this.#db);
      for (const row of rows)
        this.#opinions[kind].set(`${hex(row.torrent)}/${row.publisher}`, { ...noOpinion, ...row });
    }
  }

  /** The bytes of what is sent once more, to tell it from something else with the same sequence. */
  async #loadStanding(entries: readonly UnverifiedEntry[]): Promise<void> {
    const numbers = entries.flatMap((entry) => {
      const standing = this.#standingOf(entry);
      return standing?.sequence === entry.record.sequence ? [standing.number] : [];
    });
    if (numbers.length === 0) return;
    const rows = await this.#db.selectFrom('records').selectAll().where('number', 'in', numbers).execute();
    for (const { number, record } of rows) this.#standing.set(number, record);
  }

  #standingOf(entry: UnverifiedEntry): { number: number; sequence: number } | undefined {
    const slot = this.#slotOf(entry);
    if (entry.kind === 'rating' || entry.kind === 'report') return this.#opinions[entry.kind].get(slot);
    return this.#rows.get(slot);
  }

  #slotOf(entry: UnverifiedEntry): string {
    const known = this.#slots.get(entry);
    if (known !== undefined) return known;
    const slot = `${hex(this.#torrentOf(entry))}/${this.#publisherOf(entry.record.key)}`;
    this.#slots.set(entry, slot);
    return slot;
  }

  #publisherOf(key: Uint8Array): number {
    return this.#publishers.get(hex(key)) ?? 0;
  }

  take(entry: UnverifiedEntry, isImport: boolean): Taken {
    const { sequence, bytes } = entry.record;
    const infoHash = this.#slotOf(entry).slice(0, 40);
    const standing = this.#standingOf(entry);
    if (standing !== undefined && standing.sequence >= sequence) {
      const same = this.#records.get(standing.number) ?? this.#standing.get(standing.number);
      const isSame = standing.sequence === sequence && same !== undefined && equalBytes(same, bytes);
      return isSame
        ? { kind: 'known', revision: standing.number, infoHash }
        : { kind: 'old', sequence: standing.sequence };
    }
    const words = entry.kind === 'publication' ? indexedWords(entry) : undefined;
    if (entry.kind !== 'withdrawal' && this.#parts.blocking.refuses(entry, words?.all ?? []))
      return { kind: 'refused', code: 'blocked', message: 'The operator of this index does not want this.' };
    const isUnknown = (this.#publicationsOf.get(infoHash) ?? 0) === 0;
    const isAbout =
      entry.kind === 'withdrawal' ? standing === undefined : entry.kind !== 'publication' && isUnknown;
    if (isAbout && !isImport)
      return { kind: 'refused', code: 'not-found', message: 'This torrent is not published here.' };
    if (entry.kind === 'publication' && words !== undefined) {
      if (standing === undefined && (this.#publicationsOf.get(infoHash) ?? 0) >= maxPublicationsOfTorrent)
        return { kind: 'refused', code: 'too-many', message: 'Too many have published this torrent.' };
      this.#publish(entry, words);
    } else if (entry.kind === 'withdrawal') this.#withdraw(entry);
    else if (entry.kind !== 'publication') {
      if (standing === undefined && (this.#ratingsOf.get(infoHash) ?? 0) >= maxRatingsOfTorrent)
        return { kind: 'refused', code: 'too-many', message: 'Too many have spoken about this torrent.' };
      this.#speak(entry);
    }
    return { kind: 'taken', revision: this.#revision, infoHash };
  }

  #publish(entry: UnverifiedPublication, words: IndexedWords): void {
    const { torrent, size, files, fileCount, supersedes, record } = entry;
    const other = secondName(entry);
    const slot = this.#slotOf(entry);
    const publisher = this.#publisherOf(record.key);
    const before = this.#rows.get(slot);
    const later = (this.#successions.get(slot) ?? []).some(({ sequence }) => sequence > record.sequence);
    const sum = files.reduce((total, { length }) => total + length, 0);
    const known = size ?? (files.length > 0 && files.length === fileCount ? sum : -1);
    const row: EntryRow = {
      ...(before ?? this.#emptyRow(torrent, publisher)),
      number: ++this.#revision,
      other: other ?? null,
      sequence: record.sequence,
      state: later ? states.superseded : states.listed,
      size: Math.min(known, Number.MAX_SAFE_INTEGER),
      title_words: Math.max(1, words.titleLength),
    };
    this.#put(slot, row, record.bytes);
    if (before === undefined) {
      const infoHash = hex(torrent);
      this.#publicationsOf.set(infoHash, (this.#publicationsOf.get(infoHash) ?? 0) + 1);
      // It may have been rated before, under another publication.
      this.#refreshed.set(infoHash, torrent);
      if (other !== undefined) this.#adopted.push({ from: other, to: torrent });
    } else this.#endedSuccessions.push({ publisher, successor: torrent });
    this.#words.set(row.number, words);
    for (const named of supersedes) {
      const old = this.#filedUnder(named, publisher);
      if (equalBytes(old, torrent)) continue;
      const oldSlot = `${hex(old)}/${publisher}`;
      this.#newSuccessions.push({ publisher, torrent: old, successor: torrent, sequence: record.sequence });
      this.#succeed(oldSlot, { successor: hex(torrent), sequence: record.sequence });
      const oldRow = this.#rows.get(oldSlot);
      if (oldRow?.state === states.listed && oldRow.sequence < record.sequence)
        this.#restate(oldSlot, oldRow, states.superseded);
    }
  }

  #withdraw(entry: UnverifiedWithdrawal): void {
    const slot = this.#slotOf(entry);
    const { record } = entry;
    const torrent = this.#torrentOf(entry);
    const before = this.#rows.get(slot) ?? this.#emptyRow(torrent, this.#publisherOf(record.key));
    const row = { ...before, number: ++this.#revision, sequence: record.sequence, state: states.withdrawn };
    this.#put(slot, row, record.bytes);
  }

  #speak(entry: UnverifiedRating | UnverifiedReport): void {
    const slot = this.#slotOf(entry);
    const { record, kind } = entry;
    const torrent = this.#torrentOf(entry);
    const before = this.#opinions[kind].get(slot);
    if (before !== undefined) this.#goneRecords.push(before.number);
    const number = ++this.#revision;
    this.#opinions[kind].set(slot, {
      torrent,
      publisher: this.#publisherOf(record.key),
      number,
      sequence: record.sequence,
      stars: kind === 'rating' ? (entry.stars ?? 0) : 0,
      has_comment: entry.comment === undefined ? 0 : 1,
      is_hidden: 0,
    });
    this.#changedOpinions[kind].add(slot);
    this.#records.set(number, record.bytes);
    this.#refreshed.set(hex(torrent), torrent);
  }

  #succeed(slot: string, one: { successor: string; sequence: number }): void {
    const all = this.#successions.get(slot);
    if (all === undefined) this.#successions.set(slot, [one]);
    else all.push(one);
  }

  #put(slot: string, row: EntryRow, record: Uint8Array): void {
    const before = this.#rows.get(slot);
    if (before !== undefined) {
      this.#goneRows.push(before.number);
      this.#goneRecords.push(before.number);
      if (before.state === states.listed) this.#goneWords.push(before.number);
      this.#restated.delete(before.number);
    }
    this.#listed += (row.state === states.listed ? 1 : 0) - (before?.state === states.listed ? 1 : 0);
    this.#rows.set(slot, row);
    this.#changedRows.add(slot);
    this.#records.set(row.number, record);
  }

  #restate(slot: string, row: EntryRow, state: number): void {
    this.#rows.set(slot, { ...row, state });
    if (!this.#records.has(row.number)) this.#restated.set(row.number, state);
    this.#goneWords.push(row.number);
    this.#listed--;
  }

  #emptyRow(torrent: Uint8Array, publisher: number): EntryRow {
    const nothing = { seeds: 0, leechers: 0, completed: 0, seen_ms: 0, stars: 0, ratings: 0, reports: 0 };
    return {
      ...nothing,
      number: 0,
      publisher,
      torrent,
      other: null,
      sequence: 0,
      added_ms: Math.floor(this.#parts.nowMs),
      state: states.withdrawn,
      size: -1,
      title_words: 1,
    };
  }

  async write(): Promise<void> {
    if (this.#records.size === 0) return;
    const db = this.#db;
    const { words, kind } = this.#parts;
    for (const some of chunks(this.#goneRows, rowsAtOnce))
      await db.deleteFrom('entries').where('number', 'in', some).execute();
    for (const some of chunks(this.#goneRecords, rowsAtOnce))
      await db.deleteFrom('records').where('number', 'in', some).execute();
    for (const some of chunks(this.#goneWords, rowsAtOnce)) await words.remove(db, some);
    for (const [number, state] of this.#restated)
      await db.updateTable('entries').set({ state }).where('number', '=', number).execute();
    const rows = [...this.#changedRows].flatMap((slot) => this.#rows.get(slot) ?? []);
    await insertMany(db, kind, {
      into: 'entries',
      columns: columnsOfEntry.map((name) => [name, bytesOfEntry.includes(name) ? 'bytes' : 'bigint']),
      rows: rows.map((row) => columnsOfEntry.map((name) => row[name])),
    });
    const opinions = await this.#writeOpinions();
    const numbers = new Set([...rows, ...opinions].map(({ number }) => number));
    await insertMany(db, kind, {
      into: 'records',
      columns: [
        ['number', 'bigint'],
        ['record', 'bytes'],
      ],
      rows: [...this.#records].filter(([number]) => numbers.has(number)),
    });
    await this.#writeSuccessions();
    const listed = rows.flatMap(({ number, state }): (WordRow & IndexedWords)[] => {
      const found = state === states.listed ? this.#words.get(number) : undefined;
      return found === undefined ? [] : [{ number, words: found.all, ...found }];
    });
    await words.add(db, listed);
    await this.#writeVocabulary(listed);
    await adoptOpinions(db, this.#adopted);
    await refreshOpinions(db, [...this.#refreshed.values()]);
    await setFact(db, revisionFact, this.#revision);
    await setFact(db, listedFact, this.#listed);
  }

  async #writeOpinions(): Promise<OpinionRow[]> {
    const written: OpinionRow[] = [];
    for (const kind of ['rating', 'report'] as const)
      for (const slot of this.#changedOpinions[kind]) {
        const row = this.#opinions[kind].get(slot);
        if (row === undefined) continue;
        const { number, sequence, stars, has_comment, is_hidden } = row;
        written.push(row);
        if (kind === 'rating')
          await this.#db
            .insertInto('ratings')
            .values(row)
            .onConflict((conflict) =>
              conflict
                .columns(['torrent', 'publisher'])
                .doUpdateSet({ number, sequence, stars, has_comment, is_hidden }),
            )
            .execute();
        else
          await this.#db
            .insertInto('reports')
            .values({ torrent: row.torrent, publisher: row.publisher, number, sequence })
            .onConflict((conflict) =>
              conflict.columns(['torrent', 'publisher']).doUpdateSet({ number, sequence }),
            )
            .execute();
      }
    return written;
  }

  async #writeSuccessions(): Promise<void> {
    for (const { publisher, successor } of this.#endedSuccessions)
      await this.#db
        .deleteFrom('successions')
        .where('publisher', '=', publisher)
        .where('successor', '=', successor)
        .execute();
    for (const row of this.#newSuccessions)
      await this.#db
        .insertInto('successions')
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(['torrent', 'publisher', 'successor']).doUpdateSet({ sequence: row.sequence }),
        )
        .execute();
  }

  /** In the order of the words, so that neighbours are written together. */
  async #writeVocabulary(rows: readonly IndexedWords[]): Promise<void> {
    const uses = new Map<string, number>();
    for (const { spoken } of rows) for (const word of spoken) uses.set(word, (uses.get(word) ?? 0) + 1);
    const { kind } = this.#parts;
    const written = await insertMany<CatalogueTables['vocabulary'], Tables>(this.#db, kind, {
      into: 'vocabulary',
      columns: [
        ['word', 'text'],
        ['uses', 'bigint'],
      ],
      rows: [...uses].sort(([a], [b]) => (a < b ? -1 : 1)),
      end: 'on conflict (word) do update set uses = vocabulary.uses + excluded.uses returning word, uses',
    });
    const fresh: [shortening: number, word: string][] = [];
    for (const { word, uses: total } of written)
      if (total === uses.get(word) && isCorrectable(word))
        for (const shortening of shortenings(word)) fresh.push([shortening, word]);
    await insertMany(this.#db, kind, {
      into: 'spellings',
      columns: [
        ['shortening', 'bigint'],
        ['word', 'text'],
      ],
      rows: fresh.sort(([a], [b]) => a - b),
      end: 'on conflict do nothing',
    });
  }
}

const noOpinion = { number: 0, sequence: 0, stars: 0, has_comment: 0, is_hidden: 0 };

export async function setFact(db: Kysely<Tables>, name: string, value: number): Promise<void> {
  const text = String(value);
  await db
    .insertInto('facts')
    .values({ name, value: text })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: text }))
    .execute();
}

/** Of a hybrid torrent, which is filed under v1: the first bytes of v2. */
function secondName({ infoHashes: { v1, v2 } }: UnverifiedPublication): Uint8Array | undefined {
  return v1 === undefined ? undefined : v2?.slice(0, 20);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function distinct(all: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(all.map((bytes) => [hex(bytes), bytes])).values()];
}

function* chunks<Item>(items: readonly Item[], length: number): Generator<Item[]> {
  for (let at = 0; at < items.length; at += length) yield items.slice(at, at + length);
}
