// What the API says of the indexes' catalogues: searches in all of them at once, and what this node's key says there.

import type { XStatic } from 'typebox/schema';

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const infoHash = {
  type: 'string',
  pattern: '^(?:[0-9a-f]{40}|[0-9a-f]{64})$',
  description: 'v1 (40 digits) or v2 (64)',
} as const;
/** As the catalogues of indexes have them. */
export const categories = [
  'movies',
  'tv',
  'video',
  'audio',
  'software',
  'games',
  'books',
  'images',
  'data',
  'adult',
  'other',
] as const;
export const reportReasons = ['fake', 'malware', 'illegal', 'spam', 'duplicate', 'other'] as const;
export const findOrders = ['relevance', 'newest', 'oldest', 'seeds', 'size', 'smallest', 'rating'] as const;

const category = { type: 'string', enum: categories } as const;
const word = { type: 'string', minLength: 1, maxLength: 64 } as const;

export const findQuery = {
  type: 'object',
  additionalProperties: false,
  properties: {
    q: {
      type: 'string',
      maxLength: 256,
      description: 'all of these words; -word for none, wor* for a beginning',
    },
    category,
    tag: word,
    publisher: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    language: word,
    type: { ...word, description: 'of a file inside, such as flac' },
    file: { type: 'string', minLength: 1, maxLength: 256, description: 'words in the name of a file inside' },
    'min-size': { type: 'string', maxLength: 32, description: 'such as 700MB' },
    'max-size': { type: 'string', maxLength: 32 },
    newer: { type: 'string', maxLength: 16, description: 'published within 12h, 7d, 4w, 1y' },
    older: { type: 'string', maxLength: 16 },
    seeds: { type: 'integer', minimum: 0, maximum: 1_000_000_000, description: 'that many at least' },
    sort: { type: 'string', enum: findOrders },
    limit: { type: 'integer', minimum: 1, maximum: 50, description: 'results of each index' },
  },
} as const;
export type FindQuery = XStatic<typeof findQuery>;

const indexFailure = {
  type: 'object',
  additionalProperties: false,
  required: ['index', 'code', 'message'],
  properties: { index: text, code: text, message: text },
} as const;

export const foundTorrent = {
  type: 'object',
  additionalProperties: false,
  required: [
    'infoHash',
    'title',
    'category',
    'tags',
    'magnet',
    'addedMs',
    'seeds',
    'leechers',
    'ratings',
    'reports',
    'publishers',
    'indexes',
    'files',
  ],
  properties: {
    infoHash: text,
    title: text,
    category,
    description: text,
    tags: { type: 'array', items: text },
    language: text,
    licence: text,
    size: count,
    /** All or the first of `fileCount`. */
    files: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['path', 'size'],
        properties: { path: text, size: count },
      },
    },
    fileCount: count,
    magnet: text,
    addedMs: count,
    seeds: count,
    leechers: count,
    /** Of five, where somebody rated it. */
    stars: { type: 'number', minimum: 0 },
    ratings: count,
    reports: count,
    /** Keys, of 64 digits. */
    publishers: { type: 'array', items: text },
    indexes: { type: 'array', items: text },
  },
} as const;
export type FoundTorrent = XStatic<typeof foundTorrent>;

export const findAnswer = {
  type: 'object',
  additionalProperties: false,
  required: ['results', 'failures', 'corrected', 'total'],
  properties: {
    results: { type: 'array', items: foundTorrent },
    /** Indexes that did not answer. */
    failures: { type: 'array', items: indexFailure },
    /** Words that were read as others. */
    corrected: { type: 'object', additionalProperties: text },
    /** That one index has at least. */
    total: count,
  },
} as const;
export type FindAnswer = XStatic<typeof findAnswer>;

/** Exactly one of transfer, torrent and link says what. */
export const newPublication = {
  type: 'object',
  additionalProperties: false,
  properties: {
    transfer: { ...infoHash, description: 'one of this node, by an info hash of it' },
    torrent: {
      type: 'string',
      minLength: 1,
      maxLength: 90_000_000,
      description: 'a torrent file, as base64',
    },
    link: { type: 'string', minLength: 1, maxLength: 8192, description: 'a magnet link' },
    title: { type: 'string', minLength: 1, maxLength: 200, description: 'default: the name of the torrent' },
    description: { type: 'string', maxLength: 10_000 },
    tags: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 32 }, maxItems: 16 },
    category,
    language: word,
    licence: word,
    size: { ...count, maximum: Number.MAX_SAFE_INTEGER, description: 'where the link does not say' },
    supersedes: {
      type: 'array',
      items: infoHash,
      maxItems: 16,
      description: 'earlier torrents that this one takes the place of',
    },
  },
} as const;
export type NewPublication = XStatic<typeof newPublication>;

export const rating = {
  type: 'object',
  additionalProperties: false,
  properties: {
    stars: { type: 'integer', minimum: 1, maximum: 5 },
    comment: { type: 'string', maxLength: 2000 },
  },
} as const;

export const report = {
  type: 'object',
  additionalProperties: false,
  required: ['reason'],
  properties: {
    reason: { type: 'string', enum: reportReasons },
    comment: { type: 'string', maxLength: 2000 },
  },
} as const;

/** What was said, and who took it. At least one index did. */
export const saidAnswer = {
  type: 'object',
  additionalProperties: false,
  required: ['infoHash', 'key', 'revision', 'indexes', 'failures'],
  properties: {
    infoHash: text,
    /** Ours, by which others know who said it. */
    key: text,
    /** Of what is known of it by now, in the index that has seen most of it. */
    revision: count,
    indexes: { type: 'array', items: text },
    failures: { type: 'array', items: indexFailure },
  },
} as const;
export type SaidAnswer = XStatic<typeof saidAnswer>;

export const onePublication = {
  type: 'object',
  additionalProperties: false,
  required: ['infoHash'],
  properties: { infoHash },
} as const;
