// Leases in memory: the default. Invariant: `#holders` names exactly the offers of the leases that stand, and the counts
// of keys and networks are those of the same leases.

import { equalBytes, type Random, toHex } from '@shoal/base';
import { parseOffers, readLease } from '@shoal/directory';
import { sweptAtOnce } from './bounds.ts';
import { HoldersOf } from './holders-of.ts';
import type {
  HeldLease,
  HeldWithOffers,
  Holder,
  LeaseLimits,
  LeasePut,
  LeaseStore,
  PutResult,
} from './lease-store.ts';

interface Entry {
  /** Undefined once it ended: only the sequence is remembered. */
  held: HeldWithOffers | undefined;
  sequence: number;
  forgetMs: number;
  digest: string;
}

/** What is written down, so that a restart finds it. */
export interface SavedLease extends Omit<HeldLease, 'lease'> {
  readonly lease: Uint8Array | undefined;
  readonly offers: Uint8Array | undefined;
  readonly digest: string;
}

/** Counts by name, of which those at zero are forgotten. */
class Counts {
  readonly #counts = new Map<string, number>();

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  add(name: string, change: number): void {
    const count = this.of(name) + change;
    if (count === 0) this.#counts.delete(name);
    else this.#counts.set(name, count);
  }
}

const keyDigits = 64;

export class MemoryLeases implements LeaseStore {
  readonly start: string;
  readonly ailment = undefined;
  readonly #random: Random;
  readonly #limits: LeaseLimits;
  readonly #entries = new Map<string, Entry>();
  readonly #holders = new Map<string, HoldersOf>();
  readonly #slotsOfKey = new Map<string, Set<string>>();
  readonly #ofNetwork = new Counts();
  readonly #offersOfNetwork = new Counts();
  /** Slots to be written down, since the last time. */
  readonly #changed = new Set<string>();
  #leases = 0;
  #offers = 0;

  constructor(options: { readonly start: string; readonly random: Random; readonly limits: LeaseLimits }) {
    this.start = options.start;
    this.#random = options.random;
    this.#limits = options.limits;
  }

  async peek(slot: string): Promise<{ sequence: number; lease: Uint8Array } | undefined> {
    const entry = this.#entries.get(slot);
    return entry && { sequence: entry.sequence, lease: entry.held?.lease ?? new Uint8Array(0) };
  }

  async put(put: LeasePut, nowMs: number): Promise<PutResult> {
    const { slot, sequence, from, addresses, digest } = put;
    const entry = this.#entries.get(slot);
    const before = entry?.held;
    const isSame =
      before !== undefined && sequence === before.sequence && equalBytes(before.lease, put.lease);
    if (entry !== undefined && !isSame && entry.sequence >= sequence)
      return { kind: 'old', sequence: entry.sequence };
    const offers = put.offers ?? (entry?.digest === digest ? before?.offers : undefined);
    if (offers === undefined) return { kind: 'offers-wanted' };
    const known = new Set([...(before?.confirmed ?? []), from]);
    const confirmed = addresses.filter((address) => known.has(address));
    // The same record again, from whoever has it, does not live longer for it.
    const untilMs = isSame ? before.untilMs : put.untilMs;
    const { lease, network } = put;
    const forgetMs = Math.max(put.forgetMs, entry?.forgetMs ?? nowMs);
    const stands = { slot, sequence, lease, network, offers, untilMs, forgetMs };
    const held = { ...stands, confirmed: [...new Set(confirmed)] };
    const tooMany = this.#tooMany(held, before, entry === undefined);
    if (tooMany !== undefined) return { kind: 'too-many', of: tooMany };
    if (before !== undefined) this.#takeOut(before);
    this.#enter({ held, sequence, digest, forgetMs });
    this.#changed.add(slot);
    return { kind: 'taken', untilMs };
  }

  async end(slot: string, sequence: number, forgetMs: number): Promise<number | undefined> {
    const entry = this.#entries.get(slot);
    // What was never here needs no memory: its record cannot be told from one that is made up.
    if (entry === undefined) return undefined;
    if (entry.sequence >= sequence) return entry.sequence;
    entry.sequence = sequence;
    entry.forgetMs = Math.max(entry.forgetMs, forgetMs);
    this.#drop(entry);
    this.#changed.add(slot);
    return undefined;
  }

  async ofKey(key: string, nowMs: number): Promise<HeldWithOffers[]> {
    const slots = [...(this.#slotsOfKey.get(key) ?? [])];
    return slots
      .map((slot) => this.#entries.get(slot)?.held)
      .filter((held) => held !== undefined)
      .filter(({ untilMs }) => untilMs > nowMs);
  }

  async page(after: string | undefined, most: number, nowMs: number) {
    const leases: HeldLease[] = [];
    let skipping = after !== undefined && this.#entries.has(after);
    let last: string | undefined;
    for (const [slot, { held }] of this.#entries) {
      if (skipping) {
        skipping = slot !== after;
        continue;
      }
      if (held === undefined || held.untilMs <= nowMs) continue;
      if (leases.length === most) return { leases, next: last };
      leases.push(held);
      last = slot;
    }
    return { leases, next: undefined };
  }

  async holders(infoHash: string, most: number, nowMs: number): Promise<Holder[]> {
    const holders = this.#holders.get(infoHash);
    if (holders === undefined) return [];
    const found: Holder[] = [];
    for (const [slot, have] of holders.from(this.#random.below(holders.size))) {
      const lease = this.#entries.get(slot)?.held;
      if (lease !== undefined && lease.untilMs > nowMs) found.push({ lease, have });
      if (found.length === most) break;
    }
    return found;
  }

  /** Whether a lease that was confirmed from this address names it. */
  isHeldFrom(infoHash: string, address: string): boolean {
    const slots = [...(this.#holders.get(infoHash)?.from(0) ?? [])];
    return slots.some(([slot]) => this.#entries.get(slot)?.held?.confirmed.includes(address) === true);
  }

  async count(infoHash: string): Promise<{ holders: number; complete: number }> {
    const holders = this.#holders.get(infoHash);
    return { holders: holders?.size ?? 0, complete: holders?.complete ?? 0 };
  }

  async thin(most: number): Promise<{ infoHash: string; holders: number; complete: number }[]> {
    const all = Array.from(this.#holders, ([infoHash, { size, complete }]) => ({
      infoHash,
      holders: size,
      complete,
    }));
    return all.sort((a, b) => a.complete - b.complete || a.holders - b.holders).slice(0, most);
  }

  async totals(): Promise<{ leases: number; offers: number }> {
    return { leases: this.#leases, offers: this.#offers };
  }

  async sweep(nowMs: number): Promise<void> {
    let swept = 0;
    for (const [slot, entry] of this.#entries) {
      if (entry.held !== undefined && entry.held.untilMs <= nowMs) {
        this.#drop(entry);
        this.#changed.add(slot);
        swept++;
      }
      if (entry.held === undefined && entry.forgetMs <= nowMs) {
        this.#entries.delete(slot);
        this.#changed.add(slot);
      }
      if (swept === sweptAtOnce) return;
    }
  }

  async close(): Promise<void> {}

  /** Slots that changed since the last time, and what is in them now; undefined for nothing. */
  takeChanged(most: number): (readonly [slot: string, saved: SavedLease | undefined])[] {
    const taken: (readonly [string, SavedLease | undefined])[] = [];
    for (const slot of this.#changed) {
      if (taken.length === most) break;
      this.#changed.delete(slot);
      taken.push([slot, this.#saved(slot)]);
    }
    return taken;
  }

  /** They could not be written: next time. */
  giveBack(slots: Iterable<string>): void {
    for (const slot of slots) this.#changed.add(slot);
  }

  /** What an earlier run wrote down. Throws DirectoryError or IdentityError for what it cannot have written. */
  load(saved: SavedLease, nowMs: number): void {
    const { slot, sequence, digest, forgetMs, lease, offers } = saved;
    if (forgetMs <= nowMs || this.#entries.has(slot)) return;
    const isAlive = lease !== undefined && offers !== undefined && saved.untilMs > nowMs;
    if (isAlive) {
      readLease(lease);
      parseOffers(offers);
    }
    const held = isAlive ? { ...saved, lease, offers } : undefined;
    if (held !== undefined && this.#tooMany(held, undefined, true) !== undefined) return;
    this.#enter({ held, sequence, digest, forgetMs }, slot);
  }

  #saved(slot: string): SavedLease | undefined {
    const entry = this.#entries.get(slot);
    if (entry === undefined) return undefined;
    const { held, sequence, digest, forgetMs } = entry;
    if (held !== undefined) return { ...held, digest, forgetMs };
    const nothing = { lease: undefined, offers: undefined, confirmed: [], network: '', untilMs: 0 };
    return { slot, sequence, digest, forgetMs, ...nothing };
  }

  #tooMany(
    held: HeldWithOffers,
    before: HeldWithOffers | undefined,
    isNew: boolean,
  ): 'key' | 'network' | 'index' | undefined {
    const { leasesOfKey, leasesOfNetwork, offersOfNetwork, leases, offers } = this.#limits;
    const added = countOffers(held) - (before === undefined ? 0 : countOffers(before));
    const isOther = before?.network !== held.network;
    const moved = isOther ? countOffers(held) : added;
    if (before === undefined && this.#countOfKey(held) >= leasesOfKey) return 'key';
    if (isOther && this.#ofNetwork.of(held.network) >= leasesOfNetwork) return 'network';
    if (moved > 0 && this.#offersOfNetwork.of(held.network) + moved > offersOfNetwork) return 'network';
    if (isNew && this.#entries.size >= leases) return 'index';
    return added > 0 && this.#offers + added > offers ? 'index' : undefined;
  }

  #enter(entry: Entry, slot = entry.held?.slot ?? ''): void {
    this.#entries.set(slot, entry);
    const { held } = entry;
    if (held === undefined) return;
    this.#count(held, 1);
    for (const { infoHash, have } of parseOffers(held.offers)) {
      const name = toHex(infoHash);
      const share = Math.round(have * 0xffff);
      const holders = this.#holders.get(name);
      if (holders === undefined) this.#holders.set(name, new HoldersOf(slot, share));
      else holders.set(slot, share);
    }
  }

  #drop(entry: Entry): void {
    if (entry.held !== undefined) this.#takeOut(entry.held);
    entry.held = undefined;
    entry.digest = '';
  }

  #takeOut(held: HeldWithOffers): void {
    this.#count(held, -1);
    for (const { infoHash } of parseOffers(held.offers)) {
      const name = toHex(infoHash);
      const holders = this.#holders.get(name);
      holders?.delete(held.slot);
      if (holders?.size === 0) this.#holders.delete(name);
    }
  }

  #countOfKey({ slot }: HeldLease): number {
    return this.#slotsOfKey.get(keyOf(slot))?.size ?? 0;
  }

  #countKey(slot: string, sign: 1 | -1): void {
    const key = keyOf(slot);
    const slots = this.#slotsOfKey.get(key) ?? new Set();
    if (sign === 1) slots.add(slot);
    else slots.delete(slot);
    if (slots.size === 0) this.#slotsOfKey.delete(key);
    else this.#slotsOfKey.set(key, slots);
  }

  #count(held: HeldWithOffers, sign: 1 | -1): void {
    const offers = sign * countOffers(held);
    this.#leases += sign;
    this.#offers += offers;
    this.#countKey(held.slot, sign);
    this.#ofNetwork.add(held.network, sign);
    this.#offersOfNetwork.add(held.network, offers);
  }
}

function countOffers({ offers }: HeldWithOffers): number {
  return offers.length / 22;
}

function keyOf(slot: string): string {
  return slot.slice(0, keyDigits);
}
