// One transfer of the node: what is remembered of it, the engine's transfer, who is asked for peers, and what happened.
// Invariant: the record is what the ledger has, or is about to have.

import { join } from 'node:path';
import type { FinderSummary } from '@shoal/api';
import { type Clock, EventLog, type TellerReport } from '@shoal/base';
import type { Teller } from '@shoal/discovery';
import type { Transfer, TransferEvent } from '@shoal/swarm';
import { mostLogEntries, mostTellers } from '../bounds.ts';
import type { Followed } from '../engine/finding.ts';
import type { TransferRecord } from './record.ts';

export interface Happening {
  readonly kind: string;
  readonly message: string;
}

export class Item {
  record: TransferRecord;
  readonly transfer: Transfer;
  readonly log: EventLog<Happening>;
  followed: Followed | undefined;
  announcedMs = Number.NEGATIVE_INFINITY;
  /** Why a file of it waits before the release gate. */
  held: string | undefined;
  readonly #data: string;
  readonly #clock: Clock;
  readonly #tellers = new Map<string, FinderSummary>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(record: TransferRecord, transfer: Transfer, parts: { data: string; clock: Clock }) {
    this.record = record;
    this.transfer = transfer;
    this.#data = parts.data;
    this.#clock = parts.clock;
    this.log = new EventLog(parts.clock, mostLogEntries);
  }

  /** What remembers it on the disk. */
  get stateFolder(): string {
    return join(this.#data, 'transfers', this.record.state);
  }

  /** Changes of one transfer come one after the other. */
  inTurn<Value>(action: () => Promise<Value>): Promise<Value> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => {});
    return result;
  }

  happened(event: TransferEvent): void {
    const told = tell(event, this.transfer);
    if (told !== undefined) this.log.add(told);
  }

  get tellers(): FinderSummary[] {
    return [...this.#tellers.values()];
  }

  asked(trackers: readonly string[]): void {
    for (const teller of trackers) this.#teller({ kind: 'tracker', teller }, {});
  }

  /** Of the trackers; the others stay. */
  keepOnly(trackers: ReadonlySet<string>): void {
    for (const [key, { kind, teller }] of this.#tellers)
      if (kind === 'tracker' && !trackers.has(teller)) this.#tellers.delete(key);
  }

  found(by: Teller): void {
    const before = this.#tellerOf(by);
    this.#teller(by, { state: 'answered', peers: (before?.peers ?? 0) + 1 });
  }

  reported(by: Teller, { nextMs, ...report }: TellerReport): void {
    const { nextMs: _, ...before } = this.#tellerOf(by) ?? {};
    const wallMs = Math.round(this.#clock.wallTimeMs());
    this.#tellers.delete(keyOf(by));
    this.#teller(by, {
      ...before,
      ...report,
      ...(nextMs !== undefined && {
        nextMs: Math.max(wallMs, Math.round(wallMs + nextMs - this.#clock.nowMs())),
      }),
    });
  }

  failed(by: Teller, message: string): void {
    if (this.#tellerOf(by)?.message !== message)
      this.log.add({ kind: 'finder', message: `${by.teller}: ${message}` });
    this.#teller(by, { state: 'failed', message });
  }

  #tellerOf(by: Teller): FinderSummary | undefined {
    return this.#tellers.get(keyOf(by));
  }

  #teller(by: Teller, news: Partial<FinderSummary>): void {
    if (by.kind === 'given') return;
    const key = keyOf(by);
    const before = this.#tellers.get(key);
    if (before === undefined && this.#tellers.size >= mostTellers) return;
    const { kind } = by;
    // Nodes of the DHT and neighbours come and go: they stand together.
    const teller = kind === 'dht' || kind === 'lan' ? kind : by.teller;
    const { message: _, ...rest } = before ?? { kind, teller, state: 'waiting' };
    const lastMs = news.state === undefined ? {} : { lastMs: Math.round(this.#clock.wallTimeMs()) };
    this.#tellers.set(key, { ...rest, ...lastMs, ...news });
  }
}

function keyOf({ kind, teller }: Teller): string {
  return kind === 'dht' || kind === 'lan' ? kind : `${kind} ${teller}`;
}

function tell(event: TransferEvent, transfer: Transfer): Happening | undefined {
  switch (event.kind) {
    case 'state': {
      const why = transfer.error?.message ?? transfer.waiting?.message;
      return { kind: 'state', message: why === undefined ? event.state : `${event.state}: ${why}` };
    }
    case 'metadata':
      return { kind: 'metadata', message: `it is ${event.torrent.name}` };
    case 'complete':
      return { kind: 'complete', message: 'all that is wanted is here' };
    case 'released':
      return { kind: 'released', message: event.path };
    case 'web-seed':
      return event.reason === undefined
        ? undefined
        : { kind: 'web-seed', message: `${event.url}: ${event.reason}` };
    case 'moving':
      return { kind: 'move', message: moveText(event.move) };
    case 'peer-left': {
      const { address, port } = event.address;
      return event.reason.isBan
        ? { kind: 'ban', message: `${address}:${port}: ${event.reason.message}` }
        : undefined;
    }
    default:
      return undefined;
  }
}

function moveText(move: Extract<TransferEvent, { kind: 'moving' }>['move']): string {
  if (move === undefined) return 'its files are where they should be';
  if (move.state === 'moving') return `its files move to ${move.folder}`;
  return `the move to ${move.folder} broke off: ${move.error?.message ?? 'unknown'}`;
}
