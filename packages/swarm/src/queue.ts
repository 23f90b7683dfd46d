// Which transfers may run at once, in which order, and for how long they are shared: the rest wait for their turn.
// Rules: those that were forced run in any case and take nobody's place; among the others the order is the queue's; what
// is being looked at for the first time is left alone, since nobody knows yet which kind it is.

import type { Clock, Timer } from '@shoal/base';
import type { QueueSettings, TransferState } from './types.ts';

/** Ratios and times are looked at this often. */
const goalIntervalMs = 10_000;

/** Who stands in the queue. */
export interface Queued {
  readonly state: TransferState;
  readonly isComplete: boolean;
  readonly isForced: boolean;
  /** It wants to run, or does. */
  readonly isQueueable: boolean;
  hasGoal(settings: QueueSettings): boolean;
  pauseAtGoal(settings: QueueSettings): void;
  wait(): void;
  beginAnew(): void;
}

export interface Candidate {
  readonly kind: 'fetch' | 'share';
  readonly isForced: boolean;
}

/** Those that may run, of all that want to, in the queue's order. */
export function chooseActive<Item extends Candidate>(items: Iterable<Item>, rules: QueueSettings): Set<Item> {
  const { fetching = Number.POSITIVE_INFINITY, sharing = Number.POSITIVE_INFINITY } = rules;
  const left = { fetch: fetching, share: sharing, all: rules.active ?? Number.POSITIVE_INFINITY };
  const active = new Set<Item>();
  for (const item of items) {
    if (!item.isForced) {
      if (left[item.kind] < 1 || left.all < 1) continue;
      left[item.kind]--;
      left.all--;
    }
    active.add(item);
  }
  return active;
}

export class Queue {
  readonly #clock: Clock;
  readonly #order: Queued[] = [];
  #settings: QueueSettings = {};
  #isScheduled = false;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get settings(): QueueSettings {
    return this.#settings;
  }

  set(settings: QueueSettings): void {
    this.#settings = settings;
    this.arrangeSoon();
  }

  add(one: Queued): void {
    this.#order.push(one);
    this.arrangeSoon();
  }

  remove(one: Queued): void {
    const at = this.#order.indexOf(one);
    if (at >= 0) this.#order.splice(at, 1);
    this.arrangeSoon();
  }

  placeOf(one: Queued): number {
    return this.#order.indexOf(one);
  }

  move(one: Queued, place: number): void {
    const at = this.#order.indexOf(one);
    if (at < 0) return;
    this.#order.splice(at, 1);
    this.#order.splice(Math.max(0, place), 0, one);
    this.arrangeSoon();
  }

  /** Something began, ended or changed its place. Once for all that happens in one turn. */
  arrangeSoon(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (!this.#isClosed) this.#arrange();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #arrange(): void {
    const candidates: { one: Queued; kind: 'fetch' | 'share'; isForced: boolean }[] = [];
    let hasGoals = false;
    for (const one of this.#order) {
      one.pauseAtGoal(this.#settings);
      hasGoals ||= one.hasGoal(this.#settings);
      if (!one.isQueueable) continue;
      const kind = one.isComplete ? 'share' : 'fetch';
      candidates.push({ one, kind, isForced: one.isForced });
    }
    const active = chooseActive(candidates, this.#settings);
    // First those that make room.
    for (const candidate of candidates) if (!active.has(candidate)) candidate.one.wait();
    for (const candidate of active) if (candidate.one.state === 'queued') candidate.one.beginAnew();
    if (hasGoals)
      this.#timer ??= this.#clock.setTimer(goalIntervalMs, () => {
        this.#timer = undefined;
        this.arrangeSoon();
      });
  }
}
