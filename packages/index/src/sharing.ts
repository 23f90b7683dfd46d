// One set of swarms on several threads: each has all of them, and tells the others what it hears, some hundredths of a
// second later. The first one, which has HTTP and the disk, stands in the middle.

import type { Clock, Timer } from '@shoal/base';
import { ChangeLog } from './tracker/changes.ts';
import type { Tracker } from './tracker/tracker.ts';

/** Peers hear of each other at their next announce, minutes later: this is soon. */
const flushMs = 20;

export interface Link {
  /** A batch came from the other side. */
  take(batch: Uint8Array): void;
  close(): void;
}

export class Sharing {
  readonly #tracker: Tracker;
  readonly #posts = new Set<(batch: Uint8Array) => void>();
  readonly #clock: Clock;
  #flushing: Timer | undefined;

  constructor(tracker: Tracker, clock: Clock) {
    this.#tracker = tracker;
    this.#clock = clock;
  }

  /** `post` is given all that is known, and from then on what changes. */
  link(post: (batch: Uint8Array) => void, isNew: boolean): Link {
    this.#tracker.changes ??= this.#log((batch) => this.#tell(batch));
    if (isNew) {
      const all = new ChangeLog(() => {}, post);
      this.#tracker.tellAll(all);
      all.flush();
    }
    this.#posts.add(post);
    return {
      take: (batch) => {
        this.#tracker.takeChanges(batch);
        this.#tell(batch, post);
      },
      close: () => {
        this.#posts.delete(post);
        if (this.#posts.size === 0) this.#flushing?.cancel();
      },
    };
  }

  #log(full: (batch: Uint8Array) => void): ChangeLog {
    const log: ChangeLog = new ChangeLog(() => {
      this.#flushing = this.#clock.setTimer(flushMs, () => log.flush());
    }, full);
    return log;
  }

  #tell(batch: Uint8Array, but?: (batch: Uint8Array) => void): void {
    for (const post of this.#posts) if (post !== but) post(batch);
  }
}
