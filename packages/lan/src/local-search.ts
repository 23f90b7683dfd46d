// Local service discovery (BEP 14): says on every network which torrents we have, and hears who else has them.
// Whoever asks gets our answer to itself alone, so that both sides know at once and nobody else has to listen.
// Invariant: an info hash is multicast on a network at most once a minute.

import {
  type Clock,
  type Endpoint,
  type NetworkInterface,
  type PeerAddress,
  type Random,
  type Timer,
  toHex,
} from '@shoal/base';
import {
  announceAtMostEveryMs,
  announceEveryMs,
  answerEveryMs,
  datagramSpacingMs,
  maxAnswered,
} from './bounds.ts';
import {
  encodeLocalAnnounce,
  hashesPerDatagram,
  lsdGroups,
  lsdPort,
  parseLocalAnnounce,
} from './lsd-codec.ts';
import { type LanParts, type Link, Multicast } from './multicast.ts';

export interface LocalSearchParts extends LanParts {
  readonly random: Random;
}

export interface LocalSearchOptions {
  /** Which interfaces to use. Default: all but loopback. */
  readonly uses?: (candidate: NetworkInterface) => boolean;
}

export interface FollowOptions {
  readonly infoHashes: readonly Uint8Array[];
  /** Where we take connections. */
  readonly port: number;
  readonly found: (address: PeerAddress) => void;
}

export interface Following {
  /** Says it again, if the last time was long enough ago. */
  renew(): void;
  stop(): void;
}

interface Followed extends FollowOptions {
  readonly hashes: ReadonlyMap<string, Uint8Array>;
  saidMs: number;
}

export class LocalSearch {
  readonly #parts: LocalSearchParts;
  readonly #clock: Clock;
  readonly #network: Multicast;
  readonly #cookie: string;
  readonly #followed = new Set<Followed>();
  readonly #byHash = new Map<string, Followed>();
  /** Datagrams that wait for their turn. */
  readonly #waiting: { readonly infoHashes: Uint8Array[]; readonly port: number; links?: readonly Link[] }[] =
    [];
  readonly #answered = new Map<string, number>();
  #pumping: Timer | undefined;
  #round: Timer | undefined;

  constructor(parts: LocalSearchParts, options: LocalSearchOptions = {}) {
    this.#parts = parts;
    this.#clock = parts.clock;
    const cookie = new Uint8Array(8);
    parts.random.fill(cookie);
    this.#cookie = toHex(cookie);
    this.#network = new Multicast(parts, {
      groups: lsdGroups,
      port: lsdPort,
      sendsFromPort: false,
      ttl: 1,
      uses: options.uses ?? (({ isLoopback }) => !isLoopback),
      received: (bytes, from, link, toGroup) => this.#received(bytes, from, link, toGroup),
      linked: (links) => this.#say([...this.#followed], links),
    });
    this.#scheduleRound();
  }

  follow(options: FollowOptions): Following {
    const hashes = new Map(options.infoHashes.map((hash) => [toHex(hash), hash]));
    const followed: Followed = { ...options, hashes, saidMs: Number.NEGATIVE_INFINITY };
    this.#followed.add(followed);
    for (const hash of hashes.keys()) this.#byHash.set(hash, followed);
    this.#say([followed]);
    return {
      renew: () => {
        this.#network.look();
        if (this.#followed.has(followed)) this.#say([followed]);
      },
      stop: () => {
        this.#followed.delete(followed);
        for (const hash of hashes.keys()) if (this.#byHash.get(hash) === followed) this.#byHash.delete(hash);
      },
    };
  }

  async close(): Promise<void> {
    this.#followed.clear();
    this.#byHash.clear();
    this.#waiting.length = 0;
    this.#pumping?.cancel();
    this.#round?.cancel();
    await this.#network.close();
  }

  #scheduleRound(): void {
    // Up to a tenth later, so that neighbours who began together do not go on together.
    const delayMs = announceEveryMs + this.#parts.random.below(announceEveryMs / 10);
    this.#round = this.#clock.setTimer(delayMs, () => {
      this.#say([...this.#followed]);
      this.#scheduleRound();
    });
  }

  /** On all links, or on new ones, which have not heard it yet. */
  #say(some: readonly Followed[], links?: readonly Link[]): void {
    if (links === undefined && this.#network.links.length === 0) return;
    const nowMs = this.#clock.nowMs();
    const byPort = new Map<number, Uint8Array[]>();
    for (const followed of some) {
      if (links === undefined) {
        if (nowMs - followed.saidMs < announceAtMostEveryMs) continue;
        followed.saidMs = nowMs;
      } else if (followed.saidMs === Number.NEGATIVE_INFINITY) followed.saidMs = nowMs;
      const hashes = byPort.get(followed.port) ?? [];
      hashes.push(...followed.hashes.values());
      byPort.set(followed.port, hashes);
    }
    for (const [port, infoHashes] of byPort) {
      // What was asked for in the same breath goes out together.
      const last = this.#waiting.findLast((one) => one.port === port && one.links === undefined);
      if (last !== undefined && links === undefined) last.infoHashes.push(...infoHashes);
      else this.#waiting.push({ infoHashes, port, ...(links === undefined ? {} : { links }) });
    }
    if (this.#waiting.length > 0 && this.#pumping === undefined)
      this.#pumping = this.#clock.setTimer(0, () => this.#pump());
  }

  #pump(): void {
    this.#pumping = undefined;
    const [first] = this.#waiting;
    if (first === undefined) return;
    const infoHashes = first.infoHashes
      .splice(0, hashesPerDatagram)
      .filter((hash) => this.#byHash.has(toHex(hash)));
    if (first.infoHashes.length === 0) this.#waiting.shift();
    if (infoHashes.length > 0) {
      for (const family of [4, 6] as const) {
        const links = (first.links ?? this.#network.links).filter(({ own }) => own.family === family);
        if (links.length > 0) this.#network.send(this.#encode(infoHashes, first.port, family), links);
      }
    }
    if (this.#waiting.length > 0) this.#pumping = this.#clock.setTimer(datagramSpacingMs, () => this.#pump());
  }

  #encode(infoHashes: readonly Uint8Array[], port: number, family: 4 | 6): Uint8Array {
    return encodeLocalAnnounce({ port, infoHashes, cookie: this.#cookie }, family);
  }

  #received(bytes: Uint8Array, from: Endpoint, link: Link, toGroup: boolean): void {
    const announce = parseLocalAnnounce(bytes);
    if (announce === undefined || announce.cookie === this.#cookie) return;
    const { address, zone } = from;
    const peer: PeerAddress = {
      kind: 'ip',
      address,
      port: announce.port,
      ...(zone === undefined ? {} : { zone }),
    };
    const answer = new Map<number, Uint8Array[]>();
    for (const hash of announce.infoHashes) {
      const followed = this.#byHash.get(toHex(hash));
      if (followed === undefined) continue;
      followed.found(peer);
      if (!toGroup || !this.#mayAnswer(from, hash)) continue;
      const hashes = answer.get(followed.port) ?? [];
      hashes.push(hash);
      answer.set(followed.port, hashes);
    }
    for (const [port, all] of answer) {
      const infoHashes = all.slice(0, hashesPerDatagram);
      this.#network.answer(this.#encode(infoHashes, port, link.own.family), from, link);
    }
  }

  /** Whoever repeats its question within a breath has our answer already. */
  #mayAnswer({ address, port }: Endpoint, infoHash: Uint8Array): boolean {
    const key = `${address} ${port} ${toHex(infoHash)}`;
    const nowMs = this.#clock.nowMs();
    if (nowMs - (this.#answered.get(key) ?? Number.NEGATIVE_INFINITY) < answerEveryMs) return false;
    this.#answered.delete(key);
    this.#answered.set(key, nowMs);
    const [oldest] = this.#answered.keys();
    if (this.#answered.size > maxAnswered && oldest !== undefined) this.#answered.delete(oldest);
    return true;
  }
}
