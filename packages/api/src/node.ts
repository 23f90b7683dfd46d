// What the API says of the node itself: who it is, how it does, its config, and what it tells as things happen.

import type { XStatic } from 'typebox/schema';
import type { transferSummary } from './transfers.ts';

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const amount = { type: 'number', minimum: 0 } as const;

const networkMode = { type: 'string', enum: ['hybrid', 'centralized', 'distributed'] } as const;

export const health = {
  type: 'object',
  additionalProperties: false,
  required: ['status', 'id', 'version', 'network', 'uptimeSeconds', 'instance'],
  properties: {
    status: { type: 'string', enum: ['ok'] },
    id: text,
    version: text,
    network: networkMode,
    uptimeSeconds: count,
    instance: text,
  },
} as const;
export type Health = XStatic<typeof health>;

export const nodeFacts = {
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'version',
    'network',
    'uptimeSeconds',
    'instance',
    'data',
    'downloads',
    'addresses',
    'finders',
    'mayChange',
  ],
  properties: {
    id: text,
    version: text,
    network: networkMode,
    uptimeSeconds: count,
    instance: text,
    /** Folders of this machine. */
    data: text,
    downloads: text,
    /** Where it accepts peers. */
    port: count,
    addresses: { type: 'array', items: text },
    /** The finders of this mode, and how they do: nodes of the DHT, indexes, the local network. */
    finders: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['kind', 'state'],
        properties: {
          kind: { type: 'string', enum: ['dht', 'lan', 'index', 'tracker'] },
          name: text,
          state: { type: 'string', enum: ['off', 'waiting', 'working', 'failed'] },
          message: text,
          nodes: count,
        },
      },
    },
    reach: {
      type: 'object',
      additionalProperties: false,
      required: ['state', 'message'],
      properties: {
        state: { type: 'string', enum: ['reachable', 'unreachable', 'unknown'] },
        message: text,
        /** What can be done about it. */
        advice: text,
        externalAddress: text,
        mapping: text,
      },
    },
    /** Whether the one who asks has shown the token. */
    mayChange: { type: 'boolean' },
  },
} as const;
export type NodeFacts = XStatic<typeof nodeFacts>;

/** The routing tables of the DHT. Nothing runs without families. */
export const dhtNodes = {
  type: 'object',
  additionalProperties: false,
  required: ['families', 'nodes', 'known'],
  properties: {
    families: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['family', 'id', 'replacements'],
        properties: {
          family: { type: 'integer', enum: [4, 6] },
          /** Ours in it. */
          id: text,
          /** As others see us. */
          externalAddress: text,
          /** Nodes that wait for a place. */
          replacements: count,
        },
      },
    },
    /** At most 1000 of all that there are, the nearest first. */
    nodes: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['address', 'family', 'id', 'sharedBits', 'state', 'quietSeconds'],
        properties: {
          address: text,
          family: { type: 'integer', enum: [4, 6] },
          id: text,
          /** Leading bits that its id shares with ours: the more, the nearer. */
          sharedBits: count,
          /** BEP 5: good answered lately, questionable may be gone, bad left several questions unanswered. */
          state: { type: 'string', enum: ['good', 'questionable', 'bad'] },
          rttMs: amount,
          /** Since it last said something. */
          quietSeconds: count,
        },
      },
    },
    known: count,
  },
} as const;
export type DhtNodes = XStatic<typeof dhtNodes>;

export const nodeStatistics = {
  type: 'object',
  additionalProperties: false,
  required: ['downRate', 'upRate', 'downloaded', 'uploaded', 'connections', 'transfers'],
  properties: {
    downRate: amount,
    upRate: amount,
    downloaded: count,
    uploaded: count,
    connections: count,
    /** How many there are in each state. */
    transfers: { type: 'object', additionalProperties: count },
    freeBytes: count,
    /** What is being hashed to be shared; absent where nothing is. */
    making: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['path', 'bytes', 'total'],
        properties: { path: text, bytes: count, total: count },
      },
    },
  },
} as const;
export type NodeStatistics = XStatic<typeof nodeStatistics>;

/** Every key of the config with its value, where that came from, and what may stand there. */
export const configAnswer = {
  type: 'object',
  additionalProperties: false,
  required: ['keys'],
  properties: {
    keys: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['key', 'value', 'origin', 'description', 'expects', 'isLive'],
        properties: {
          key: text,
          value: text,
          default: text,
          /** default, a file's path, a flag, or the API. */
          origin: text,
          description: text,
          expects: text,
          choices: { type: 'array', items: text },
          pattern: text,
          /** Whether a change holds at once, or after a restart. */
          isLive: { type: 'boolean' },
          /** Not to be changed here: it was given as a flag, or only the file may say it. */
          isFixed: { type: 'boolean' },
        },
      },
    },
  },
} as const;
export type ConfigAnswer = XStatic<typeof configAnswer>;

/** Values as they stand in the file; null goes back to the default. Written to the config file. */
export const configChange = {
  type: 'object',
  minProperties: 1,
  maxProperties: 200,
  additionalProperties: { type: ['string', 'null'], maxLength: 10_000 },
} as const;
export type ConfigChange = XStatic<typeof configChange>;

export const errorAnswer = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: text, message: text },
    },
  },
} as const;
export type ErrorAnswer = XStatic<typeof errorAnswer>;

/** Of a transfer, what moves all the time while it runs: the numbers of a `rates` event, in this order. */
export const movingNumbers = [
  'bytes',
  'downRate',
  'upRate',
  'downloaded',
  'uploaded',
  'wasted',
  'peers',
  'seeds',
  'secondsLeft',
] as const satisfies readonly (keyof XStatic<typeof transferSummary>)[];

/** `null` for what is not known. */
export type Rates = readonly [id: string, ...numbers: (number | null)[]];

/**
 * What /api/events sends, as `data` of a server-sent event whose `event` is the kind and whose `id` is a revision. One
 * that comes back with Last-Event-ID (or `?since=`) hears what changed meanwhile, or `reset` where that is not known any
 * more: then it asks for the list anew.
 */
export type NodeEvent =
  | { readonly kind: 'reset' }
  | { readonly kind: 'transfers'; readonly changed: readonly XStatic<typeof transferSummary>[] }
  /** Only to those who ask for `rates=short`: of these nothing but the `movingNumbers` changed. */
  | { readonly kind: 'rates'; readonly changed: readonly Rates[] }
  | { readonly kind: 'removed'; readonly ids: readonly string[] }
  | { readonly kind: 'statistics'; readonly statistics: NodeStatistics }
  | { readonly kind: 'notice'; readonly id?: string; readonly code: string; readonly message: string };
