// Time, as a room is allowed to know it. Nothing outside a World reads a platform clock.

export interface Timer {
  /** Idempotent; a cancelled timer never calls back. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since an arbitrary start, fractional, never going backwards. Measure with this. */
  nowMs(): number;
  /** Milliseconds since 1970. It may jump; use it only for what leaves this machine or is stored. */
  wallTimeMs(): number;
  /** Calls once, not before `delayMs` have passed. The callback runs on an empty stack. */
  setTimer(delayMs: number, callback: () => void): Timer;
}
