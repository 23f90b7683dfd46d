// One lease at one index, kept alive: made, told anew when what we hold or our address changed, renewed at about half of
// its time, made again after a disconnect, a restart of the index or a sleep, and taken back at the end.
// Invariant: at most one registration is under way; what changed meanwhile is told by the next one.

import { type Clock, type Endpoint, equalBytes, type Hashing, type Random, type Timer } from '@shoal/base';
import type { Identity } from '@shoal/identity';
import {
  firstRetryMs,
  gatherMs,
  leaseSeconds,
  longestAskedWaitMs,
  longestRetryMs,
  sequenceLeapMs,
  shortestLeaseSeconds,
  stopTimeoutMs,
  tellEveryMs,
} from './bounds.ts';
import { DirectoryError } from './errors.ts';
import type { IndexClient, Registered } from './index-client.ts';
import { digestOffers, instanceLength, signLease, signLeaseEnd } from './lease.ts';
import { countOffers, encodeOffers, type Offer } from './offers.ts';

export interface RegistrationOptions {
  readonly index: IndexClient;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly random: Random;
  readonly hashing: Pick<Hashing, 'digest'>;
  /** Where we take connections. */
  readonly port: number;
  /** Name and version of the program. */
  readonly client: string;
  readonly capabilities?: readonly string[];
  /** Asked for each time. */
  readonly offers: () => Iterable<Offer>;
  /** Told of each success and each failure. */
  readonly onChange?: (state: RegistrationState) => void;
}

export type RegistrationState =
  | { readonly kind: 'registered'; readonly addresses: readonly Endpoint[] }
  | { readonly kind: 'failing'; readonly error: DirectoryError };

/** Twice the same quarrel with an index is enough for one attempt. */
const mostCorrections = 3;

export class Registration {
  /** This run of this node, as leases name it. */
  readonly instance = new Uint8Array(instanceLength);
  readonly #options: RegistrationOptions;
  readonly #stopping = new AbortController();
  #addresses: readonly Endpoint[] = [];
  /** The digest of the offers that the index has. */
  #toldDigest: Uint8Array | undefined;
  #toldMs = Number.NEGATIVE_INFINITY;
  #sequence = 0;
  #failures = 0;
  /** The starts of the index that took our lease. */
  #starts: readonly string[] | undefined;
  #timer: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #running: Promise<void> | undefined;
  /** Something changed that the registration under way does not say. */
  #isStale = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    options.random.fill(this.instance);
  }

  get isRegistered(): boolean {
    return this.#starts !== undefined;
  }

  /** What we hold changed: it is told soon, together with what else changes. */
  changed(): void {
    if (this.#running !== undefined) this.#isStale = true;
    else this.#askWithin(this.#untilNextTellingMs());
  }

  /** We slept, or our address changed, or somebody wants it: made anew at once. */
  renew(): void {
    if (this.#running !== undefined) this.#isStale = true;
    else this.#askWithin(0);
  }

  /** An answer of the index named this start of it: when it is another one, it may have forgotten us. */
  sawIndex(index: string): void {
    if (this.#starts?.includes(index) === false) this.renew();
  }

  /** Takes the lease back, and waits for the index's word no longer than a bound. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#timer?.cancel();
    // One that was under way may have arrived.
    const mayBeKnown = this.isRegistered || this.#running !== undefined;
    await this.#running;
    if (!mayBeKnown) return;
    const { clock, identity, index } = this.#options;
    const patience = new AbortController();
    const timer = clock.setTimer(stopTimeoutMs, () => patience.abort());
    const end = signLeaseEnd(identity, this.instance, this.#nextSigning(shortestLeaseSeconds));
    await index.end(end, patience.signal).catch(() => {});
    timer.cancel();
  }

  #untilNextTellingMs(): number {
    return Math.max(gatherMs, this.#toldMs + tellEveryMs - this.#options.clock.nowMs());
  }

  /** Not later than this; an earlier time that was set stands. */
  #askWithin(ms: number): void {
    const { clock } = this.#options;
    if (this.#stopping.signal.aborted) return;
    const dueMs = clock.nowMs() + ms;
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return;
    this.#timer?.cancel();
    this.#dueMs = dueMs;
    this.#timer = clock.setTimer(ms, () => {
      this.#timer = undefined;
      this.#running = this.#ask().finally(() => {
        this.#running = undefined;
        if (!this.#isStale) return;
        this.#isStale = false;
        this.#askWithin(this.#untilNextTellingMs());
      });
    });
  }

  async #ask(): Promise<void> {
    const { onChange, random } = this.#options;
    const { signal } = this.#stopping;
    try {
      const { seconds, starts } = await this.#register(signal);
      this.#failures = 0;
      this.#starts = starts;
      onChange?.({ kind: 'registered', addresses: this.#addresses });
      const ms = 1000 * Math.max(seconds, shortestLeaseSeconds);
      this.#askWithin(Math.min(ms, 1000 * leaseSeconds) * (0.4 + random.below(200) / 1000));
    } catch (cause) {
      if (signal.aborted) return;
      const error =
        cause instanceof DirectoryError
          ? cause
          : new DirectoryError('unreachable', `The index cannot be asked: ${String(cause)}`, { cause });
      onChange?.({ kind: 'failing', error });
      const backOffMs = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#failures);
      this.#failures++;
      const askedMs = Math.min(1000 * (error.retryInSeconds ?? 0), longestAskedWaitMs);
      this.#askWithin(Math.max(backOffMs, askedMs) * (1 + random.below(250) / 1000));
    }
  }

  /** Registers; what the index corrects (our address, our sequence, offers that it does not have) is said again at once. */
  async #register(signal: AbortSignal): Promise<Registered> {
    const { clock, hashing, index, offers: listOffers } = this.#options;
    const offers = encodeOffers(listOffers());
    const digest = digestOffers(hashing, offers);
    for (let corrections = 0; ; corrections++) {
      const isKnown = this.#toldDigest !== undefined && equalBytes(this.#toldDigest, digest);
      const lease = this.#sign(offers, digest);
      try {
        const body = { kind: 'lease', lease, offers: isKnown ? undefined : offers } as const;
        const registered = await index.register(body, signal);
        this.#toldDigest = digest;
        this.#toldMs = clock.nowMs();
        if (!this.#moveTo(registered.observed) || corrections >= mostCorrections) return registered;
      } catch (error) {
        if (corrections >= mostCorrections || !this.#mayCorrect(error)) throw error;
      }
    }
  }

  #sign(offers: Uint8Array, digest: Uint8Array): Uint8Array {
    const { identity, client, capabilities = [] } = this.#options;
    const count = countOffers(offers);
    const content = { instance: this.instance, addresses: this.#addresses, client, capabilities };
    return signLease(identity, { ...content, offers: { count, digest } }, this.#nextSigning(leaseSeconds));
  }

  /** Whether the index saw us at other addresses than those that we named. */
  #moveTo(observed: readonly string[]): boolean {
    const { port } = this.#options;
    const isSame =
      observed.length === this.#addresses.length &&
      observed.every((address) => this.#addresses.some((known) => known.address === address));
    if (!isSame) this.#addresses = observed.map((address) => ({ address, port }));
    return !isSame;
  }

  #mayCorrect(error: unknown): boolean {
    if (!(error instanceof DirectoryError)) return false;
    if (error.refusal === 'offers-wanted' && this.#toldDigest !== undefined) {
      this.#toldDigest = undefined;
      return true;
    }
    const { sequence } = error;
    if (error.refusal !== 'old-sequence' || sequence === undefined) return false;
    if (sequence > this.#options.clock.wallTimeMs() + sequenceLeapMs || sequence < this.#sequence)
      return false;
    this.#sequence = sequence;
    return true;
  }

  #nextSigning(seconds: number) {
    const wallMs = Math.floor(this.#options.clock.wallTimeMs());
    this.#sequence = Math.max(this.#sequence + 1, wallMs);
    return { sequence: this.#sequence, madeAt: Math.floor(wallMs / 1000), seconds };
  }
}
