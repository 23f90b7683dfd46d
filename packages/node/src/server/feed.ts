// What changed, for whoever listens or comes back. Each change of a transfer gets a number; the newest ones are kept in a
// ring, so that a listener hears what changed since, and not what exists. Invariant: nothing is computed while nobody asks,
// and then only for what was marked, or is running.

import {
  movingNumbers,
  type NodeEvent,
  type NodeStatistics,
  type Rates,
  type TransferSummary,
} from '@shoal/api';
import type { Clock, Timer } from '@shoal/base';
import { eventIntervalMs, mostChangesKept, urgentEventMs } from '../bounds.ts';
import { summaryOf } from '../transfers/describe.ts';
import type { Item } from '../transfers/item.ts';
import type { Transfers } from '../transfers/transfers.ts';

/** What is sent at once; a list of thousands is not one event. */
const mostPerEvent = 500;

interface Known {
  readonly summary: TransferSummary;
  /** As JSON, behind its place. */
  readonly rest: string;
  /** What of it does not move all the time, as JSON, and since which change it is so. */
  readonly still: string;
  stillSince: number;
}

export interface Listener {
  /** Takes what moves all the time as numbers. */
  readonly isShort: boolean;
  /** False asks to wait until `ready` is called. */
  send(revision: string, event: NodeEvent): boolean;
}

export interface Subscription {
  /** There is room again. */
  ready(): void;
  close(): void;
}

export class Feed {
  readonly #transfers: Transfers;
  readonly #instance: string;
  readonly #clock: Clock;
  readonly #statistics: () => NodeStatistics;
  readonly #known = new Map<Item, Known>();
  readonly #marked = new Set<Item>();
  /** Whose rates move without anything having happened. */
  readonly #running = new Set<Item>();
  /** Change n at n modulo its length: an item, or the id of one that is gone. */
  readonly #ring: (Item | string)[] = [];
  readonly #subscribers = new Set<Subscriber>();
  #revision = 0;
  #timer: Timer | undefined;
  #soon: Timer | undefined;

  constructor(parts: {
    readonly transfers: Transfers;
    readonly instance: string;
    readonly clock: Clock;
    readonly statistics: () => NodeStatistics;
  }) {
    this.#transfers = parts.transfers;
    this.#instance = parts.instance;
    this.#clock = parts.clock;
    this.#statistics = parts.statistics;
    for (const item of this.#transfers.all) this.#marked.add(item);
    this.#transfers.listen(({ kind, item }) => {
      if (kind === 'removed') this.#removed(item);
      else if (kind === 'moved') this.#moved(item);
      else this.#marked.add(item);
      if (kind !== 'touched') this.#tellSoon();
    });
  }

  /** Now; give it to `subscribe` to hear of everything after. */
  get revision(): string {
    return `${this.#instance}.${this.#revision}`;
  }

  /** Where each stands in the queue, in that order. */
  list(): readonly { readonly summary: TransferSummary; readonly rest: string }[] {
    this.#look();
    return this.#transfers.all.flatMap((item) => this.#known.get(item) ?? []);
  }

  subscribe(since: string | undefined, listener: Listener): Subscription {
    this.#look();
    const subscriber = new Subscriber(listener, this.#numberOf(since), () => this.#tell(subscriber));
    this.#subscribers.add(subscriber);
    this.#tell(subscriber);
    this.#timer ??= this.#clock.setTimer(eventIntervalMs, this.#tick);
    return {
      ready: () => subscriber.ready(),
      close: () => {
        this.#subscribers.delete(subscriber);
      },
    };
  }

  close(): void {
    this.#timer?.cancel();
    this.#soon?.cancel();
    this.#subscribers.clear();
  }

  /** Undefined for a time that is not known any more. */
  #numberOf(since: string | undefined): number | undefined {
    if (since === undefined) return this.#revision;
    const [instance, number = ''] = since.split('.');
    const asked = Number(number);
    if (instance !== this.#instance || !/^\d+$/.test(number) || asked > this.#revision) return undefined;
    return asked;
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    if (this.#subscribers.size === 0) return;
    this.#look();
    const statistics = this.#statistics();
    const text = JSON.stringify(statistics);
    for (const subscriber of this.#subscribers) {
      this.#tell(subscriber);
      subscriber.tellStatistics(this.revision, statistics, text);
    }
    this.#timer = this.#clock.setTimer(eventIntervalMs, this.#tick);
  };

  /** Nobody waits half a second for what they did; what comes in a burst is told once. */
  #tellSoon(): void {
    if (this.#subscribers.size === 0) return;
    this.#soon ??= this.#clock.setTimer(urgentEventMs, () => {
      this.#soon = undefined;
      this.#look();
      for (const subscriber of this.#subscribers) this.#tell(subscriber);
    });
  }

  /** Numbers all that is not as it was when it was last looked at. */
  #look(): void {
    for (const item of this.#running) this.#marked.add(item);
    if (this.#marked.size === 0) return;
    for (const item of this.#marked) {
      // One that was removed says at last that it stopped.
      if (this.#transfers.find(item.record.id) !== item) continue;
      const summary = summaryOf(item, 0);
      const { still, numbers } = textOf(summary);
      const rest = `${still},${numbers}`;
      if (summary.peers > 0 || summary.downRate > 0 || summary.upRate > 0) this.#running.add(item);
      else this.#running.delete(item);
      const before = this.#known.get(item);
      if (before?.rest === rest) continue;
      this.#count(item);
      const stillSince = before?.still === still ? before.stillSince : this.#revision;
      this.#known.set(item, { summary, rest, still, stillSince });
    }
    this.#marked.clear();
  }

  #moved(item: Item): void {
    this.#count(item);
    const known = this.#known.get(item);
    if (known !== undefined) known.stillSince = this.#revision;
  }

  #removed(item: Item): void {
    this.#marked.delete(item);
    this.#running.delete(item);
    if (this.#known.delete(item)) this.#count(item.record.id);
  }

  #count(change: Item | string): void {
    this.#ring[this.#revision % mostChangesKept] = change;
    this.#revision++;
  }

  #tell(subscriber: Subscriber): void {
    if (!subscriber.hasRoom) return;
    const { revision } = this;
    const { since } = subscriber;
    subscriber.since = this.#revision;
    if (since === undefined || this.#revision - since > mostChangesKept) {
      subscriber.send(revision, { kind: 'reset' });
      return;
    }
    const changed = new Set<Item>();
    const removed = new Set<string>();
    for (let number = since; number < this.#revision; number++) {
      const change = this.#ring[number % mostChangesKept];
      if (typeof change === 'string') removed.add(change);
      else if (change !== undefined && this.#known.has(change)) changed.add(change);
    }
    for (const { record } of changed) removed.delete(record.id);
    if (removed.size > 0) subscriber.send(revision, { kind: 'removed', ids: [...removed] });
    const rates: Rates[] = [];
    if (subscriber.isShort)
      for (const item of changed) {
        const known = this.#known.get(item);
        if (known === undefined || known.stillSince > since) continue;
        changed.delete(item);
        rates.push([item.record.id, ...movingNumbers.map((name) => known.summary[name] ?? null)]);
      }
    const places = changed.size === 0 ? undefined : this.#places(changed);
    const summaries = [...changed].flatMap((item) => {
      const summary = this.#known.get(item)?.summary;
      return summary === undefined ? [] : [{ ...summary, place: places?.get(item) ?? 0 }];
    });
    for (let first = 0; first < rates.length; first += mostPerEvent)
      subscriber.send(revision, { kind: 'rates', changed: rates.slice(first, first + mostPerEvent) });
    for (let first = 0; first < summaries.length; first += mostPerEvent)
      subscriber.send(revision, { kind: 'transfers', changed: summaries.slice(first, first + mostPerEvent) });
  }

  #places(changed: ReadonlySet<Item>): ReadonlyMap<Item, number> {
    const places = new Map<Item, number>();
    for (const [place, item] of this.#transfers.all.entries()) if (changed.has(item)) places.set(item, place);
    return places;
  }
}

/** The two halves of its JSON, without the braces around it and its place. */
function textOf({ place: _, ...summary }: TransferSummary): {
  readonly still: string;
  readonly numbers: string;
} {
  const { bytes, downRate, upRate, downloaded, uploaded, wasted, peers, seeds, secondsLeft, ...rest } =
    summary;
  const moving = { bytes, downRate, upRate, downloaded, uploaded, wasted, peers, seeds, secondsLeft };
  return {
    still: `,${JSON.stringify(rest).slice(1, -1)}`,
    numbers: JSON.stringify(moving).slice(1),
  };
}

class Subscriber {
  since: number | undefined;
  hasRoom = true;
  readonly #listener: Listener;
  readonly #goOn: () => void;
  #toldStatistics = '';

  constructor(listener: Listener, since: number | undefined, goOn: () => void) {
    this.#listener = listener;
    this.since = since;
    this.#goOn = goOn;
  }

  get isShort(): boolean {
    return this.#listener.isShort;
  }

  send(revision: string, event: NodeEvent): void {
    this.hasRoom = this.#listener.send(revision, event) && this.hasRoom;
  }

  tellStatistics(revision: string, statistics: NodeStatistics, text: string): void {
    if (!this.hasRoom || text === this.#toldStatistics) return;
    this.#toldStatistics = text;
    this.send(revision, { kind: 'statistics', statistics });
  }

  ready(): void {
    if (this.hasRoom) return;
    this.hasRoom = true;
    this.#goOn();
  }
}
