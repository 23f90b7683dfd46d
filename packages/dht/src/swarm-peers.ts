// The peers announced under one key. They lie encoded as replies carry them ("6:" and six bytes), one after the
// other, so that a reply is one copy. Invariant: an endpoint stands here once, and no longer than its life.

import type { Hashing, IpFamily, Random } from '@shoal/base';
import { maxPeersPerSwarm, maxPortsPerAddress, maxValuesInReply, peerLifeMs } from './bounds.ts';
import { addToBloom, bloomBytes } from './codec/bloom.ts';
import type { ValueSource } from './codec/reply.ts';

export interface Blooms {
  readonly seeds: Uint8Array;
  readonly peers: Uint8Array;
}

export class SwarmPeers {
  readonly #prefix: Uint8Array;
  readonly #stride: number;
  #bytes: Uint8Array;
  #announcedMs: number[] = [];
  #isSeed: boolean[] = [];
  #oldestMs = Infinity;
  #blooms: Blooms | undefined;

  constructor(family: IpFamily) {
    this.#prefix = family === 4 ? Uint8Array.of(0x36, 0x3a) : Uint8Array.of(0x31, 0x38, 0x3a);
    this.#stride = this.#prefix.length + (family === 4 ? 6 : 18);
    this.#bytes = new Uint8Array(this.#stride * 4);
  }

  get count(): number {
    return this.#announcedMs.length;
  }

  get newestMs(): number {
    return Math.max(...this.#announcedMs);
  }

  /** `place` is an address and a port, 6 or 18 bytes. Full, the peer that was announced longest ago makes room. */
  announce(place: Uint8Array, isSeed: boolean, nowMs: number): 'new' | 'renewed' | 'refused' {
    this.#expire(nowMs);
    let sameAddress = 0;
    for (let i = 0; i < this.count; i++) {
      const shared = this.#sharedLength(i, place);
      if (shared === place.length) {
        this.#announcedMs[i] = nowMs;
        if (this.#isSeed[i] !== isSeed) this.#blooms = undefined;
        this.#isSeed[i] = isSeed;
        return 'renewed';
      }
      if (shared >= place.length - 2) sameAddress++;
    }
    if (sameAddress >= maxPortsPerAddress) return 'refused';
    if (this.count >= maxPeersPerSwarm) {
      this.#remove(this.#oldest());
      this.#write(this.count, place, isSeed, nowMs);
      return 'renewed';
    }
    this.#write(this.count, place, isSeed, nowMs);
    return 'new';
  }

  /** What a reply carries, from a random place on; undefined when there is nobody. */
  values(random: Random, nowMs: number): ValueSource | undefined {
    this.#expire(nowMs);
    const { count } = this;
    if (count === 0) return undefined;
    // All of them go out in any order; only a choice needs the dice.
    const start = count > maxValuesInReply ? random.below(count) : 0;
    return { bytes: this.#bytes, stride: this.#stride, count, start, most: maxValuesInReply };
  }

  /** BEP 33. */
  blooms(hashing: Hashing, nowMs: number): Blooms {
    this.#expire(nowMs);
    if (this.#blooms !== undefined) return this.#blooms;
    const blooms = { seeds: new Uint8Array(bloomBytes), peers: new Uint8Array(bloomBytes) };
    for (let i = 0; i < this.count; i++) {
      const start = i * this.#stride + this.#prefix.length;
      const ip = this.#bytes.slice(start, (i + 1) * this.#stride - 2);
      addToBloom(hashing, this.#isSeed[i] ? blooms.seeds : blooms.peers, ip);
    }
    this.#blooms = blooms;
    return blooms;
  }

  /** Forgets who was not announced again; how many that were. */
  #expire(nowMs: number): void {
    if (nowMs - this.#oldestMs < peerLifeMs) return;
    for (let i = this.count - 1; i >= 0; i--)
      if (nowMs - (this.#announcedMs[i] ?? 0) >= peerLifeMs) this.#remove(i);
    this.#oldestMs = this.count === 0 ? Infinity : Math.min(...this.#announcedMs);
  }

  #write(i: number, place: Uint8Array, isSeed: boolean, nowMs: number): void {
    const start = i * this.#stride;
    if (start + this.#stride > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(this.#prefix, start);
    this.#bytes.set(place, start + this.#prefix.length);
    this.#announcedMs[i] = nowMs;
    this.#isSeed[i] = isSeed;
    this.#oldestMs = Math.min(this.#oldestMs, nowMs);
    this.#blooms = undefined;
  }

  /** The last one takes the place. */
  #remove(i: number): void {
    const last = this.count - 1;
    this.#bytes.copyWithin(i * this.#stride, last * this.#stride, (last + 1) * this.#stride);
    this.#announcedMs[i] = this.#announcedMs[last] ?? 0;
    this.#isSeed[i] = this.#isSeed[last] ?? false;
    this.#announcedMs.pop();
    this.#isSeed.pop();
    this.#blooms = undefined;
  }

  #oldest(): number {
    let oldest = 0;
    for (let i = 1; i < this.count; i++)
      if ((this.#announcedMs[i] ?? 0) < (this.#announcedMs[oldest] ?? 0)) oldest = i;
    return oldest;
  }

  #sharedLength(i: number, place: Uint8Array): number {
    const start = i * this.#stride + this.#prefix.length;
    let length = 0;
    while (length < place.length && this.#bytes[start + length] === place[length]) length++;
    return length;
  }
}
