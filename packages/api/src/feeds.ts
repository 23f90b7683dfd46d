// What the API says of feeds, and what may be asked of them. JSON Schema values that TypeBox types, as in transfers.ts.

import type { XStatic } from 'typebox/schema';
import { newTransfer, transferId } from './transfers.ts';

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const words = {
  type: 'array',
  items: { type: 'string', minLength: 1, maxLength: 200 },
  maxItems: 100,
} as const;
/** `3`, `3-5`, `3-`. */
const range = { type: 'string', pattern: '^\\d{1,4}(?:-\\d{0,4})?$' } as const;

const feedId = { type: 'string', pattern: '^[0-9a-f]{8}$' } as const;

/** All of it has to fit. */
const filter = {
  type: 'object',
  additionalProperties: false,
  properties: {
    words: { ...words, description: 'each is in the title, whatever the case and what stands between words' },
    without: { ...words, description: 'none is in the title' },
    pattern: {
      type: 'string',
      minLength: 1,
      maxLength: 500,
      description: 'a regular expression that fits somewhere in the title, whatever the case',
    },
    minBytes: count,
    maxBytes: count,
    seasons: { ...range, description: 'of the title or the feed: 3, 3-5 or 3-' },
    episodes: range,
  },
} as const;

const settings = {
  url: { type: 'string', pattern: '^https?://[^\\s/?#@]+(?:[/?#]\\S*)?$', maxLength: 4096 },
  name: { type: 'string', minLength: 1, maxLength: 200 },
  everySeconds: { type: 'integer', minimum: 60, maximum: 604_800 },
  /** Off: it is not asked, and nothing of it is taken. */
  isOn: { type: 'boolean' },
  labels: newTransfer.properties.labels,
  folder: newTransfer.properties.folder,
  /** What it brings is paused. */
  isPaused: { type: 'boolean' },
  filter,
  once: {
    type: 'string',
    enum: ['torrent', 'episode'],
    description:
      'episode: of each episode the first that fits, and one more that repairs it (proper, repack)',
  },
} as const;

export const newFeed = {
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  properties: settings,
} as const;
export type NewFeed = XStatic<typeof newFeed>;

/** What is not named stays; null takes a folder or a filter away. */
export const feedChange = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    ...settings,
    folder: { type: ['string', 'null'], minLength: 1, maxLength: 4096 },
  },
} as const;
export type FeedChange = XStatic<typeof feedChange>;

const reason = {
  type: 'object',
  required: ['code', 'message'],
  additionalProperties: false,
  properties: { code: text, message: text },
} as const;

export const feed = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'url', 'name', 'everySeconds', 'isOn', 'labels', 'isPaused', 'filter', 'once', 'taken'],
  properties: {
    ...settings,
    id: feedId,
    /** How many items of it became transfers, or were here already. */
    taken: count,
    /** In its last answer. */
    items: count,
    title: text,
    lastMs: count,
    nextMs: count,
    /** What was wrong the last time; what was known stays. */
    error: reason,
  },
} as const;
export type Feed = XStatic<typeof feed>;

export const feedItem = {
  type: 'object',
  additionalProperties: false,
  required: ['title', 'verdict'],
  properties: {
    title: text,
    /** Its name within the feed. */
    guid: text,
    size: count,
    publishedMs: count,
    verdict: { type: 'string', enum: ['taken', 'fits', 'left-out', 'failed'] },
    reason: text,
    transfer: transferId,
  },
} as const;
export type FeedItem = XStatic<typeof feedItem>;

export const oneFeed = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: feedId },
} as const;
