// What can be asked (`t=`), with which words, and in which categories when none are named.

import type { Category } from '@shoal/directory';

export interface TorznabFunction {
  readonly names: readonly string[];
  /** As it stands in the caps document. */
  readonly caps: string;
  /** Parameters that are understood beside those that all take. */
  readonly takes: readonly string[];
  readonly categories: readonly Category[];
}

export const functions: readonly TorznabFunction[] = [
  { names: ['search'], caps: 'search', takes: ['q'], categories: [] },
  {
    names: ['tvsearch', 'tv-search'],
    caps: 'tv-search',
    takes: ['q', 'season', 'ep'],
    categories: ['tv'],
  },
  { names: ['movie', 'movie-search'], caps: 'movie-search', takes: ['q', 'year'], categories: ['movies'] },
  {
    names: ['music', 'audio', 'music-search', 'audio-search'],
    caps: 'audio-search',
    takes: ['q', 'artist', 'album', 'track', 'year'],
    categories: ['audio'],
  },
  {
    names: ['book', 'book-search'],
    caps: 'book-search',
    takes: ['q', 'author', 'title'],
    categories: ['books'],
  },
];

/** Names in other catalogues, which nothing here has: asked for by them alone, there is nothing. */
export const foreignIds = ['imdbid', 'tvdbid', 'tmdbid', 'rid', 'tvmazeid', 'traktid', 'doubanid', 'genre'];
