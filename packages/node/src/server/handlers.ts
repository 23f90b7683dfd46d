// What the node does for each operation of the API. The first half reads, the second changes.

import { Readable } from 'node:stream';
import type { DhtNodes, NodeFacts, NodeStatistics } from '@shoal/api';
import type { Clock, World } from '@shoal/base';
import type { FastifyReply } from 'fastify';
import type { Catalogues } from '../catalogue/catalogues.ts';
import type { LiveConfig } from '../config/live.ts';
import { parsePeer, resolvePeers } from '../engine/addresses.ts';
import { NodeError } from '../errors.ts';
import type { Feeds } from '../feeds/feeds.ts';
import type { Labels } from '../labels/labels.ts';
import {
  detailsOf,
  filesOf,
  findersOf,
  holdersOf,
  peersOf,
  piecesOf,
  summaryOf,
} from '../transfers/describe.ts';
import type { Item } from '../transfers/item.ts';
import { readTorrentBytes } from '../transfers/torrent-files.ts';
import type { Transfers } from '../transfers/transfers.ts';
import type { Gate } from './access.ts';
import type { Handlers } from './api.ts';
import { bulk } from './bulk.ts';
import { encodeName, sendContent } from './content.ts';
import { isMedia, typeOf } from './content-types.ts';
import { sendEvents } from './event-stream.ts';
import type { Feed } from './feed.ts';
import { Listing } from './listing.ts';
import { metricsText } from './metrics.ts';

export interface HandlerParts {
  readonly world: Pick<World, 'clock' | 'disk' | 'names'>;
  readonly transfers: Transfers;
  readonly labels: Labels;
  readonly feeds: Feeds;
  readonly feed: Feed;
  readonly gate: Gate;
  readonly live: LiveConfig;
  /** Loaded when somebody searches or publishes. */
  readonly catalogues: () => Promise<Catalogues>;
  readonly facts: (mayChange: boolean) => NodeFacts;
  readonly statistics: () => NodeStatistics;
  readonly dhtNodes: () => DhtNodes;
}

export function createHandlers(parts: HandlerParts): Handlers {
  const { transfers, labels, feeds, feed, gate, live, world, catalogues } = parts;
  const clock: Clock = world.clock;
  const listing = new Listing(feed);
  const one = ({ params: { id } }: { readonly params: { readonly id: string } }): Item => transfers.get(id);
  const placeOf = (item: Item): number => transfers.all.indexOf(item);
  const summary = (item: Item) => summaryOf(item, placeOf(item));

  async function torrentOf(item: Item) {
    const torrent = await transfers.torrentOf(item);
    if (torrent === undefined)
      throw new NodeError('no-metadata', 'Its files are not known before its metadata has come.');
    return torrent;
  }

  return {
    health() {
      const { id, version, network, uptimeSeconds, instance } = parts.facts(false);
      return { status: 'ok', version, network, id, uptimeSeconds, instance };
    },
    node: (_, { mayChange }) => parts.facts(mayChange),
    statistics: () => parts.statistics(),
    dhtNodes: () => parts.dhtNodes(),
    metrics: (_, { reply, mayChange }) =>
      reply
        .type('text/plain; version=0.0.4; charset=utf-8')
        .send(metricsText(parts.facts(mayChange), parts.statistics())),
    transfers: ({ query = {} }, { reply }) => sendJson(reply, listing.answer(query)),
    async transfer(asked) {
      const item = one(asked);
      return detailsOf(item, placeOf(item), await transfers.torrentOf(item));
    },
    async files(asked) {
      const item = one(asked);
      const torrent = await transfers.torrentOf(item);
      return torrent === undefined ? [] : filesOf(item, torrent);
    },
    peers: (asked) => peersOf(one(asked)),
    async pieces(asked) {
      const item = one(asked);
      return piecesOf(item, await transfers.torrentOf(item));
    },
    async pieceHolders(asked) {
      const item = one(asked);
      const { piece } = asked.params;
      const { pieceCount } = (await torrentOf(item)).layout;
      if (piece >= pieceCount)
        throw new NodeError('not-found', `It has ${pieceCount} pieces; the first is 0.`, { value: piece });
      return holdersOf(item, piece);
    },
    finders: (asked) => findersOf(one(asked)),
    log: (asked) =>
      one(asked)
        .log.from(0)
        .events.map(({ wallTimeMs, event }) => ({ atMs: Math.round(wallTimeMs), ...event })),
    async content(asked, { request, reply }) {
      const item = one(asked);
      const torrent = await torrentOf(item);
      const { file } = asked.params;
      const entry = torrent.layout.files[file];
      if (entry === undefined || entry.isPad)
        throw new NodeError('not-found', 'There is no such file in it.', { value: file });
      const path = entry.path.join('/');
      return sendContent(request, reply, { item, file, path, size: entry.length });
    },
    async playlist(asked, { request, reply }) {
      const item = one(asked);
      const torrent = await torrentOf(item);
      const top = `${request.protocol}://${request.headers.host}/api/transfers/${item.record.id}/files`;
      const lines = torrent.layout.files.flatMap((file, index) => {
        const path = file.path.join('/');
        if (file.isPad || !isMedia(typeOf(path))) return [];
        // A name with line breaks would be a line of its own.
        const name = path.replace(/\p{Cc}/gu, ' ');
        return [`#EXTINF:-1,${name}`, `${top}/${index}/content`];
      });
      return reply
        .type('audio/x-mpegurl; charset=utf-8')
        .header('content-disposition', named(`${torrent.name}.m3u8`))
        .send(`#EXTM3U\n${lines.map((line) => `${line}\n`).join('')}`);
    },
    async torrentFile(asked, { reply }) {
      const item = one(asked);
      const bytes = await readTorrentBytes(transfers.disk, item.stateFolder);
      if (bytes === undefined)
        throw new NodeError('no-metadata', 'There is no torrent file before all its hashes have come.');
      return reply
        .type('application/x-bittorrent')
        .header('content-disposition', named(`${item.record.name}.torrent`))
        .send(Buffer.from(bytes));
    },
    events({ query = {} }, { request, reply }) {
      const { since, rates } = query;
      sendEvents(request, reply, { feed, since, isShort: rates === 'short', clock });
      return reply;
    },
    openSession(_, { request, reply }) {
      if (request.headers.authorization === undefined)
        throw new NodeError('invalid', 'A session is opened with the token, as `authorization: Bearer …`.');
      return reply
        .code(204)
        .header('set-cookie', gate.cookie(request.protocol === 'https'))
        .send();
    },
    async addTransfer({ body }) {
      return summary(await transfers.add(body));
    },
    async removeTransfer(asked) {
      await transfers.remove(one(asked), asked.query?.files === true);
      return undefined;
    },
    async pauseTransfer(asked) {
      const item = one(asked);
      await transfers.pause(item);
      return summary(item);
    },
    async resumeTransfer(asked) {
      const item = one(asked);
      await transfers.resume(item);
      return summary(item);
    },
    async addPeers(asked) {
      const item = one(asked);
      const peers = asked.body.peers.map(parsePeer);
      const addresses = await resolvePeers(world, peers);
      if (addresses.length === 0) throw new NodeError('unreachable', 'No such host is known.');
      transfers.addPeers(item, addresses);
      return undefined;
    },
    async changeTransfer(asked) {
      const item = one(asked);
      await transfers.change(item, asked.body);
      return summary(item);
    },
    async verifyTransfer(asked) {
      const item = one(asked);
      await transfers.verify(item);
      return summary(item);
    },
    announceTransfer(asked) {
      const item = one(asked);
      transfers.announce(item);
      return summary(item);
    },
    async moveTransfer(asked) {
      const item = one(asked);
      const { folder, isThere = false } = asked.body;
      await transfers.move(item, folder, isThere);
      return summary(item);
    },
    async renameTransfer(asked) {
      const item = one(asked);
      await transfers.rename(item, asked.body.path, asked.body.name);
      return summary(item);
    },
    async chooseFiles(asked) {
      const item = one(asked);
      const torrent = await torrentOf(item);
      await transfers.choose(item, torrent, asked.body);
      return filesOf(item, torrent);
    },
    bulk: ({ body }) => bulk(transfers, body),
    feeds: () => feeds.list(),
    addFeed: ({ body }) => feeds.add(body),
    changeFeed: ({ params: { id }, body }) => feeds.change(id, body),
    async removeFeed({ params: { id } }) {
      await feeds.remove(id);
      return undefined;
    },
    checkFeed: ({ params: { id } }) => feeds.check(id),
    feedItems: ({ params: { id } }) => [...feeds.items(id)],
    labels: () => [...labels.known.values()],
    async setLabel({ body: { name, ...change } }) {
      await labels.set(name, change);
      return [...labels.known.values()];
    },
    async removeLabel({ params: { name } }) {
      if (!labels.known.has(name))
        throw new NodeError('not-found', 'There is no such label.', { value: name });
      await labels.remove([name]);
      return undefined;
    },
    find: async ({ query = {} }) => (await catalogues()).find(query),
    async publish({ body }) {
      const { transfer, link, torrent: file } = body;
      if ([transfer, link, file].filter((one) => one !== undefined).length !== 1)
        throw new NodeError(
          'invalid',
          'Say with exactly one of transfer, torrent and link what is published.',
        );
      const torrent = transfer === undefined ? undefined : await torrentOf(transfers.get(transfer));
      return (await catalogues()).publish(body, torrent);
    },
    withdraw: async ({ params }) => (await catalogues()).withdraw(params.infoHash),
    rate: async ({ params, body }) => (await catalogues()).rate(params.infoHash, body),
    report: async ({ params, body }) => (await catalogues()).report(params.infoHash, body),
    config: () => live.describe(),
    async changeConfig({ body }) {
      await live.change(body);
      return live.describe();
    },
  };
}

function sendJson(reply: FastifyReply, text: string | readonly Uint8Array[]): FastifyReply {
  reply.type('application/json; charset=utf-8');
  if (typeof text === 'string') return reply.send(text);
  const length = text.reduce((sum, part) => sum + part.length, 0);
  return reply.header('content-length', length).send(Readable.from(text, { objectMode: false }));
}

function named(name: string): string {
  return `attachment; filename*=UTF-8''${encodeName(name)}`;
}
