// From rows to entries: what people published is read from the record that they signed, and health is what the tracker
// knows at this moment, where it knows more than the row.

import { fromHex } from '@shoal/base';
import { readPublication } from '@shoal/directory';
import { magnetOf } from '@shoal/metainfo';
import { type RawBuilder, sql } from 'kysely';
import type { DatabaseAccess } from '../database/database.ts';
import { listedFact } from './batch.ts';
import type { CatalogueEntry, Health, SwarmHealth } from './catalogue.ts';

export interface ReadRow {
  readonly number: number;
  readonly torrent: Uint8Array;
  readonly record: Uint8Array;
  readonly key: Uint8Array;
  readonly added_ms: number;
  readonly seeds: number;
  readonly leechers: number;
  readonly completed: number;
  readonly seen_ms: number;
  readonly stars: number;
  readonly ratings: number;
  readonly reports: number;
}

/** What a tracker knows now. */
export interface LiveHealth {
  counts(infoHash: Uint8Array): Omit<SwarmHealth, 'infoHash'> | undefined;
}

export function entryColumns(from: RawBuilder<unknown>): RawBuilder<unknown> {
  const own = [
    'number',
    'torrent',
    'added_ms',
    'seeds',
    'leechers',
    'completed',
    'seen_ms',
    'stars',
    'ratings',
    'reports',
  ];
  return sql`${sql.join(own.map((name) => sql`${from}.${sql.ref(name)}`))}, records.record, publishers.key`;
}

export class EntryReading {
  readonly #access: DatabaseAccess;
  readonly #health: LiveHealth | undefined;
  readonly #wallTimeMs: () => number;

  constructor(access: DatabaseAccess, wallTimeMs: () => number, health: LiveHealth | undefined) {
    this.#access = access;
    this.#wallTimeMs = wallTimeMs;
    this.#health = health;
  }

  entries(rows: readonly ReadRow[]): CatalogueEntry[] {
    return rows.map((row) => this.#entry(row));
  }

  #entry(row: ReadRow): CatalogueEntry {
    const publication = readPublication(Uint8Array.from(row.record));
    const { infoHashes, title, trackers } = publication;
    const { v1, v2 } = infoHashes;
    return {
      infoHash: hex(row.torrent),
      revision: row.number,
      publication,
      publisher: hex(row.key),
      magnet: magnetOf({
        infoHashes: { ...(v1 && { v1 }), ...(v2 && { v2 }) },
        name: title,
        trackers,
      }),
      addedMs: row.added_ms,
      health: this.#healthOf(row, [v1, v2?.subarray(0, 20)]),
      stars: row.stars / 1000,
      ratings: row.ratings,
      reports: row.reports,
    };
  }

  #healthOf(
    { seeds, leechers, completed, seen_ms: seenMs }: ReadRow,
    names: readonly (Uint8Array | undefined)[],
  ): Health {
    const live = names.flatMap((name) => (name && this.#health?.counts(name)) ?? []);
    const now = live.filter((one) => one.seeds + one.peers > 0);
    if (now.length === 0) return { seeds, leechers, completed, seenMs };
    return {
      seeds: Math.max(...now.map((one) => one.seeds)),
      leechers: Math.max(...now.map((one) => one.peers)),
      completed: Math.max(completed, ...live.map((one) => one.completed)),
      seenMs: this.#wallTimeMs(),
    };
  }

  async listed(): Promise<number> {
    const fact = await this.#access.reader
      .selectFrom('facts')
      .select('value')
      .where('name', '=', listedFact)
      .executeTakeFirst();
    return Number(fact?.value ?? 0);
  }

  /** Those with one of these states, the first published first. */
  async ofTorrent(infoHash: string, wanted: readonly number[]): Promise<CatalogueEntry[]> {
    const torrent = fromHex(infoHash) ?? new Uint8Array(20);
    const { rows } = await sql<ReadRow>`
      select ${entryColumns(sql`entries`)} from entries
      join records on records.number = entries.number join publishers on publishers.publisher = entries.publisher
      where (torrent = ${torrent} or other = ${torrent}) and state in (${sql.join(wanted)})
      order by added_ms, entries.number limit 100`.execute(this.#access.reader);
    return this.entries(rows);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** The first 40 digits of an info hash; undefined for what is none. */
export function torrentNamed(text: string): string | undefined {
  const hash = text.trim().toLowerCase();
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash) ? hash.slice(0, 40) : undefined;
}
