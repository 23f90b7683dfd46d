// Where one transfer stands among the others: forced or not, how long and how far it is shared, and why it waits.
// Invariant: there is a reason exactly while it is paused or queued, or a limit lets nothing of what it does through.

import type { SessionParts } from './session-parts.ts';
import type { Status } from './status.ts';
import type { Goals, History, Waiting } from './types.ts';

export class Standing {
  isForced: boolean;
  goals: Goals;
  /** It was looked at once: whether it fetches or shares is known. */
  hasBeenOpen = false;
  readonly history: History;
  readonly #status: Status;
  readonly #nowMs: () => number;
  #reason: Waiting | undefined;
  #sharedMs: number;
  #sharingSinceMs: number | undefined;
  /** Somebody let it go on although it had reached them. */
  #isBeyondGoals = false;

  constructor(
    parts: SessionParts,
    status: Status,
    given: { readonly isForced?: boolean; readonly goals?: Goals; readonly history?: History },
  ) {
    this.isForced = given.isForced ?? false;
    this.goals = given.goals ?? {};
    this.history = given.history ?? { downloadedBytes: 0, uploadedBytes: 0, sharedMs: 0 };
    this.#sharedMs = this.history.sharedMs;
    this.#status = status;
    this.#nowMs = parts.nowMs;
    status.subscribe((event) => {
      if (event.kind !== 'state') return;
      this.#sharedMs = this.sharedMs;
      this.#sharingSinceMs = event.state === 'sharing' ? this.#nowMs() : undefined;
      if (event.state === 'fetching' || event.state === 'sharing') this.hasBeenOpen = true;
      parts.turns.arrangeSoon();
    });
  }

  /** How long it has been shared while complete, of this session and those before. */
  get sharedMs(): number {
    return this.#sharedMs + (this.#sharingSinceMs === undefined ? 0 : this.#nowMs() - this.#sharingSinceMs);
  }

  get reason(): Waiting | undefined {
    return this.#status.isStanding ? this.#reason : undefined;
  }

  stand(reason: Waiting): void {
    this.#reason = reason;
  }

  setGoals(goals: Goals): void {
    this.goals = goals;
    this.#isBeyondGoals = false;
  }

  /** Somebody wants it to go on, whatever it has reached. */
  goOn(): void {
    if (this.#reason?.code === 'ratio' || this.#reason?.code === 'time') this.#isBeyondGoals = true;
  }

  /** Which goal was reached, of its own or, where it has none, of all. */
  reached(otherwise: Goals, ratio: number): Waiting | undefined {
    if (this.#isBeyondGoals || this.isForced || !this.#status.isComplete) return undefined;
    const { ratio: wanted = otherwise.ratio, sharedMs = otherwise.sharedMs } = this.goals;
    if (wanted !== undefined && ratio >= wanted)
      return { code: 'ratio', message: `it has been shared ${wanted} times` };
    if (sharedMs !== undefined && this.sharedMs >= sharedMs)
      return { code: 'time', message: `it has been shared for ${Math.round(sharedMs / 60_000)} minutes` };
    return undefined;
  }
}
