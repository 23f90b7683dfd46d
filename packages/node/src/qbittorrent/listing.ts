// `torrents/info`: filtered, sorted and cut as there.

import { summaryOf } from '../transfers/describe.ts';
import { kindsOf, named, type WebApiParts } from './api.ts';
import { type TorrentFields, torrentFields } from './describe.ts';
import { WebApiError } from './errors.ts';
import type { Form } from './form.ts';

const text = (fields: TorrentFields): string => String(fields.state);
const isActive = ({ dlspeed = 0, upspeed = 0 }: TorrentFields) => Number(dlspeed) + Number(upspeed) > 0;
const isDone = ({ progress }: TorrentFields) => progress === 1;
const isPaused = (fields: TorrentFields) => text(fields).startsWith('paused');

/** What is not known filters nothing, as there. */
const filters: Readonly<Record<string, (fields: TorrentFields) => boolean>> = {
  downloading: (fields) => !isDone(fields),
  seeding: (fields) => isDone(fields) && !isPaused(fields),
  completed: isDone,
  paused: isPaused,
  stopped: isPaused,
  resumed: (fields) => !isPaused(fields),
  running: (fields) => !isPaused(fields),
  active: isActive,
  inactive: (fields) => !isActive(fields),
  stalled: (fields) => text(fields).startsWith('stalled'),
  stalled_uploading: (fields) => fields.state === 'stalledUP',
  stalled_downloading: (fields) => fields.state === 'stalledDL',
  checking: (fields) => text(fields).startsWith('checking'),
  moving: (fields) => fields.state === 'moving',
  errored: (fields) => fields.state === 'error',
};

export function listTorrents(
  form: Form,
  { transfers, labels, world }: WebApiParts,
): readonly TorrentFields[] {
  const kinds = kindsOf(labels);
  const hashes = form.list('hashes', '|');
  const isAll = hashes.length === 0 || (hashes.length === 1 && hashes[0] === 'all');
  const asked = isAll ? undefined : new Set(named(transfers, hashes));
  const [category, tag] = [form.text('category'), form.text('tag')];
  const isPrivate = form.flag('private');
  const nowMs = world.clock.wallTimeMs();
  const filter = filters[form.text('filter') ?? ''];
  let found: TorrentFields[] = [];
  for (const [place, item] of transfers.all.entries()) {
    if (asked !== undefined && !asked.has(item)) continue;
    const { record } = item;
    if (category !== undefined && kinds.category(record.labels) !== category) continue;
    if (tag !== undefined) {
      const tags = kinds.tags(record.labels);
      if (tag === '' ? tags.length > 0 : !tags.includes(tag)) continue;
    }
    if (isPrivate !== undefined && record.isPrivate !== isPrivate) continue;
    const fields = torrentFields(item, summaryOf(item, place), kinds, nowMs);
    if (filter === undefined || filter(fields)) found.push(fields);
  }
  const sort = form.text('sort') ?? '';
  if (sort !== '' && found.length > 0) {
    if (!Object.hasOwn(found[0] ?? {}, sort))
      throw new WebApiError('bad-request', "'sort' parameter is invalid");
    const key = (fields: TorrentFields) => fields[sort] ?? 0;
    found.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
    if (form.flag('reverse') === true) found.reverse();
  }
  const [limit, offset] = [form.number('limit') ?? 0, form.number('offset') ?? 0];
  const from = offset < 0 ? Math.max(0, found.length + offset) : offset;
  if (limit > 0 || from > 0) found = found.slice(from, limit > 0 ? from + limit : undefined);
  return found;
}
