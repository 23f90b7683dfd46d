// The pages of the index: a front page, results, one torrent, one publisher; their look; and the torrent files that they
// lead to.

import { IndexError, statusOfCode } from '../errors.ts';
import { conditional } from '../http/conditional.ts';
import { errorResponse, type IndexRequest, type IndexResponse, queryOf, type Route } from '../http/routes.ts';
import type { Section } from '../section.ts';
import { entryPage } from './entry.ts';
import type { Face } from './face.ts';
import { frontPage } from './front.ts';
import { pageHeaders, refusalPage } from './layout.ts';
import { icon, style } from './look.ts';
import { publisherPage, resultsPage } from './results.ts';

const day = 'public, max-age=86400';
const longestFileName = 100;

export function pagesSection(face: Face): Section {
  /** Refusals are pages, too. */
  function page(make: (request: IndexRequest) => Promise<IndexResponse>): Route['handle'] {
    return async (request) => {
      face.counts.pages++;
      const waitMs = face.waitMs(request);
      if (waitMs > 0) {
        const refusal = refusalPage(429, 'Too often', 'Your network asks too often. Try again in a moment.');
        const retry = { 'Retry-After': String(Math.ceil(waitMs / 1000)) };
        return { ...refusal, headers: { ...refusal.headers, ...retry } };
      }
      try {
        return await make(request);
      } catch (error) {
        if (!(error instanceof IndexError) || statusOfCode[error.code] >= 500) throw error;
        return refusalPage(statusOfCode[error.code], 'This cannot be searched', error.message);
      }
    };
  }

  function still(type: string, body: string): Route['handle'] {
    const headers = { 'Content-Type': type, 'Cache-Control': day, ...pageHeaders };
    return (request) => conditional(request, { status: 200, headers, body }, face.hashing);
  }

  async function torrentFile(request: IndexRequest): Promise<IndexResponse> {
    const infoHash = /^([0-9a-f]{40})\.torrent$/i.exec(request.params.file ?? '')?.[1]?.toLowerCase();
    const bytes = infoHash === undefined ? undefined : face.torrents.torrentFile(infoHash);
    if (infoHash === undefined || bytes === undefined)
      return errorResponse(404, 'not-found', 'This index does not have that torrent file.');
    const details = await face.catalogue.details(infoHash);
    const title = details?.publications[0]?.publication.title ?? infoHash;
    const headers = {
      ...pageHeaders,
      'Content-Type': 'application/x-bittorrent',
      'Content-Disposition': `attachment; filename="${infoHash}.torrent"; filename*=UTF-8''${fileName(title)}.torrent`,
    };
    return conditional(request, { status: 200, headers, body: bytes }, face.hashing);
  }

  async function entry(request: IndexRequest): Promise<IndexResponse> {
    const details = await face.catalogue.details(request.params.infoHash ?? '');
    if (details === undefined)
      return refusalPage(404, 'Nothing here', 'No such torrent is published in this index.');
    return entryPage(face, request, details);
  }

  return {
    routes: [
      { method: 'GET', path: '/', handle: page((request) => frontPage(face, request)) },
      {
        method: 'GET',
        path: '/search',
        handle: page((request) => resultsPage(face, request, queryOf(request))),
      },
      { method: 'GET', path: '/torrent/:infoHash', handle: page(entry) },
      {
        method: 'GET',
        path: '/publisher/:key',
        handle: page((request) =>
          publisherPage(face, request, request.params.key?.toLowerCase() ?? '', queryOf(request)),
        ),
      },
      { method: 'GET', path: '/torrents/:file', handle: torrentFile },
      { method: 'GET', path: '/style.css', handle: still('text/css; charset=utf-8', style) },
      { method: 'GET', path: '/icon.svg', handle: still('image/svg+xml', icon) },
    ],
    metrics: () => [
      {
        name: 'faces_total',
        help: 'Requests to pages, feeds and Torznab.',
        kind: 'counter',
        values: Object.entries(face.counts).map(([what, value]) => ({ labels: { what }, value })),
      },
    ],
  };
}

/** As RFC 8187 has it; no name leads out of a folder. */
function fileName(title: string): string {
  const name = title.replace(/[/\\:*?"<>|\p{Cc}]/gu, '_').replace(/^\.+/, '_');
  return encodeURIComponent([...name].slice(0, longestFileName).join('').toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
}
