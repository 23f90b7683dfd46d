// What the index writes down: what it lists, who may announce, the leases of its registry, and some facts about itself.
// Invariant: what a call acknowledged is on the disk, whenever the process is killed.

import type { Kysely } from 'kysely';
import type { SavedLease } from '../registry/memory-leases.ts';
import type { DatabaseKind } from './column-types.ts';
import type { Tables } from './schema.ts';

export interface ListedContent {
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  readonly magnet: string;
  readonly torrent: Uint8Array | undefined;
  readonly name: string;
  readonly addedMs: number;
}

export interface SavedUser {
  readonly name: string;
  readonly announceKey: string;
  readonly uploaded: number;
  readonly downloaded: number;
}

export interface DatabaseAccess {
  readonly kind: DatabaseKind;
  readonly db: Kysely<Tables>;
  /** For questions: with SQLite, one of its own. */
  readonly reader: Kysely<Tables>;
  /** For questions that may take long: with SQLite, yet another one. */
  readonly slowReader: Kysely<Tables>;
}

export class IndexDatabase {
  /** For those parts of the index that have tables of their own. */
  readonly access: DatabaseAccess;
  readonly #db: Kysely<Tables>;

  constructor(access: DatabaseAccess) {
    this.access = access;
    this.#db = access.db;
  }

  async fact(name: string): Promise<string | undefined> {
    const row = await this.#db
      .selectFrom('facts')
      .select('value')
      .where('name', '=', name)
      .executeTakeFirst();
    return row?.value;
  }

  async setFact(name: string, value: string): Promise<void> {
    await this.#db
      .insertInto('facts')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute();
  }

  /** In the order of adding. */
  async content(): Promise<ListedContent[]> {
    const rows = await this.#db
      .selectFrom('content')
      .selectAll()
      .orderBy('added_ms')
      .orderBy('info_hash')
      .execute();
    return rows.map(({ info_hash, magnet, torrent, name, added_ms }) => ({
      infoHash: info_hash,
      magnet,
      torrent: torrent === null ? undefined : Uint8Array.from(torrent),
      name,
      addedMs: added_ms,
    }));
  }

  /** Again: with the torrent and the name that are known by now. */
  async list({ infoHash, magnet, torrent, name, addedMs }: ListedContent): Promise<void> {
    const known = { magnet, name, ...(torrent === undefined ? {} : { torrent }) };
    await this.#db
      .insertInto('content')
      .values({ info_hash: infoHash, added_ms: addedMs, torrent: null, ...known })
      .onConflict((conflict) => conflict.column('info_hash').doUpdateSet(known))
      .execute();
  }

  /** False when it was not listed. */
  async unlist(infoHash: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('content')
      .where('info_hash', '=', infoHash)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  async users(): Promise<SavedUser[]> {
    const rows = await this.#db.selectFrom('users').selectAll().orderBy('name').execute();
    return rows.map(({ announce_key: announceKey, ...user }) => ({ ...user, announceKey }));
  }

  /** False when somebody has the name or the key. */
  async addUser(name: string, announceKey: string): Promise<boolean> {
    const { numInsertedOrUpdatedRows = 0n } = await this.#db
      .insertInto('users')
      .values({ name, announce_key: announceKey, uploaded: 0, downloaded: 0 })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows > 0n;
  }

  /** By what each gave and took since. All or none of them. */
  async growUsers(grown: readonly SavedUser[]): Promise<void> {
    if (grown.length === 0) return;
    await this.#db.transaction().execute(async (transaction) => {
      for (const { announceKey, uploaded, downloaded } of grown)
        await transaction
          .updateTable('users')
          .set((eb) => ({
            uploaded: eb('uploaded', '+', uploaded),
            downloaded: eb('downloaded', '+', downloaded),
          }))
          .where('announce_key', '=', announceKey)
          .execute();
    });
  }

  async removeUser(name: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('users').where('name', '=', name).executeTakeFirst();
    return numDeletedRows > 0n;
  }

  /** Those whose sequence is still to be remembered, some at a time. */
  async *leases(nowMs: number): AsyncGenerator<SavedLease> {
    const most = 500;
    let after = '';
    for (;;) {
      const rows = await this.#db
        .selectFrom('leases')
        .selectAll()
        .where('slot', '>', after)
        .where('forget_ms', '>', nowMs)
        .orderBy('slot')
        .limit(most)
        .execute();
      for (const { until_ms, forget_ms, lease, offers, confirmed, ...row } of rows)
        yield {
          ...row,
          lease: lease === null ? undefined : Uint8Array.from(lease),
          offers: offers === null ? undefined : Uint8Array.from(offers),
          confirmed: confirmed.split(' ').filter((address) => address !== ''),
          untilMs: until_ms,
          forgetMs: forget_ms,
        };
      const last = rows.at(-1);
      if (last === undefined || rows.length < most) return;
      after = last.slot;
    }
  }

  /** Slots without a lease are forgotten. All or none of them. */
  async saveLeases(
    changed: readonly (readonly [slot: string, saved: SavedLease | undefined])[],
  ): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      for (const [slot, saved] of changed) {
        if (saved === undefined) {
          await transaction.deleteFrom('leases').where('slot', '=', slot).execute();
          continue;
        }
        const { untilMs, forgetMs, confirmed, lease = null, offers = null, ...rest } = saved;
        const values = {
          sequence: rest.sequence,
          lease,
          offers,
          digest: rest.digest,
          confirmed: confirmed.join(' '),
          network: rest.network,
          until_ms: Math.floor(untilMs),
          forget_ms: Math.floor(forgetMs),
        };
        await transaction
          .insertInto('leases')
          .values({ slot, ...values })
          .onConflict((conflict) => conflict.column('slot').doUpdateSet(values))
          .execute();
      }
    });
  }

  /** Rejects when the database cannot be asked. */
  async ping(): Promise<void> {
    await this.fact('start');
  }

  async close(): Promise<void> {
    const { db, reader, slowReader } = this.access;
    await Promise.all([...new Set([db, reader, slowReader])].map((one) => one.destroy()));
  }
}
