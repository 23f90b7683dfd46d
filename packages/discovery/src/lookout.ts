// Notices that this machine slept, or that its addresses changed: whoever knows us then knows us wrongly.

import type { Clock, Interfaces, Timer } from '@shoal/base';
import { lookoutMs, sleptMs } from './bounds.ts';

export class Lookout {
  readonly #clock: Clock;
  readonly #interfaces: Interfaces;
  readonly #moved: () => void;
  #timer: Timer | undefined;
  #wallMs = 0;
  #nowMs = 0;
  #addresses = '';

  constructor(parts: { readonly clock: Clock; readonly interfaces: Interfaces }, moved: () => void) {
    this.#clock = parts.clock;
    this.#interfaces = parts.interfaces;
    this.#moved = moved;
    this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    this.#wallMs = this.#clock.wallTimeMs();
    this.#nowMs = this.#clock.nowMs();
    this.#addresses = this.#listAddresses();
    this.#timer = this.#clock.setTimer(lookoutMs, () => {
      // Asleep, the steady clock stands still (Linux) or the timer is late (elsewhere); the wall clock goes on.
      const passedMs = Math.max(this.#clock.wallTimeMs() - this.#wallMs, this.#clock.nowMs() - this.#nowMs);
      const hasMoved = this.#listAddresses() !== this.#addresses;
      this.#look();
      if (hasMoved || passedMs > lookoutMs + sleptMs) this.#moved();
    });
  }

  #listAddresses(): string {
    const shown = this.#interfaces.list().map(({ name, address }) => `${name} ${address}`);
    return shown.sort().join();
  }
}
