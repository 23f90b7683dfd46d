// How many bytes of replies may still go to an address, to its network, and to all. An allowance that would be full by
// now is as good as a new one, so that is what is forgotten first when there are too many.
// Invariant: over any time t, what goes to one key stays below its burst + rate × t.

import { type IpFamily, toLatin1 } from '@shoal/base';
import {
  addressBurstBytes,
  addressBytesPerSecond,
  allBurstBytes,
  allBytesPerSecond,
  allowanceSweepMs,
  maxAllowances,
  prefixBurstBytes,
  prefixBytesPerSecond,
} from './bounds.ts';

interface Rate {
  readonly bytesPerMs: number;
  readonly burst: number;
}

const ofAddress: Rate = { bytesPerMs: addressBytesPerSecond / 1000, burst: addressBurstBytes };
const ofNetwork: Rate = { bytesPerMs: prefixBytesPerSecond / 1000, burst: prefixBurstBytes };
const ofAll: Rate = { bytesPerMs: allBytesPerSecond / 1000, burst: allBurstBytes };

class Allowance {
  readonly #rate: Rate;
  #bytes: number;
  #filledMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#bytes = rate.burst;
    this.#filledMs = nowMs;
  }

  has(bytes: number, nowMs: number): boolean {
    const { burst, bytesPerMs } = this.#rate;
    this.#bytes = Math.min(burst, this.#bytes + (nowMs - this.#filledMs) * bytesPerMs);
    this.#filledMs = nowMs;
    return this.#bytes >= bytes;
  }

  take(bytes: number): void {
    this.#bytes -= bytes;
  }

  isFull(nowMs: number): boolean {
    return this.has(this.#rate.burst, nowMs);
  }
}

export class Allowances {
  readonly #byKey = new Map<string, Allowance>();
  readonly #all: Allowance;
  #sweptMs: number;

  constructor(nowMs: number) {
    this.#all = new Allowance(ofAll, nowMs);
    this.#sweptMs = nowMs;
  }

  /** Takes the bytes everywhere, or nowhere. */
  take(address: string, network: string, bytes: number, nowMs: number): boolean {
    if (this.#byKey.size >= maxAllowances || nowMs - this.#sweptMs >= allowanceSweepMs) this.#forget(nowMs);
    const own = this.#of(address, ofAddress, nowMs);
    const shared = this.#of(network, ofNetwork, nowMs);
    if (!own.has(bytes, nowMs) || !shared.has(bytes, nowMs) || !this.#all.has(bytes, nowMs)) return false;
    own.take(bytes);
    shared.take(bytes);
    this.#all.take(bytes);
    return true;
  }

  #of(key: string, rate: Rate, nowMs: number): Allowance {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const made = new Allowance(rate, nowMs);
    this.#byKey.set(key, made);
    return made;
  }

  #forget(nowMs: number): void {
    this.#sweptMs = nowMs;
    for (const [key, allowance] of this.#byKey) if (allowance.isFull(nowMs)) this.#byKey.delete(key);
    // All of them in use at once: then it is the limit on all that holds.
    for (const key of this.#byKey.keys()) {
      if (this.#byKey.size <= maxAllowances / 2) return;
      this.#byKey.delete(key);
    }
  }
}

/** The keys under which an address (4 or 16 bytes) and its network (/24, /48) count. An IPv6 /64 is one address. */
export function countedAs(ip: Uint8Array): { readonly unit: string; readonly network: string } {
  const family: IpFamily = ip.length === 4 ? 4 : 6;
  const [own, shared] = family === 4 ? [4, 3] : [8, 6];
  return { unit: toLatin1(ip.subarray(0, own)), network: toLatin1(ip.subarray(0, shared)) };
}
