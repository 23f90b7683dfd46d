// Announces of thousands of torrents begin together when a node starts: a few at a time go to each tracker, those first
// that want peers. Invariant: no more than the bounds are under way, and a silent tracker holds up nobody but itself.

import { mostAnnouncesAtOnce, mostAnnouncesPerTracker } from './bounds.ts';
import { TrackerError } from './errors.ts';

interface Waiting {
  readonly begin: () => void;
}

interface Tracker {
  inside: number;
  readonly urgent: Set<Waiting>;
  readonly patient: Set<Waiting>;
}

export class AnnounceGate {
  readonly #trackers = new Map<string, Tracker>();
  #inside = 0;

  /** Rejects with a TrackerError `aborted` when it was given up before its turn. */
  async run<Value>(
    host: string,
    isUrgent: boolean,
    signal: AbortSignal | undefined,
    work: () => Promise<Value>,
  ): Promise<Value> {
    let tracker = this.#trackers.get(host);
    if (tracker === undefined) {
      tracker = { inside: 0, urgent: new Set(), patient: new Set() };
      this.#trackers.set(host, tracker);
    }
    if (this.#hasRoom(tracker)) this.#enter(tracker);
    else await this.#turn(isUrgent ? tracker.urgent : tracker.patient, signal);
    try {
      return await work();
    } finally {
      tracker.inside--;
      this.#inside--;
      if (tracker.inside + tracker.urgent.size + tracker.patient.size === 0) this.#trackers.delete(host);
      this.#letIn();
    }
  }

  #hasRoom({ inside }: Tracker): boolean {
    return inside < mostAnnouncesPerTracker && this.#inside < mostAnnouncesAtOnce;
  }

  #enter(tracker: Tracker): void {
    tracker.inside++;
    this.#inside++;
  }

  #letIn(): void {
    for (const tracker of this.#trackers.values())
      for (const waiting of [tracker.urgent, tracker.patient])
        for (const next of waiting) {
          if (!this.#hasRoom(tracker)) break;
          waiting.delete(next);
          this.#enter(tracker);
          next.begin();
        }
  }

  #turn(waiting: Set<Waiting>, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        waiting.delete(entry);
        reject(new TrackerError('aborted', 'The question was given up.'));
      };
      const entry: Waiting = {
        begin: () => {
          signal?.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      if (signal?.aborted) {
        giveUp();
        return;
      }
      signal?.addEventListener('abort', giveUp, { once: true });
      waiting.add(entry);
    });
  }
}
