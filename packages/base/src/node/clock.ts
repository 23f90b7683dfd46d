// The platform's clocks. A timer that the event loop would fire early is armed again, so that it never
// calls back before its time has passed on `nowMs`.

import type { Clock, Timer } from '../world/clock.ts';

/** The longest delay that setTimeout takes; it fires at once beyond that. */
const longestDelayMs = 0x7fffffff;

class NodeTimer implements Timer {
  readonly #dueMs: number;
  #callback: (() => void) | undefined;
  #handle: NodeJS.Timeout;

  constructor(delayMs: number, callback: () => void) {
    this.#dueMs = performance.now() + delayMs;
    this.#callback = callback;
    this.#handle = setTimeout(fire, wholeMs(delayMs), this);
  }

  cancel(): void {
    if (this.#callback === undefined) return;
    this.#callback = undefined;
    clearTimeout(this.#handle);
  }

  expire(): void {
    const callback = this.#callback;
    if (callback === undefined) return;
    const leftMs = this.#dueMs - performance.now();
    if (leftMs > 0) {
      this.#handle = setTimeout(fire, wholeMs(leftMs), this);
      return;
    }
    this.#callback = undefined;
    callback();
  }
}

function fire(timer: NodeTimer): void {
  timer.expire();
}

function wholeMs(delayMs: number): number {
  return Math.min(Math.ceil(delayMs), longestDelayMs);
}

export function createClock(): Clock {
  return {
    nowMs: () => performance.now(),
    wallTimeMs: () => Date.now(),
    setTimer: (delayMs, callback) => new NodeTimer(Math.max(delayMs, 0), callback),
  };
}
