// What a source that is no peer (a web seed) may take from the down limits: the same buckets, the same turns.
//
//   const allowance = parts.limiter.openSource(lanes, { address })      // or transfer.openSource(address)
//   ask the server for at most `allowance.mostAtOnce` bytes in one range, beginning when `allowance.isOpen`
//   for each chunk of a body: if (!allowance.came(bytes.length)) response.pause()
//   allowance.onOpen = () => response.resume() / ask for the next range
//   allowance.close() when the source goes
//
// Without a limit all of this is two comparisons a chunk.

import { isHeld, type Lane, type Pool, rateOf, type Taker } from './flow.ts';
import type { Lanes, Limiter, Pools } from './limiter.ts';

const unit = 16_384;
/** A range lasts for about this time. */
const rangeMs = 500;

export class SourceAllowance implements Taker {
  readonly lane: Lane;
  readonly pool: Pool;
  readonly #limiter: Limiter;
  /** Paid for and not come yet; below 0: came and not paid for yet. */
  #paid = 0;
  /** May read and ask again. */
  onOpen: (() => void) | undefined;

  constructor(limiter: Limiter, lanes: Lanes, pools: Pools) {
    this.#limiter = limiter;
    this.lane = lanes.down;
    this.pool = pools.down;
  }

  /** False: nothing may be asked for or read now; `onOpen` is called when that changes. */
  get isOpen(): boolean {
    if (this.#paid >= 0 && rateOf(this) > 0) return true;
    if (isHeld(this)) {
      this.#limiter.down.want(this);
      return false;
    }
    this.#paid = 0;
    return true;
  }

  /** What may be asked for at once, in whole blocks; Infinity without a limit. */
  get mostAtOnce(): number {
    const rate = rateOf(this);
    return Math.max(unit, Math.floor((rate * rangeMs) / 1000 / unit) * unit);
  }

  /** So many bytes came. False: read no more until `onOpen`. */
  came(bytes: number): boolean {
    if (!isHeld(this)) return true;
    this.#paid -= bytes;
    return this.isOpen;
  }

  close(): void {
    this.#limiter.down.leave(this);
    this.onOpen = undefined;
  }

  least(): number {
    return this.#paid >= 0 ? 1 : Math.min(unit, -this.#paid);
  }

  take(bytes: number): number {
    const used = Math.min(bytes, Math.max(1, -this.#paid));
    this.#paid += used;
    if (this.#paid >= 0) {
      this.#limiter.down.leave(this);
      this.onOpen?.();
    }
    return used;
  }
}
