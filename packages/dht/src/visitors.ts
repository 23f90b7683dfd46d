// What we remember of each address that talks to us: its token, whether it flooded us or lied. Bounded: two generations
// of visitors, of which the older one is forgotten as a whole; bans are kept apart, and longer.
// On loopback many nodes share an address and nobody can forge it: there a liar is an address and a port, and a flood
// is held by its limit alone.

import { type Clock, type Endpoint, ipScope, ipToBytes, toLatin1 } from '@shoal/base';
import { Allowances, countedAs } from './allowances.ts';
import {
  floodBanMs,
  floodQuestions,
  liarBanMs,
  maxBans,
  maxVisitors,
  strikesForBan,
  visitorLifeMs,
} from './bounds.ts';
import { endpointKey } from './contact.ts';

export interface Visitor {
  /** 4 or 16 bytes as Latin-1: a tenth of what a typed array takes, and a node remembers thousands. */
  readonly ip: string;
  /** Who it counts as: an IPv4 address, or the /64 of an IPv6 one. */
  readonly unit: string;
  readonly network: string;
  readonly isLoopback: boolean;
  bannedUntilMs: number;
  /** Before this, its questions are no news for the table. */
  considerAtMs: number;
  /** Latin-1, as `ip`. */
  token: string;
  tokenEpoch: number;
  /** Questions over its limit, less those within. */
  denied: number;
}

export class Visitors {
  readonly #clock: Clock;
  readonly #allowances: Allowances | undefined;
  #young = new Map<string, Visitor>();
  #old = new Map<string, Visitor>();
  #youngSinceMs: number;
  readonly #bans = new Map<string, number>();
  readonly #strikes = new Map<string, number>();

  constructor(clock: Clock, options: { readonly isLimited: boolean }) {
    this.#clock = clock;
    this.#allowances = options.isLimited ? new Allowances(clock.nowMs()) : undefined;
    this.#youngSinceMs = clock.nowMs();
  }

  /** Undefined when the text is no address. */
  of(address: string): Visitor | undefined {
    return this.#young.get(address) ?? this.#recall(address);
  }

  /** Takes the bytes of a reply; false when it must not be sent. Whoever goes on asking all the same is banned. */
  mayReply(visitor: Visitor, bytes: number, nowMs: number): boolean {
    if (this.#allowances === undefined) return true;
    if (this.#allowances.take(visitor.unit, visitor.network, bytes, nowMs)) {
      if (visitor.denied > 0) visitor.denied--;
      return true;
    }
    if (visitor.isLoopback) return false;
    visitor.denied++;
    if (visitor.denied >= floodQuestions) {
      visitor.denied = 0;
      this.#ban(visitor.unit, nowMs + floodBanMs);
    }
    return false;
  }

  isBanned(endpoint: Endpoint): boolean {
    if (this.#bans.size === 0) return false;
    const untilMs = this.#bans.get(this.#culprit(endpoint));
    return untilMs !== undefined && untilMs > this.#clock.nowMs();
  }

  /** It sent what can only be a lie. */
  banLiar(endpoint: Endpoint): void {
    this.#ban(this.#culprit(endpoint), this.#clock.nowMs() + liarBanMs);
  }

  /** It did what liars do, and others too now and then. */
  strike(endpoint: Endpoint): void {
    const culprit = this.#culprit(endpoint);
    const strikes = (this.#strikes.get(culprit) ?? 0) + 1;
    this.#strikes.delete(culprit);
    if (strikes >= strikesForBan) this.banLiar(endpoint);
    else remember(this.#strikes, culprit, strikes);
  }

  get banCount(): number {
    return this.#bans.size;
  }

  #culprit(endpoint: Endpoint): string {
    const visitor = this.of(endpoint.address);
    return visitor === undefined || visitor.isLoopback ? endpointKey(endpoint) : visitor.unit;
  }

  #ban(culprit: string, untilMs: number): void {
    remember(this.#bans, culprit, untilMs);
    // IPv6 visitors of one network stand apart.
    for (const visitors of [this.#young, this.#old])
      for (const visitor of visitors.values()) if (visitor.unit === culprit) visitor.bannedUntilMs = untilMs;
  }

  #recall(address: string): Visitor | undefined {
    const known = this.#old.get(address) ?? this.#make(address);
    if (known === undefined) return undefined;
    const nowMs = this.#clock.nowMs();
    if (this.#young.size >= maxVisitors || nowMs - this.#youngSinceMs > visitorLifeMs) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngSinceMs = nowMs;
    }
    this.#young.set(address, known);
    return known;
  }

  #make(address: string): Visitor | undefined {
    const ip = ipToBytes(address);
    if (ip === undefined) return undefined;
    const { unit, network } = countedAs(ip);
    const text = toLatin1(ip);
    return {
      ip: text === unit ? unit : text,
      unit,
      network,
      isLoopback: ipScope(address) === 'loopback',
      bannedUntilMs: this.#bans.get(unit) ?? 0,
      considerAtMs: 0,
      token: '',
      tokenEpoch: 0,
      denied: 0,
    };
  }
}

/** The oldest entry makes room. */
function remember(map: Map<string, number>, key: string, value: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxBans) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
