// All swarms: who is in each, whom to tell about whom, and who has run out. Pure state; time is given as ticks.
// Invariants: a seed or partial seed is only told of those who download; nobody is told of itself; addresses of a
// narrower network are not given to a wider one.

import type { Random } from '@shoal/base';
import { type Group, group, PeerStore } from './peer-store.ts';
import { row, SwarmTable } from './swarm-table.ts';

export { type Group, group } from './peer-store.ts';

export interface SwarmsOptions {
  readonly mostSwarms: number;
  /** Of each family. */
  readonly mostPeers: number;
  /** A peer that was not heard of for more ticks than this is gone. */
  readonly lifeTicks: number;
  /** A swarm that was completed once is remembered this long without a peer. */
  readonly memoryTicks: number;
}

/** From which kind of network somebody asks: whoever is told of a peer stands at least as near. */
export const reach = { public: 0, private: 1, loopback: 2 } as const;

export class Swarms {
  readonly table: SwarmTable;
  readonly peers4: PeerStore;
  readonly peers6: PeerStore;
  readonly #options: SwarmsOptions;
  /** xorshift: whom we name is no secret, only fair. */
  #state: number;
  #swept = 0;

  constructor(random: Random, options: SwarmsOptions) {
    this.#options = options;
    this.table = new SwarmTable(random, options.mostSwarms);
    this.peers4 = new PeerStore(4, this.table, random, options.mostPeers);
    this.peers6 = new PeerStore(6, this.table, random, options.mostPeers);
    this.#state = random.below(2 ** 32) | 1;
  }

  store(family: 4 | 6): PeerStore {
    return family === 4 ? this.peers4 : this.peers6;
  }

  seeds(swarm: number): number {
    return this.peers4.seeds(swarm) + this.peers6.seeds(swarm);
  }

  /** All but the seeds: BEP 48 counts partial seeds among the incomplete. */
  leechers(swarm: number): number {
    return this.peers4.all(swarm) + this.peers6.all(swarm) - this.seeds(swarm);
  }

  /** Those who download (BEP 21). */
  downloaders(swarm: number): number {
    const { peers4, peers6 } = this;
    return peers4.all(swarm) - peers4.givers(swarm) + peers6.all(swarm) - peers6.givers(swarm);
  }

  downloads(swarm: number): number {
    return this.table.rows[swarm * row.words + row.downloads] ?? 0;
  }

  addDownloads(swarm: number, count: number): void {
    const at = swarm * row.words + row.downloads;
    this.table.rows[at] = Math.min(0x7fff_ffff, (this.table.rows[at] ?? 0) + count);
  }

  /** Takes a peer out, and its swarm when nothing of it is worth remembering. */
  remove(store: PeerStore, slot: number, tick: number): void {
    const swarm = store.swarmOf(slot);
    store.remove(slot);
    this.dropIfEmpty(swarm, tick);
  }

  dropIfEmpty(swarm: number, tick: number): void {
    if (this.peers4.all(swarm) + this.peers6.all(swarm) > 0) return;
    if (this.downloads(swarm) === 0) this.table.remove(swarm);
    else this.table.rows[swarm * row.words + row.emptySince] = tick;
  }

  /**
   * Slots of up to `into.length` peers for one who asks, in no order that could be foreseen. Those who download get
   * those who give for half of the places and more where there are no others; those who give get those who download.
   */
  pick(
    store: PeerStore,
    swarm: number,
    asking: { readonly group: Group; readonly slot: number; readonly reach: number },
    into: Int32Array,
    wanted: number,
  ): number {
    const start = store.start(swarm);
    const givers = store.givers(swarm);
    const end = store.all(swarm);
    const most = Math.min(wanted, into.length);
    if (asking.group !== group.downloader)
      return this.#draw(store, start + givers, end - givers, asking, into, 0, most);
    const others = end - givers;
    const fromGivers = Math.max(most - others, most - (most >> 1));
    const count = this.#draw(store, start, givers, asking, into, 0, Math.min(most, fromGivers));
    return this.#draw(store, start + givers, others, asking, into, count, most);
  }

  /** Fills `into` from `count` up to `most` with slots out of a run, each at most once, each as likely as the others. */
  #draw(
    store: PeerStore,
    start: number,
    length: number,
    asking: { readonly slot: number; readonly reach: number },
    into: Int32Array,
    count: number,
    most: number,
  ): number {
    const wanted = most - count;
    if (wanted <= 0 || length === 0) return count;
    let at = count;
    // From a random place on, one out of each of `parts` parts of the ring; all of it when it is that short.
    const turn = this.#below(length);
    const parts = Math.min(length, wanted + 1);
    for (let part = 0; part < parts && at < most; part++) {
      const from = Math.floor((part * length) / parts);
      const to = Math.floor(((part + 1) * length) / parts);
      let place = turn + from + (to - from > 1 ? this.#below(to - from) : 0);
      if (place >= length) place -= length;
      const slot = start + place;
      if (slot === asking.slot || store.scopeOf(slot) > asking.reach) continue;
      into[at++] = slot;
    }
    return at;
  }

  #below(bound: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return Math.floor(((state >>> 0) / 0x1_0000_0000) * bound);
  }

  /** Looks through a part of all swarms, `1 / parts` of them, and drops those whose time has run out. */
  sweep(tick: number, parts: number): number {
    const { limit } = this.table;
    const end = Math.min(limit, this.#swept + Math.ceil(limit / parts));
    let dropped = 0;
    for (let swarm = this.#swept; swarm < end; swarm++) {
      if (!this.table.isUsed(swarm)) continue;
      const gone = this.#sweepPeers(this.peers4, swarm, tick) + this.#sweepPeers(this.peers6, swarm, tick);
      dropped += gone;
      if (gone > 0) this.dropIfEmpty(swarm, tick);
      else if (this.peers4.all(swarm) + this.peers6.all(swarm) === 0) {
        const emptySince = this.table.rows[swarm * row.words + row.emptySince] ?? 0;
        if (tick - emptySince > this.#options.memoryTicks) this.table.remove(swarm);
      }
    }
    this.#swept = end === limit ? 0 : end;
    return dropped;
  }

  /** From the last to the first: whoever takes the place of one that goes was looked at already. */
  #sweepPeers(store: PeerStore, swarm: number, tick: number): number {
    let dropped = 0;
    for (let place = store.all(swarm) - 1; place >= 0; place--) {
      const slot = store.start(swarm) + place;
      if (store.ageOf(slot, tick) <= this.#options.lifeTicks) continue;
      store.remove(slot);
      dropped++;
    }
    return dropped;
  }
}
