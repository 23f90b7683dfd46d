// A machine's clocks. Monotonic time is the simulation's; wall time is off by what the test says.

import type { Clock, Timer } from '@shoal/base';
import type { Happening } from './queue.ts';
import type { Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';

/** Where wall time starts: 2027-01-01. */
const epochMs = 1_798_761_600_000;

export class SimClock implements Clock {
  readonly #timeline: Timeline;
  readonly #trace: Trace;
  readonly #host: { readonly index: number; readonly name: string; wallOffsetMs: number };
  readonly #isAlive: () => boolean;

  constructor(
    timeline: Timeline,
    trace: Trace,
    host: { readonly index: number; readonly name: string; wallOffsetMs: number },
    isAlive: () => boolean,
  ) {
    this.#timeline = timeline;
    this.#trace = trace;
    this.#host = host;
    this.#isAlive = isAlive;
  }

  nowMs(): number {
    return this.#timeline.nowMs;
  }

  wallTimeMs(): number {
    return Math.floor(epochMs + this.#timeline.nowMs + this.#host.wallOffsetMs);
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = new SimTimer(this, callback);
    this.#timeline.after(delayMs > 0 ? delayMs : 0, timer);
    return timer;
  }

  fire(callback: () => void): void {
    if (!this.#isAlive()) return;
    this.#trace.add(this.#timeline.nowMs, 'timer', this.#host, 0);
    callback();
  }

  noteOff(): void {
    this.#timeline.noteOff();
  }
}

class SimTimer implements Timer, Happening {
  readonly #clock: SimClock;
  #callback: (() => void) | undefined;

  constructor(clock: SimClock, callback: () => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  get isOff(): boolean {
    return this.#callback === undefined;
  }

  cancel(): void {
    if (this.#callback === undefined) return;
    this.#callback = undefined;
    this.#clock.noteOff();
  }

  happen(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    if (callback !== undefined) this.#clock.fire(callback);
  }
}
