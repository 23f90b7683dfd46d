// What a feed of any form says of one entry.

import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import type { Face } from '../pages/face.ts';
import { type Html, html } from '../pages/html.ts';
import { categoryWords, sizeWords } from '../pages/words.ts';

export interface FeedItem {
  /** The same for as long as it is published, whatever the index is called. */
  readonly id: string;
  readonly title: string;
  readonly link: string;
  readonly text: string;
  /** The text with a way to get it, as a reader shows it. */
  readonly content: Html;
  readonly publishedMs: number;
  readonly changedMs: number;
  readonly author: string;
  readonly categories: readonly string[];
  readonly infoHash: string;
  readonly size: number | undefined;
  readonly magnet: string;
  readonly enclosure: { readonly url: string; readonly length: number } | undefined;
}

export interface Feed {
  readonly title: string;
  /** The page of the same search. */
  readonly link: string;
  readonly self: string;
  /** Of the newest item; 0 without any. */
  readonly changedMs: number;
  readonly items: readonly FeedItem[];
}

export function itemOf(entry: CatalogueEntry, face: Face, origin: string): FeedItem {
  const { infoHash, publication, publisher, addedMs } = entry;
  const { title, description = '', category, tags, size } = publication;
  const { magnet, torrent } = face.offer(entry, origin);
  const length = face.torrents.torrentLength(infoHash);
  // A clock that runs ahead within what is allowed makes no date in the future.
  const changedMs = Math.max(addedMs, Math.min(1000 * publication.record.madeAt, face.clock.wallTimeMs()));
  return {
    id: `urn:btih:${infoHash}:${publisher}`,
    title,
    link: `${origin}/torrent/${infoHash}`,
    text: description,
    content: html`<p>${categoryWords[category]}, ${sizeWords(size)}. <a href="${magnet}">Magnet link</a></p>${description
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => html`<p dir="auto">${line}</p>`)}`,
    publishedMs: addedMs,
    changedMs,
    author: publisher,
    categories: [category, ...tags],
    infoHash,
    size,
    magnet,
    enclosure: torrent === undefined || length === undefined ? undefined : { url: torrent, length },
  };
}
