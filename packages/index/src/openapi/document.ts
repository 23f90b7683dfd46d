// The index's HTTP interface as OpenAPI 3.1 says it. Invariant, held by a test: every route is here, and nothing else is.

import { categories } from '@shoal/directory';
import { maxPageLength, maxRanked } from '../catalogue/bounds.ts';
import { type Operation, operation, type Parameter, schemas } from './parts.ts';

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;

function query(name: string, description: string, schema: object = text): Parameter {
  return { name, in: 'query', description, schema };
}

function path(name: string, description: string): Parameter {
  return { name, in: 'path', required: true, description, schema: text };
}

const infoHash = path('infoHash', '40 or 64 hexadecimal digits.');
const searchParameters = [
  query('q', 'Words, all of which it has; "lin*" for beginnings, "-word" for none of it; or an info hash.'),
  query('category', 'One of them, or several with commas.', {
    type: 'string',
    examples: ['audio'],
    enum: categories,
  }),
  query('tag', 'All of them, with commas.'),
  query('publisher', 'A key of 64 hexadecimal digits.'),
  query('language', 'As in BCP 47.'),
  query('type', 'The extension of a file inside: "flac".'),
  query('file', 'Words in the path of a file inside.'),
  query('min-size', '"700MB", "1.5GiB", or bytes.'),
  query('max-size', 'The same.'),
  query('newer', 'Not older than this: "12h", "7d", "4w", "1y".'),
  query('older', 'Older than this.'),
  query('seeds', 'At least so many.', count),
  query('sort', 'Default: relevance with words, else newest.', {
    enum: ['relevance', 'newest', 'oldest', 'seeds', 'size', 'smallest', 'rating'],
  }),
  query('limit', 'Entries on a page.', { ...count, maximum: maxPageLength, default: 50 }),
  query('offset', 'How many to leave out.', { ...count, maximum: maxRanked, default: 0 }),
];
const ifKnown: Parameter = { name: 'If-None-Match', in: 'header', schema: text };

const html = 'text/html';
const json = 'application/json';

const pages: Record<string, Record<string, Operation>> = {
  '/': { get: operation('The front page: the newest, and the categories', { type: html }) },
  '/about': { get: operation('What this index is, for people', { type: html }) },
  '/search': { get: operation('Results as a page', { type: html, parameters: searchParameters }) },
  '/torrent/{infoHash}': { get: operation('One torrent as a page', { type: html, parameters: [infoHash] }) },
  '/publisher/{key}': {
    get: operation('What a key published, as a page', {
      type: html,
      parameters: [path('key', '64 hexadecimal digits.')],
    }),
  },
  '/torrents/{file}': {
    get: operation('A torrent file that the index has', {
      type: 'application/x-bittorrent',
      parameters: [path('file', 'INFOHASH.torrent'), ifKnown],
    }),
  },
  '/style.css': { get: operation('How the pages look', { type: 'text/css' }) },
  '/icon.svg': { get: operation('The icon of the pages', { type: 'image/svg+xml' }) },
};

function feed(name: string, type: string): Operation {
  return operation(`A search as ${name}, newest first`, { type, parameters: [...searchParameters, ifKnown] });
}

const torznab = operation('Torznab, for automation tools; what is wrong is said with the codes of Newznab', {
  type: 'application/xml',
  parameters: [
    query('t', 'What is asked.', { enum: ['caps', 'search', 'tvsearch', 'movie', 'music', 'book'] }),
    query('q', 'Words.'),
    query('cat', 'Numbers of Newznab categories, with commas.'),
    query('season', 'A number, or a year.'),
    query('ep', 'A number, or MM/DD.'),
    query('limit', `Up to ${maxPageLength}.`, count),
    query('offset', 'How many to leave out.', count),
    query('apikey', 'Read over.'),
  ],
});

const feeds: Record<string, Record<string, Operation>> = {
  '/feeds/rss': { get: feed('RSS 2.0', 'application/rss+xml') },
  '/feeds/atom': { get: feed('Atom', 'application/atom+xml') },
  '/feeds/json': { get: feed('JSON Feed 1.1', 'application/feed+json') },
  '/torznab': { get: torznab },
  '/torznab/api': { get: torznab },
};

const records = query('records', '1: with the records as they were signed, in base64.', { enum: ['1'] });

const catalogue: Record<string, Record<string, Operation>> = {
  '/api/search': {
    get: operation('Search', { schema: 'Found', parameters: [...searchParameters, records] }),
  },
  '/api/suggest': {
    get: operation('Searches that begin with these words', { parameters: [query('q', 'What was typed.')] }),
  },
  '/api/content': {
    get: operation('What the operator listed, and what the store has of it'),
    post: operation('List a torrent file or magnet link', {
      isOperators: true,
      body: 'application/x-bittorrent',
    }),
  },
  '/api/content/{infoHash}': {
    get: operation('All that is known of one torrent', {
      schema: 'Details',
      parameters: [infoHash, records],
    }),
    delete: operation('Take it off the list', { isOperators: true, parameters: [infoHash] }),
  },
  '/api/content/{infoHash}/holders': {
    get: operation('Who holds it, as signed leases', { parameters: [infoHash] }),
  },
  '/api/content/{infoHash}/health': {
    get: operation('What the trackers that its publications name and the DHT count, with --ask-health', {
      parameters: [infoHash],
    }),
  },
  '/api/catalogue': {
    get: operation('How much there is'),
    post: operation('Publish, withdraw, rate or report: one signed record', {
      body: 'application/octet-stream',
      refusals: ['403', '404', '409', '413', '415'],
    }),
  },
  '/api/catalogue/changes': {
    get: operation('What changed after a revision, as signed records', {
      schema: 'Changes',
      parameters: [query('after', 'A revision.', count), query('limit', 'Up to 1000.', count)],
    }),
  },
  '/api/catalogue/blocks': {
    get: operation('What is blocked here, where the operator tells others'),
  },
};

const exports: Record<string, Record<string, Operation>> = {
  '/export': {
    get: operation('Which export there is, and where'),
    post: operation('Make an export now', { isOperators: true }),
  },
  '/export/catalogue.torrent': {
    get: operation('The whole catalogue as a torrent', { type: 'application/x-bittorrent' }),
  },
  '/export/files/{folder}/{name}': {
    get: operation('A file of that torrent, with ranges (BEP 19)', {
      type: 'application/octet-stream',
      parameters: [path('folder', 'The name of the torrent.'), path('name', '"manifest" or "records".')],
    }),
  },
};

const kindAndValue = [path('kind', '"hash", "key" or "word".'), path('value', 'What is blocked.')];

const moderation: Record<string, Record<string, Operation>> = {
  '/api/moderation/blocks': {
    get: operation('What is blocked', { isOperators: true }),
    post: operation('Block a hash, a key or words', { isOperators: true, bodySchema: 'Block' }),
  },
  '/api/moderation/blocks/{kind}/{value}': {
    delete: operation('Unblock', {
      isOperators: true,
      parameters: [...kindAndValue, query('by', 'Who does it.')],
    }),
  },
  '/api/moderation/audit': {
    get: operation('Who blocked and unblocked what, newest first', {
      isOperators: true,
      parameters: [query('before', 'The number of an entry.', count), query('limit', 'Up to 1000.', count)],
    }),
  },
  '/api/moderation/reports': {
    get: operation('What people reported, newest first', {
      isOperators: true,
      parameters: [query('torrent', 'Of this one alone.'), query('limit', 'Up to 1000.', count)],
    }),
  },
};

const announceParameters = ['info_hash', 'peer_id', 'port', 'left', 'event', 'compact', 'numwant'].map(
  (name) => query(name, 'As in BEP 3 and 23.'),
);
const bencode = 'text/plain';
const announce = operation('Announce (BEP 3)', { type: bencode, parameters: announceParameters });
const scrape = operation('Scrape (BEP 48)', { type: bencode, parameters: [query('info_hash', 'Up to 74.')] });
const key = path('key', 'An announce key of a private tracker.');

const tracker: Record<string, Record<string, Operation>> = {
  '/announce': { get: announce },
  '/scrape': { get: scrape },
  '/announce/{key}': { get: { ...announce, parameters: [key, ...announceParameters] } },
  '/scrape/{key}': { get: { ...scrape, parameters: [key] } },
  '/{key}/announce': { get: { ...announce, parameters: [key, ...announceParameters] } },
  '/{key}/scrape': { get: { ...scrape, parameters: [key] } },
  '/api/tracker': { get: operation('What kind of tracker this is, and how much it knows') },
  '/api/tracker/thin': {
    get: operation('What fewest have', { parameters: [query('limit', 'Up to 1000.', count)] }),
  },
  '/api/tracker/listed': { post: operation('Change what is served', { isOperators: true, body: json }) },
  '/api/tracker/users': {
    get: operation('The users of a private tracker', { isOperators: true }),
    post: operation('Add a user', { isOperators: true, body: json }),
  },
  '/api/tracker/users/{name}': {
    delete: operation('Remove a user', { isOperators: true, parameters: [path('name', 'Who.')] }),
  },
  '/api/leases': { post: operation('Register, or end a registration', { body: 'application/octet-stream' }) },
  '/api/peers': { get: operation('Whom the index knows', { parameters: [query('after', 'A key.')] }) },
  '/api/peers/{key}': {
    get: operation('One of them', { parameters: [path('key', '64 hexadecimal digits.')] }),
  },
  '/files/{infoHash}/{path}': {
    get: operation('A file of the store, with ranges (BEP 19); the path has slashes', {
      type: 'application/octet-stream',
      parameters: [infoHash, path('path', 'As in the torrent.')],
    }),
  },
};

const ofOperation: Record<string, Record<string, Operation>> = {
  '/health': { get: operation('Whether all is well', { refusals: ['503'] }) },
  '/metrics': { get: operation('Numbers for Prometheus', { type: 'text/plain' }) },
  '/openapi.json': { get: operation('This document') },
};

export const document = {
  openapi: '3.1.0',
  info: {
    title: 'Shoal index',
    version: '1',
    summary: 'Who has what, and what people say of it.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  paths: { ...pages, ...feeds, ...catalogue, ...exports, ...moderation, ...tracker, ...ofOperation },
  components: {
    schemas,
    securitySchemes: {
      operator: { type: 'http', scheme: 'bearer', description: 'The token of DATA/index/operator-token.' },
    },
  },
};
