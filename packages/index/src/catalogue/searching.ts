// The questions to a catalogue. Invariant: each looks at no more rows than its bounds say, whatever it is asked. Of what
// has the words, the newest `maxRanked` are ranked: those that have them in the title first, short titles and those with
// seeds before others.

import type { Clock } from '@shoal/base';
import { type RawBuilder, sql } from 'kysely';
import type { DatabaseAccess } from '../database/database.ts';
import { IndexError } from '../errors.ts';
import {
  longAtOnce,
  longestSearch,
  longWalk,
  maxCompletions,
  maxCorrections,
  maxLongWaiting,
  maxPageLength,
  maxRanked,
  maxSearchWords,
  maxSuggestions,
  maxSuggestionsCompared,
  usualPageLength,
} from './bounds.ts';
import type { Search, SearchAnswer, Sort } from './catalogue.ts';
import { type EntryReading, entryColumns, type ReadRow, torrentNamed } from './entry-rows.ts';
import { Lane } from './lane.ts';
import { isCorrectable, isNear, shortenings } from './spelling.ts';
import { states } from './tables.ts';
import { type WordIndex, wordIndexes } from './word-index.ts';
import { type Expression, marked, searchWords, wordsOf } from './words.ts';

interface Found {
  readonly rows: readonly (ReadRow & { total: number; looked: number })[];
  readonly total: number;
  readonly isComplete: boolean;
}

const orders: Readonly<Record<Sort, string>> = {
  relevance: 'score desc, number desc',
  newest: 'added_ms desc, number desc',
  oldest: 'added_ms, number',
  seeds: 'seeds desc, number desc',
  size: 'size desc, number desc',
  smallest: 'size < 0, size, number',
  // The mean as if three had given three stars before: one friend makes no best one.
  rating: '(stars * ratings + 9000.0) / (ratings + 3) desc, number desc',
};

/** The same without words, where an index has that order. */
const walks: Readonly<Record<Sort, string>> = {
  ...orders,
  relevance: orders.newest,
  smallest: 'size, number',
  rating: 'stars desc, number desc',
};

/** What has no size or rating comes last among what has the words, and is left out where all is walked through. */
const always: Readonly<Record<Sort, readonly RawBuilder<unknown>[]>> = {
  relevance: [],
  newest: [],
  oldest: [],
  seeds: [],
  size: [],
  smallest: [sql`size >= 0`],
  rating: [sql`ratings > 0`],
};

const dayMs = 86_400_000;

export class Searching {
  readonly #access: DatabaseAccess;
  readonly #clock: Clock;
  readonly #words: WordIndex;
  readonly #reading: EntryReading;
  readonly #lane = new Lane(longAtOnce, maxLongWaiting);

  constructor(access: DatabaseAccess, clock: Clock, reading: EntryReading) {
    this.#access = access;
    this.#clock = clock;
    this.#words = wordIndexes[access.kind];
    this.#reading = reading;
  }

  async search(search: Search): Promise<SearchAnswer> {
    try {
      return await this.#search(search);
    } catch (cause) {
      if (!isTimeout(cause)) throw cause;
      const message = 'This search takes too long at the moment: add a rarer word.';
      throw new IndexError('unavailable', message, { cause });
    }
  }

  async #search(search: Search): Promise<SearchAnswer> {
    const text = (search.words ?? '').slice(0, longestSearch);
    const infoHash = torrentNamed(text);
    if (infoHash !== undefined) {
      const entries = await this.#reading.ofTorrent(infoHash, [states.listed]);
      return { entries, total: entries.length, isComplete: true, corrected: {} };
    }
    const { wanted, begun, unwanted } = searchWords(text);
    const completed = await Promise.all(
      begun.map(async (start) => [start, ...(await this.#completions(start))]),
    );
    const groups = [...wanted.map((word) => [word]), ...completed];
    const found = await this.#find(search, groups, unwanted);
    if (found.total > 0 || wanted.length === 0) return this.#answer(found, {});
    const corrected: Record<string, string> = {};
    const corrections = await Promise.all(
      wanted.map(async (word) => {
        const others = await this.#corrections(word);
        if (others[0] !== undefined) corrected[word] = others[0];
        return others.length === 0 ? [word] : others;
      }),
    );
    if (Object.keys(corrected).length === 0) return this.#answer(found, {});
    const again = await this.#find(search, [...corrections, ...completed], unwanted);
    return this.#answer(again, again.total > 0 ? corrected : {});
  }

  async #answer(
    { rows, total, isComplete }: Found,
    corrected: Readonly<Record<string, string>>,
  ): Promise<SearchAnswer> {
    return { entries: this.#reading.entries(rows), total, isComplete, corrected };
  }

  /** Whoever searches for common words alone waits for others who do, and for nobody else. */
  async #find(search: Search, groups: readonly string[][], unwanted: readonly string[]): Promise<Found> {
    if (!(await this.#isLong(search, groups)))
      return this.#findWith(this.#access.reader, search, groups, unwanted);
    return this.#lane.run(() => this.#findWith(this.#access.slowReader, search, groups, unwanted));
  }

  /** The rarest of the words says how far the others are walked along. */
  async #isLong(search: Search, groups: readonly string[][]): Promise<boolean> {
    const { sort = 'relevance' } = search;
    const words = groups.flat();
    // A filter alone may fit a tenth of all, which other orders than by time look up others in.
    if (words.length === 0)
      return sort !== 'relevance' && sort !== 'newest' && filterGroups(search).length > 0;
    const rows = await this.#access.reader
      .selectFrom('vocabulary')
      .selectAll()
      .where('word', 'in', words)
      .execute();
    const uses = new Map(rows.map((row) => [row.word, row.uses]));
    const sums = groups.map((all) => all.reduce((sum, word) => sum + (uses.get(word) ?? 0), 0));
    return groups.length * Math.min(...sums) > longWalk;
  }

  async #findWith(
    reader: DatabaseAccess['reader'],
    search: Search,
    groups: readonly string[][],
    unwanted: readonly string[],
  ): Promise<Found> {
    const limit = Math.min(whole(search.limit ?? usualPageLength), maxPageLength);
    const offset = Math.min(whole(search.offset ?? 0), maxRanked);
    const filters = filterGroups(search);
    const expression: Expression = { groups: [...groups, ...filters], none: unwanted };
    const sort = search.sort ?? (groups.length > 0 ? 'relevance' : 'newest');
    const isWalk = expression.groups.length === 0;
    const condition = always[sort];
    const conditions = [...conditionsOf(search), ...(isWalk ? condition : [])];
    const hasRanges = conditions.length > 1;
    const most = isWalk && !hasRanges ? Math.min(offset + limit, maxRanked) : maxRanked;
    const inTitle: Expression = {
      groups: [...groups.map((words) => words.map(marked.title)), ...filters],
      none: unwanted,
    };
    const titled =
      groups.length === 0 ? sql`select 0 as number where 1 = 0` : this.#words.find(inTitle, most);
    const walked = sql`select number from entries where ${sql.join(
      [...conditionsOf({}), ...condition],
      sql` and `,
    )} order by ${sql.raw(walks[sort])} limit ${most}`;
    // Where neither the newest nor the best are wanted, those that come first in that order have to be looked at, too.
    const isOrdered = sort !== 'relevance' && sort !== 'newest';
    const newest = this.#words.find(expression, most);
    const candidates = isWalk
      ? sql`select number from (${walked}) walked`
      : isOrdered
        ? sql`select number from (${newest}) newest union select number from (${walked}) walked
            where number in (${this.#words.all(expression)})`
        : newest;
    const nowMs = Math.floor(this.#clock.wallTimeMs());
    // As doubles: PostgreSQL would reckon with decimals, ten times slower.
    const score = sql`(in_title * (4.0 + 2.0 * ${sql.lit(Math.max(1, groups.length))} / ${double('title_words')})
      + 0.7 * ln(1.0 + ${double('seeds')}) + 0.2 * ln(1.0 + ${double('completed')})
      + (stars - 3000) * ratings / (${double('ratings')} + 3.0) / 1000.0
      - 0.3 * ln(1.0 + ${double('reports')})
      + 1.0 / (1.0 + abs(${sql.lit(nowMs)} - ${double('added_ms')}) / ${sql.lit(30 * dayMs)}))`;
    const query = (at: number, many: number) => sql<ReadRow & { total: number; looked: number }>`
      with titled as (select number from (${titled}) a),
        candidates as (select number from (${candidates}) b),
        matches as (
          select number, 1 as in_title from titled
          union all select number, 0 from candidates where number not in (select number from titled)
        ),
        page as (
          select entries.*, ${score} as score, count(*) over () as total
          from matches join entries on entries.number = matches.number
          where ${sql.join(conditions, sql` and `)}
          order by ${sql.raw(orders[sort].replaceAll('number', 'entries.number'))} limit ${many} offset ${at}
        )
      select ${entryColumns(sql`page`)}, page.total, (select count(*) from candidates) as looked
      from page join records on records.number = page.number join publishers on publishers.publisher = page.publisher
      order by ${sql.raw(orders[sort].replaceAll('number', 'page.number'))}`;
    const { rows } = await query(offset, limit).execute(reader);
    // A page beyond the end says nothing of what is before it.
    const first = rows[0] ?? (offset === 0 ? undefined : (await query(0, 1).execute(reader)).rows[0]);
    const looked = first?.looked ?? 0;
    if (isWalk && !hasRanges) {
      const total = await this.#reading.listed();
      return { rows, total, isComplete: total <= maxRanked };
    }
    return { rows, total: first?.total ?? 0, isComplete: looked < most };
  }

  /** Words of the vocabulary that begin so, the most common first. */
  async #completions(start: string, most = maxCompletions): Promise<string[]> {
    if (start.length === 0) return [];
    const { rows } = await sql<{ word: string }>`
      select word from (
        select word, uses from vocabulary where word >= ${start} and word < ${`${start}\u{10ffff}`}
        order by word limit ${maxSuggestionsCompared}
      ) near where word not in (select value from blocks where kind = 'word') order by uses desc, word limit ${most}`.execute(
      this.#access.reader,
    );
    return rows.map(({ word }) => word);
  }

  /** Empty for a word that is known, and for one that nothing is near to. */
  async #corrections(word: string): Promise<string[]> {
    if (!isCorrectable(word)) return [];
    const { rows } = await sql<{ word: string; uses: number }>`
      select distinct vocabulary.word, uses from spellings join vocabulary on vocabulary.word = spellings.word
      where shortening in (${sql.join(shortenings(word))}) order by uses desc limit 200`.execute(
      this.#access.reader,
    );
    if (rows.some((row) => row.word === word)) return [];
    return rows
      .map((row) => row.word)
      .filter((other) => isNear(word, other))
      .slice(0, maxCorrections);
  }

  async suggest(text: string): Promise<string[]> {
    const typed = text.slice(0, longestSearch).trimStart();
    const [, before = '', last = ''] = /^(.*\s)?(\S*)$/s.exec(typed) ?? [];
    const begun = wordsOf(last).at(-1);
    if (begun === undefined) return [];
    const found = await this.#completions(begun, maxSuggestions);
    return found.map((word) => before.replaceAll(/\s+/g, ' ') + word);
  }
}

/** Filters that are words of the index. */
function filterGroups(search: Search): string[][] {
  const { categories = [], tags = [], publisher, language, fileType, fileName } = search;
  const single = [
    ...tags.slice(0, maxSearchWords).map(marked.tag),
    ...(publisher === undefined ? [] : [marked.publisher(publisher)]),
    ...(language === undefined ? [] : [marked.language(language)]),
    ...(fileType === undefined ? [] : [marked.fileType(fileType.replace(/^\./, ''))]),
    ...wordsOf((fileName ?? '').slice(0, longestSearch))
      .slice(0, maxSearchWords)
      .map(marked.file),
  ];
  const oneOf = categories.length === 0 ? [] : [categories.map(marked.category)];
  return [...oneOf, ...single.map((word) => [word])];
}

/** Filters that are ranges of a row. */
function conditionsOf({ minSize, maxSize, minSeeds, since, before }: Search): RawBuilder<unknown>[] {
  const conditions = [sql`state = ${sql.lit(states.listed)}`];
  if (minSize !== undefined) conditions.push(sql`size >= ${whole(minSize)}`);
  if (maxSize !== undefined) conditions.push(sql`size >= 0 and size <= ${whole(maxSize)}`);
  if (minSeeds !== undefined) conditions.push(sql`seeds >= ${whole(minSeeds)}`);
  if (since !== undefined) conditions.push(sql`added_ms >= ${whole(since)}`);
  if (before !== undefined) conditions.push(sql`added_ms < ${whole(before)}`);
  return conditions;
}

/** PostgreSQL's code for what it cancelled. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '57014';
}

function double(column: string): RawBuilder<unknown> {
  return sql`cast(${sql.ref(column)} as double precision)`;
}

function whole(value: number): number {
  return Math.floor(Math.max(0, Math.min(value || 0, Number.MAX_SAFE_INTEGER)));
}
