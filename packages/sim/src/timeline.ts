// Virtual time. Times are whole multiples of 2^-16 ms (15 ns), so that sums and differences of them are exact for
// four years of virtual time, and a timer never fires a rounding error too early.
// Time moves only between two happenings, after everything that waited on promises has run.

import { SimError } from './errors.ts';
import { type Happening, HappeningQueue } from './queue.ts';
import { Turns } from './turns.ts';

const ticksPerMs = 65536;

export interface RunOptions {
  /** Virtual time after which the run fails (code `limit`). Default: an hour. */
  readonly limitMs?: number;
}

const defaultLimitMs = 3_600_000;

/** So much at one instant is a loop of timers without delay, and would never end. */
const mostAtOnce = 5_000_000;

export class Timeline {
  readonly #queue = new HappeningQueue();
  readonly #turns = new Turns();
  #nowMs = 0;
  #atOnce = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How much is waiting to happen. */
  get pending(): number {
    return this.#queue.length;
  }

  at(timeMs: number, happening: Happening): void {
    const rounded = Math.ceil(timeMs * ticksPerMs) / ticksPerMs;
    this.#queue.push(rounded > this.#nowMs ? rounded : this.#nowMs, happening);
  }

  after(delayMs: number, happening: Happening): void {
    this.at(this.#nowMs + Math.ceil(delayMs * ticksPerMs) / ticksPerMs, happening);
  }

  noteOff(): void {
    this.#queue.noteOff();
  }

  /** Until `done` says true; it is asked before the first and after every happening. */
  run(done: () => boolean, options: RunOptions = {}): Promise<void> {
    const limitMs = options.limitMs ?? defaultLimitMs;
    const endMs = this.#nowMs + limitMs;
    return this.#drive((nextMs) => {
      if (done()) return true;
      if (nextMs === Infinity)
        throw new SimError('stuck', 'Nothing is left to happen, and the run is not done');
      if (nextMs <= endMs) return false;
      this.#nowMs = endMs;
      throw new SimError('limit', `The run was not done after ${limitMs} ms of virtual time`);
    });
  }

  /** Lets this much time pass. */
  async advance(durationMs: number): Promise<void> {
    const endMs = Math.ceil((this.#nowMs + durationMs) * ticksPerMs) / ticksPerMs;
    await this.#drive((nextMs) => nextMs > endMs);
    this.#nowMs = endMs;
  }

  /** Runs until the promise is settled and yields what it did. */
  async settle<T>(promise: Promise<T>, options: RunOptions = {}): Promise<T> {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.run(() => isSettled, options);
    return promise;
  }

  #moveTo(timeMs: number): void {
    this.#atOnce = timeMs === this.#nowMs ? this.#atOnce + 1 : 0;
    this.#nowMs = timeMs;
    if (this.#atOnce > mostAtOnce)
      throw new SimError('limit', `Time stands still at ${timeMs} ms: more and more happens without delay`);
  }

  #drive(isDone: (nextMs: number) => boolean): Promise<void> {
    if (this.#turns.isRunning)
      return Promise.reject(new SimError('busy', 'This simulation is running already: one run at a time'));
    return new Promise((resolve, reject) => {
      this.#turns.start(() => {
        try {
          const nextMs = this.#queue.nextTimeMs();
          if (isDone(nextMs)) {
            resolve();
            return false;
          }
          this.#moveTo(nextMs);
          this.#queue.pop()?.happen();
          return true;
        } catch (error) {
          reject(error);
          return false;
        }
      });
    });
  }
}
