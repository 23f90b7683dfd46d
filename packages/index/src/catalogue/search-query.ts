// A search as it stands in the query of a URL, the same for the API, pages and feeds. What makes no sense is refused with
// the name of the field.

import { categories } from '@shoal/directory';
import { IndexError } from '../errors.ts';
import { longestSearch, maxPageLength, maxRanked } from './bounds.ts';
import type { Search, Sort } from './catalogue.ts';

const sorts: readonly Sort[] = ['relevance', 'newest', 'oldest', 'seeds', 'size', 'smallest', 'rating'];

/** Throws an IndexError `invalid`. Empty fields are as if they were not there, as forms send them. */
export function readSearch(query: URLSearchParams, nowMs: number): Search {
  const text = (name: string): string | undefined => {
    const value = query.get(name)?.trim();
    if (value === undefined || value === '') return undefined;
    if (value.length > longestSearch) throw invalid(name, `has up to ${longestSearch} characters`);
    return value;
  };
  const number = (name: string, most = Number.MAX_SAFE_INTEGER): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,16}$/.test(value) || Number(value) > most)
      throw invalid(name, `is a number from 0 to ${most}`);
    return Number(value);
  };
  const size = (name: string): number | undefined => {
    const value = text(name);
    return value === undefined ? undefined : bytesOf(name, value);
  };
  const age = (name: string): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const [, count, unit = ''] = /^(\d{1,6})([hdwy])$/.exec(value) ?? [];
    if (count === undefined) throw invalid(name, 'is an age such as 12h, 7d, 4w or 1y');
    return nowMs - Number(count) * (ages[unit] ?? 0);
  };
  const list = (name: string): string[] =>
    query
      .getAll(name)
      .flatMap((value) => value.split(','))
      .map((one) => one.trim())
      .filter((one) => one !== '');
  const wanted = list('category').map((name) => {
    const category = categories.find((one) => one === name);
    if (category === undefined) throw invalid('category', `is one of ${categories.join(', ')}`);
    return category;
  });
  const tags = list('tag');
  if (tags.length > 8 || tags.some((tag) => tag.length > 64)) throw invalid('tag', 'are up to 8 words');
  const sortName = text('sort');
  const sort = sorts.find((one) => one === sortName);
  if (sortName !== undefined && sort === undefined) throw invalid('sort', `is one of ${sorts.join(', ')}`);
  const publisher = text('publisher')?.toLowerCase();
  if (publisher !== undefined && !/^[0-9a-f]{64}$/.test(publisher))
    throw invalid('publisher', 'is a key of 64 hexadecimal digits');
  return {
    words: text('q'),
    categories: wanted,
    tags: tags.map((tag) => tag.toLowerCase()),
    publisher,
    language: text('language'),
    fileType: text('type'),
    fileName: text('file'),
    minSize: size('min-size'),
    maxSize: size('max-size'),
    minSeeds: number('seeds'),
    since: age('newer'),
    before: age('older'),
    sort,
    limit: number('limit', maxPageLength),
    offset: number('offset', maxRanked),
  };
}

const ages: Readonly<Record<string, number>> = {
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};
const units = 'kmgt';

/** "700M", "1.5GiB", "123". */
function bytesOf(name: string, value: string): number {
  const [, number, unit = '', binary] = /^(\d{1,15}(?:\.\d{1,3})?) ?([kmgt]?)(i?)b?$/i.exec(value) ?? [];
  if (number === undefined) throw invalid(name, 'is a size such as 700MB or 1.5GiB');
  const power = units.indexOf(unit.toLowerCase()) + (unit === '' ? 0 : 1);
  return Math.floor(Number(number) * (binary === 'i' ? 1024 : 1000) ** power);
}

function invalid(name: string, rule: string): IndexError {
  return new IndexError('invalid', `${name} ${rule}.`);
}
