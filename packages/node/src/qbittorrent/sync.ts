// `sync/…`: what changed since a client asked last. Each answer has a number; with the number that came last, a client is
// told of what is different from that answer, with the one before of what is different from that, and else of everything.

import type { TransferSummary } from '@shoal/api';
import { peersOf } from '../transfers/describe.ts';
import type { Item } from '../transfers/item.ts';
import { type Actions, hashOf, itemOf, kindsOf, type WebApiParts } from './api.ts';
import { serverState } from './app.ts';
import { type TorrentFields, torrentFields } from './describe.ts';
import { categoriesOf, tagsOf } from './labels.ts';
import type { Session, Told } from './sessions.ts';

type Fields = Readonly<Record<string, unknown>>;
type Table = ReadonlyMap<string, Fields>;

interface MainData {
  readonly torrents: Table;
  readonly categories: Table;
  readonly tags: readonly string[];
  readonly trackers: ReadonlyMap<string, readonly string[]>;
  readonly server: Fields;
}

export function syncActions(parts: WebApiParts): Actions {
  const { transfers, feed, labels, world } = parts;
  /** As it was told, for as long as its summary is the same. */
  const described = new WeakMap<TransferSummary, { readonly place: number; readonly fields: Fields }>();
  const kinds = kindsOf(labels);

  function torrents(): Table {
    const nowMs = world.clock.wallTimeMs();
    const table = new Map<string, Fields>();
    for (const [place, { summary }] of feed.list().entries()) {
      const item = transfers.find(summary.id);
      if (item === undefined) continue;
      let known = described.get(summary);
      if (known?.place !== place) {
        const { hash: _, ...fields } = torrentFields(item, { ...summary, place }, kinds, nowMs);
        known = { place, fields };
        described.set(summary, known);
      }
      table.set(hashOf(item), known.fields);
    }
    return table;
  }

  function trackers(): ReadonlyMap<string, readonly string[]> {
    const found = new Map<string, string[]>();
    for (const item of transfers.all)
      for (const url of item.record.trackers.flat()) {
        const hashes = found.get(url);
        if (hashes === undefined) found.set(url, [hashOf(item)]);
        else hashes.push(hashOf(item));
      }
    return found;
  }

  return {
    maindata: {
      run({ form, session }) {
        const now: MainData = {
          torrents: torrents(),
          categories: new Map(
            Object.entries(categoriesOf(parts)).map(([name, facts]) => [name, { ...facts }]),
          ),
          tags: tagsOf(parts),
          trackers: trackers(),
          server: serverState(parts),
        };
        const { rid, before } = turn(session, 'maindata', form.number('rid') ?? 0, now);
        return {
          rid,
          ...(before === undefined && { full_update: true }),
          ...changedTable('torrents', before?.torrents, now.torrents),
          ...changedTable('categories', before?.categories, now.categories),
          ...changedList('tags', before?.tags, now.tags),
          ...changedTrackers(before?.trackers, now.trackers),
          ...changedFields('server_state', before?.server, now.server),
        };
      },
    },
    torrentPeers: {
      run({ form, session }) {
        const item = itemOf(transfers, form);
        const now = peerTable(item);
        const { rid, before } = turn(session, `peers ${hashOf(item)}`, form.number('rid') ?? 0, now);
        return {
          rid,
          ...(before === undefined && { full_update: true, show_flags: true }),
          ...(before === undefined && { peers: {} }),
          ...changedTable('peers', before, now),
        };
      },
    },
  };
}

/** Of each session, what it asked for last; more than a page and a tool ask for at once is forgotten. */
const mostTold = 4;

function turn<Snapshot>(
  session: Session,
  key: string,
  asked: number,
  snapshot: Snapshot,
): { readonly rid: number; readonly before: Snapshot | undefined } {
  const known = session.told.get(key);
  let accepted: Told<unknown> | undefined;
  if (asked > 0 && known !== undefined)
    accepted =
      known.sent.rid === asked ? known.sent : known.accepted?.rid === asked ? known.accepted : undefined;
  const rid = ((known?.sent.rid ?? 0) % 1_000_000) + 1;
  session.told.delete(key);
  const [oldest] = session.told.keys();
  if (session.told.size >= mostTold && oldest !== undefined) session.told.delete(oldest);
  session.told.set(key, { accepted, sent: { rid, snapshot } });
  // What stands under a key was put there for it, by this very function.
  return { rid, before: accepted?.snapshot as Snapshot | undefined };
}

function changedFields(key: string, before: Fields | undefined, now: Fields): object {
  const changed = before === undefined ? now : differences(before, now);
  return Object.keys(changed).length > 0 ? { [key]: changed } : {};
}

function changedTable(key: string, before: Table | undefined, now: Table): object {
  const changed: Record<string, Fields> = {};
  for (const [name, fields] of now) {
    const old = before?.get(name);
    if (old === fields) continue;
    const news = old === undefined ? fields : differences(old, fields);
    if (Object.keys(news).length > 0) changed[name] = news;
  }
  const removed = before === undefined ? [] : [...before.keys()].filter((name) => !now.has(name));
  return {
    ...(Object.keys(changed).length > 0 && { [key]: changed }),
    ...(removed.length > 0 && { [`${key}_removed`]: removed }),
  };
}

function changedList(key: string, before: readonly string[] | undefined, now: readonly string[]): object {
  const added = now.filter((one) => !before?.includes(one));
  const removed = before?.filter((one) => !now.includes(one)) ?? [];
  return {
    ...(added.length > 0 && { [key]: added }),
    ...(removed.length > 0 && { [`${key}_removed`]: removed }),
  };
}

function changedTrackers(before: MainData['trackers'] | undefined, now: MainData['trackers']): object {
  const changed = [...now].filter(([url, hashes]) => before?.get(url)?.join() !== hashes.join());
  const removed = before === undefined ? [] : [...before.keys()].filter((url) => !now.has(url));
  return {
    ...(changed.length > 0 && { trackers: Object.fromEntries(changed) }),
    ...(removed.length > 0 && { trackers_removed: removed }),
  };
}

function differences(before: Fields, now: Fields): Fields {
  return Object.fromEntries(Object.entries(now).filter(([key, value]) => before[key] !== value));
}

function peerTable(item: Item): Table {
  return new Map(
    peersOf(item).map((peer) => [
      peer.address,
      {
        client: peer.client ?? '',
        connection: 'BT',
        country: '',
        country_code: '',
        dl_speed: peer.downRate,
        downloaded: peer.downloaded,
        files: '',
        flags: peer.flags,
        flags_desc: '',
        ip: peer.address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'),
        peer_id_client: '',
        port: Number(/:(\d+)$/.exec(peer.address)?.[1] ?? 0),
        progress: peer.has,
        relevance: 0,
        up_speed: peer.upRate,
        uploaded: peer.uploaded,
      } satisfies TorrentFields,
    ]),
  );
}
