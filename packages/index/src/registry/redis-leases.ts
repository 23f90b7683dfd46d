// Leases in Redis or Valkey, for several index processes that serve the same swarms. Each change is one script, so that
// it is done in whole or not at all, whoever is killed.

import { fromHex, fromUtf8, type Hashing, noBytes, type Random, toHex, toUtf8 } from '@shoal/base';
import { IndexError } from '../errors.ts';
import { sweptAtOnce } from './bounds.ts';
import type {
  HeldLease,
  HeldWithOffers,
  Holder,
  LeaseLimits,
  LeasePut,
  LeaseStore,
  PutResult,
} from './lease-store.ts';
import { Redis, type RedisParts } from './redis.ts';
import {
  endScript,
  holdersScript,
  ofKeyScript,
  pageScript,
  putScript,
  sweepScript,
  thinScript,
} from './redis-scripts.ts';
import { RespError, type RespValue } from './resp.ts';

export interface RedisLeasesOptions extends RedisParts {
  readonly random: Random;
  readonly hashing: Pick<Hashing, 'digest'>;
  readonly url: string;
  readonly limits: LeaseLimits;
  /** Before all names; another one for another index on the same server. */
  readonly prefix?: string;
}

/** Opens the connection, so that a server that is not there is noticed at once. */
export async function openRedisLeases(options: RedisLeasesOptions): Promise<LeaseStore> {
  const leases = new RedisLeases(options);
  await leases.ping();
  return leases;
}

class RedisLeases implements LeaseStore {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #limits: LeaseLimits;
  readonly #hashing: Pick<Hashing, 'digest'>;
  readonly #digests = new Map<string, string>();
  #start = '';

  constructor(options: RedisLeasesOptions) {
    const { random, prefix = 'shoal:' } = options;
    this.#prefix = prefix;
    this.#limits = options.limits;
    this.#hashing = options.hashing;
    const start = new Uint8Array(8);
    random.fill(start);
    // A server that lost all is another start; one that all processes see.
    this.#redis = new Redis(options, options.url, async (ask) => {
      await ask(['SET', `${prefix}start`, toHex(start), 'NX']);
      this.#start = textOf(await ask(['GET', `${prefix}start`]));
    });
  }

  get start(): string {
    return this.#start;
  }

  get ailment(): string | undefined {
    return this.#redis.ailment;
  }

  async ping(): Promise<void> {
    await this.#redis.ask(['PING']);
  }

  async peek(slot: string) {
    const answer = listOf(await this.#ask(['HMGET', `${this.#prefix}l:${slot}`, 'sequence', 'lease']));
    const [sequence, lease] = answer;
    if (!(sequence instanceof Uint8Array)) return undefined;
    return { sequence: Number(textOf(sequence)), lease: lease instanceof Uint8Array ? lease : noBytes };
  }

  async put(put: LeasePut): Promise<PutResult> {
    const { slot, sequence, lease, network, offers, digest, untilMs, forgetMs, from, addresses } = put;
    const { leasesOfKey, leasesOfNetwork, offersOfNetwork, leases, offers: mostOffers } = this.#limits;
    const [kind, value] = listOf(
      await this.#run(putScript, [
        ...[slot, sequence, lease, network, offers === undefined ? 0 : 1, offers ?? noBytes, digest],
        ...[Math.floor(untilMs), Math.floor(forgetMs), from],
        ...[leasesOfKey, leasesOfNetwork, offersOfNetwork, leases, mostOffers].map(String),
        ...addresses,
      ]),
    ).map(textOf);
    if (kind === 'old') return { kind, sequence: Number(value) };
    if (kind === 'offers-wanted') return { kind };
    if (kind === 'too-many') return { kind, of: value === 'key' || value === 'network' ? value : 'index' };
    return { kind: 'taken', untilMs: Number(value) };
  }

  async end(slot: string, sequence: number, forgetMs: number): Promise<number | undefined> {
    const answer = await this.#run(endScript, [slot, sequence, Math.floor(forgetMs)]);
    const [kind, value] = listOf(answer).map(textOf);
    return kind === 'old' ? Number(value) : undefined;
  }

  async ofKey(key: string, nowMs: number): Promise<HeldWithOffers[]> {
    const rows = await this.#rows(ofKeyScript, [key], nowMs);
    return rows.map(({ lease, extra }) => ({
      ...lease,
      offers: extra instanceof Uint8Array ? extra : noBytes,
    }));
  }

  async page(after: string | undefined, most: number, nowMs: number) {
    const rows = await this.#rows(pageScript, [after ?? '', most + 1], nowMs);
    const leases = rows.map(({ lease }) => lease);
    if (leases.length <= most) return { leases, next: undefined };
    return { leases: leases.slice(0, most), next: leases[most - 1]?.slot };
  }

  async holders(infoHash: string, most: number, nowMs: number): Promise<Holder[]> {
    const rows = await this.#rows(holdersScript, [hashBytes(infoHash), most], nowMs);
    return rows.map(({ lease, extra }) => ({ lease, have: Number(textOf(extra)) / 0xffff }));
  }

  async count(infoHash: string): Promise<{ holders: number; complete: number }> {
    const hash = hashBytes(infoHash);
    const name = new Uint8Array([...toUtf8(`${this.#prefix}h:`), ...hash]);
    const [holders, complete] = await Promise.all([
      this.#ask(['HLEN', name]),
      this.#ask(['ZSCORE', `${this.#prefix}thin`, hash]),
    ]);
    return { holders: Number(holders), complete: complete === null ? 0 : Number(textOf(complete)) };
  }

  async thin(most: number): Promise<{ infoHash: string; holders: number; complete: number }[]> {
    const rows = listOf(await this.#run(thinScript, [most])).map(listOf);
    return rows.map(([hash, complete, holders]) => ({
      infoHash: hash instanceof Uint8Array ? toHex(hash) : '',
      holders: Number(holders),
      complete: Number(textOf(complete)),
    }));
  }

  async totals(): Promise<{ leases: number; offers: number }> {
    const [leases, offers] = await Promise.all([
      this.#ask(['ZCARD', `${this.#prefix}alive`]),
      this.#ask(['GET', `${this.#prefix}offers`]),
    ]);
    return { leases: Number(leases), offers: offers === null ? 0 : Number(textOf(offers)) };
  }

  async sweep(nowMs: number): Promise<void> {
    await this.#run(sweepScript, [Math.floor(nowMs), sweptAtOnce]);
  }

  async close(): Promise<void> {
    await this.#redis.close();
  }

  async #rows(script: string, words: readonly (string | number | Uint8Array)[], nowMs: number) {
    const rows = listOf(await this.#run(script, words)).map(listOf);
    return rows
      .map((row) => {
        const [slot, sequence, lease, untilMs, forgetMs, confirmed, network, extra] = row;
        const held: HeldLease = {
          slot: textOf(slot),
          sequence: Number(textOf(sequence)),
          lease: lease instanceof Uint8Array ? lease : noBytes,
          untilMs: Number(textOf(untilMs)),
          forgetMs: Number(textOf(forgetMs)),
          confirmed: textOf(confirmed)
            .split(' ')
            .filter((address) => address !== ''),
          network: textOf(network),
        };
        return { lease: held, extra };
      })
      .filter(({ lease }) => lease.untilMs > nowMs);
  }

  /** By its digest, which the server knows after the first time. */
  async #run(script: string, words: readonly (string | number | Uint8Array)[]): Promise<RespValue> {
    const known = this.#digests.get(script);
    const digest = known ?? toHex(this.#hashing.digest('sha1', toUtf8(script)));
    this.#digests.set(script, digest);
    const rest = [0, this.#prefix, ...words];
    const answer = await this.#redis.ask(['EVALSHA', digest, ...rest]);
    const isUnknown = answer instanceof RespError && answer.message.startsWith('NOSCRIPT');
    return checked(isUnknown ? await this.#redis.ask(['EVAL', script, ...rest]) : answer);
  }

  async #ask(words: readonly (string | number | Uint8Array)[]): Promise<RespValue> {
    return checked(await this.#redis.ask(words));
  }
}

function checked(answer: RespValue): RespValue {
  if (!(answer instanceof RespError)) return answer;
  throw new IndexError('unavailable', `The lease store (Redis) refused: ${answer.message}`);
}

function listOf(value: RespValue): RespValue[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: RespValue | undefined): string {
  if (value instanceof Uint8Array) return fromUtf8(value) ?? '';
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function hashBytes(infoHash: string): Uint8Array {
  return fromHex(infoHash) ?? noBytes;
}
