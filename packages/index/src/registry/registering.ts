// Takes registrations. What costs little comes first: the rate of the network, the form, the times, the sequence; then,
// within a budget over all, the signature. Invariant: what is refused changed nothing.

import { type Clock, equalBytes, type Hashing, noBytes, TokenBucket, toHex } from '@shoal/base';
import {
  digestOffers,
  encodeRegistered,
  longestLeaseSeconds,
  parseOffers,
  parseRegistration,
  readLease,
  readLeaseEnd,
  shortestLeaseSeconds,
  type UnverifiedLease,
} from '@shoal/directory';
import { checkTimes, clockToleranceSeconds, type UnverifiedRecord, verifyRecord } from '@shoal/identity';
import type { IndexResponse } from '../http/routes.ts';
import { networkOf } from '../network.ts';
import {
  maxNetworksLimited,
  registrationsBurst,
  registrationsPerSecond,
  signaturesPerSecond,
} from './bounds.ts';
import type { LeasePut, LeaseStore } from './lease-store.ts';
import { Limiter } from './limiter.ts';
import { refuse } from './refusals.ts';

export interface RegisteringParts {
  readonly clock: Clock;
  readonly hashing: Pick<Hashing, 'digest'>;
  readonly store: LeaseStore;
  readonly isLimited: boolean;
}

export class Registering {
  readonly #parts: RegisteringParts;
  readonly #limiter: Limiter;
  readonly #signatures: TokenBucket;
  taken = 0;

  constructor(parts: RegisteringParts) {
    this.#parts = parts;
    const rate = { perSecond: registrationsPerSecond, burst: registrationsBurst };
    this.#limiter = new Limiter(parts.clock, rate, maxNetworksLimited);
    this.#signatures = new TokenBucket(parts.clock, { ratePerSecond: signaturesPerSecond, burstMs: 1000 });
  }

  /** Throws errors of rooms for what is badly made. */
  async take(body: Uint8Array, from: string): Promise<IndexResponse> {
    const { clock, isLimited } = this.#parts;
    const network = networkOf(from);
    const waitMs = isLimited ? this.#limiter.take(network) : 0;
    if (waitMs > 0) return refuse('too-many', 'Your network registers too often.', { retryInMs: waitMs });
    const parsed = parseRegistration(body);
    const nowMs = clock.wallTimeMs();
    if (parsed.kind === 'end') {
      const { record, instance } = readLeaseEnd(parsed.end);
      checkTimes(record, nowMs / 1000, clockToleranceSeconds);
      return (await this.#early(record, instance)) ?? (await this.#end(record, instance));
    }
    const lease = readLease(parsed.lease);
    checkTimes(lease.record, nowMs / 1000, clockToleranceSeconds);
    const early = await this.#early(lease.record, lease.instance);
    if (early !== undefined) return early;
    const digest = toHex(lease.offers.digest);
    const offers = parsed.offers?.slice() ?? (lease.offers.count === 0 ? noBytes : undefined);
    if (offers !== undefined) {
      const isTold = toHex(digestOffers(this.#parts.hashing, offers)) === digest;
      if (!isTold || parseOffers(offers).length !== lease.offers.count)
        return refuse('bad-offers', 'The offers are not those that the lease names by their digest.');
    }
    return this.#put(lease, { offers, digest, network, from });
  }

  /** What can be said without the price of a signature; undefined to go on. */
  async #early(record: UnverifiedRecord, instance: Uint8Array): Promise<IndexResponse | undefined> {
    const { store, isLimited } = this.#parts;
    const standing = await store.peek(slotOf(record, instance));
    const isOld =
      standing !== undefined &&
      (standing.sequence > record.sequence ||
        (standing.sequence === record.sequence && !equalBytes(standing.lease, record.bytes)));
    if (isOld) return oldSequence(standing.sequence);
    // The very bytes that stand were verified when they came.
    if (standing !== undefined && standing.sequence === record.sequence) return undefined;
    if (isLimited && !this.#signatures.take(1))
      return refuse('busy', 'Too many register at the moment.', { retryInMs: 1000 });
    verifyRecord(record);
    return undefined;
  }

  async #put(
    lease: UnverifiedLease,
    { from, ...more }: Pick<LeasePut, 'offers' | 'digest' | 'network' | 'from'>,
  ): Promise<IndexResponse> {
    const { clock, store } = this.#parts;
    const { record, addresses, instance } = lease;
    const nowMs = clock.wallTimeMs();
    const asked = record.expiresAt - record.madeAt;
    const seconds = Math.min(Math.max(asked, shortestLeaseSeconds), longestLeaseSeconds);
    const result = await store.put(
      {
        ...more,
        from,
        slot: slotOf(record, instance),
        lease: record.bytes.slice(),
        sequence: record.sequence,
        addresses: addresses.map(({ address }) => address),
        untilMs: nowMs + 1000 * seconds,
        forgetMs: Math.max(nowMs + 1000 * seconds, replayableUntilMs(record)),
      },
      nowMs,
    );
    switch (result.kind) {
      case 'taken': {
        this.taken++;
        const left = Math.max(1, Math.round((result.untilMs - nowMs) / 1000));
        const body = encodeRegistered({ index: store.start, seconds: left, observed: from });
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body };
      }
      case 'old':
        return oldSequence(result.sequence);
      case 'offers-wanted':
        return refuse('offers-wanted', 'These offers are not known here: send the list with the lease.');
      case 'too-many':
        return result.of === 'index'
          ? refuse('full', 'The index is full.', { retryInMs: 300_000 })
          : refuse('too-many-leases', `This ${result.of} has as many leases or offers as one may have.`, {
              retryInMs: 300_000,
            });
    }
  }

  async #end(record: UnverifiedRecord, instance: Uint8Array): Promise<IndexResponse> {
    const { store } = this.#parts;
    const higher = await store.end(slotOf(record, instance), record.sequence, replayableUntilMs(record));
    if (higher !== undefined) return oldSequence(higher);
    return { status: 200, headers: { 'Content-Type': 'application/json' }, body: '{"ended":true}' };
  }
}

/** After this, the time of the record itself refuses it. */
function replayableUntilMs({ expiresAt }: UnverifiedRecord): number {
  return 1000 * (expiresAt + clockToleranceSeconds);
}

function slotOf(record: UnverifiedRecord, instance: Uint8Array): string {
  return toHex(record.key) + toHex(instance);
}

function oldSequence(sequence: number): IndexResponse {
  return refuse('old-sequence', `A lease with the sequence ${sequence} stands: sign with a higher one.`, {
    sequence,
  });
}
