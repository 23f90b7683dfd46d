// The peers of one address family: of each swarm a block of slots side by side, seeds first, then partial seeds, then
// those who download. No object for a peer; a table finds a slot by swarm and endpoint.
// Invariants: the slots of a swarm are start … start + all - 1; every slot in use has exactly one entry in the table.

import type { Random } from '@shoal/base';
import { KeyedHash, wordAt } from './keyed-hash.ts';
import { PeerIndex } from './peer-index.ts';
import { row, type SwarmTable } from './swarm-table.ts';

/** What a peer is to the others. */
export const group = { seed: 0, partial: 1, downloader: 2 } as const;
export type Group = (typeof group)[keyof typeof group];

/** Words of `facts` that each slot has. */
const fact = { words: 3, swarm: 0, left: 1, seen: 2 } as const;
/** Bits of `seen`: a tick, and from which kind of network the peer is. */
const tickMask = 0xffff;
const scopeShift = 16;

/** Slots of a block, by its size: 1, 2, 3, 4, 6, 8, 12, … */
function slotsOf(size: number): number {
  return size < 2 ? size + 1 : (size & 1) === 0 ? 3 << ((size >> 1) - 1) : 2 << (size >> 1);
}

const firstSlots = 1024;
const mostSizes = 64;

export class PeerStore {
  readonly endpointBytes: 6 | 18;
  /** Compact, as they go out. */
  endpoints: Uint8Array;
  peerIds: Uint8Array;
  readonly #swarms: SwarmTable;
  /** Where a swarm's row holds what belongs to this store. */
  readonly #at: number;
  readonly #sizeShift: number;
  readonly #hash: KeyedHash;
  readonly #index = new PeerIndex();
  readonly #mostPeers: number;
  #facts: Int32Array;
  #slots = firstSlots;
  /** Slots from here on were never used. */
  #top = 0;
  readonly #freeBlocks = new Int32Array(mostSizes).fill(-1);
  #count = 0;

  constructor(family: 4 | 6, swarms: SwarmTable, random: Random, mostPeers: number) {
    this.endpointBytes = family === 4 ? 6 : 18;
    this.#swarms = swarms;
    this.#at = family === 4 ? row.family4 : row.family6;
    this.#sizeShift = family === 4 ? 0 : 8;
    this.#hash = new KeyedHash(random);
    this.#mostPeers = mostPeers;
    this.endpoints = new Uint8Array(this.endpointBytes * firstSlots);
    this.peerIds = new Uint8Array(20 * firstSlots);
    this.#facts = new Int32Array(fact.words * firstSlots);
  }

  get size(): number {
    return this.#count;
  }

  /** Slots are numbers below this. */
  get limit(): number {
    return this.#top;
  }

  start(swarm: number): number {
    return this.#swarms.rows[swarm * row.words + this.#at] ?? 0;
  }

  seeds(swarm: number): number {
    return this.#swarms.rows[swarm * row.words + this.#at + 1] ?? 0;
  }

  /** Seeds and partial seeds: those who want nothing. */
  givers(swarm: number): number {
    return this.#swarms.rows[swarm * row.words + this.#at + 2] ?? 0;
  }

  all(swarm: number): number {
    return this.#swarms.rows[swarm * row.words + this.#at + 3] ?? 0;
  }

  /** -1 when it is not there. */
  find(swarm: number, bytes: Uint8Array, at: number): number {
    const index = this.#index;
    const hash = this.#hashOf(swarm, bytes, at);
    for (let place = index.first(hash); ; place = index.next(place)) {
      const slot = index.slotAt(place);
      if (slot < 0) return -1;
      if (index.hashAt(place) === hash && this.#isPeer(slot, swarm, bytes, at)) return slot;
    }
  }

  /** As the last member of the swarm, whatever its group. -1 when there are too many. */
  add(swarm: number, bytes: Uint8Array, at: number, wanted: Group): number {
    if (this.#count >= this.#mostPeers) return -1;
    const base = swarm * row.words + this.#at;
    const all = this.all(swarm);
    if (all === 0) this.#takeBlock(swarm, 0);
    else if (all === slotsOf(this.#sizeOf(swarm))) this.#moveTo(swarm, this.#sizeOf(swarm) + 1);
    const slot = this.start(swarm) + all;
    for (let i = 0; i < this.endpointBytes; i++)
      this.endpoints[slot * this.endpointBytes + i] = bytes[at + i] ?? 0;
    this.#facts[slot * fact.words + fact.swarm] = swarm;
    this.#index.add(this.#hashOf(swarm, bytes, at), slot);
    this.#swarms.rows[base + 3] = all + 1;
    this.#count++;
    return this.regroup(slot, wanted);
  }

  remove(found: number): void {
    const swarm = this.swarmOf(found);
    const slot = this.regroup(found, group.downloader);
    const base = swarm * row.words + this.#at;
    const all = this.all(swarm) - 1;
    const last = this.start(swarm) + all;
    this.#swap(slot, last);
    this.#index.remove(this.#hashOfSlot(last), last);
    this.#facts[last * fact.words + fact.swarm] = -1;
    this.#swarms.rows[base + 3] = all;
    this.#count--;
    const size = this.#sizeOf(swarm);
    if (all === 0) this.#giveBlock(this.start(swarm), size);
    else if (size >= 4 && 4 * all <= slotsOf(size)) this.#moveTo(swarm, size - 2);
  }

  /** Answers where it is now. */
  regroup(found: number, wanted: Group): number {
    const swarm = this.swarmOf(found);
    const base = swarm * row.words + this.#at;
    const { rows } = this.#swarms;
    const start = this.start(swarm);
    let slot = found;
    let now = this.groupOf(slot);
    // Over one border after the other: whoever stands at the border changes places with it.
    for (; now > wanted; now--) {
      const border = now === group.downloader ? this.givers(swarm) : this.seeds(swarm);
      this.#swap(slot, start + border);
      slot = start + border;
      rows[base + (now === group.downloader ? 2 : 1)] = border + 1;
    }
    for (; now < wanted; now++) {
      const border = (now === group.seed ? this.seeds(swarm) : this.givers(swarm)) - 1;
      this.#swap(slot, start + border);
      slot = start + border;
      rows[base + (now === group.seed ? 1 : 2)] = border;
    }
    return slot;
  }

  /** -1 for a slot that nobody has. */
  swarmOf(slot: number): number {
    return Math.max(-1, this.#facts[slot * fact.words + fact.swarm] ?? -1);
  }

  groupOf(slot: number): Group {
    const swarm = this.swarmOf(slot);
    const place = slot - this.start(swarm);
    return place < this.seeds(swarm)
      ? group.seed
      : place < this.givers(swarm)
        ? group.partial
        : group.downloader;
  }

  setPeerId(slot: number, bytes: Uint8Array, at: number): void {
    for (let i = 0; i < 20; i++) this.peerIds[slot * 20 + i] = bytes[at + i] ?? 0;
  }

  note(slot: number, tick: number, scope: number, left: number): void {
    this.#facts[slot * fact.words + fact.left] = left;
    this.#facts[slot * fact.words + fact.seen] = (tick & tickMask) | (scope << scopeShift);
  }

  /** In blocks of 16 KiB, rounded up; -1 where it is not known. */
  leftOf(slot: number): number {
    return this.#facts[slot * fact.words + fact.left] ?? 0;
  }

  scopeOf(slot: number): number {
    return (this.#facts[slot * fact.words + fact.seen] ?? 0) >>> scopeShift;
  }

  /** Ticks since it was last heard of. */
  ageOf(slot: number, tick: number): number {
    return (tick - (this.#facts[slot * fact.words + fact.seen] ?? 0)) & tickMask;
  }

  #isPeer(slot: number, swarm: number, bytes: Uint8Array, at: number): boolean {
    if (this.#facts[slot * fact.words + fact.swarm] !== swarm) return false;
    const start = slot * this.endpointBytes;
    for (let i = 0; i < this.endpointBytes; i++)
      if (this.endpoints[start + i] !== bytes[at + i]) return false;
    return true;
  }

  #hashOf(swarm: number, bytes: Uint8Array, at: number): number {
    const hash = this.#hash;
    const end = at + this.endpointBytes;
    hash.begin();
    hash.word(swarm);
    let next = at;
    for (; next + 4 <= end; next += 4) hash.word(wordAt(bytes, next));
    hash.word((bytes[next] ?? 0) | ((bytes[next + 1] ?? 0) << 8));
    return hash.end();
  }

  #hashOfSlot(slot: number): number {
    return this.#hashOf(this.swarmOf(slot), this.endpoints, slot * this.endpointBytes);
  }

  #swap(a: number, b: number): void {
    if (a === b) return;
    this.#index.swap(this.#hashOfSlot(a), a, this.#hashOfSlot(b), b);
    swapRuns(this.endpoints, a, b, this.endpointBytes);
    swapRuns(this.peerIds, a, b, 20);
    swapRuns(this.#facts, a, b, fact.words);
  }

  #sizeOf(swarm: number): number {
    return ((this.#swarms.rows[swarm * row.words + row.sizes] ?? 0) >>> this.#sizeShift) & 0xff;
  }

  #takeBlock(swarm: number, size: number): void {
    const { rows } = this.#swarms;
    const base = swarm * row.words;
    rows[base + this.#at] = this.#freeBlock(size);
    rows[base + row.sizes] =
      ((rows[base + row.sizes] ?? 0) & ~(0xff << this.#sizeShift)) | (size << this.#sizeShift);
  }

  #moveTo(swarm: number, size: number): void {
    const all = this.all(swarm);
    const from = this.start(swarm);
    const oldSize = this.#sizeOf(swarm);
    this.#takeBlock(swarm, size);
    const to = this.start(swarm);
    for (let i = 0; i < all; i++) this.#index.move(this.#hashOfSlot(from + i), from + i, to + i);
    copyRuns(this.endpoints, from, to, all, this.endpointBytes);
    copyRuns(this.peerIds, from, to, all, 20);
    copyRuns(this.#facts, from, to, all, fact.words);
    this.#giveBlock(from, oldSize);
  }

  #freeBlock(size: number): number {
    const free = this.#freeBlocks[size] ?? -1;
    if (free >= 0) {
      // The next free block of this size stands where the swarm would: -2 is none, -3 is block 0, and so on.
      this.#freeBlocks[size] = -3 - (this.#facts[free * fact.words + fact.swarm] ?? -2);
      this.#facts[free * fact.words + fact.swarm] = -1;
      return free;
    }
    const start = this.#top;
    this.#top += slotsOf(size);
    if (this.#top > this.#slots) this.#grow();
    for (let slot = start; slot < this.#top; slot++) this.#facts[slot * fact.words + fact.swarm] = -1;
    return start;
  }

  #giveBlock(start: number, size: number): void {
    for (let slot = start; slot < start + slotsOf(size); slot++)
      this.#facts[slot * fact.words + fact.swarm] = -1;
    this.#facts[start * fact.words + fact.swarm] = -3 - (this.#freeBlocks[size] ?? -1);
    this.#freeBlocks[size] = start;
  }

  #grow(): void {
    this.#slots = Math.max(this.#top, Math.ceil(1.5 * this.#slots));
    this.endpoints = grown(this.endpoints, new Uint8Array(this.endpointBytes * this.#slots));
    this.peerIds = grown(this.peerIds, new Uint8Array(20 * this.#slots));
    this.#facts = grown(this.#facts, new Int32Array(fact.words * this.#slots));
  }
}

type Numbers = Uint8Array | Int32Array;

function grown<Kind extends Numbers>(old: Kind, larger: Kind): Kind {
  larger.set(old);
  return larger;
}

function swapRuns(numbers: Numbers, a: number, b: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const kept = numbers[a * length + i] ?? 0;
    numbers[a * length + i] = numbers[b * length + i] ?? 0;
    numbers[b * length + i] = kept;
  }
}

function copyRuns(numbers: Numbers, from: number, to: number, count: number, length: number): void {
  numbers.copyWithin(to * length, from * length, (from + count) * length);
}
