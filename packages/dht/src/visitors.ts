// What we remember of each address that talks to us: how many bytes of replies it may still have, its token, and
// whether it flooded us or lied. Bounded: two generations of visitors, of which the older one is forgotten as a whole.
// Invariant: over any time t, the replies to one address stay below its burst + rate × t, and so do those to its
// network and to all.

import { type Clock, ipToBytes, noBytes, toLatin1 } from '@shoal/base';
import {
  addressBurstBytes,
  addressBytesPerSecond,
  allBurstBytes,
  allBytesPerSecond,
  floodBanMs,
  floodQuestions,
  liarBanMs,
  maxBans,
  maxVisitors,
  prefixBurstBytes,
  prefixBytesPerSecond,
  strikesForBan,
  visitorLifeMs,
} from './bounds.ts';

/** Bytes that may be sent; the three levels differ in rate and burst. */
class Allowance {
  readonly #rate: number;
  readonly #burst: number;
  #bytes: number;
  #filledMs: number;

  constructor(ratePerSecond: number, burst: number, nowMs: number) {
    this.#rate = ratePerSecond / 1000;
    this.#burst = burst;
    this.#bytes = burst;
    this.#filledMs = nowMs;
  }

  has(bytes: number, nowMs: number): boolean {
    this.#bytes = Math.min(this.#burst, this.#bytes + (nowMs - this.#filledMs) * this.#rate);
    this.#filledMs = nowMs;
    return this.#bytes >= bytes;
  }

  take(bytes: number): void {
    this.#bytes -= bytes;
  }
}

export interface Visitor {
  /** 4 or 16 bytes. */
  readonly ip: Uint8Array;
  /** Who it counts as: an IPv4 address, or the /64 of an IPv6 one. */
  readonly unit: string;
  bannedUntilMs: number;
  /** Before this, its questions are no news for the table. */
  considerAtMs: number;
  token: Uint8Array;
  tokenEpoch: number;
  readonly own: Allowance | undefined;
  readonly prefix: Allowance | undefined;
  /** Questions over its limit, less those within. */
  denied: number;
}

export class Visitors {
  readonly #clock: Clock;
  readonly #isLimited: boolean;
  #young = new Map<string, Visitor>();
  #old = new Map<string, Visitor>();
  #youngPrefixes = new Map<string, Allowance>();
  #oldPrefixes = new Map<string, Allowance>();
  #youngSinceMs: number;
  readonly #all: Allowance;
  readonly #bans = new Map<string, number>();
  readonly #strikes = new Map<string, number>();

  constructor(clock: Clock, options: { readonly isLimited: boolean }) {
    this.#clock = clock;
    this.#isLimited = options.isLimited;
    this.#youngSinceMs = clock.nowMs();
    this.#all = new Allowance(allBytesPerSecond, allBurstBytes, clock.nowMs());
  }

  /** Undefined when the text is no address. */
  of(address: string): Visitor | undefined {
    return this.#young.get(address) ?? this.#recall(address);
  }

  /** Takes the bytes of a reply; false when it must not be sent. Whoever goes on asking all the same is banned. */
  mayReply(visitor: Visitor, bytes: number, nowMs: number): boolean {
    const { own, prefix } = visitor;
    if (own === undefined || prefix === undefined) return true;
    if (own.has(bytes, nowMs) && prefix.has(bytes, nowMs) && this.#all.has(bytes, nowMs)) {
      own.take(bytes);
      prefix.take(bytes);
      this.#all.take(bytes);
      if (visitor.denied > 0) visitor.denied--;
      return true;
    }
    visitor.denied++;
    if (visitor.denied >= floodQuestions) {
      visitor.denied = 0;
      this.#ban(visitor.unit, nowMs + floodBanMs);
      visitor.bannedUntilMs = nowMs + floodBanMs;
    }
    return false;
  }

  isBanned(address: string): boolean {
    if (this.#bans.size === 0) return false;
    const visitor = this.of(address);
    return visitor !== undefined && visitor.bannedUntilMs > this.#clock.nowMs();
  }

  /** It sent what can only be a lie. */
  banLiar(address: string): void {
    const visitor = this.of(address);
    if (visitor === undefined) return;
    const untilMs = this.#clock.nowMs() + liarBanMs;
    this.#ban(visitor.unit, untilMs);
    visitor.bannedUntilMs = untilMs;
  }

  /** It did what liars do, and others too now and then. */
  strike(address: string): void {
    const strikes = (this.#strikes.get(address) ?? 0) + 1;
    this.#strikes.delete(address);
    if (strikes >= strikesForBan) this.banLiar(address);
    else remember(this.#strikes, address, strikes);
  }

  get banCount(): number {
    return this.#bans.size;
  }

  #ban(unit: string, untilMs: number): void {
    remember(this.#bans, unit, untilMs);
    // IPv6 visitors of one network stand apart.
    for (const visitors of [this.#young, this.#old])
      for (const other of visitors.values()) if (other.unit === unit) other.bannedUntilMs = untilMs;
  }

  #recall(address: string): Visitor | undefined {
    const known = this.#old.get(address) ?? this.#make(address);
    if (known === undefined) return undefined;
    const nowMs = this.#clock.nowMs();
    if (this.#young.size >= maxVisitors || nowMs - this.#youngSinceMs > visitorLifeMs) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#oldPrefixes = this.#youngPrefixes;
      this.#youngPrefixes = new Map();
      this.#youngSinceMs = nowMs;
    }
    this.#young.set(address, known);
    return known;
  }

  #make(address: string): Visitor | undefined {
    const ip = ipToBytes(address);
    if (ip === undefined) return undefined;
    const nowMs = this.#clock.nowMs();
    const unit = ip.length === 4 ? address : `${toLatin1(ip.subarray(0, 8))}/64`;
    const untilMs = this.#bans.get(unit) ?? 0;
    return {
      ip,
      unit,
      bannedUntilMs: untilMs,
      considerAtMs: 0,
      token: noBytes,
      tokenEpoch: 0,
      own: this.#isLimited ? this.#ownOf(ip, nowMs) : undefined,
      prefix: this.#isLimited
        ? this.#shared(ip, ip.length === 4 ? 3 : 6, prefixBytesPerSecond, prefixBurstBytes, nowMs)
        : undefined,
      denied: 0,
    };
  }

  #ownOf(ip: Uint8Array, nowMs: number): Allowance {
    return ip.length === 4
      ? new Allowance(addressBytesPerSecond, addressBurstBytes, nowMs)
      : this.#shared(ip, 8, addressBytesPerSecond, addressBurstBytes, nowMs);
  }

  /** One for all addresses that begin with the same bytes. */
  #shared(ip: Uint8Array, length: number, rate: number, burst: number, nowMs: number): Allowance {
    const key = toLatin1(ip.subarray(0, length));
    const known = this.#youngPrefixes.get(key) ?? this.#oldPrefixes.get(key);
    const allowance = known ?? new Allowance(rate, burst, nowMs);
    this.#youngPrefixes.set(key, allowance);
    return allowance;
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
