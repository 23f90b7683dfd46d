// The peers that others announced to us, by key, for one address family. Bounded per key, per address and in all;
// a full store gives up the key that was announced longest ago.

import { type Endpoint, type Hashing, type IpFamily, type Random, toLatin1 } from '@shoal/base';
import { maxEntriesPerAddress, maxPeers, maxSwarms, peerLifeMs } from './bounds.ts';
import { readEndpoint } from './codec/nodes.ts';
import type { ValueSource } from './codec/reply.ts';
import { idKey } from './node-id.ts';
import { type Blooms, SwarmPeers } from './swarm-peers.ts';

export class PeerStore {
  readonly #family: IpFamily;
  readonly #random: Random;
  /** In the order of their last announce. */
  readonly #swarms = new Map<string, SwarmPeers>();
  /** New entries by address since the counts were last cleared. */
  readonly #entries = new Map<string, number>();
  #clearedMs = 0;
  #peers = 0;

  constructor(family: IpFamily, random: Random) {
    this.#family = family;
    this.#random = random;
  }

  get swarmCount(): number {
    return this.#swarms.size;
  }

  /** Those that ran out may be counted until their key is touched. */
  get peerCount(): number {
    return this.#peers;
  }

  /** False when the address has announced too much already. */
  announce(infoHash: Uint8Array, place: Uint8Array, isSeed: boolean, nowMs: number): boolean {
    this.#clearCounts(nowMs);
    const address = toLatin1(this.#family === 4 ? place.subarray(0, 4) : place.subarray(0, 8));
    const entries = this.#entries.get(address) ?? 0;
    const key = idKey(infoHash);
    const known = this.#swarms.get(key);
    const swarm = known ?? new SwarmPeers(this.#family);
    const before = swarm.count;
    if (entries >= maxEntriesPerAddress) return false;
    const outcome = swarm.announce(place, isSeed, nowMs);
    this.#peers += swarm.count - before;
    if (outcome === 'refused') return false;
    if (outcome === 'new') this.#entries.set(address, entries + 1);
    this.#swarms.delete(key);
    this.#swarms.set(key, swarm);
    while (this.#swarms.size > maxSwarms || this.#peers > maxPeers) this.#dropOldest();
    return true;
  }

  values(infoHash: Uint8Array, nowMs: number): ValueSource | undefined {
    if (this.#swarms.size === 0) return undefined;
    const key = idKey(infoHash);
    const swarm = this.#swarms.get(key);
    if (swarm === undefined) return undefined;
    const before = swarm.count;
    const values = swarm.values(this.#random, nowMs);
    this.#peers += swarm.count - before;
    if (values === undefined) this.#swarms.delete(key);
    return values;
  }

  /** The same, for ourselves. */
  endpoints(infoHash: Uint8Array, nowMs: number): Endpoint[] {
    const values = this.values(infoHash, nowMs);
    if (values === undefined) return [];
    const { bytes, stride, count } = values;
    const size = this.#family === 4 ? 6 : 18;
    return Array.from({ length: count }, (_, i) =>
      readEndpoint(bytes.subarray((i + 1) * stride - size, (i + 1) * stride), this.#family),
    ).filter((endpoint) => endpoint !== undefined);
  }

  blooms(infoHash: Uint8Array, hashing: Hashing, nowMs: number): Blooms | undefined {
    return this.#swarms.get(idKey(infoHash))?.blooms(hashing, nowMs);
  }

  /** At most `limit` keys, at random (BEP 51). */
  sample(limit: number): Uint8Array {
    const keys = [...this.#swarms.keys()];
    const count = Math.min(limit, keys.length);
    const bytes = new Uint8Array(count * 20);
    for (let i = 0; i < count; i++) {
      const chosen = i + this.#random.below(keys.length - i);
      const key = keys[chosen] ?? '';
      keys[chosen] = keys[i] ?? '';
      for (let j = 0; j < 20; j++) bytes[i * 20 + j] = key.charCodeAt(j);
    }
    return bytes;
  }

  #dropOldest(): void {
    for (const [key, swarm] of this.#swarms) {
      this.#swarms.delete(key);
      this.#peers -= swarm.count;
      return;
    }
  }

  /** Entries live for one peer's life, and so do their counts. */
  #clearCounts(nowMs: number): void {
    if (nowMs - this.#clearedMs < peerLifeMs) return;
    this.#clearedMs = nowMs;
    this.#entries.clear();
    for (const [key, swarm] of this.#swarms) {
      if (nowMs - swarm.newestMs < peerLifeMs) break;
      this.#swarms.delete(key);
      this.#peers -= swarm.count;
    }
  }
}
