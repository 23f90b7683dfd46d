// Whether an item of a feed is wanted: words, a regular expression, size, season and episode. Invariant: a regular
// expression has a bound in time, whatever it is and whatever titles a stranger writes.

import { createContext, Script } from 'node:vm';
import type { Feed } from '@shoal/api';
import { patternPatienceMs } from '../bounds.ts';
import { NodeError } from '../errors.ts';
import { episodeOf, plainWords } from './episodes.ts';
import type { ParsedItem } from './parse.ts';

type Filter = Feed['filter'];

/** Why an item does not fit; undefined for those that do. In the order of the items. */
export function judgeItems(items: readonly ParsedItem[], filter: Filter): (string | undefined)[] {
  const fits = filter.pattern === undefined ? undefined : testAll(filter.pattern, items);
  return items.map((item, index) =>
    fits?.[index] === false ? 'the pattern does not fit' : misfit(item, filter),
  );
}

function misfit(item: ParsedItem, filter: Filter): string | undefined {
  const title = ` ${plainWords(item.title)} `;
  const has = (words: string) => title.includes(` ${plainWords(words)} `);
  const missing = filter.words?.find((words) => !has(words));
  if (missing !== undefined) return `"${missing}" is not in the title`;
  const unwanted = filter.without?.find(has);
  if (unwanted !== undefined) return `"${unwanted}" is in the title`;
  if (item.size !== undefined) {
    const reason = sizeMisfit(item.size, filter);
    if (reason !== undefined) return reason;
  }
  if (filter.seasons === undefined && filter.episodes === undefined) return undefined;
  const told = episodeOf(item.title);
  const season = item.season ?? told?.season;
  const [first, last] = item.episode === undefined ? (told?.episodes ?? []) : [item.episode, item.episode];
  if (filter.seasons !== undefined && !within(filter.seasons, season, season)) return 'another season';
  if (filter.episodes !== undefined && !within(filter.episodes, first, last)) return 'another episode';
  return undefined;
}

/** Asked again when the torrent itself is here: not every feed says how large things are. */
export function sizeMisfit(
  size: number,
  { minBytes = 0, maxBytes = Number.POSITIVE_INFINITY }: Filter,
): string | undefined {
  if (size < minBytes) return 'too small';
  return size > maxBytes ? 'too large' : undefined;
}

/** Throws a NodeError `invalid` for what is none. */
export function requirePattern(pattern: string): void {
  try {
    new RegExp(pattern, 'i');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NodeError('invalid', `The pattern is no regular expression: ${why}`, { value: pattern, cause });
  }
}

const test = new Script(
  'const found = new RegExp(pattern, "i"); titles.split("\\n").map((title) => found.test(title) ? "1" : "0").join("")',
);

function testAll(pattern: string, items: readonly ParsedItem[]): boolean[] {
  // Text alone goes in and comes out; the time is what the context is for.
  const titles = items.map(({ title }) => title.replace(/\n/g, ' ')).join('\n');
  const context = createContext(Object.assign(Object.create(null), { pattern, titles }));
  try {
    const told = String(test.runInContext(context, { timeout: patternPatienceMs }));
    return items.map((_, index) => told[index] === '1');
  } catch (cause) {
    // It is an error of the context's own.
    if (Object(cause).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw new NodeError('feed-pattern-slow', 'The pattern takes too long with the titles of this feed.', {
        value: pattern,
      });
    throw cause;
  }
}

/** Any part of it is enough: what brings episodes 1 to 3 brings the third. A whole season has all episodes. */
function within(range: string, first: number | undefined, last: number | undefined): boolean {
  const [from = '', to = from] = range.split('-');
  const most = to === '' ? Number.POSITIVE_INFINITY : Number(to);
  if (first === undefined || last === undefined) return false;
  return last >= Number(from) && first <= most;
}
