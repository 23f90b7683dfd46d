// Runs steps, each on an empty stack with every microtask (and process.nextTick) before it done. Node drains them
// between two immediates; asking for many immediates at once makes a step cost about 80 ns instead of 900
// (measured with lab/bench/sim.ts), and still lets real I/O and signals in between batches.

const longestBatch = 256;

export class Turns {
  #step: (() => boolean) | undefined;
  #asked = 0;
  #batch = 1;

  /** Calls `step` until it says false. */
  start(step: () => boolean): void {
    this.#step = step;
    this.#batch = 1;
    if (this.#asked === 0) this.#ask();
  }

  get isRunning(): boolean {
    return this.#step !== undefined;
  }

  readonly #turn = (): void => {
    this.#asked--;
    const step = this.#step;
    if (step === undefined) return;
    if (!step()) this.#step = undefined;
    else if (this.#asked === 0) this.#ask();
  };

  #ask(): void {
    this.#asked = this.#batch;
    for (let i = 0; i < this.#batch; i++) setImmediate(this.#turn);
    this.#batch = Math.min(this.#batch * 2, longestBatch);
  }
}
