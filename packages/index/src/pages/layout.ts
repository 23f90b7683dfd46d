// The frame of every page. Invariant: no page runs a script, loads anything from elsewhere, sends a form elsewhere, or is
// shown inside another.

import { categories } from '@shoal/directory';
import type { IndexResponse } from '../http/routes.ts';
import { type Html, html } from './html.ts';
import { categoryWords } from './words.ts';

const policy =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export interface Page {
  readonly status?: number;
  readonly title: string;
  readonly body: Html;
  /** What stands in the search field. */
  readonly words?: string | undefined;
  /** The query of a search, which its feeds have, too. */
  readonly feed?: string | undefined;
}

export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

export function pageOf({ status = 200, title, body, words = '', feed }: Page): IndexResponse {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Shoal index</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
${feed !== undefined && feedLinks(feed)}
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header>
<a href="/">Shoal index</a>
<form action="/search" role="search">
<input type="search" name="q" value="${words}" aria-label="Search" placeholder="Words, or an info hash" maxlength="256" dir="auto">
<button>Search</button>
</form>
<nav aria-label="Categories"><ul>${categories.map(
    (category) => html`<li><a href="/search?category=${category}">${categoryWords[category]}</a></li>`,
  )}</ul></nav>
</header>
<main id="main">
${body}
</main>
<footer>
<p>${feed !== undefined && html`Feeds of this: <a href="/feeds/rss${feed}">RSS</a>, <a href="/feeds/atom${feed}">Atom</a>, <a href="/feeds/json${feed}">JSON</a>. `}<a href="/about">About this index</a>, <a href="/openapi.json">its API</a>.</p>
</footer>
</body>
</html>
`;
  return {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-cache', ...pageHeaders },
    body: page.text,
  };
}

function feedLinks(query: string): Html {
  return html`<link rel="alternate" type="application/rss+xml" title="RSS" href="/feeds/rss${query}">
<link rel="alternate" type="application/atom+xml" title="Atom" href="/feeds/atom${query}">
<link rel="alternate" type="application/feed+json" title="JSON Feed" href="/feeds/json${query}">`;
}

/** For what cannot be answered. */
export function refusalPage(status: number, title: string, message: string): IndexResponse {
  return pageOf({ status, title, body: html`<h1>${title}</h1><p class="warn">${message}</p>` });
}
