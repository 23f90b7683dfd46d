// `torrents/add`: links, addresses and torrent files, several at once.

import { join } from 'node:path';
import type { NewTransfer } from '@shoal/api';
import { BencodeError, type Clock, RoomError } from '@shoal/base';
import { MetainfoError } from '@shoal/metainfo';
import { addressPatienceMs, mostAddressesAtOnce, mostLabelsEach, mostLinksAtOnce } from '../bounds.ts';
import { NodeError } from '../errors.ts';
import { isLabel } from '../labels/labels.ts';
import type { Item } from '../transfers/item.ts';
import { type Answer, type Call, kindsOf, type WebApiParts } from './api.ts';
import { unlimitedGoal } from './describe.ts';
import { WebApiError } from './errors.ts';
import type { Form } from './form.ts';

export async function add({ form }: Call, parts: WebApiParts): Promise<Answer> {
  const { transfers } = parts;
  const category = form.text('category')?.trim() ?? '';
  if (category !== '') await makeCategory(category, parts);
  const usual = await wishes(form, category, parts);
  const title = form.text('rename')?.trim();
  const isFirst = form.flag('addToTopOfQueue') === true;
  const added = async (what: NewTransfer): Promise<void> => {
    const item = await transfers.add({ ...usual, ...what });
    if (title !== undefined && title !== '') await transfers.retitle(item, title.slice(0, 255));
    if (isFirst) await transfers.change(item, { place: 0 });
  };
  let count = 0;
  for (const { name, bytes } of form.files) {
    try {
      await added({ torrent: Buffer.from(bytes).toString('base64') });
      count++;
    } catch (error) {
      if (error instanceof MetainfoError || error instanceof BencodeError || isInvalid(error))
        throw new WebApiError('bad-data', `Error: '${name}' is not a valid torrent file.`);
      if (!isDuplicate(error)) throw error;
    }
  }
  const links = form.list('urls', '\n');
  if (links.length > mostLinksAtOnce)
    throw new WebApiError('too-large', `At most ${mostLinksAtOnce} links are taken at once.`);
  const named = links.flatMap((link) => sourceOf(link) ?? []);
  // One after the other, so that they stand in the queue as they were named.
  for (const what of named) if (what.url === undefined && (await isDone(added(what)))) count++;
  const waiting = named.filter(({ url }) => url !== undefined).values();
  const work = async () => {
    for (const what of waiting) if (await inTime(what, added(what), parts)) count++;
  };
  await Promise.all(Array.from({ length: mostAddressesAtOnce }, work));
  return count > 0 ? 'Ok.' : 'Fails.';
}

/** False where it was refused. */
async function isDone(adding: Promise<void>): Promise<boolean> {
  try {
    await adding;
    return true;
  } catch (error) {
    if (error instanceof RoomError) return false;
    throw error;
  }
}

/** A server may take its time: it goes on without the one who asked. */
async function inTime(
  { url }: NewTransfer,
  adding: Promise<void>,
  { world, log }: Pick<WebApiParts, 'world' | 'log'>,
): Promise<boolean> {
  let timer: ReturnType<Clock['setTimer']> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = world.clock.setTimer(addressPatienceMs, () => resolve(true));
  });
  adding.catch((error: unknown) =>
    log.warn(
      { url, reason: error instanceof Error ? error.message : String(error) },
      'a torrent cannot be had',
    ),
  );
  try {
    return await Promise.race([isDone(adding), late]);
  } finally {
    timer?.cancel();
  }
}

export async function makeCategory(name: string, { labels }: WebApiParts, folder?: string): Promise<void> {
  if (!isCategoryName(name)) throw new WebApiError('conflict', 'Incorrect category name');
  if (labels.known.get(name)?.isCategory === true && folder === undefined) return;
  await labels.set(name, { isCategory: true, ...(folder !== undefined && { folder }) });
}

/** A path of names, and a label of ours. */
export function isCategoryName(name: string): boolean {
  return isLabel(name) && !/^\/|\/$|\/\/|\\/.test(name);
}

async function wishes(form: Form, category: string, { live, labels }: WebApiParts): Promise<NewTransfer> {
  const folder = form.text('savepath')?.trim() ?? '';
  const tags = kindsOf(labels).tags(form.list('tags', ','));
  const [up, down] = [form.number('upLimit') ?? 0, form.number('dlLimit') ?? 0];
  const goals = goalsOf(form.number('ratioLimit'), form.number('seedingTimeLimit'));
  const isPaused = form.flag('paused') ?? form.flag('stopped') ?? false;
  const all = [...(category === '' ? [] : [category]), ...tags];
  if (!all.every(isLabel) || all.length > mostLabelsEach)
    throw new WebApiError('bad-request', 'Incorrect tag name');
  return {
    ...(folder !== '' && { folder: folder.startsWith('/') ? folder : join(live.config.downloads, folder) }),
    ...(all.length > 0 && { labels: [...new Set(all)] }),
    ...((up > 0 || down > 0) && { limits: { ...(up > 0 && { up }), ...(down > 0 && { down }) } }),
    ...(goals && { goals }),
    isPaused,
    ...(form.flag('forced') === true && { isForced: true }),
  };
}

/** There -2 is what holds for all, and -1 no end; times are minutes. */
export function goalsOf(
  ratio: number | undefined,
  minutes: number | undefined,
): Item['record']['goals'] | undefined {
  const goal = (value: number | undefined, unit: number) =>
    value === undefined || value < -1 ? undefined : value < 0 ? unlimitedGoal * unit : value * unit;
  const [most, seconds] = [goal(ratio, 1), goal(minutes, 60)];
  if (ratio === undefined && minutes === undefined) return undefined;
  return { ...(most !== undefined && { ratio: most }), ...(seconds !== undefined && { seconds }) };
}

function sourceOf(link: string): NewTransfer | undefined {
  if (/^magnet:/i.test(link)) return { link };
  if (/^https?:/i.test(link)) return { url: link };
  // A hash alone is a link, too.
  return /^(?:[0-9a-f]{40}|[a-z2-7]{32})$/i.test(link) ? { link: `magnet:?xt=urn:btih:${link}` } : undefined;
}

function isDuplicate(error: unknown): boolean {
  return error instanceof NodeError && error.code === 'duplicate';
}

function isInvalid(error: unknown): boolean {
  return error instanceof NodeError && error.code === 'invalid';
}
