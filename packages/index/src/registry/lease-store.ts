// Where leases are kept: in memory, or in Redis for several index processes. One suite that both pass is in
// test/lease-stores.ts. Invariant: `put` and `end` are atomic, and of one slot the highest sequence stands.

/** What is kept of a lease. Times are the index's wall clock. */
export interface HeldLease {
  /** The key and the instance, in hex: one run of one node. */
  readonly slot: string;
  /** As it was signed. */
  readonly lease: Uint8Array;
  readonly sequence: number;
  /** Those of its addresses that a registration came from. */
  readonly confirmed: readonly string[];
  /** Where it counts (`networkOf`). */
  readonly network: string;
  readonly untilMs: number;
  /** Its sequence is remembered until the record could not be replayed any more. */
  readonly forgetMs: number;
}

export interface HeldWithOffers extends HeldLease {
  readonly offers: Uint8Array;
}

export interface LeasePut extends Omit<HeldLease, 'confirmed'> {
  /** Addresses that the lease names, and the one that it came from. */
  readonly addresses: readonly string[];
  readonly from: string;
  /** Undefined: as before, if their digest is still this. */
  readonly offers: Uint8Array | undefined;
  readonly digest: string;
}

export type PutResult =
  | { readonly kind: 'taken'; readonly untilMs: number }
  /** A higher sequence stands, or another lease with this one. */
  | { readonly kind: 'old'; readonly sequence: number }
  | { readonly kind: 'offers-wanted' }
  | { readonly kind: 'too-many'; readonly of: 'key' | 'network' | 'index' };

export interface Holder {
  readonly lease: HeldLease;
  readonly have: number;
}

export interface LeaseLimits {
  readonly leasesOfKey: number;
  readonly leasesOfNetwork: number;
  readonly offersOfNetwork: number;
  readonly leases: number;
  readonly offers: number;
}

export interface LeaseStore {
  /** Another one after each start that may have forgotten leases. */
  readonly start: string;
  /** What stands in a slot, also a little after it ran out; for a look before anything costly is done. */
  peek(slot: string): Promise<{ readonly sequence: number; readonly lease: Uint8Array } | undefined>;
  put(put: LeasePut, nowMs: number): Promise<PutResult>;
  /** Undefined when it ended, or the sequence that is higher. */
  end(slot: string, sequence: number, forgetMs: number): Promise<number | undefined>;
  ofKey(key: string, nowMs: number): Promise<HeldWithOffers[]>;
  /** In an order that stays, from `after` on. */
  page(
    after: string | undefined,
    most: number,
    nowMs: number,
  ): Promise<{ readonly leases: HeldLease[]; readonly next: string | undefined }>;
  /** Some of those who hold it, others each time where there are more. */
  holders(infoHash: string, most: number, nowMs: number): Promise<Holder[]>;
  /** How many hold it, and how many all of it; leases that ran out may count until they are swept. */
  count(infoHash: string): Promise<{ readonly holders: number; readonly complete: number }>;
  /** What fewest have whole, fewest first. */
  thin(
    most: number,
  ): Promise<{ readonly infoHash: string; readonly holders: number; readonly complete: number }[]>;
  totals(): Promise<{ readonly leases: number; readonly offers: number }>;
  /** Takes out what ran out. */
  sweep(nowMs: number): Promise<void>;
  /** A sentence while it cannot be asked. */
  readonly ailment: string | undefined;
  close(): Promise<void>;
}
