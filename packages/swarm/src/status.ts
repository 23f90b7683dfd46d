// What a transfer says of itself: its state, why it waits or failed, and what happens, to those who listen.
// Invariant: a state is told once, when it begins.

import type { TransferEvent, TransferState } from './types.ts';

export class Status {
  readonly #listeners = new Set<(event: TransferEvent) => void>();
  #state: TransferState = 'metadata';
  /** What is there will be known in a moment. */
  isOpening = false;
  /** Why it failed, or waits. */
  error: Error | undefined;
  /** All that is wanted is here, under its own name. */
  isComplete = false;

  get state(): TransferState {
    return this.#state;
  }

  /** Connections are of use now. While the disk is being checked, we could not say what we have. */
  get takesPeers(): boolean {
    return (this.#state !== 'checking' || this.isOpening) && !this.isOver && !this.isStanding;
  }

  /** Until somebody, or the queue, lets it go on. */
  get isStanding(): boolean {
    return this.#state === 'paused' || this.#state === 'queued';
  }

  get isOver(): boolean {
    return this.#state === 'failed' || this.#state === 'stopped';
  }

  become(state: TransferState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit({ kind: 'state', state });
  }

  emit(event: TransferEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  subscribe(listener: (event: TransferEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
