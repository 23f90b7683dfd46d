// What `shoal top` knows: the transfers, which of them are shown in which order, and the one that is chosen. The choice
// stays with its transfer when rows move.

import type { NodeEvent, NodeStatistics, PeerSummary, TransferSummary } from '@shoal/api';
import { ratioOf } from '../running/words.ts';

export const sortKeys = ['added', 'name', 'progress', 'down', 'up', 'size', 'ratio', 'place'] as const;
export type SortKey = (typeof sortKeys)[number];

type Comparable = string | number;

const sortValues: Readonly<Record<SortKey, (transfer: TransferSummary) => Comparable>> = {
  added: ({ addedMs }) => addedMs,
  name: ({ name }) => name.toLowerCase(),
  progress: ({ bytes, total }) => (total === 0 ? 0 : bytes / total),
  down: ({ downRate }) => -downRate,
  up: ({ upRate }) => -upRate,
  size: ({ size }) => -size,
  ratio: (transfer) => -ratioOf(transfer),
  place: ({ place }) => place,
};

export class Board {
  statistics: NodeStatistics | undefined;
  /** Of the chosen one. */
  peers: readonly PeerSummary[] = [];
  sortKey: SortKey = 'added';
  isReversed = false;
  readonly #transfers = new Map<string, TransferSummary>();
  #filter = '';
  #rows: readonly TransferSummary[] | undefined;
  #chosenId: string | undefined;
  /** Where the chosen one was: when it goes, its neighbour is chosen. */
  #chosenRow = 0;

  replaceAll(transfers: readonly TransferSummary[]): void {
    this.#transfers.clear();
    for (const transfer of transfers) this.#transfers.set(transfer.id, transfer);
    this.#rows = undefined;
  }

  /** True when something of it is to be seen. */
  take(event: NodeEvent): boolean {
    if (event.kind === 'transfers')
      for (const transfer of event.changed) this.#transfers.set(transfer.id, transfer);
    else if (event.kind === 'removed') for (const id of event.ids) this.#transfers.delete(id);
    else if (event.kind === 'statistics') this.statistics = event.statistics;
    else return false;
    if (event.kind !== 'statistics') this.#rows = undefined;
    return true;
  }

  get count(): number {
    return this.#transfers.size;
  }

  get filter(): string {
    return this.#filter;
  }

  set filter(text: string) {
    this.#filter = text;
    this.#rows = undefined;
  }

  sortBy(key: SortKey, isReversed: boolean): void {
    this.sortKey = key;
    this.isReversed = isReversed;
    this.#rows = undefined;
  }

  get rows(): readonly TransferSummary[] {
    this.#rows ??= this.#arranged();
    return this.#rows;
  }

  get chosen(): TransferSummary | undefined {
    return this.rows[this.chosenRow];
  }

  get chosenRow(): number {
    const row = this.rows.findIndex(({ id }) => id === this.#chosenId);
    if (row !== -1) this.#chosenRow = row;
    else this.choose(this.#chosenRow);
    return this.#chosenRow;
  }

  /** The nearest there is. */
  choose(row: number): void {
    this.#chosenRow = Math.max(0, Math.min(this.rows.length - 1, row));
    const id = this.rows[this.#chosenRow]?.id;
    if (id !== this.#chosenId) this.peers = [];
    this.#chosenId = id;
  }

  #arranged(): TransferSummary[] {
    const text = this.#filter.toLowerCase();
    const shown = [...this.#transfers.values()].filter(
      ({ name, labels }) =>
        name.toLowerCase().includes(text) || labels.some((label) => label.toLowerCase().includes(text)),
    );
    const value = sortValues[this.sortKey];
    const turn = this.isReversed ? -1 : 1;
    return shown.sort((a, b) => {
      const [one, other] = [value(a), value(b)];
      if (one !== other) return one < other ? -turn : turn;
      return a.id < b.id ? -1 : 1;
    });
  }
}
