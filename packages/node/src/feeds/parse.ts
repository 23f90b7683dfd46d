// RSS 2.0, RSS 1.0 and Atom, with what trackers and indexers add to them (Torznab, ezRSS). Invariant: nothing that a
// document declares is ever expanded; its depth, its items, its texts and its mistakes are bounded.

import type { Clock } from '@shoal/base';
import { SaxesParser } from 'saxes';
import { deepestFeed, feedSliceChars, longestFeedText, mostFeedItems, mostFeedMistakes } from '../bounds.ts';
import { NodeError } from '../errors.ts';

export interface ParsedFeed {
  readonly title: string | undefined;
  /** In the order of the document. */
  readonly items: readonly ParsedItem[];
}

export interface ParsedItem {
  readonly title: string;
  /** What tells it from the others of the feed, however it is named there. */
  readonly guid: string;
  /** Where its torrent may be, the most likely first: magnet links and addresses. */
  readonly links: readonly string[];
  readonly infoHash: string | undefined;
  readonly size: number | undefined;
  readonly publishedMs: number | undefined;
  readonly season: number | undefined;
  readonly episode: number | undefined;
}

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  text: string;
}

/** What is found of an item while it is read. */
interface Draft {
  readonly texts: Map<string, string>;
  readonly attributes: Map<string, string>;
  readonly enclosures: { url: string; type: string; length: string }[];
  readonly links: string[];
}

const roots: ReadonlySet<string> = new Set(['rss', 'feed', 'RDF']);

export async function parseFeed(text: string, url: string, clock: Clock): Promise<ParsedFeed> {
  const reader = new FeedReader(url);
  const parser = new SaxesParser({ xmlns: false, position: false });
  parser.on('doctype', (doctype) => reader.doctype(doctype));
  parser.on('opentag', ({ name, attributes }) => reader.open(name, attributes));
  parser.on('closetag', () => reader.close());
  parser.on('text', (part) => reader.text(part));
  parser.on('cdata', (part) => reader.text(part));
  parser.on('error', (error) => reader.mistake(error.message));
  const clean = escapeLoose(text);
  for (let at = 0; at < clean.length; at += feedSliceChars) {
    if (at > 0) await new Promise<void>((resolve) => clock.setTimer(0, resolve));
    parser.write(clean.slice(at, at + feedSliceChars));
  }
  parser.close();
  return reader.result();
}

/** Addresses with bare ampersands, and what only HTML has a name for, stand for themselves. */
function escapeLoose(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const start = text.indexOf('<![CDATA[', at);
    const end = start < 0 ? -1 : text.indexOf(']]>', start);
    const loose = text.slice(at, end < 0 ? undefined : start);
    parts.push(loose.replace(/&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-f]{1,6});)/gi, '&amp;'));
    if (end < 0) break;
    parts.push(text.slice(start, end));
    at = end;
  }
  return parts.join('');
}

class FeedReader {
  readonly #url: string;
  readonly #open: Element[] = [];
  readonly #items: ParsedItem[] = [];
  #root: string | undefined;
  #title: string | undefined;
  #draft: Draft | undefined;
  #mistakes = 0;
  #firstMistake: string | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  doctype(text: string): void {
    if (/^\s*html\b/i.test(text)) throw notXml('it is a page (HTML)');
    if (/<!ENTITY/i.test(text))
      throw new NodeError('feed-entities', 'The feed declares entities of its own, which no feed needs.');
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    const element = { name: localName(name), attributes, text: '' };
    if (this.#root === undefined) {
      this.#root = element.name;
      if (/^html$/i.test(element.name)) throw notXml('it is a page (HTML)');
      if (!roots.has(element.name))
        throw new NodeError(
          'feed-unknown',
          `The answer is XML, but no RSS or Atom: it begins with <${name.slice(0, 60)}>.${errorIn(attributes)}`,
        );
    }
    if (this.#open.length >= deepestFeed)
      throw new NodeError('feed-too-deep', `The feed is nested more than ${deepestFeed} deep.`);
    this.#open.push(element);
    if (this.#draft === undefined && (element.name === 'item' || element.name === 'entry'))
      this.#draft = { texts: new Map(), attributes: new Map(), enclosures: [], links: [] };
  }

  text(part: string): void {
    const element = this.#open.at(-1);
    if (element === undefined || element.text.length >= longestFeedText) return;
    element.text += part.slice(0, longestFeedText - element.text.length);
  }

  close(): void {
    const element = this.#open.pop();
    if (element === undefined) return;
    const draft = this.#draft;
    if (draft === undefined) {
      if (element.name === 'title' && this.#open.length <= 2)
        this.#title ??= element.text.trim().slice(0, 300);
      return;
    }
    if (element.name === 'item' || element.name === 'entry') {
      this.#draft = undefined;
      const item = itemOf(draft, this.#url);
      if (item !== undefined && this.#items.length < mostFeedItems) this.#items.push(item);
      return;
    }
    take(draft, element);
  }

  mistake(message: string): void {
    this.#firstMistake ??= message;
    if (++this.#mistakes > mostFeedMistakes) throw notXml(message);
  }

  result(): ParsedFeed {
    if (this.#root === undefined) throw notXml(this.#firstMistake ?? 'it is empty');
    // What broke off is told as such; a feed with an ampersand too many is one.
    if (this.#items.length === 0 && this.#firstMistake !== undefined) throw notXml(this.#firstMistake);
    return { title: this.#title, items: this.#items };
  }
}

function take(draft: Draft, { name, attributes, text }: Element): void {
  const value = text.trim();
  switch (name) {
    case 'enclosure':
      draft.enclosures.push({
        url: attributes.url ?? '',
        type: attributes.type ?? '',
        length: attributes.length ?? '',
      });
      return;
    case 'link':
      if (attributes.href === undefined) draft.links.push(value);
      else if (attributes.rel === 'enclosure')
        draft.enclosures.push({
          url: attributes.href,
          type: attributes.type ?? '',
          length: attributes.length ?? '',
        });
      else draft.links.push(attributes.href);
      return;
    case 'content':
      // Of Media RSS.
      if (attributes.url !== undefined)
        draft.enclosures.push({
          url: attributes.url,
          type: attributes.type ?? '',
          length: attributes.fileSize ?? '',
        });
      return;
    case 'attr':
      if (attributes.name !== undefined && attributes.value !== undefined)
        draft.attributes.set(attributes.name.toLowerCase(), attributes.value);
      return;
    default:
      // The first one: an item's own title stands before those of what it brings.
      if (value !== '' && !draft.texts.has(name)) draft.texts.set(name, value);
  }
}

function itemOf({ texts, attributes, enclosures, links }: Draft, base: string): ParsedItem | undefined {
  const title = (texts.get('title') ?? '').replace(/\s+/g, ' ').slice(0, 1000);
  const infoHash = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i
    .exec((attributes.get('infohash') ?? texts.get('infoHash') ?? '').trim())?.[0]
    ?.toLowerCase();
  const isTorrent = ({ url, type }: { url: string; type: string }) =>
    /bittorrent/i.test(type) || /\.torrent(?:$|[?#])/i.test(url);
  const guid = texts.get('guid') ?? texts.get('id') ?? '';
  const found = [
    ...enclosures.filter(isTorrent).map(({ url }) => url),
    ...links.filter((link) => /\.torrent(?:$|[?#])/i.test(link)),
    attributes.get('magneturl'),
    texts.get('magnetURI') ?? texts.get('magneturi'),
    ...enclosures.filter((enclosure) => !isTorrent(enclosure)).map(({ url }) => url),
    ...links,
    ...(/^magnet:|\.torrent$/i.test(guid) ? [guid] : []),
    infoHash?.length === 40 ? `magnet:?xt=urn:btih:${infoHash}` : undefined,
  ].flatMap((link) => addressOf(link, base));
  // A file of the torrent's size says nothing of the enclosure; the other way about it does.
  const size =
    amountOf(attributes.get('size')) ??
    amountOf(texts.get('size')) ??
    amountOf(texts.get('contentLength')) ??
    amountOf(enclosures.find(({ length }) => Number(length) > 1024 * 1024)?.length);
  const name = guid || found[0] || links[0] || title;
  if (name === '' || (title === '' && found.length === 0)) return undefined;
  const published =
    texts.get('pubDate') ?? texts.get('published') ?? texts.get('updated') ?? texts.get('date') ?? '';
  const publishedMs = Date.parse(published);
  return {
    title: title || name.slice(0, 1000),
    guid: name.slice(0, 2000),
    links: [...new Set(found)].slice(0, 10),
    infoHash,
    size,
    publishedMs: publishedMs >= 0 ? publishedMs : undefined,
    season: amountOf(attributes.get('season')),
    episode: amountOf(attributes.get('episode')),
  };
}

function addressOf(link: string | undefined, base: string): string[] {
  const text = link?.trim() ?? '';
  if (text === '' || text.length > 16_384) return [];
  if (/^magnet:\?/i.test(text)) return [text];
  const url = URL.parse(text, base);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') ? [url.href] : [];
}

const units: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** `1234`, or as people write it: `1.4 GiB`. */
function amountOf(text: string | undefined): number | undefined {
  const [, number = '', unit = ''] =
    /^\s*(\d{1,16}(?:[.,]\d{1,6})?)\s*(?:([KMGT])i?)?B?\s*$/i.exec(text ?? '') ?? [];
  if (number === '') return undefined;
  const amount = Math.round(Number(number.replace(',', '.')) * (units[unit.toUpperCase()] ?? 1));
  return Number.isSafeInteger(amount) ? amount : undefined;
}

/** `torrent:magnetURI` is told by what it is, whoever it belongs to. */
function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function errorIn({ description, code }: Readonly<Record<string, string>>): string {
  return description === undefined
    ? ''
    : ` It says: ${description.slice(0, 200)}${code === undefined ? '' : ` (${code.slice(0, 20)})`}`;
}

function notXml(why: string): NodeError {
  return new NodeError('feed-not-xml', `The answer is no feed: ${why.slice(0, 200)}.`);
}
