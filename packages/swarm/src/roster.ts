// The addresses we know for one transfer: whom to dial next, when to try again, and who is banned.
// Invariants: an address stands here once; of one host there are few that nobody but peers names; one that is connected, being dialled, banned or waiting is never next.

import type { PeerAddress, Random } from '@shoal/base';
import { hostOf } from '@shoal/transport';
import * as bound from './bounds.ts';
import type { Leave } from './errors.ts';

/** Where we heard of it, best first: whom to forget first when there are too many. */
export type PeerSource = (typeof sources)[number];
const sources = ['given', 'lan', 'tracker', 'index', 'dht', 'exchange', 'incoming'] as const;

export interface KnownPeer {
  readonly address: PeerAddress;
  readonly source: PeerSource;
  state: 'idle' | 'dialling' | 'connected';
  failures: number;
  /** Not dialled before; Infinity for one that cannot be dialled. */
  nextMs: number;
  ban: Leave | undefined;
}

/** Beyond this the wait is the longest anyway. */
const mostDoublings = 10;

export class Roster {
  readonly #known = new Map<string, KnownPeer>();
  readonly #bannedHosts = new Map<string, Leave>();
  /** How many addresses of a host we have from peers alone. */
  readonly #named = new Map<string, number>();
  readonly #random: Random;
  readonly #priorityOf: (address: PeerAddress) => number;
  #wokenMs = Number.NEGATIVE_INFINITY;

  /** `priorityOf`: BEP 40, higher first. */
  constructor(random: Random, priorityOf: (address: PeerAddress) => number) {
    this.#random = random;
    this.#priorityOf = priorityOf;
  }

  get size(): number {
    return this.#known.size;
  }

  get(address: PeerAddress): KnownPeer | undefined {
    return this.#known.get(keyOf(address));
  }

  /** Undefined when there are too many, or its host is banned. */
  add(address: PeerAddress, source: PeerSource, nowMs: number): KnownPeer | undefined {
    const key = keyOf(address);
    const before = this.#known.get(key);
    if (before !== undefined) {
      // Whoever names it anew believes that it is there.
      if (source === 'given' && before.state === 'idle') before.nextMs = Math.min(before.nextMs, nowMs);
      return before;
    }
    if (source === 'exchange' && (this.#named.get(banKey(address)) ?? 0) >= bound.mostNamedOfHost)
      return undefined;
    if (this.#known.size >= bound.mostAddresses && !this.#forgetOne()) return undefined;
    const known: KnownPeer = { address, source, state: 'idle', failures: 0, nextMs: nowMs, ban: undefined };
    this.#remember(known);
    return known;
  }

  #remember(known: KnownPeer): void {
    const key = keyOf(known.address);
    if (this.#known.has(key)) return;
    this.#known.set(key, known);
    if (known.source !== 'exchange') return;
    const host = banKey(known.address);
    this.#named.set(host, (this.#named.get(host) ?? 0) + 1);
  }

  #forget(known: KnownPeer): void {
    if (!this.#known.delete(keyOf(known.address)) || known.source !== 'exchange') return;
    const host = banKey(known.address);
    const left = (this.#named.get(host) ?? 0) - 1;
    if (left > 0) this.#named.set(host, left);
    else this.#named.delete(host);
  }

  /** One that dialled us. It is remembered for as long as it is connected, or banned. */
  accept(address: PeerAddress, nowMs: number): KnownPeer {
    const known = this.get(address) ?? this.add(address, 'incoming', nowMs);
    if (known === undefined) {
      // More than we can remember: an entry of its own, outside the list.
      return { address, source: 'incoming', state: 'idle', failures: 0, nextMs: nowMs, ban: undefined };
    }
    // Where it dialled from is not where it listens.
    if (known.source === 'incoming') known.nextMs = Number.POSITIVE_INFINITY;
    return known;
  }

  /** Addresses to dial now, at most `count`: of the best source, of those the highest priority. */
  next(nowMs: number, count: number): KnownPeer[] {
    const ready: KnownPeer[] = [];
    for (const known of this.#known.values()) {
      if (known.state === 'idle' && known.ban === undefined && known.nextMs <= nowMs) ready.push(known);
    }
    if (ready.length <= count) return ready;
    // Peers can name addresses by the thousand: they come after those of better sources.
    const order = ready.map((known) => ({
      known,
      source: sources.indexOf(known.source),
      priority: this.#priorityOf(known.address),
    }));
    order.sort((a, b) => a.source - b.source || b.priority - a.priority);
    return order.slice(0, count).map(({ known }) => known);
  }

  /** There is one that is being dialled, or will be now or later. */
  get hasDialable(): boolean {
    for (const known of this.#known.values())
      if (known.state !== 'connected' && known.ban === undefined && known.nextMs < Number.POSITIVE_INFINITY)
        return true;
    return false;
  }

  /** There is more to fetch than before: those that had nothing for us may have now. */
  wake(nowMs: number): void {
    this.#wokenMs = nowMs;
    for (const known of this.#known.values())
      if (known.nextMs < Number.POSITIVE_INFINITY) known.nextMs = Math.min(known.nextMs, nowMs);
  }

  /** A connection of that time ended: the peer cannot have known yet that there is more to fetch, and is next. */
  crossed(known: KnownPeer, connectedAtMs: number, nowMs: number): boolean {
    const hasCrossed = connectedAtMs < this.#wokenMs && nowMs - this.#wokenMs < bound.crossingMs;
    if (hasCrossed && known.nextMs < Number.POSITIVE_INFINITY) known.nextMs = nowMs;
    return hasCrossed;
  }

  /** The connection ended, or never began. Tried again later, each time after twice as long. */
  ended(known: KnownPeer, nowMs: number, wasUseful: boolean, isPointless = false): void {
    known.state = 'idle';
    if (known.source === 'incoming' && known.ban === undefined) {
      this.#forget(known);
      return;
    }
    known.failures = wasUseful ? 1 : known.failures + 1;
    if (known.failures > bound.mostFailures && known.source !== 'given') {
      this.#forget(known);
      return;
    }
    if (isPointless) known.failures = mostDoublings;
    const firstMs = known.source === 'given' ? bound.firstRetryOfGivenMs : bound.firstRetryMs;
    const waitMs = Math.min(firstMs * 2 ** Math.min(known.failures - 1, mostDoublings), bound.longestRetryMs);
    // Spread by a quarter, so that two sides that missed each other do not go on to do so.
    const delayMs = waitMs * (0.75 + this.#random.below(1000) / 2000);
    if (known.nextMs !== Number.POSITIVE_INFINITY) known.nextMs = nowMs + delayMs;
  }

  /** A liar is banned as a host, not only with the port it happens to dial from. */
  ban(known: KnownPeer, reason: Leave): void {
    known.ban = reason;
    this.#remember(known);
    const host = banKey(known.address);
    for (const other of this.#known.values())
      if (banKey(other.address) === host) other.nextMs = Number.POSITIVE_INFINITY;
    this.#bannedHosts.set(host, reason);
    if (this.#bannedHosts.size > bound.mostBans) this.#forgetOldestBan();
  }

  banned(address: PeerAddress): Leave | undefined {
    return this.#known.get(keyOf(address))?.ban ?? this.#bannedHosts.get(banKey(address));
  }

  get bans(): { address: PeerAddress; reason: Leave }[] {
    return [...this.#known.values()].flatMap(({ address, ban }) =>
      ban === undefined ? [] : [{ address, reason: ban }],
    );
  }

  [Symbol.iterator](): IterableIterator<KnownPeer> {
    return this.#known.values();
  }

  #forgetOldestBan(): void {
    const [host] = this.#bannedHosts.keys();
    if (host === undefined) return;
    this.#bannedHosts.delete(host);
    for (const known of this.#known.values())
      if (known.ban !== undefined && banKey(known.address) === host) this.#forget(known);
  }

  #forgetOne(): boolean {
    for (const known of this.#known.values())
      if (
        known.state === 'idle' &&
        known.ban === undefined &&
        (known.failures > 0 || known.source === 'exchange')
      ) {
        this.#forget(known);
        return true;
      }
    return false;
  }
}

function keyOf(address: PeerAddress): string {
  return `${address.address}%${address.zone ?? ''}:${address.port}`;
}

/** Loopback and the like hold many peers behind one address; elsewhere one host is one peer. */
function banKey(address: PeerAddress): string {
  return address.address.startsWith('127.') || address.address === '::1' ? keyOf(address) : hostOf(address);
}
