// Lists of what was found, one entry a row, and the way to the next page of them.

import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import type { Face } from './face.ts';
import { type Html, html, said } from './html.ts';
import { categoryWords, countWords, sizeWords, starWords, timeWords } from './words.ts';

export function rowsOf(entries: readonly CatalogueEntry[], face: Face, origin: string): Html {
  const nowMs = face.clock.wallTimeMs();
  return html`<ul class="rows">${entries.map((entry) => {
    const { publication, health, addedMs } = entry;
    const { magnet, torrent } = face.offer(entry, origin);
    return html`
<li><h3><a href="/torrent/${entry.infoHash}">${said(publication.title)}</a></h3>
<p class="facts"><span>${categoryWords[publication.category]}</span> <span>${sizeWords(publication.size)}</span>
<span class="seeds">${countWords(health.seeds, 'seed')}</span> <span>${countWords(health.leechers, 'leecher')}</span>
<span>${timeWords(addedMs, nowMs)}</span> ${starWords(entry.stars, entry.ratings)}
<a href="${magnet}" aria-label="Magnet link of ${publication.title}">Magnet</a>${
      torrent !== undefined &&
      html` <a href="${torrent}" aria-label="Torrent file of ${publication.title}">Torrent</a>`
    }</p></li>`;
  })}
</ul>`;
}

export interface Paging {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly offset: number;
  readonly limit: number;
  readonly shown: number;
  readonly total: number;
  readonly mostOffset: number;
}

export function pagingOf({ path, query, offset, limit, shown, total, mostOffset }: Paging): Html | undefined {
  const to = (at: number): string => {
    const there = new URLSearchParams(query);
    if (at === 0) there.delete('offset');
    else there.set('offset', String(at));
    const text = there.toString();
    return text === '' ? path : `${path}?${text}`;
  };
  const hasMore = offset + shown < total && offset + limit <= mostOffset;
  if (offset === 0 && !hasMore) return undefined;
  return html`<nav class="pages" aria-label="Pages">
${offset > 0 && html`<a class="button" rel="prev" href="${to(Math.max(0, offset - limit))}">Before</a>`}
${hasMore && html`<a class="button" rel="next" href="${to(offset + limit)}">More</a>`}
</nav>`;
}
