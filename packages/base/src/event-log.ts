// What happened lately, in bounded memory: the newest entries are kept, the oldest fall out.
// Invariant: sequence numbers have no gaps, so a reader that resumes knows whether it missed something.

import type { Clock } from './world/clock.ts';

export interface LoggedEvent<Event> {
  readonly sequence: number;
  readonly wallTimeMs: number;
  readonly event: Event;
}

export interface EventSlice<Event> {
  readonly events: readonly LoggedEvent<Event>[];
  /** Events after the asked sequence that had already fallen out. */
  readonly missed: number;
}

export class EventLog<Event> {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #ring: LoggedEvent<Event>[] = [];
  readonly #listeners = new Set<(entry: LoggedEvent<Event>) => void>();
  #next = 0;

  constructor(clock: Clock, capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`a log keeps at least one event, not ${capacity}`);
    this.#clock = clock;
    this.#capacity = capacity;
  }

  /** The sequence number that the next event will get. */
  get nextSequence(): number {
    return this.#next;
  }

  add(event: Event): LoggedEvent<Event> {
    const entry = { sequence: this.#next, wallTimeMs: this.#clock.wallTimeMs(), event };
    this.#ring[this.#next % this.#capacity] = entry;
    this.#next++;
    for (const listener of this.#listeners) listener(entry);
    return entry;
  }

  /** What is still kept from `sequence` on, oldest first. */
  from(sequence: number): EventSlice<Event> {
    const asked = Math.min(Math.max(0, sequence), this.#next);
    const oldest = Math.max(asked, this.#next - this.#capacity);
    const events: LoggedEvent<Event>[] = [];
    for (let i = oldest; i < this.#next; i++) {
      const entry = this.#ring[i % this.#capacity];
      if (entry !== undefined) events.push(entry);
    }
    return { events, missed: oldest - asked };
  }

  /** Calls for each later event, until the returned function is called. */
  listen(listener: (entry: LoggedEvent<Event>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
