// Torznab, as automation tools ask it: GET /torznab/api?t=…. What is wrong is said in a document with Newznab's codes. The
// parameter `apikey` is read over: what is published here is for everybody.

import type { Category } from '@shoal/directory';
import { longestSearch, maxPageLength, maxRanked, usualPageLength } from '../catalogue/bounds.ts';
import type { Search } from '../catalogue/catalogue.ts';
import { IndexError } from '../errors.ts';
import { type IndexRequest, type IndexResponse, queryOf, type Route } from '../http/routes.ts';
import type { Face } from '../pages/face.ts';
import type { Section } from '../section.ts';
import { categoriesOf } from './categories.ts';
import { capsOf, errorOf, resultsOf } from './documents.ts';
import { foreignIds, functions, type TorznabFunction } from './functions.ts';

const dayMs = 86_400_000;

class TorznabError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function torznabSection(face: Face): Section {
  async function answer(request: IndexRequest): Promise<IndexResponse> {
    face.counts.torznab++;
    const waitMs = face.waitMs(request);
    // Tools know these words.
    if (waitMs > 0) return xml(errorOf(500, 'Request limit reached'), 429, Math.ceil(waitMs / 1000));
    const query = queryOf(request);
    try {
      const name = text(query, 't');
      if (name === '') throw new TorznabError(200, 'Missing parameter (t)');
      if (name === 'caps') return xml(capsOf(maxPageLength, usualPageLength));
      const asked = functions.find(({ names }) => names.includes(name));
      if (asked === undefined) throw new TorznabError(202, `No such function (${name.slice(0, 40)})`);
      return await search(request, query, asked);
    } catch (error) {
      if (error instanceof TorznabError) return xml(errorOf(error.code, error.message));
      if (error instanceof IndexError && error.code === 'unavailable')
        return xml(errorOf(910, 'API Temporarily Disabled'), 503, 5);
      throw error;
    }
  }

  async function search(
    request: IndexRequest,
    query: URLSearchParams,
    asked: TorznabFunction,
  ): Promise<IndexResponse> {
    const wanted = searchOf(query, asked, face.clock.wallTimeMs());
    const offset = number(query, 'offset') ?? 0;
    const found =
      wanted === undefined || offset > maxRanked ? undefined : await face.catalogue.search(wanted);
    // What was read as another word is no answer to a program that looks for just this.
    const isAnswer = found !== undefined && Object.keys(found.corrected).length === 0;
    const origin = face.origin(request);
    const results = {
      entries: isAnswer ? found.entries : [],
      total: isAnswer ? found.total : 0,
      offset,
      origin,
      self: `${origin}/torznab/api`,
    };
    return xml(resultsOf(results, face));
  }

  const handle: Route['handle'] = answer;
  return {
    routes: [
      { method: 'GET', path: '/torznab/api', handle },
      { method: 'GET', path: '/torznab', handle },
    ],
  };
}

/** Undefined where nothing here can be it. */
function searchOf(query: URLSearchParams, asked: TorznabFunction, nowMs: number): Search | undefined {
  const words = wordsOf(query, asked);
  if (words === '' && foreignIds.some((name) => text(query, name) !== '')) return undefined;
  const categories = wantedCategories(query, asked);
  if (categories === undefined) return undefined;
  const [minAge, maxAge] = [number(query, 'minage'), number(query, 'maxage')];
  return {
    words: words === '' ? undefined : words,
    categories,
    minSize: number(query, 'minsize'),
    maxSize: number(query, 'maxsize'),
    before: minAge === undefined ? undefined : nowMs - minAge * dayMs,
    since: maxAge === undefined ? undefined : nowMs - maxAge * dayMs,
    limit: Math.min(number(query, 'limit') ?? usualPageLength, maxPageLength),
    offset: number(query, 'offset'),
  };
}

function wantedCategories(
  query: URLSearchParams,
  { categories }: TorznabFunction,
): readonly Category[] | undefined {
  const given = query
    .getAll('cat')
    .join(',')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (given.length === 0) return categories;
  if (given.length > 200 || given.some((one) => !/^\d{1,7}$/.test(one)))
    throw new TorznabError(201, 'Incorrect parameter (cat)');
  const meant = categoriesOf(given.map(Number));
  return meant.length === 0 ? undefined : meant;
}

function wordsOf(query: URLSearchParams, { takes }: TorznabFunction): string {
  const words = takes.filter((name) => name !== 'season' && name !== 'ep').map((name) => text(query, name));
  if (takes.includes('season')) words.push(episodeWords(text(query, 'season'), text(query, 'ep')));
  return words
    .filter((one) => one !== '')
    .join(' ')
    .slice(0, longestSearch);
}

/** "S01E02", all of a season, or a day of a daily show (`season=2024&ep=05/21`). */
function episodeWords(seasonText: string, episode: string): string {
  const season = seasonText.replace(/^s/i, '');
  if (season === '') return '';
  if (!/^\d{1,4}$/.test(season)) throw new TorznabError(201, 'Incorrect parameter (season)');
  const two = (digits: string): string => digits.padStart(2, '0');
  const day = /^(\d{1,2})\/(\d{1,2})$/.exec(episode);
  if (day !== null) return [season, two(day[1] ?? ''), two(day[2] ?? '')].join(' ');
  if (season.length === 4 && episode === '') return season;
  const number = episode.replace(/^e/i, '');
  if (number === '') return `S${two(season)}*`;
  if (!/^\d{1,4}$/.test(number)) throw new TorznabError(201, 'Incorrect parameter (ep)');
  return `S${two(String(Number(season)))}E${two(String(Number(number)))}`;
}

function text(query: URLSearchParams, name: string): string {
  return query.get(name)?.trim() ?? '';
}

function number(query: URLSearchParams, name: string): number | undefined {
  const value = text(query, name);
  if (value === '') return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new TorznabError(201, `Incorrect parameter (${name})`);
  return Number(value);
}

function xml(body: string, status = 200, retryAfterSeconds?: number): IndexResponse {
  const retry = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
  return {
    status,
    headers: {
      'Content-Type': 'application/xml; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': "default-src 'none'",
      ...retry,
    },
    body,
  };
}
