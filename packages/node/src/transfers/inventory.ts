// The transfers that there are, in the order of the queue, each under all its info hashes, and the ledger beside them.
// Invariant: what `remember` has acknowledged is in the ledger; an info hash belongs to one transfer.

import type { Clock, Timer } from '@shoal/base';
import { historyIntervalMs } from '../bounds.ts';
import { NodeError } from '../errors.ts';
import type { Log } from '../log.ts';
import { fileRunsOf } from './file-bytes.ts';
import type { Item } from './item.ts';
import type { Ledger, LedgerChange } from './ledger.ts';
import type { TransferRecord } from './record.ts';

export type TransfersNews =
  | { readonly kind: 'changed'; readonly item: Item }
  /** In its numbers alone. */
  | { readonly kind: 'touched'; readonly item: Item }
  /** To another place of the queue. */
  | { readonly kind: 'moved'; readonly item: Item }
  | { readonly kind: 'removed'; readonly item: Item };

export class Inventory {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #items: Item[] = [];
  readonly #byHash = new Map<string, Item>();
  readonly #listeners = new Set<(news: TransfersNews) => void>();
  #timer: Timer;

  constructor(ledger: Ledger, parts: { readonly clock: Clock; readonly log: Log }) {
    this.#ledger = ledger;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#timer = this.#clock.setTimer(historyIntervalMs, this.#rememberAll);
  }

  get all(): readonly Item[] {
    return this.#items;
  }

  find(hash: string): Item | undefined {
    return this.#byHash.get(hash);
  }

  has(item: Item): boolean {
    return this.#byHash.get(item.record.id) === item;
  }

  listen(listener: (news: TransfersNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  say(news: TransfersNews): void {
    for (const listener of this.#listeners) listener(news);
  }

  /** Into its log, for those who look. */
  tell(item: Item, kind: string, error: unknown): void {
    item.log.add({ kind, message: error instanceof Error ? error.message : String(error) });
    this.say({ kind: 'changed', item });
  }

  put(item: Item): void {
    this.#items.push(item);
    this.name(item, [item.record.v1, item.record.v2]);
  }

  /** Hashes that another one has stay with it. */
  name(item: Item, hashes: readonly (string | undefined)[]): void {
    for (const hash of hashes)
      if (hash !== undefined && !this.#byHash.has(hash)) this.#byHash.set(hash, item);
  }

  takeOut(item: Item): void {
    const { v1, v2 } = item.record;
    for (const hash of [v1, v2])
      if (hash !== undefined && this.#byHash.get(hash) === item) this.#byHash.delete(hash);
    const at = this.#items.indexOf(item);
    if (at >= 0) this.#items.splice(at, 1);
    this.say({ kind: 'removed', item });
  }

  /** Answers what the ledger is to be told. */
  place(item: Item, place: number): LedgerChange {
    const from = this.#items.indexOf(item);
    const to = Math.min(place, this.#items.length - 1);
    this.#items.splice(from, 1);
    this.#items.splice(to, 0, item);
    item.transfer.moveTo(to);
    for (const moved of this.#items.slice(Math.min(from, to), Math.max(from, to) + 1))
      this.say({ kind: 'moved', item: moved });
    return { op: 'place', id: item.record.id, place: to };
  }

  write(...changes: readonly LedgerChange[]): Promise<void> {
    return this.#ledger.write(...changes);
  }

  /** What a function gives takes the place of the whole record. */
  async remember(
    item: Item,
    change: Partial<TransferRecord> | ((record: TransferRecord) => TransferRecord),
    more: readonly LedgerChange[] = [],
  ): Promise<void> {
    // What was removed meanwhile stays so.
    if (!this.has(item)) throw new NodeError('not-found', 'There is no such transfer here.');
    const before = item.record;
    item.record = typeof change === 'function' ? change(before) : { ...before, ...change };
    try {
      await this.write({ op: 'put', record: item.record }, ...more);
    } catch (error) {
      item.record = before;
      throw error;
    }
    this.say({ kind: 'changed', item });
  }

  /** What nobody waits for; what it could not write is written with the next change. */
  inBackground(item: Item, action: () => Promise<void>): void {
    void item.inTurn(action).catch((error: unknown) => {
      this.#log.warn({ err: error, id: item.record.id }, 'what happened could not be recorded');
    });
  }

  /** When all that was begun is done and recorded. */
  async close(): Promise<void> {
    this.#timer.cancel();
    await Promise.all(this.#items.map((item) => item.inTurn(async () => {})));
    await this.#rememberAmounts();
    await this.#ledger.close();
  }

  async #rememberAmounts(): Promise<void> {
    const records = this.#items.flatMap((item) => newsOf(item) ?? []);
    await this.write(...records.map((record) => ({ op: 'put', record }) as const));
  }

  readonly #rememberAll = (): void => {
    this.#rememberAmounts().catch((error: unknown) =>
      this.#log.warn({ err: error }, 'amounts could not be recorded'),
    );
    this.#timer = this.#clock.setTimer(historyIntervalMs, this.#rememberAll);
  };
}

/** The record with what was fetched, sent and verified since; undefined when that is what it says. */
function newsOf(item: Item): TransferRecord | undefined {
  const { record, transfer } = item;
  const { bytes, total } = transfer.progress.total > 0 ? transfer.progress : record;
  const { downloadedBytes, uploadedBytes, sharedMs } = transfer.history;
  const { history } = record;
  const isComplete = transfer.progress.total > 0 ? transfer.isComplete : record.isComplete;
  const isSame =
    history.downloadedBytes === downloadedBytes &&
    history.uploadedBytes === uploadedBytes &&
    Math.abs(sharedMs - history.sharedMs) < 10 * historyIntervalMs &&
    record.bytes === bytes &&
    record.total === total &&
    record.isComplete === isComplete;
  if (isSame) return undefined;
  const fresh = { downloadedBytes, uploadedBytes, sharedMs: Math.round(sharedMs) };
  item.record = { ...record, bytes, total, isComplete, history: fresh, ...fileRunsOf(transfer) };
  return item.record;
}
