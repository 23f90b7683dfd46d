// One torrent: what its publishers say of it, how healthy it is, what others think, and how to get it.

import type { CatalogueEntry, Rating, TorrentDetails } from '../catalogue/catalogue.ts';
import type { IndexRequest, IndexResponse } from '../http/routes.ts';
import type { Face } from './face.ts';
import { type Html, html, said } from './html.ts';
import { pageOf } from './layout.ts';
import { categoryWords, countWords, sizeWords, starWords, timeWords } from './words.ts';

/** Longer lists of files are folded. */
const filesOpen = 30;

export function entryPage(face: Face, request: IndexRequest, details: TorrentDetails): IndexResponse {
  const [entry, ...others] = details.publications;
  if (entry === undefined)
    return pageOf({ status: 404, title: 'Nothing here', body: html`<h1>Nothing here</h1>` });
  const nowMs = face.clock.wallTimeMs();
  const { publication, health } = entry;
  const { title, description, category, language, licence, size, tags } = publication;
  const { magnet, torrent } = face.offer(entry, face.origin(request));
  const { v1, v2 } = publication.infoHashes;
  const body = html`<h1>${said(title)}</h1>
${details.supersededBy.length > 0 && html`<p class="warn">Its publisher says that this took its place: ${details.supersededBy.map((hash) => html`<a href="/torrent/${hash}"><code>${hash}</code></a> `)}</p>`}
${entry.reports > 0 && html`<p class="warn">${countWords(entry.reports, 'person', 'people')} reported this as fake, harmful or unlawful.</p>`}
<p class="do"><a class="button" href="${magnet}">Magnet link</a>${torrent !== undefined && html` <a class="button" href="${torrent}">Torrent file</a>`}</p>
<dl>
<dt>Seeds</dt><dd class="seeds">${health.seeds}</dd>
<dt>Leechers</dt><dd>${health.leechers}</dd>
<dt>Completed</dt><dd>${health.completed}</dd>
<dt>Last seen</dt><dd>${health.seenMs === 0 ? 'never' : timeWords(health.seenMs, nowMs)}</dd>
<dt>Size</dt><dd>${sizeWords(size)}${publication.fileCount !== undefined && `, ${countWords(publication.fileCount, 'file')}`}</dd>
<dt>Category</dt><dd><a href="/search?category=${category}">${categoryWords[category]}</a></dd>
${tags.length > 0 && html`<dt>Tags</dt><dd><ul class="tags">${tags.map((tag) => html`<li><a href="/search?tag=${encodeURIComponent(tag)}">${said(tag)}</a></li>`)}</ul></dd>`}
${language !== undefined && html`<dt>Language</dt><dd><a href="/search?language=${language}">${language}</a></dd>`}
${licence !== undefined && html`<dt>Licence</dt><dd>${said(licence)}</dd>`}
<dt>Published</dt><dd>${timeWords(entry.addedMs, nowMs)} by <a href="/publisher/${entry.publisher}"><code>${entry.publisher.slice(0, 16)}</code></a></dd>
<dt>Rating</dt><dd>${starWords(entry.stars, entry.ratings) ?? 'none yet'}</dd>
${v1 !== undefined && html`<dt>Info hash, v1</dt><dd><code>${hex(v1)}</code></dd>`}
${v2 !== undefined && html`<dt>Info hash, v2</dt><dd><code>${hex(v2)}</code></dd>`}
</dl>
${description !== undefined && html`<h2>Description</h2><div class="text" dir="auto">${description}</div>`}
${files(entry)}
${details.ratings.length > 0 && html`<h2>Ratings and comments</h2><ul class="rows">${details.ratings.map((one) => opinion(one, nowMs))}</ul>`}
${others.length > 0 && html`<h2>Also published as</h2><ul class="rows">${others.map(({ publication: other, publisher }) => html`<li>${said(other.title)} <span class="quiet">by <a href="/publisher/${publisher}"><code>${publisher.slice(0, 16)}</code></a></span></li>`)}</ul>`}`;
  return pageOf({ title, body });
}

function files({ publication: { files: list, fileCount = 0 } }: CatalogueEntry): Html | undefined {
  if (list.length === 0) return undefined;
  const missing = fileCount - list.length;
  return html`<h2>Files</h2><details${list.length <= filesOpen && html` open`}><summary>${countWords(Math.max(fileCount, list.length), 'file')}</summary><ul class="files">${list.map(
    ({ path, length }) => html`<li>${said(path)} <span>${sizeWords(length)}</span></li>`,
  )}</ul>${missing > 0 && html`<p class="quiet">and ${countWords(missing, 'file')} more</p>`}</details>`;
}

function opinion({ key, stars, comment, madeAtMs }: Rating, nowMs: number): Html {
  return html`<li><p class="quiet">${stars !== undefined && html`<span class="stars">★ ${stars} of 5</span> `}by <a href="/publisher/${key}"><code>${key.slice(0, 16)}</code></a>, ${timeWords(madeAtMs, nowMs)}</p>${
    comment !== undefined && html`<div class="text" dir="auto">${comment}</div>`
  }</li>`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
