// Work that may be done a few at a time only: opening contents, hashing them. Who is waited for goes first.
// Invariant: at most `most` are under way; each that waits gets its turn, in the order of asking within its group.

import { SwarmError } from './errors.ts';

export class Turnstile {
  readonly #most: number;
  readonly #urgent = new Map<object, () => void>();
  readonly #patient = new Map<object, () => void>();
  #inside = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** `owner` waits once at a time. Rejects when the signal is aborted before its turn. */
  async run<Value>(owner: object, signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
    if (this.#inside < this.#most) this.#inside++;
    else await this.#turn(owner, signal);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  /** Somebody waits for it: it goes before those for whom nobody does. */
  hurry(owner: object): void {
    const begin = this.#patient.get(owner);
    if (begin === undefined) return;
    this.#patient.delete(owner);
    this.#urgent.set(owner, begin);
  }

  #turn(owner: object, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#urgent.delete(owner);
        this.#patient.delete(owner);
        reject(new SwarmError('closed', 'it was given up'));
      };
      if (signal.aborted) {
        giveUp();
        return;
      }
      signal.addEventListener('abort', giveUp, { once: true });
      this.#patient.set(owner, () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      });
    });
  }

  /** The place inside passes on. */
  #next(): void {
    for (const waiting of [this.#urgent, this.#patient])
      for (const [owner, begin] of waiting) {
        waiting.delete(owner);
        begin();
        return;
      }
    this.#inside--;
  }
}
