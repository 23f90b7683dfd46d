// Blocking and unblocking, with what hides and shows again. Invariant: each step is a transaction of its own with its line
// in the audit log first, so that a kill in the middle leaves a block that the next start goes on with.

import { fromHex } from '@shoal/base';
import { readPublication } from '@shoal/directory';
import { type Kysely, sql } from 'kysely';
import type { DatabaseAccess } from '../database/database.ts';
import type { Tables } from '../database/schema.ts';
import { IndexError } from '../errors.ts';
import { listedFact, revisionFact, setFact } from './batch.ts';
import { Blocking, blocksFact } from './blocking.ts';
import { blockingStep, longestBlockReason, longestName, longestSearch, maxBlocks } from './bounds.ts';
import type { AuditEntry, Block, BlockKind } from './catalogue.ts';
import { refreshOpinions } from './opinions.ts';
import { states } from './tables.ts';
import { type WordIndex, type WordRow, wordIndexes } from './word-index.ts';
import { indexedWords, marked, wordsOf } from './words.ts';

/** Runs what it is given in a transaction that no batch of writes runs beside. */
export type Exclusively = <Result>(run: (db: Kysely<Tables>) => Promise<Result>) => Promise<Result>;

export class Moderation {
  readonly #access: DatabaseAccess;
  readonly #exclusively: Exclusively;
  readonly #wallTimeMs: () => number;
  readonly #words: WordIndex;

  constructor(access: DatabaseAccess, exclusively: Exclusively, wallTimeMs: () => number) {
    this.#access = access;
    this.#exclusively = exclusively;
    this.#wallTimeMs = wallTimeMs;
    this.#words = wordIndexes[access.kind];
  }

  async block({ kind, value, reason }: Pick<Block, 'kind' | 'value' | 'reason'>, by: string): Promise<void> {
    const proper = properValue(kind, value);
    const madeMs = Math.floor(this.#wallTimeMs());
    const words = reason.slice(0, longestBlockReason).toWellFormed();
    const who = nameOf(by);
    await this.#exclusively(async (db) => {
      const { count } = await db
        .selectFrom('blocks')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      if (Number(count) >= maxBlocks)
        throw new IndexError('too-many', `An index blocks up to ${maxBlocks} hashes, keys and words.`);
      await db
        .insertInto('blocks')
        .values({ kind, value: proper, reason: words, made_ms: madeMs, by_whom: who })
        .onConflict((conflict) =>
          conflict.columns(['kind', 'value']).doUpdateSet({ reason: words, by_whom: who }),
        )
        .execute();
      await this.#note(db, { by, action: 'block', kind, value: proper, reason: words });
      await this.#hideOpinions(db, kind, proper, 1);
    });
    await this.#hide(kind, proper);
  }

  async unblock(kind: BlockKind, value: string, by: string): Promise<boolean> {
    const proper = properValue(kind, value);
    const isGone = await this.#exclusively(async (db) => {
      const { numDeletedRows } = await db
        .deleteFrom('blocks')
        .where('kind', '=', kind)
        .where('value', '=', proper)
        .executeTakeFirst();
      if (numDeletedRows === 0n) return false;
      await this.#note(db, { by, action: 'unblock', kind, value: proper, reason: '' });
      await this.#hideOpinions(db, kind, proper, 0);
      return true;
    });
    if (isGone) await this.#showAgain();
    return isGone;
  }

  async blocks(): Promise<Block[]> {
    const rows = await this.#access.db
      .selectFrom('blocks')
      .selectAll()
      .orderBy('made_ms', 'desc')
      .orderBy('value')
      .execute();
    return rows.flatMap(({ kind, value, reason, made_ms: madeMs, by_whom: by }) =>
      isBlockKind(kind) ? [{ kind, value, reason, madeMs, by }] : [],
    );
  }

  async audit(before: number | undefined, most: number): Promise<AuditEntry[]> {
    const rows = await this.#access.db
      .selectFrom('audit')
      .selectAll()
      .where('number', '<', before ?? Number.MAX_SAFE_INTEGER)
      .orderBy('number', 'desc')
      .limit(Math.min(most, 1_000))
      .execute();
    return rows.flatMap(({ kind, at_ms: atMs, by_whom: by, ...row }) =>
      isBlockKind(kind) ? [{ ...row, kind, atMs, by }] : [],
    );
  }

  async #note(db: Kysely<Tables>, { by, ...what }: Omit<AuditEntry, 'number' | 'atMs'>): Promise<void> {
    const row = { ...what, at_ms: Math.floor(this.#wallTimeMs()), by_whom: nameOf(by) };
    const { number } = await db.insertInto('audit').values(row).returning('number').executeTakeFirstOrThrow();
    await setFact(db, blocksFact, number);
  }

  async #hide(kind: BlockKind, value: string): Promise<void> {
    for (;;) {
      const hidden = await this.#exclusively(async (db) => {
        const { rows } = await this.#found(db, kind, value);
        const numbers = rows.map(({ number }) => number);
        if (numbers.length === 0) return 0;
        await db
          .updateTable('entries')
          .set({ state: states.blocked })
          .where('number', 'in', numbers)
          .execute();
        await this.#words.remove(db, numbers);
        await this.#count(db, -numbers.length);
        return numbers.length;
      });
      if (hidden === 0) return;
    }
  }

  #found(db: Kysely<Tables>, kind: BlockKind, value: string): Promise<{ rows: { number: number }[] }> {
    if (kind === 'hash') {
      const torrent = fromHex(value) ?? new Uint8Array(20);
      return sql<{ number: number }>`select number from entries
        where (torrent = ${torrent} or other = ${torrent}) and state = ${sql.lit(states.listed)}
        limit ${blockingStep}`.execute(db);
    }
    const words = kind === 'key' ? [marked.publisher(value)] : wordsOf(value);
    const expression = { groups: words.map((word) => [word]), none: [] };
    return sql<{
      number: number;
    }>`select number from (${this.#words.find(expression, blockingStep)}) found`.execute(db);
  }

  async #hideOpinions(db: Kysely<Tables>, kind: BlockKind, key: string, isHidden: 0 | 1): Promise<void> {
    if (kind !== 'key') return;
    const rows = await db
      .updateTable('ratings')
      .set({ is_hidden: isHidden })
      .where('publisher', 'in', (query) =>
        query
          .selectFrom('publishers')
          .select('publisher')
          .where('key', '=', fromHex(key) ?? new Uint8Array(32)),
      )
      .returning('torrent')
      .execute();
    await refreshOpinions(
      db,
      rows.map(({ torrent }) => torrent),
    );
  }

  /** All that is hidden and by nothing else blocked. */
  async #showAgain(): Promise<void> {
    let after = 0;
    for (;;) {
      const last = await this.#exclusively(async (db) => {
        const blocking = new Blocking();
        await blocking.refresh(db);
        const { rows } = await sql<{ number: number; record: Uint8Array }>`
          select entries.number, record from entries join records on records.number = entries.number
          where state = ${sql.lit(states.blocked)} and entries.number > ${after}
          order by entries.number limit ${blockingStep}`.execute(db);
        const shown = rows.flatMap(({ number, record }) => {
          const entry = readPublication(Uint8Array.from(record));
          const words = indexedWords(entry).all;
          return blocking.refuses(entry, words) ? [] : [{ number, words }];
        });
        await this.#list(db, shown);
        return rows.at(-1)?.number;
      });
      if (last === undefined) return;
      after = last;
    }
  }

  /** Each gets the next revision, so that whoever follows hears of it. */
  async #list(db: Kysely<Tables>, shown: readonly WordRow[]): Promise<void> {
    if (shown.length === 0) return;
    const moved: WordRow[] = [];
    let revision = await factOf(db, revisionFact);
    for (const { number: before, words } of shown) {
      const number = ++revision;
      moved.push({ number, words });
      await db
        .updateTable('entries')
        .set({ number, state: states.listed })
        .where('number', '=', before)
        .execute();
      await db.updateTable('records').set({ number }).where('number', '=', before).execute();
    }
    await this.#words.add(db, moved);
    await setFact(db, revisionFact, revision);
    await this.#count(db, moved.length);
  }

  async #count(db: Kysely<Tables>, change: number): Promise<void> {
    await setFact(db, listedFact, (await factOf(db, listedFact)) + change);
  }
}

async function factOf(db: Kysely<Tables>, name: string): Promise<number> {
  const fact = await db.selectFrom('facts').select('value').where('name', '=', name).executeTakeFirst();
  return Number(fact?.value ?? 0);
}

function nameOf(by: string): string {
  return by.slice(0, longestName).toWellFormed();
}

function isBlockKind(kind: string): kind is BlockKind {
  return kind === 'hash' || kind === 'key' || kind === 'word';
}

/** Throws an IndexError `invalid` for what is no such thing. */
function properValue(kind: BlockKind, value: string): string {
  const text = value.trim().toLowerCase();
  if (kind === 'hash' && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text)) return text.slice(0, 40);
  if (kind === 'key' && /^[0-9a-f]{64}$/.test(text)) return text;
  if (kind === 'word' && text.length <= longestSearch) {
    const words = wordsOf(text);
    if (words.length > 0) return words.join(' ');
  }
  const expected = {
    hash: 'an info hash has 40 or 64 hexadecimal digits',
    key: 'a key has 64 hexadecimal digits',
    word: 'a word has letters or digits',
  };
  throw new IndexError('invalid', `This cannot be blocked: ${expected[kind]}.`, { value });
}
