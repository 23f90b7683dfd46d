// What trackers count, written beside the publications for filters and orders. Several processes on one database each
// count their own peers: the highest count holds until nobody saw it for a while.

import { type Clock, type Timer, toHex } from '@shoal/base';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../database/schema.ts';
import {
  healthFadesMs,
  healthForgottenMs,
  healthPage,
  healthRounds,
  healthSeenMs,
  sampleEveryMs,
} from './bounds.ts';
import type { Catalogue, SwarmHealth } from './catalogue.ts';

interface HealthRow {
  readonly number: number;
  readonly torrent: Uint8Array;
  readonly other: Uint8Array | null;
  readonly seeds: number;
  readonly leechers: number;
  readonly completed: number;
  readonly seen_ms: number;
}

export async function writeHealth(
  db: Kysely<Tables>,
  swarms: readonly SwarmHealth[],
  wallTimeMs: number,
): Promise<void> {
  const nowMs = Math.floor(wallTimeMs);
  const counted = new Map(swarms.map((swarm) => [toHex(swarm.infoHash), swarm]));
  if (swarms.length > 0) {
    const names = sql.join(swarms.map(({ infoHash }) => infoHash));
    const { rows } = await sql<HealthRow>`
      select number, torrent, other, seeds, leechers, completed, seen_ms from entries where torrent in (${names})
      union select number, torrent, other, seeds, leechers, completed, seen_ms from entries where other in (${names})`.execute(
      db,
    );
    for (const row of rows) {
      const both = [row.torrent, row.other].flatMap((name) => (name && counted.get(toHex(name))) ?? []);
      const seeds = Math.max(...both.map((one) => one.seeds));
      const leechers = Math.max(...both.map((one) => one.peers));
      const completed = Math.max(row.completed, ...both.map((one) => one.completed));
      const isFading = row.seen_ms < nowMs - healthFadesMs;
      const isLess = seeds < row.seeds || (seeds === row.seeds && leechers < row.leechers);
      const isSame = seeds === row.seeds && leechers === row.leechers && completed === row.completed;
      if ((isLess && !isFading) || (isSame && row.seen_ms > nowMs - healthSeenMs)) continue;
      await db
        .updateTable('entries')
        .set({ seeds, leechers, completed, seen_ms: nowMs })
        .where('number', '=', row.number)
        .execute();
    }
  }
  await sql`update entries set seeds = 0, leechers = 0 where number in (
    select number from entries where (seeds > 0 or leechers > 0) and seen_ms < ${nowMs - healthForgottenMs}
    order by seen_ms limit ${healthPage})`.execute(db);
}

/** All swarms of a tracker, again and again, some at a time. */
export interface CountedSwarms {
  swarms(
    from: number,
    most: number,
  ): { readonly swarms: readonly SwarmHealth[]; readonly next?: number | undefined };
}

/** Returns what stops it, and resolves when the last write is done. */
export function sampleHealth(
  clock: Clock,
  catalogue: Catalogue,
  tracker: CountedSwarms,
  failed: (error: unknown) => void,
): () => Promise<void> {
  let from = 0;
  let timer: Timer | undefined;
  let isStopped = false;
  let most = healthPage;
  let seenThisRound = 0;
  let sampling: Promise<void> = Promise.resolve();

  async function sample(): Promise<void> {
    const { swarms, next } = tracker.swarms(from, most);
    seenThisRound += swarms.length;
    from = next ?? 0;
    if (next === undefined) {
      // A round through all of them takes about as long however many there are.
      most = Math.max(healthPage, Math.ceil(seenThisRound / healthRounds));
      seenThisRound = 0;
    }
    await catalogue.learnHealth(swarms);
  }

  function later(): void {
    if (isStopped) return;
    timer = clock.setTimer(sampleEveryMs, () => {
      sampling = sample().catch(failed).finally(later);
    });
  }

  later();
  return () => {
    isStopped = true;
    timer?.cancel();
    return sampling;
  };
}
