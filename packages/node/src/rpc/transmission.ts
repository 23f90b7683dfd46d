// Transmission's RPC (version 17) at /transmission/rpc, for remotes and media automation that speak it: user `shoal`,
// password the API's token. A request without the session id gets it with a 409, as there, which keeps other pages out.

import { timingSafeEqual } from 'node:crypto';
import type { NewTransfer } from '@shoal/api';
import { type Clock, type Disk, RoomError } from '@shoal/base';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { longestBulkBody, mostLabelsEach, mostRemovedTold, recentlyActiveMs } from '../bounds.ts';
import type { LiveConfig } from '../config/live.ts';
import { NodeError } from '../errors.ts';
import { isLabel } from '../labels/labels.ts';
import { summaryOf } from '../transfers/describe.ts';
import type { Item } from '../transfers/item.ts';
import { each, moveInQueue } from '../transfers/many.ts';
import type { Priority } from '../transfers/record.ts';
import type { Transfers } from '../transfers/transfers.ts';
import { type Described, describeFields, needsTorrent, unlimitedRatio } from './fields.ts';
import { sessionFields, setSession } from './session.ts';
import { changedTrackers } from './trackers.ts';

export interface TransmissionOptions {
  readonly transfers: Transfers;
  readonly disk: Disk;
  readonly token: string;
  readonly version: string;
  /** Given out with the first answer; differs with each start. */
  readonly sessionId: string;
  readonly clock: Clock;
  readonly live: LiveConfig;
  readonly peerPort: number;
  /** Others have reached it, as far as the node knows. */
  readonly isReachable: () => boolean;
}

type Arguments = Readonly<Record<string, unknown>>;

/** transmission-remote ends it with a slash, others do not. */
const paths = ['/transmission/rpc', '/transmission/rpc/'];

export function registerTransmission(app: FastifyInstance, options: TransmissionOptions): void {
  const rpc = new TransmissionRpc(options);
  app.register(async (scope) => {
    // It is JSON, whatever it is called.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body));
    for (const url of paths) registerPath(scope, url, rpc, options);
  });
}

function registerPath(
  scope: FastifyInstance,
  url: string,
  rpc: TransmissionRpc,
  { token, sessionId }: TransmissionOptions,
): void {
  scope.route({
    method: ['POST', 'GET'],
    url,
    bodyLimit: longestBulkBody,
    exposeHeadRoute: false,
    async onRequest(request, reply) {
      if (!hasPassword(request, token)) {
        reply.code(401).header('www-authenticate', 'Basic realm="Transmission"').type('text/plain');
        return reply.send('User shoal, password the token of DATA/api-token.\n');
      }
      if (request.headers['x-transmission-session-id'] === sessionId) return;
      reply.code(409).header('x-transmission-session-id', sessionId).type('text/plain');
      return reply.send(`X-Transmission-Session-Id: ${sessionId}\n`);
    },
    async handler(request) {
      const { method, arguments: given, tag } = objectOf(parsed(request.body));
      const answer = await rpc.answer(String(method), objectOf(given));
      return { ...answer, ...(tag === undefined ? {} : { tag }) };
    },
  });
}

function parsed(body: unknown): unknown {
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body);
  } catch {
    throw new NodeError('invalid', 'The body is no JSON.');
  }
}

function hasPassword({ headers }: FastifyRequest, token: string): boolean {
  const encoded = /^Basic +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const shown = Buffer.from(encoded ?? '', 'base64')
    .toString()
    .replace(/^[^:]*:/, '');
  const [one, other] = [Buffer.from(shown), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}

class TransmissionRpc {
  readonly #options: TransmissionOptions;
  /** Numbers that remotes know torrents by, as long as the node runs. */
  readonly #numbers = new Map<Item, number>();
  readonly #byNumber = new Map<number, Item>();
  /** When something was last heard of it. */
  readonly #activeMs = new WeakMap<Item, number>();
  readonly #removed: { readonly number: number; readonly atMs: number }[] = [];
  #lastNumber = 0;

  constructor(options: TransmissionOptions) {
    this.#options = options;
    options.transfers.listen(({ kind, item }) => {
      const atMs = options.clock.nowMs();
      this.#activeMs.set(item, atMs);
      const number = this.#numbers.get(item);
      if (kind !== 'removed' || number === undefined) return;
      this.#numbers.delete(item);
      this.#byNumber.delete(number);
      this.#removed.push({ number, atMs });
      if (this.#removed.length > mostRemovedTold) this.#removed.shift();
    });
  }

  async answer(method: string, given: Arguments): Promise<{ result: string; arguments: object }> {
    try {
      return { result: 'success', arguments: await this.#do(method, given) };
    } catch (error) {
      // The protocol has words for failures, and no codes.
      if (error instanceof RoomError) return { result: error.message, arguments: {} };
      throw error;
    }
  }

  async #do(method: string, given: Arguments): Promise<object> {
    const { transfers } = this.#options;
    switch (method) {
      case 'torrent-get':
        return this.#get(given);
      case 'torrent-add':
        return this.#add(given);
      case 'torrent-start':
        return this.#each(given, (item) => transfers.resume(item));
      case 'torrent-start-now':
        return this.#each(given, async (item) => {
          await transfers.change(item, { isForced: true });
          await transfers.resume(item);
        });
      case 'torrent-stop':
        return this.#each(given, (item) => transfers.pause(item));
      case 'torrent-verify':
        return this.#each(given, (item) => transfers.verify(item));
      case 'torrent-reannounce':
        return this.#each(given, async (item) => transfers.announce(item));
      case 'torrent-remove':
        return this.#each(given, (item) => transfers.remove(item, given['delete-local-data'] === true));
      case 'torrent-set':
        return this.#each(given, (item) => this.#set(item, given));
      case 'torrent-set-location':
        return this.#each(given, (item) =>
          transfers.move(item, textOf(given, 'location'), given.move !== true),
        );
      case 'torrent-rename-path':
        return this.#rename(given);
      case 'queue-move-top':
      case 'queue-move-bottom':
      case 'queue-move-up':
      case 'queue-move-down':
        await moveInQueue(transfers, this.#items(given), ends[method]);
        return {};
      case 'session-get':
        return sessionFields(this.#options, given.fields);
      case 'session-set':
        await setSession(this.#options.live, given);
        return {};
      case 'session-stats':
        return this.#statistics();
      case 'free-space': {
        const folder = textOf(given, 'path');
        const bytes = await this.#options.disk.freeBytes(folder);
        return { path: folder, 'size-bytes': bytes, total_size: -1 };
      }
      case 'port-test':
        return { 'port-is-open': this.#options.isReachable() };
      default:
        throw new NodeError('invalid', `method name not recognized: ${method}`);
    }
  }

  #statistics(): object {
    const summaries = this.#options.transfers.all.map((item) => summaryOf(item, 0));
    const sum = (of: (summary: (typeof summaries)[number]) => number) =>
      summaries.reduce((total, summary) => total + of(summary), 0);
    const paused = summaries.filter(({ state }) => state === 'paused').length;
    const totals = {
      downloadedBytes: sum(({ downloaded }) => downloaded),
      uploadedBytes: sum(({ uploaded }) => uploaded),
      filesAdded: summaries.length,
      sessionCount: 1,
      secondsActive: 0,
    };
    return {
      activeTorrentCount: summaries.length - paused,
      pausedTorrentCount: paused,
      torrentCount: summaries.length,
      downloadSpeed: sum(({ downRate }) => downRate),
      uploadSpeed: sum(({ upRate }) => upRate),
      'cumulative-stats': totals,
      'current-stats': totals,
    };
  }

  async #get(given: Arguments): Promise<object> {
    const fields = listOf(given.fields).filter((field) => typeof field === 'string');
    const places = new Map(this.#options.transfers.all.map((item, place) => [item, place]));
    const reads = needsTorrent(fields);
    const torrents: object[] = [];
    for (const item of this.#items(given)) {
      const torrent = reads ? await this.#options.transfers.torrentOf(item) : undefined;
      const described: Described = {
        item,
        id: this.#numberOf(item),
        summary: summaryOf(item, places.get(item) ?? 0),
        torrent,
      };
      torrents.push(describeFields(described, fields));
    }
    const sinceMs = this.#options.clock.nowMs() - recentlyActiveMs;
    const removed = this.#removed.flatMap(({ number, atMs }) => (atMs >= sinceMs ? number : []));
    const more = given.ids === 'recently-active' ? { removed } : {};
    if (given.format !== 'table') return { torrents, ...more };
    const rows = torrents.map((torrent) => fields.map((field) => objectOf(torrent)[field] ?? null));
    return { torrents: [fields, ...rows], ...more };
  }

  async #add(given: Arguments): Promise<object> {
    const { metainfo, filename, labels } = given;
    const folder = given['download-dir'];
    const request: NewTransfer = {
      ...(typeof metainfo === 'string' ? { torrent: metainfo } : sourceOf(String(filename))),
      ...(typeof folder === 'string' && { folder }),
      ...(given.paused === true && { isPaused: true }),
      ...(labels !== undefined && { labels: labelsIn(labels) }),
    };
    const facts = (item: Item) => ({
      id: this.#numberOf(item),
      name: summaryOf(item, 0).name,
      hashString: item.record.v1 ?? item.record.id,
    });
    try {
      const item = await this.#options.transfers.add(request);
      await this.#choose(item, given);
      return { 'torrent-added': facts(item) };
    } catch (error) {
      const there = error instanceof NodeError && error.code === 'duplicate' ? error.value : undefined;
      const item = there === undefined ? undefined : this.#options.transfers.find(there);
      if (item === undefined) throw error;
      return { 'torrent-duplicate': facts(item) };
    }
  }

  async #set(item: Item, given: Arguments): Promise<void> {
    const { labels, queuePosition, seedRatioLimit, seedRatioMode } = given;
    const { limits } = item.record;
    const down = limitOf(given.downloadLimited, given.downloadLimit, limits.down);
    const up = limitOf(given.uploadLimited, given.uploadLimit, limits.up);
    await this.#options.transfers.change(item, {
      limits: { down, up },
      ...(labels !== undefined && { labels: labelsIn(labels) }),
      ...(typeof queuePosition === 'number' && { place: Math.max(0, Math.floor(queuePosition)) }),
      ...(seedRatioMode === 1 &&
        typeof seedRatioLimit === 'number' && { goals: { ratio: Math.max(0, seedRatioLimit) } }),
      // Without an end, whatever the config says.
      ...(seedRatioMode === 2 && { goals: { ratio: unlimitedRatio } }),
      ...(seedRatioMode === 0 && { goals: {} }),
    });
    const trackers = changedTrackers(item.record.trackers, given);
    if (trackers !== undefined) await this.#options.transfers.setTrackers(item, trackers);
    await this.#choose(item, given);
  }

  /** An empty list means all files. */
  async #choose(item: Item, given: Arguments): Promise<void> {
    const wishes: readonly (readonly [string, Priority])[] = [
      ['files-wanted', 'normal'],
      ['files-unwanted', 'skip'],
      ['priority-normal', 'normal'],
      ['priority-low', 'low'],
      ['priority-high', 'high'],
    ];
    const asked = wishes.filter(([key]) => Array.isArray(given[key]));
    if (asked.length === 0) return;
    const torrent = await this.#options.transfers.torrentOf(item);
    if (torrent === undefined) throw new NodeError('no-metadata', 'Its files are not known yet.');
    for (const [key, priority] of asked) {
      const files = listOf(given[key]).filter((file) => typeof file === 'number');
      await this.#options.transfers.choose(item, torrent, { priority, ...(files.length > 0 && { files }) });
    }
  }

  async #rename(given: Arguments): Promise<object> {
    const [item] = this.#items(given);
    if (item === undefined) throw new NodeError('not-found', 'There is no such torrent here.');
    const [old, name] = [textOf(given, 'path'), textOf(given, 'name')];
    const top = item.transfer.name;
    // Its own folder or file is named by the torrent's name there.
    const inside = old === top ? '' : old.startsWith(`${top}/`) ? old.slice(top.length + 1) : old;
    await this.#options.transfers.rename(item, inside, name);
    return { path: old, name, id: this.#numberOf(item) };
  }

  async #each(given: Arguments, action: (item: Item) => Promise<void>): Promise<object> {
    await each(this.#items(given), action);
    return {};
  }

  /** Named by number or hash, one or many; all where none is named. */
  #items({ ids }: Arguments): readonly Item[] {
    const { transfers } = this.#options;
    if (ids === undefined) return transfers.all;
    if (ids === 'recently-active') return transfers.all.filter((item) => this.#isActive(item));
    const found = new Set<Item>();
    for (const id of Array.isArray(ids) ? ids : [ids]) {
      const item =
        typeof id === 'number'
          ? this.#byNumber.get(id)
          : typeof id === 'string'
            ? transfers.find(id.toLowerCase())
            : undefined;
      if (item !== undefined && transfers.find(item.record.id) === item) found.add(item);
    }
    return [...found];
  }

  #isActive(item: Item): boolean {
    const { downloadBytesPerSecond, uploadBytesPerSecond } = item.transfer.progress;
    const atMs = this.#activeMs.get(item) ?? Number.NEGATIVE_INFINITY;
    const sinceMs = this.#options.clock.nowMs() - recentlyActiveMs;
    return atMs >= sinceMs || downloadBytesPerSecond + uploadBytesPerSecond > 0;
  }

  #numberOf(item: Item): number {
    const known = this.#numbers.get(item);
    if (known !== undefined) return known;
    const number = ++this.#lastNumber;
    this.#numbers.set(item, number);
    this.#byNumber.set(number, item);
    return number;
  }
}

const ends = {
  'queue-move-top': 'top',
  'queue-move-bottom': 'bottom',
  'queue-move-up': 'up',
  'queue-move-down': 'down',
} as const;

function sourceOf(filename: string): NewTransfer {
  if (/^magnet:/i.test(filename)) return { link: filename };
  if (/^https?:/i.test(filename)) return { url: filename };
  throw new NodeError('invalid', 'filename is neither a magnet link nor the address of a torrent file.');
}

function labelsIn(value: unknown): string[] {
  const labels = Array.isArray(value) ? [...new Set<unknown>(value)] : [value];
  const isOne = (label: unknown): label is string => typeof label === 'string' && isLabel(label);
  if (!labels.every(isOne) || labels.length > mostLabelsEach)
    throw new NodeError(
      'invalid',
      `labels are at most ${mostLabelsEach} texts of 1 to 64 characters, without commas.`,
    );
  return labels;
}

/** Kilobytes a second there. */
function limitOf(isLimited: unknown, limit: unknown, before: number | null): number | null {
  if (isLimited === false) return null;
  return typeof limit === 'number' && (isLimited === true || before !== null)
    ? Math.min(Math.max(0, limit) * 1000, Number.MAX_SAFE_INTEGER)
    : before;
}

function textOf(given: Arguments, key: string): string {
  const text = given[key];
  if (typeof text !== 'string' || text === '') throw new NodeError('invalid', `${key} is missing.`);
  return text;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: unknown): Arguments {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
