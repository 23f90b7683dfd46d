// How fast one peer answers: the time from block to block while it has something to send, and the shortest time from a
// request to its block. Invariant: nothing is allocated for a block; before the first block the guess is a cautious one.

const guessedBlockMs = 50;
const guessedLatencyMs = 100;
/** The mean is over about so many blocks: many come in one chunk of bytes, at the same instant. */
const smoothing = 32;

export class ServiceTime {
  #blocks = 0;
  #blockMs = guessedBlockMs;
  #latencyMs = Number.POSITIVE_INFINITY;

  /** A block came that was asked for then; the one before it came at `previousMs`. */
  served(askedMs: number, previousMs: number, nowMs: number): void {
    if (this.#blocks < smoothing) this.#blocks++;
    this.#blockMs += (nowMs - Math.max(askedMs, previousMs) - this.#blockMs) / this.#blocks;
    if (nowMs - askedMs < this.#latencyMs) this.#latencyMs = nowMs - askedMs;
  }

  get latencyMs(): number {
    return this.#blocks === 0 ? guessedLatencyMs : this.#latencyMs;
  }

  get blockMs(): number {
    return this.#blockMs;
  }

  /** Until a block has come that is asked for now, behind `queued` others. */
  etaMs(queued: number): number {
    return this.latencyMs + (queued + 1) * this.#blockMs;
  }
}
