// Any search as a feed, newest first. Health is not in it: a feed changes when what is published does, and a reader that
// has it already hears 304.

import { readSearch } from '../catalogue/search-query.ts';
import { conditional } from '../http/conditional.ts';
import { type IndexRequest, type IndexResponse, queryOf, type Route } from '../http/routes.ts';
import type { Face } from '../pages/face.ts';
import { feedQuery, searchFields } from '../pages/results.ts';
import { refuse } from '../registry/refusals.ts';
import type { Section } from '../section.ts';
import { type Feed, itemOf } from './entries.ts';
import { jsonFeedOf } from './json-feed.ts';
import { atomOf, rssOf } from './xml-feeds.ts';

const forms = [
  { path: '/feeds/rss', type: 'application/rss+xml; charset=utf-8', write: rssOf },
  { path: '/feeds/atom', type: 'application/atom+xml; charset=utf-8', write: atomOf },
  { path: '/feeds/json', type: 'application/feed+json', write: jsonFeedOf },
] as const;

export function feedsSection(face: Face): Section {
  async function feedOf(request: IndexRequest, path: string): Promise<Feed> {
    const query = queryOf(request);
    const search = readSearch(query, face.clock.wallTimeMs());
    const { entries } = await face.catalogue.search({ ...search, sort: search.sort ?? 'newest' });
    const origin = face.origin(request);
    const items = entries.map((entry) => itemOf(entry, face, origin));
    const about = feedQuery(query);
    const own = searchFields(query).toString();
    return {
      title: search.words === undefined ? 'Shoal index' : `Shoal index: ${search.words}`,
      link: `${origin}/search${about}`,
      self: `${origin}${path}${own === '' ? '' : `?${own}`}`,
      changedMs: Math.max(0, ...items.map(({ changedMs }) => changedMs)),
      items,
    };
  }

  const routes = forms.map(
    ({ path, type, write }): Route => ({
      method: 'GET',
      path,
      async handle(request): Promise<IndexResponse> {
        face.counts.feeds++;
        const waitMs = face.waitMs(request);
        if (waitMs > 0) return refuse('too-many', 'Your network asks too often.', { retryInMs: waitMs });
        const feed = await feedOf(request, path);
        const headers = {
          'Content-Type': type,
          'Cache-Control': 'no-cache',
          'X-Content-Type-Options': 'nosniff',
          'Content-Security-Policy': "default-src 'none'",
          'Access-Control-Allow-Origin': '*',
        };
        return conditional(
          request,
          { status: 200, headers, body: write(feed), changedMs: feed.changedMs || undefined },
          face.hashing,
        );
      },
    }),
  );
  return { routes };
}
