// Notices that this machine slept, or that its addresses changed: whoever knows us then knows us wrongly.

import { type Clock, type Interfaces, ipScope, type Timer } from '@shoal/base';
import { lookoutMs, movedEveryMs, sleptMs } from './bounds.ts';

export class Lookout {
  readonly #clock: Clock;
  readonly #interfaces: Interfaces;
  readonly #moved: () => void;
  #timer: Timer | undefined;
  #wallMs = 0;
  #nowMs = 0;
  #addresses = '';
  #hasMoved = false;
  #toldMs = Number.NEGATIVE_INFINITY;

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
      this.#hasMoved ||= this.#listAddresses() !== this.#addresses;
      this.#look();
      const hasSlept = passedMs > lookoutMs + sleptMs;
      const isTooSoon = this.#nowMs - this.#toldMs < movedEveryMs;
      if (!hasSlept && (!this.#hasMoved || isTooSoon)) return;
      this.#hasMoved = false;
      this.#toldMs = this.#nowMs;
      this.#moved();
    });
  }

  /** Those that others may know us by: link-local ones come and go with every container. */
  #listAddresses(): string {
    const shown = this.#interfaces
      .list()
      .filter(({ address, isLoopback }) => !isLoopback && ipScope(address) !== 'link-local')
      .map(({ address }) => address);
    return shown.sort().join();
  }
}
