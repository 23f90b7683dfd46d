// What an operator blocked: torrents, keys, words. Invariant: what is checked is never older than what the database says,
// since every batch of writes begins with a look at the version of the list.

import type { UnverifiedEntry } from '@shoal/directory';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/schema.ts';
import { wordsOf } from './words.ts';

export class Blocking {
  #version: string | undefined;
  readonly #torrents = new Set<string>();
  readonly #keys = new Set<string>();
  /** Each a list of words that are blocked where all of them stand. */
  #words: string[][] = [];

  async refresh(db: Kysely<Tables>): Promise<void> {
    const fact = await db
      .selectFrom('facts')
      .select('value')
      .where('name', '=', blocksFact)
      .executeTakeFirst();
    const version = fact?.value ?? '0';
    if (version === this.#version) return;
    const rows = await db.selectFrom('blocks').select(['kind', 'value']).execute();
    this.#torrents.clear();
    this.#keys.clear();
    this.#words = [];
    for (const { kind, value } of rows) {
      if (kind === 'hash') this.#torrents.add(value);
      else if (kind === 'key') this.#keys.add(value);
      else this.#words.push(wordsOf(value));
    }
    this.#version = version;
  }

  /** `words` are those of a publication. */
  refuses(entry: UnverifiedEntry, words: readonly string[]): boolean {
    const isTorrent = (bytes: Uint8Array | undefined): boolean =>
      bytes !== undefined && this.#torrents.has(Buffer.from(bytes.subarray(0, 20)).toString('hex'));
    if (this.#keys.size > 0 && this.#keys.has(Buffer.from(entry.record.key).toString('hex'))) return true;
    if (this.#torrents.size > 0) {
      if (isTorrent(entry.torrent)) return true;
      if (entry.kind === 'publication' && isTorrent(entry.infoHashes.v2)) return true;
    }
    if (this.#words.length === 0) return false;
    const said = new Set(entry.kind === 'rating' ? wordsOf(entry.comment ?? '') : words);
    return this.#words.some((all) => all.length > 0 && all.every((word) => said.has(word)));
  }

  get isEmpty(): boolean {
    return this.#torrents.size + this.#keys.size + this.#words.length === 0;
  }
}

/** Another value after each change of the list. */
export const blocksFact = 'catalogue-blocks';
