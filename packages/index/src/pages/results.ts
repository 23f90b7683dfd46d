// Results of a search with its filters, and what one publisher published.

import { categories } from '@shoal/directory';
import { maxRanked, usualPageLength } from '../catalogue/bounds.ts';
import type { SearchAnswer, Sort } from '../catalogue/catalogue.ts';
import { readSearch } from '../catalogue/search-query.ts';
import type { IndexRequest, IndexResponse } from '../http/routes.ts';
import type { Face } from './face.ts';
import { type Html, html, said } from './html.ts';
import { pageOf } from './layout.ts';
import { pagingOf, rowsOf } from './rows.ts';
import { categoryWords, countWords, numberWords, sortWords } from './words.ts';

/** Fields of a search as they stand in a URL; others are left out of links. */
const fields = [
  'q',
  'category',
  'tag',
  'publisher',
  'language',
  'type',
  'file',
  'min-size',
  'max-size',
  'newer',
  'older',
  'seeds',
  'sort',
  'limit',
  'offset',
];
const sorts: readonly Sort[] = ['newest', 'oldest', 'seeds', 'size', 'smallest', 'rating'];
const ages = [
  ['', 'any time'],
  ['1d', 'a day'],
  ['1w', 'a week'],
  ['4w', 'four weeks'],
  ['1y', 'a year'],
] as const;

export function searchFields(query: URLSearchParams): URLSearchParams {
  return new URLSearchParams(
    [...query].filter(([name, value]) => value.trim() !== '' && fields.includes(name)),
  );
}

/** "?q=…", or nothing: of a search without its page. */
export function feedQuery(query: URLSearchParams): string {
  const all = searchFields(query);
  for (const name of ['limit', 'offset', 'sort']) all.delete(name);
  const text = all.toString();
  return text === '' ? '' : `?${text}`;
}

export async function resultsPage(
  face: Face,
  request: IndexRequest,
  query: URLSearchParams,
): Promise<IndexResponse> {
  const search = readSearch(query, face.clock.wallTimeMs());
  const answer = await face.catalogue.search(search);
  const words = search.words ?? '';
  const category = search.categories?.length === 1 ? search.categories[0] : undefined;
  const about = words !== '' ? words : category === undefined ? 'Everything' : categoryWords[category];
  const body = html`<h1>${words === '' ? about : html`Results for ${said(words)}`}</h1>
${correction(answer)}
${filterForm(query)}
<h2>${foundWords(answer)}</h2>
${found(face, request, { path: '/search', query, answer })}`;
  return pageOf({ title: about, words, body, feed: feedQuery(query) });
}

export async function publisherPage(
  face: Face,
  request: IndexRequest,
  key: string,
  query: URLSearchParams,
): Promise<IndexResponse> {
  const mine = new URLSearchParams(query);
  mine.set('publisher', key);
  const answer = await face.catalogue.search(readSearch(mine, face.clock.wallTimeMs()));
  const body = html`<h1>Publisher ${key.slice(0, 16)}</h1>
<p>All that was signed with the key <code>${key}</code>. A key is whoever has it; this index knows no names.</p>
<h2>${foundWords(answer)}</h2>
${found(face, request, { path: `/publisher/${key}`, query, answer })}`;
  return pageOf({
    status: answer.total === 0 ? 404 : 200,
    title: `Publisher ${key.slice(0, 16)}`,
    body,
    feed: `?publisher=${key}`,
  });
}

function found(
  face: Face,
  request: IndexRequest,
  {
    path,
    query,
    answer,
  }: { readonly path: string; readonly query: URLSearchParams; readonly answer: SearchAnswer },
): Html {
  const { entries, total } = answer;
  const numberAt = (name: string, usual: number): number => Number(query.get(name)?.trim() || usual);
  return html`${rowsOf(entries, face, face.origin(request))}
${pagingOf({
  path,
  query: searchFields(query),
  offset: numberAt('offset', 0),
  limit: numberAt('limit', usualPageLength) || usualPageLength,
  shown: entries.length,
  total,
  mostOffset: maxRanked,
})}`;
}

function foundWords({ total, isComplete }: SearchAnswer): string {
  if (total === 0) return 'Nothing was found.';
  return isComplete ? `${countWords(total, 'torrent')}.` : `${numberWords(total)} torrents or more.`;
}

function correction({ corrected }: SearchAnswer): Html | undefined {
  const all = Object.entries(corrected);
  if (all.length === 0) return undefined;
  return html`<p class="warn">Nothing has ${all.map(
    ([from, to], i) => html`${i > 0 && ', '}“${said(from)}”: this is for “${said(to)}”`,
  )}.</p>`;
}

function filterForm(query: URLSearchParams): Html {
  const value = (name: string): string => query.get(name)?.trim() ?? '';
  const isSet = fields.some((name) => !['q', 'sort', 'offset', 'limit'].includes(name) && value(name) !== '');
  const option = (chosen: string, to: string, words: string): Html =>
    html`<option value="${to}"${chosen === to && html` selected`}>${words}</option>`;
  const input = (name: string, words: string, example: string): Html =>
    html`<label>${words}<input name="${name}" value="${value(name)}" placeholder="${example}" maxlength="256" dir="auto"></label>`;
  return html`<details${isSet && html` open`}><summary>Filters and order</summary>
<form action="/search"><div class="filters">
${input('q', 'Words', 'whale song')}
<label>Category<select name="category">${option(value('category'), '', 'all')}${categories.map((one) => option(value('category'), one, categoryWords[one]))}</select></label>
<label>Order<select name="sort">${option(value('sort'), '', sortWords.relevance)}${sorts.map((one) => option(value('sort'), one, sortWords[one]))}</select></label>
<label>Published within<select name="newer">${ages.map(([age, words]) => option(value('newer'), age, words))}</select></label>
${input('min-size', 'At least this large', '100MB')}
${input('max-size', 'At most this large', '4.5GB')}
${input('seeds', 'Seeds, at least', '1')}
${input('type', 'Has files of the type', 'flac')}
${input('file', 'Words in a file’s name', 'chapter')}
${input('tag', 'Tags', 'live, folk')}
${input('language', 'Language', 'de')}
${input('publisher', 'Publisher’s key', '64 hexadecimal digits')}
</div><button>Search</button></form></details>`;
}
