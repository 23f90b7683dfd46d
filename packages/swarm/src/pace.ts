// How often somebody may ask for something: a burst, and then one at a time.

export class Pace {
  readonly #most: number;
  readonly #everyMs: number;
  #left: number;
  #sinceMs: number | undefined;

  constructor(most: number, everyMs: number) {
    this.#most = most;
    this.#everyMs = everyMs;
    this.#left = most;
  }

  takes(nowMs: number): boolean {
    const elapsedMs = nowMs - (this.#sinceMs ?? nowMs);
    this.#sinceMs = nowMs;
    this.#left = Math.min(this.#most, this.#left + elapsedMs / this.#everyMs);
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
