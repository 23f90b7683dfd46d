// Numbers, sizes and times as people read them.

import type { Category } from '@shoal/directory';
import type { Sort } from '../catalogue/catalogue.ts';
import { type Html, html } from './html.ts';

export const categoryWords: Readonly<Record<Category, string>> = {
  movies: 'Movies',
  tv: 'TV',
  video: 'Other video',
  audio: 'Audio',
  software: 'Software',
  games: 'Games',
  books: 'Books',
  images: 'Images',
  data: 'Data',
  adult: 'Adult',
  other: 'Other',
};

export const sortWords: Readonly<Record<Sort, string>> = {
  relevance: 'best match',
  newest: 'newest',
  oldest: 'oldest',
  seeds: 'most seeds',
  size: 'largest',
  smallest: 'smallest',
  rating: 'best rated',
};

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

export function sizeWords(bytes: number | undefined): string {
  if (bytes === undefined) return 'unknown size';
  const power = Math.min(bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const number = bytes / 1000 ** power;
  return `${power === 0 || number >= 100 ? Math.round(number) : number.toFixed(1)} ${units[power]}`;
}

/** "1 seed", "12,345 seeds" */
export function countWords(count: number, one: string, many = `${one}s`): string {
  return `${numberWords(count)} ${count === 1 ? one : many}`;
}

export function numberWords(count: number): string {
  return count.toLocaleString('en-GB');
}

const steps: readonly (readonly [seconds: number, name: string])[] = [
  [31_557_600, 'year'],
  [2_629_800, 'month'],
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
];

export function timeWords(atMs: number, nowMs: number): Html {
  const seconds = Math.max(0, (nowMs - atMs) / 1000);
  const step = steps.find(([length]) => seconds >= length);
  const words = step === undefined ? 'just now' : `${countWords(Math.floor(seconds / step[0]), step[1])} ago`;
  const exact = new Date(atMs).toISOString();
  return html`<time datetime="${exact}" title="${exact.slice(0, 16).replace('T', ' ')} UTC">${words}</time>`;
}

export function starWords(stars: number, ratings: number): Html | undefined {
  if (ratings === 0) return undefined;
  return html`<span class="stars">★ ${stars.toFixed(1)} <span class="of">of 5, ${countWords(ratings, 'rating')}</span></span>`;
}
