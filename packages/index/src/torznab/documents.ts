// Torznab's documents: what this index can do, what it found, and what was wrong.

import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import type { Face } from '../pages/face.ts';
import { Html, html as xml } from '../pages/html.ts';
import { numbered, numbersOf } from './categories.ts';
import { functions } from './functions.ts';

const head = '<?xml version="1.0" encoding="UTF-8"?>\n';

export function capsOf(mostResults: number, usualResults: number): string {
  return `${head}${
    xml`<caps>
<server version="1.3" title="Shoal index"/>
<limits max="${mostResults}" default="${usualResults}"/>
<searching>
${functions.map(
  ({ caps, takes }) =>
    xml`<${new Html(caps)} available="yes" supportedParams="${takes.join(',')}" searchEngine="raw"/>\n`,
)}</searching>
<categories>
${numbered.map(
  ({ id, name, below = [] }) =>
    xml`<category id="${id}" name="${name}">${below.map((one) => xml`<subcat id="${one.id}" name="${name}/${one.name}"/>`)}</category>\n`,
)}</categories>
</caps>
`.text
  }`;
}

export interface Results {
  readonly entries: readonly CatalogueEntry[];
  readonly offset: number;
  readonly total: number;
  readonly origin: string;
  readonly self: string;
}

export function resultsOf({ entries, offset, total, origin, self }: Results, face: Face): string {
  return `${head}${
    xml`<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:torznab="http://torznab.com/schemas/2015/feed" xmlns:newznab="http://www.newznab.com/DTD/2010/feeds/attributes/">
<channel>
<atom:link href="${self}" rel="self" type="application/rss+xml"/>
<title>Shoal index</title>
<description>Shoal index</description>
<link>${origin}/</link>
<newznab:response offset="${offset}" total="${total}"/>
${entries.map((entry) => itemOf(entry, face, origin))}</channel>
</rss>
`.text
  }`;
}

function itemOf(entry: CatalogueEntry, face: Face, origin: string): Html {
  const { infoHash, publication, publisher, health, addedMs } = entry;
  const { title, category, size = 0, description = '', fileCount, tags, language } = publication;
  const { magnet, torrent } = face.offer(entry, origin);
  const page = `${origin}/torrent/${infoHash}`;
  const numbers = numbersOf(category, title);
  const attributes: readonly (readonly [string, string | number | undefined])[] = [
    ...numbers.map((id) => ['category', id] as const),
    ['size', size],
    ['files', fileCount],
    ['seeders', health.seeds],
    ['leechers', health.leechers],
    // All in the swarm, as the tools that read this have it.
    ['peers', health.seeds + health.leechers],
    ['grabs', health.completed],
    ['infohash', infoHash],
    ['magneturl', magnet],
    ['downloadvolumefactor', 0],
    ['uploadvolumefactor', 1],
    ['language', language],
    ...tags.map((tag) => ['tag', tag] as const),
  ];
  return xml`<item>
<title>${title}</title>
<guid isPermaLink="false">${page}#${publisher.slice(0, 16)}</guid>
<comments>${page}</comments>
<link>${torrent ?? magnet}</link>
<pubDate>${new Date(addedMs).toUTCString()}</pubDate>
<size>${size}</size>
<grabs>${health.completed}</grabs>
${numbers.map((id) => xml`<category>${id}</category>`)}
<description>${description.slice(0, 500)}</description>
<enclosure url="${torrent ?? magnet}" length="${size}" type="application/x-bittorrent"/>
${attributes.map(([name, value]) => value !== undefined && xml`<torznab:attr name="${name}" value="${value}"/>\n`)}</item>
`;
}

export function errorOf(code: number, description: string): string {
  return `${head}${xml`<error code="${code}" description="${description}"/>\n`.text}`;
}
