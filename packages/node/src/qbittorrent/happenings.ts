// What happened to transfers since the node started, in the order that it happened, for `log/main`.

import { mostHappeningsKept } from '../bounds.ts';
import type { Item } from '../transfers/item.ts';
import type { Transfers } from '../transfers/transfers.ts';

const kinds = { normal: 1, info: 2, warning: 4, critical: 8 } as const;
type Kind = keyof typeof kinds;

interface LogLine {
  readonly id: number;
  readonly message: string;
  readonly timestamp: number;
  readonly type: number;
}

const critical: ReadonlySet<string> = new Set(['move-failed', 'verify', 'refused']);
const warnings: ReadonlySet<string> = new Set(['ban', 'finder', 'scan', 'move-left', 'web-seed']);

export class Happenings {
  readonly #lines: LogLine[] = [];
  readonly #seen = new WeakMap<Item, number>();
  #next = 0;

  constructor(transfers: Transfers) {
    for (const item of transfers.all) this.#take(item);
    transfers.listen(({ kind, item }) => {
      if (kind !== 'touched') this.#take(item);
    });
  }

  after(id: number, wanted: ReadonlySet<Kind>): readonly LogLine[] {
    const types = new Set([...wanted].map((kind): number => kinds[kind]));
    return this.#lines.filter((line) => line.id > id && types.has(line.type));
  }

  #take(item: Item): void {
    const { log, record, transfer } = item;
    for (const { sequence, wallTimeMs, event } of log.from(this.#seen.get(item) ?? 0).events) {
      this.#seen.set(item, sequence + 1);
      const type = critical.has(event.kind) ? 'critical' : warnings.has(event.kind) ? 'warning' : 'normal';
      this.#lines.push({
        id: this.#next++,
        message: `${transfer.name || record.name || record.id}: ${event.message}`,
        timestamp: Math.floor(wallTimeMs / 1000),
        type: kinds[type],
      });
    }
    if (this.#lines.length > 2 * mostHappeningsKept) this.#lines.splice(0, mostHappeningsKept);
  }
}
