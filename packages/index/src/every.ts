// A timer that goes on.

import type { Clock, Timer } from '@shoal/base';

export function every(clock: Clock, periodMs: number, action: () => void): Timer {
  let timer = clock.setTimer(periodMs, run);
  function run(): void {
    timer = clock.setTimer(periodMs, run);
    action();
  }
  return { cancel: () => timer.cancel() };
}
