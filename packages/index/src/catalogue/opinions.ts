// Sums of what people said of a torrent, kept beside each publication of it, for sorting and filtering.

import { type Kysely, sql } from 'kysely';
import type { Tables } from '../database/schema.ts';

/** `stars` is the mean, a thousandfold. */
export async function refreshOpinions(db: Kysely<Tables>, torrents: readonly Uint8Array[]): Promise<void> {
  const most = 500;
  for (let at = 0; at < torrents.length; at += most) {
    const some = sql.join(torrents.slice(at, at + most));
    const spoken = await sql<{ torrent: Uint8Array }>`
      select torrent from ratings where torrent in (${some})
      union select torrent from reports where torrent in (${some})`.execute(db);
    if (spoken.rows.length === 0) continue;
    const about = sql.join(spoken.rows.map(({ torrent }) => torrent));
    await sql`update entries set
      ratings = (select count(*) from ratings r where r.torrent = entries.torrent and r.stars > 0 and r.is_hidden = 0),
      stars = (select coalesce(sum(r.stars) * 1000 / count(*), 0) from ratings r
        where r.torrent = entries.torrent and r.stars > 0 and r.is_hidden = 0),
      reports = (select count(*) from reports p where p.torrent = entries.torrent)
      where torrent in (${about})`.execute(db);
  }
}

/** What was said under another name of the same torrent, where nothing is published under that. One key has one opinion. */
export async function adoptOpinions(
  db: Kysely<Tables>,
  adopted: readonly { readonly from: Uint8Array; readonly to: Uint8Array }[],
): Promise<void> {
  const most = 500;
  const toOf = new Map(adopted.map(({ from, to }) => [Buffer.from(from).toString('hex'), to]));
  for (let at = 0; at < adopted.length; at += most) {
    const names = sql.join(adopted.slice(at, at + most).map(({ from }) => from));
    const { rows } = await sql<{ torrent: Uint8Array }>`
      select torrent from (
        select torrent from ratings where torrent in (${names})
        union select torrent from reports where torrent in (${names})
      ) said where torrent not in (select torrent from entries where torrent in (${names}))`.execute(db);
    for (const { torrent: from } of rows) {
      const to = toOf.get(Buffer.from(from).toString('hex'));
      for (const table of ['ratings', 'reports'])
        await sql`update ${sql.table(table)} set torrent = ${to} where torrent = ${from}
          and publisher not in (select publisher from ${sql.table(table)} where torrent = ${to})`.execute(db);
    }
  }
}
