// The info hashes that are blocked, at hand: for a tracker that refuses them, and for torrent files. Another process may
// have blocked some on the same database, so that the list is read again from time to time.

import { type Clock, fromHex } from '@shoal/base';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { every } from '../every.ts';
import { HashList } from '../tracker/hash-list.ts';

const readEveryMs = 30_000;
const noHash = new Uint8Array(20);

export interface Blocked {
  has(infoHash: string): boolean;
  /** Something was blocked or unblocked. */
  refresh(): Promise<void>;
  readonly count: number;
  close(): void;
}

export interface BlockedParts {
  readonly clock: Clock;
  readonly catalogue: Catalogue;
  /** Kept up to date; a tracker refuses what is on it. */
  readonly hashes?: HashList;
  readonly failed: (error: unknown) => void;
}

export async function openBlocked({
  clock,
  catalogue,
  hashes = new HashList(),
  failed,
}: BlockedParts): Promise<Blocked> {
  let count = 0;
  async function refresh(): Promise<void> {
    const blocks = await catalogue.blocks();
    const fresh = new HashList();
    for (const { kind, value } of blocks) if (kind === 'hash') fresh.add(fromHex(value) ?? noHash);
    hashes.become(fresh);
    count = blocks.length;
  }
  await refresh();
  const timer = every(clock, readEveryMs, () => void refresh().catch(failed));
  return {
    has: (infoHash) => hashes.has(fromHex(infoHash) ?? noHash, 0),
    refresh,
    get count() {
      return count;
    },
    close: () => timer.cancel(),
  };
}
