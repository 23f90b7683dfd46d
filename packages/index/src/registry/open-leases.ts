// Where leases are kept, as an address says: in memory, written down in the database; or in Redis, which keeps them itself.

import type { Hashing, Random } from '@shoal/base';
import type { IndexDatabase } from '../database/database.ts';
import { IndexError } from '../errors.ts';
import { leaseLimits } from './bounds.ts';
import type { LeaseStore } from './lease-store.ts';
import type { RedisParts } from './redis.ts';
import { openRedisLeases } from './redis-leases.ts';
import { openSavedLeases } from './saving.ts';

export interface OpenLeasesOptions {
  readonly database: IndexDatabase;
  /** "memory", or "redis://…". */
  readonly where: string;
  readonly failed: (error: unknown) => void;
}

export interface OpenLeases {
  readonly store: LeaseStore;
  /** After this nothing is lost. */
  close(): Promise<void>;
}

/** Rejects with an IndexError. */
export async function openLeases(
  parts: RedisParts & { readonly random: Random; readonly hashing: Pick<Hashing, 'digest'> },
  { database, where, failed }: OpenLeasesOptions,
): Promise<OpenLeases> {
  if (where === 'memory') return openSavedLeases(parts, database, leaseLimits, failed);
  if (!/^rediss?:/.test(where))
    throw new IndexError(
      'settings',
      'Leases are kept in memory, or at an address like redis://127.0.0.1:6379.',
    );
  const store = await openRedisLeases({ ...parts, url: where, limits: leaseLimits });
  return { store, close: () => store.close() };
}
