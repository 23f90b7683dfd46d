// What the API says of transfers, and what may be asked of them. JSON Schema values that TypeBox types; nothing of it is
// loaded at run time. Sizes are bytes, rates bytes a second, times milliseconds since 1970.

import type { XStatic } from 'typebox/schema';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const amount = { type: 'number', minimum: 0 } as const;
const rate = {
  type: ['number', 'null'],
  minimum: 0,
  description: 'bytes a second; null is no limit',
} as const;
const path = { type: 'string', minLength: 1, maxLength: 4096 } as const;
const url = { type: 'string', minLength: 1, maxLength: 8192 } as const;

export const transferId = {
  type: 'string',
  pattern: '^(?:[0-9a-f]{40}|[0-9a-f]{64})$',
  description: 'an info hash of it: v1 (40 digits) or v2 (64)',
} as const;

const transferState = {
  type: 'string',
  enum: ['metadata', 'checking', 'fetching', 'sharing', 'disk-full', 'queued', 'paused', 'failed', 'stopped'],
} as const;

const reason = {
  type: 'object',
  required: ['code', 'message'],
  additionalProperties: false,
  properties: { code: text, message: text },
} as const;

const label = { type: 'string', pattern: '^[^\\u0000-\\u001f,]{1,64}$' } as const;
const labels = { type: 'array', items: label, maxItems: 32, uniqueItems: true } as const;

const speedLimits = {
  type: 'object',
  additionalProperties: false,
  required: ['down', 'up'],
  properties: { down: rate, up: rate },
} as const;

const goals = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ratio: { type: 'number', minimum: 0, description: 'bytes sent for each that was fetched' },
    seconds: { type: 'number', minimum: 0, description: 'shared while complete' },
  },
} as const;

const mode = {
  type: 'string',
  enum: ['usual', 'super-seed', 'share'],
  description: 'super-seed: the first and only seed; share: a volunteer that fetches what the swarm lacks',
} as const;

export const transferSummary = {
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'name',
    'state',
    'bytes',
    'total',
    'size',
    'downRate',
    'upRate',
    'downloaded',
    'uploaded',
    'wasted',
    'peers',
    'seeds',
    'isComplete',
    'isPrivate',
    'mode',
    'labels',
    'folder',
    'addedMs',
    'place',
    'isForced',
    'limits',
    'goals',
  ],
  properties: {
    id: transferId,
    infoHashV1: text,
    infoHashV2: text,
    name: text,
    state: transferState,
    /** Why it stands still although nothing failed. */
    waiting: reason,
    error: reason,
    /** Of what is wanted, verified and on the disk. */
    bytes: count,
    total: count,
    /** Of everything in it; 0 before the metadata has come. */
    size: count,
    downRate: amount,
    upRate: amount,
    downloaded: count,
    uploaded: count,
    wasted: count,
    peers: count,
    seeds: count,
    secondsLeft: amount,
    isComplete: flag,
    isPrivate: flag,
    mode,
    labels,
    folder: text,
    addedMs: count,
    completedMs: count,
    /** 0 is next. */
    place: count,
    isForced: flag,
    limits: speedLimits,
    goals,
    moving: {
      type: 'object',
      additionalProperties: false,
      required: ['state', 'folder', 'bytes', 'total'],
      properties: {
        state: { type: 'string', enum: ['moving', 'broken-off'] },
        folder: text,
        bytes: count,
        total: count,
        error: reason,
      },
    },
  },
} as const;
export type TransferSummary = XStatic<typeof transferSummary>;

export const transferDetails = {
  ...transferSummary,
  required: [...transferSummary.required, 'magnet', 'statistics', 'trackers', 'webSeeds', 'bans'],
  properties: {
    ...transferSummary.properties,
    magnet: text,
    comment: text,
    createdBy: text,
    pieceLength: count,
    pieces: count,
    files: count,
    trackers: { type: 'array', items: text },
    statistics: {
      type: 'object',
      additionalProperties: false,
      required: [
        'fromPeers',
        'fromLan',
        'fromWebSeeds',
        'wasted',
        'connections',
        'knownAddresses',
        'sharedSeconds',
      ],
      properties: {
        fromPeers: count,
        fromLan: count,
        fromWebSeeds: count,
        wasted: {
          type: 'object',
          additionalProperties: false,
          required: ['twice', 'late', 'bad'],
          properties: { twice: count, late: count, bad: count },
        },
        connections: count,
        knownAddresses: count,
        sharedSeconds: amount,
      },
    },
    webSeeds: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['url', 'state', 'downRate', 'downloaded'],
        properties: { url: text, state: text, reason: text, downRate: amount, downloaded: count },
      },
    },
    bans: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['address', 'reason'],
        properties: { address: text, reason: text },
      },
    },
  },
} as const;
export type TransferDetails = XStatic<typeof transferDetails>;

export const transferFile = {
  type: 'object',
  additionalProperties: false,
  required: ['index', 'path', 'size', 'bytes', 'isWanted', 'priority', 'type'],
  properties: {
    index: count,
    /** Within the torrent, with `/` between the names. */
    path: text,
    size: count,
    bytes: count,
    isWanted: flag,
    priority: { type: 'string', enum: ['skip', 'low', 'normal', 'high'] },
    /** As it is served, like `video/mp4`. */
    type: text,
    /** Where it is on the disk. */
    place: text,
  },
} as const;
export type TransferFile = XStatic<typeof transferFile>;

export const peerSummary = {
  type: 'object',
  additionalProperties: false,
  required: [
    'address',
    'isIncoming',
    'isEncrypted',
    'isOnLan',
    'has',
    'downRate',
    'upRate',
    'downloaded',
    'uploaded',
    'flags',
  ],
  properties: {
    address: text,
    client: text,
    isIncoming: flag,
    isEncrypted: flag,
    isOnLan: flag,
    /** Share of the pieces that it has, 0 to 1. */
    has: amount,
    downRate: amount,
    upRate: amount,
    downloaded: count,
    uploaded: count,
    flags: text,
    /** Who told of it; `pex` for other peers, `given` for whoever named it here. */
    tellers: { type: 'array', items: text },
  },
} as const;
export type PeerSummary = XStatic<typeof peerSummary>;

/** How one of those who are asked for peers answered at last. */
export const finderSummary = {
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'teller', 'state'],
  properties: {
    kind: { type: 'string', enum: ['tracker', 'index', 'dht', 'lan', 'pex'] },
    /** Its URL, or its name. */
    teller: text,
    state: { type: 'string', enum: ['waiting', 'asking', 'answered', 'failed'] },
    message: text,
    peers: count,
    seeds: count,
    leechers: count,
    lastMs: count,
    nextMs: count,
  },
} as const;
export type FinderSummary = XStatic<typeof finderSummary>;

/** A peer by its address and program, or a web server by its address; neither for one that left long ago. */
const pieceSource = {
  type: 'object',
  additionalProperties: false,
  properties: { address: text, client: text, url: text },
} as const;

const comingPiece = {
  type: 'object',
  additionalProperties: false,
  required: ['piece', 'blocks', 'received', 'from'],
  properties: {
    piece: count,
    blocks: count,
    received: count,
    /** Blocks that each sent, and that it was asked for and has not sent. */
    from: {
      type: 'array',
      items: {
        ...pieceSource,
        required: ['received', 'asked'],
        properties: { ...pieceSource.properties, received: count, asked: count },
      },
    },
  },
} as const;

export const pieceMap = {
  type: 'object',
  additionalProperties: false,
  required: ['pieces', 'pieceLength', 'states', 'availability', 'coming', 'comingPieces'],
  properties: {
    pieces: count,
    pieceLength: count,
    /** Base64 of a byte for each piece: 0 missing, 1 on its way, 2 here. */
    states: text,
    /** Base64 of a byte for each piece: how many peers and web seeds have it, 255 being that and more. */
    availability: text,
    /** Pieces under way and whom each comes from, the oldest first; at most 100 of all that there are. */
    coming: { type: 'array', items: comingPiece },
    comingPieces: count,
  },
} as const;
export type PieceMapAnswer = XStatic<typeof pieceMap>;

/** Who has one piece. */
export const pieceHolders = {
  type: 'object',
  additionalProperties: false,
  required: ['piece', 'holders'],
  properties: { piece: count, holders: { type: 'array', items: pieceSource } },
} as const;
export type PieceHolders = XStatic<typeof pieceHolders>;

export const logEntry = {
  type: 'object',
  additionalProperties: false,
  required: ['atMs', 'kind', 'message'],
  properties: { atMs: count, kind: text, message: text },
} as const;
export type LogEntry = XStatic<typeof logEntry>;

/** Exactly one of link, url, torrent and path says what. */
export const newTransfer = {
  type: 'object',
  additionalProperties: false,
  properties: {
    link: { ...url, description: 'a magnet link' },
    url: { ...url, description: 'where a torrent file is, http or https' },
    torrent: {
      type: 'string',
      minLength: 1,
      maxLength: 90_000_000,
      description: 'a torrent file, as base64',
    },
    path: { ...path, description: 'a file or folder of this machine, absolute, to be shared' },
    format: { type: 'string', enum: ['v1', 'v2', 'hybrid'], description: 'of what is made from path' },
    folder: { ...path, description: 'absolute; where its files go (default: the download folder)' },
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      description: 'of the link, before the metadata has come',
    },
    labels,
    isPaused: flag,
    isForced: flag,
    overwrite: flag,
    select: {
      type: 'array',
      items: { type: 'string', minLength: 1, maxLength: 1024 },
      maxItems: 10_000,
      description: 'globs; only files whose path or name fits one are wanted',
    },
    limits: { ...speedLimits, required: [] },
    goals,
    trackers: { type: 'array', items: url, maxItems: 100 },
    webSeeds: { type: 'array', items: url, maxItems: 100 },
    peers: {
      type: 'array',
      items: { type: 'string', maxLength: 300 },
      maxItems: 1000,
      description: 'HOST:PORT',
    },
    mode,
  },
} as const;
export type NewTransfer = XStatic<typeof newTransfer>;

export const labelSettings = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'isCategory'],
  properties: {
    name: label,
    folder: { ...path, description: 'absolute; where what has this label goes' },
    isCategory: {
      type: 'boolean',
      description: 'remotes of qBittorrent see it as a category, and other labels as tags',
    },
  },
} as const;
export type LabelSettings = XStatic<typeof labelSettings>;

/** What is not named stays. */
export const labelChange = {
  ...labelSettings,
  required: ['name'],
  properties: {
    ...labelSettings.properties,
    folder: { type: ['string', 'null'], minLength: 1, maxLength: 4096, description: 'null takes it away' },
  },
} as const;

export const oneLabel = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: { name: label },
} as const;

/** What is not named stays. */
export const transferChange = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    labels,
    limits: { ...speedLimits, required: [] },
    goals,
    isForced: flag,
    place: count,
    mode,
    trackers: {
      type: 'array',
      items: url,
      maxItems: 100,
      description: 'in place of those that it had; those that stay keep their tiers',
    },
    addTrackers: { type: 'array', items: url, maxItems: 100 },
  },
} as const;
export type TransferChange = XStatic<typeof transferChange>;

export const fileChoice = {
  type: 'object',
  additionalProperties: false,
  required: ['priority'],
  properties: {
    priority: transferFile.properties.priority,
    files: { type: 'array', items: count, maxItems: 1_000_000, description: 'by their index' },
    globs: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 1024 }, maxItems: 10_000 },
    onlyThese: { type: 'boolean', description: 'all other files are skipped' },
  },
} as const;
export type FileChoice = XStatic<typeof fileChoice>;

export const moveRequest = {
  type: 'object',
  additionalProperties: false,
  required: ['folder'],
  properties: {
    folder: { ...path, description: 'absolute' },
    isThere: {
      type: 'boolean',
      description: 'the files are there already: nothing is moved, they are looked at',
    },
  },
} as const;

export const renameRequest = {
  type: 'object',
  additionalProperties: false,
  required: ['path', 'name'],
  properties: {
    path: {
      type: 'string',
      maxLength: 4096,
      description: 'within the torrent; empty for its own folder or one file',
    },
    name: { type: 'string', minLength: 1, maxLength: 255 },
  },
} as const;

/** What is done with many at once; each answers for itself. */
export const bulkRequest = {
  type: 'object',
  additionalProperties: false,
  required: ['ids', 'action'],
  properties: {
    ids: { type: 'array', items: transferId, maxItems: 100_000 },
    action: { type: 'string', enum: ['pause', 'resume', 'remove', 'verify', 'change', 'move'] },
    removeFiles: { type: 'boolean', description: 'with remove' },
    change: transferChange,
    folder: { ...path, description: 'with move' },
    addLabels: labels,
    removeLabels: labels,
  },
} as const;
export type BulkRequest = XStatic<typeof bulkRequest>;

export const bulkAnswer = {
  type: 'object',
  additionalProperties: false,
  required: ['done', 'failed'],
  properties: {
    done: { type: 'array', items: transferId },
    failed: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'error'],
        properties: { id: text, error: reason },
      },
    },
  },
} as const;

export const transferQuery = {
  type: 'object',
  additionalProperties: false,
  properties: {
    state: transferState,
    label,
    text: { type: 'string', maxLength: 256, description: 'part of the name' },
    sort: { type: 'string', enum: ['name', 'added', 'size', 'progress', 'down', 'up', 'ratio', 'place'] },
    order: { type: 'string', enum: ['up', 'down'] },
    offset: { type: 'integer', minimum: 0 },
    limit: { type: 'integer', minimum: 0, maximum: 100_000 },
  },
} as const;

export const transferList = {
  type: 'object',
  additionalProperties: false,
  required: ['transfers', 'total', 'revision'],
  properties: {
    transfers: { type: 'array', items: transferSummary },
    /** That fit the query, on all pages. */
    total: count,
    /** Give it to /api/events as `since` to hear of every change after this answer. */
    revision: text,
  },
} as const;
export type TransferList = XStatic<typeof transferList>;
