// RSS 2.0 and Atom (RFC 4287). What people wrote is text in titles, and escaped once more where readers take HTML.

import { type Html, html as xml } from '../pages/html.ts';
import type { Feed } from './entries.ts';

export function rssOf({ title, link, self, changedMs, items }: Feed): string {
  const dated = changedMs > 0 && xml`<lastBuildDate>${httpDate(changedMs)}</lastBuildDate>`;
  return xml`<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:torrent="http://xmlns.ezrss.it/0.1/">
<channel>
<title>${title}</title>
<link>${link}</link>
<description>What was published, newest first</description>
<atom:link href="${self}" rel="self" type="application/rss+xml"/>
<generator>Shoal</generator>
${dated}
${items.map(
  (item) => xml`<item>
<title>${item.title}</title>
<link>${item.link}</link>
<guid isPermaLink="false">${item.id}</guid>
<pubDate>${httpDate(item.publishedMs)}</pubDate>
${item.categories.map((one) => xml`<category>${one}</category>`)}
<description>${item.content.text}</description>
${item.enclosure !== undefined && xml`<enclosure url="${item.enclosure.url}" length="${item.enclosure.length}" type="application/x-bittorrent"/>`}
<torrent:magnetURI>${item.magnet}</torrent:magnetURI>
<torrent:infoHash>${item.infoHash}</torrent:infoHash>
${item.size !== undefined && xml`<torrent:contentLength>${item.size}</torrent:contentLength>`}
</item>
`,
)}</channel>
</rss>
`.text;
}

export function atomOf({ title, link, self, changedMs, items }: Feed): string {
  return xml`<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<title type="text">${title}</title>
<id>${self}</id>
<link rel="self" type="application/atom+xml" href="${self}"/>
<link rel="alternate" type="text/html" href="${link}"/>
<updated>${isoDate(changedMs)}</updated>
<generator>Shoal</generator>
${items.map(
  (item): Html => xml`<entry>
<title type="text">${item.title}</title>
<id>${item.id}</id>
<link rel="alternate" type="text/html" href="${item.link}"/>
${item.enclosure !== undefined && xml`<link rel="enclosure" type="application/x-bittorrent" href="${item.enclosure.url}" length="${item.enclosure.length}"/>`}
<link rel="related" href="${item.magnet}"/>
<published>${isoDate(item.publishedMs)}</published>
<updated>${isoDate(item.changedMs)}</updated>
<author><name>${item.author.slice(0, 16)}</name></author>
${item.categories.map((one) => xml`<category term="${one}"/>`)}
<content type="html">${item.content.text}</content>
</entry>
`,
)}</feed>
`.text;
}

function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

function isoDate(ms: number): string {
  return new Date(ms).toISOString();
}
