// The front page: what the index has, and the newest of it.

import { categories } from '@shoal/directory';
import type { IndexRequest, IndexResponse } from '../http/routes.ts';
import type { Face } from './face.ts';
import { html } from './html.ts';
import { pageOf } from './layout.ts';
import { rowsOf } from './rows.ts';
import { categoryWords, countWords } from './words.ts';

const newestShown = 20;

export async function frontPage(face: Face, request: IndexRequest): Promise<IndexResponse> {
  const [{ entries }, totals] = await Promise.all([
    face.catalogue.search({ sort: 'newest', limit: newestShown }),
    face.catalogue.totals(),
  ]);
  const body = html`<h1>What people share here</h1>
<p>${countWords(totals.torrents, 'torrent')} by ${countWords(totals.publishers, 'publisher')}. The index knows who has what; the files stay with the peers.</p>
<h2>Categories</h2>
<ul class="tags">${categories.map(
    (category) => html`<li><a href="/search?category=${category}">${categoryWords[category]}</a></li>`,
  )}</ul>
<h2>Newest</h2>
${entries.length === 0 ? html`<p>Nothing is published yet. <code>shoal publish</code> does that.</p>` : rowsOf(entries, face, face.origin(request))}
${entries.length > 0 && html`<p><a href="/search?sort=newest">All, newest first</a></p>`}`;
  return pageOf({ title: 'Front page', body, feed: '' });
}
