// The tracker over HTTP (BEP 3, 7, 21, 23, 24, 31, 48): announce and scrape as routes. Refusals are bencoded with status
// 200, as clients expect them.

import { compareBytes, ipFromBytes } from '@shoal/base';
import {
  AnnounceFields,
  AnnounceQueryReader,
  AnswerWriter,
  failureAnswer,
  readScrapeQuery,
} from '@shoal/tracker/codec';
import { maxPeersPerAnswer, maxScrapeHashes } from '../bounds.ts';
import type { RemoteOf } from '../http/remote.ts';
import { type IndexRequest, type IndexResponse, queryOf, type Route } from '../http/routes.ts';
import { AddressBytes, mayBeAt } from './address-bytes.ts';
import { type Refusal, refusals } from './settings.ts';
import type { Tracker } from './tracker.ts';
import { keyOfPath } from './url-key.ts';

/** Two families of dictionaries with addresses, ids and ports, 110 bytes each, and the numbers. */
const longestAnswer = 2 * maxPeersPerAnswer * 110 + 1024;
const headers = { 'Content-Type': 'text/plain' };

export class HttpTracker {
  readonly routes: readonly Route[];
  readonly #tracker: Tracker;
  readonly #remoteOf: RemoteOf;
  readonly #reader = new AnnounceQueryReader();
  readonly #fields = new AnnounceFields();
  readonly #address = new AddressBytes();
  readonly #other = new AddressBytes();
  readonly #writer = new AnswerWriter(longestAnswer);
  readonly #hashes = new Uint8Array(20 * maxScrapeHashes);

  constructor(tracker: Tracker, remoteOf: RemoteOf) {
    this.#tracker = tracker;
    this.#remoteOf = remoteOf;
    const announce = (request: IndexRequest) => this.#announce(request);
    const scrape = (request: IndexRequest) => this.#scrape(request);
    this.routes = [
      { method: 'GET', path: '/announce', handle: announce },
      { method: 'GET', path: '/scrape', handle: scrape },
      { method: 'GET', path: '/announce/:key', handle: announce },
      { method: 'GET', path: '/scrape/:key', handle: scrape },
      { method: 'GET', path: '/:key/announce', handle: announce },
      { method: 'GET', path: '/:key/scrape', handle: scrape },
    ];
  }

  #announce(request: IndexRequest): IndexResponse {
    const tracker = this.#tracker;
    const fields = this.#fields;
    const address = this.#address;
    const from = this.#remoteOf.address(request);
    if (!address.set(from)) return failure('this address is none');
    if (tracker.isTooMany(address)) return failure(refusals.tooMany, 5);
    const fault = this.#reader.read(request.head.query, fields);
    if (fault !== undefined) {
      tracker.counts.refused++;
      return failure(fault, 'never');
    }
    const key = tracker.access === undefined ? '' : keyOf(request);
    for (const named of fields.ownAddresses) {
      if (!mayBeAt(named, from) || !this.#other.set(named)) continue;
      if (this.#other.family === address.family) address.set(named);
      else tracker.announce(fields, this.#other, key);
    }
    const refusal = tracker.announce(fields, address, key);
    if (refusal !== undefined) return refused(refusal);
    return { status: 200, headers, body: this.#answer(fields, address) };
  }

  #answer(fields: AnnounceFields, address: AddressBytes): Uint8Array {
    const tracker = this.#tracker;
    const writer = this.#writer;
    const { swarms, asking } = tracker;
    const { swarm } = asking;
    writer.length = 0;
    writer.text('d8:complete');
    writer.integer(swarm < 0 ? 0 : swarms.seeds(swarm));
    writer.text('10:downloaded');
    writer.integer(swarm < 0 ? 0 : swarms.downloads(swarm));
    writer.text(address.family === 4 ? '11:external ip4:' : '11:external ip16:');
    writer.put(address.bytes.subarray(0, address.addressLength));
    writer.text('10:incomplete');
    writer.integer(swarm < 0 ? 0 : swarms.leechers(swarm));
    writer.text('8:interval');
    writer.integer(tracker.nextInterval());
    writer.text('12:min interval');
    writer.integer(Math.min(tracker.settings.minIntervalSeconds, tracker.settings.intervalSeconds >> 1));
    writer.text('5:peers');
    if (fields.isCompact) {
      this.#compactPeers(fields, address, 4);
      const before = writer.length;
      writer.text('6:peers6');
      if (this.#compactPeers(fields, address, 6) === 0) writer.length = before;
    } else {
      writer.text('l');
      this.#peerDictionaries(fields, address, 4);
      this.#peerDictionaries(fields, address, 6);
      writer.text('e');
    }
    writer.text('e');
    return writer.finish();
  }

  #compactPeers(fields: AnnounceFields, address: AddressBytes, family: 4 | 6): number {
    const tracker = this.#tracker;
    const writer = this.#writer;
    const count = tracker.pick(family, address.family, fields.peersWanted, maxPeersPerAnswer);
    const { endpoints, endpointBytes } = tracker.swarms.store(family);
    writer.decimal(count * endpointBytes);
    writer.text(':');
    const { bytes } = writer;
    let to = writer.length;
    for (let i = 0; i < count; i++) {
      const at = (tracker.picked[i] ?? 0) * endpointBytes;
      for (let j = 0; j < endpointBytes; j++) bytes[to++] = endpoints[at + j] ?? 0;
    }
    writer.length = to;
    return count;
  }

  #peerDictionaries(fields: AnnounceFields, address: AddressBytes, family: 4 | 6): void {
    const tracker = this.#tracker;
    const writer = this.#writer;
    const count = tracker.pick(family, address.family, fields.peersWanted, maxPeersPerAnswer);
    const { endpoints, endpointBytes, peerIds } = tracker.swarms.store(family);
    for (let i = 0; i < count; i++) {
      const slot = tracker.picked[i] ?? 0;
      const at = slot * endpointBytes;
      const port = at + endpointBytes - 2;
      const ip = ipFromBytes(endpoints.subarray(at, port));
      writer.text('d2:ip');
      writer.decimal(ip.length);
      writer.text(`:${ip}`);
      if (!fields.isWithoutPeerIds) {
        writer.text('7:peer id20:');
        writer.put(peerIds.subarray(20 * slot, 20 * slot + 20));
      }
      writer.text('4:port');
      writer.integer(((endpoints[port] ?? 0) << 8) | (endpoints[port + 1] ?? 0));
      writer.text('e');
    }
  }

  #scrape(request: IndexRequest): IndexResponse {
    const { access, counts, swarms } = this.#tracker;
    if (!this.#address.set(this.#remoteOf.address(request))) return failure('this address is none');
    if (this.#tracker.isTooMany(this.#address)) return failure(refusals.tooMany, 5);
    const refusal = access === undefined ? undefined : access.mayAsk(keyOf(request));
    if (refusal !== undefined) return refused(refusal);
    const asked = readScrapeQuery(request.head.query, this.#hashes);
    if ('fault' in asked) return failure(asked.fault, 'never');
    counts.scrapes++;
    const writer = this.#writer;
    writer.length = 0;
    writer.text('d5:filesd');
    for (const hash of sortedHashes(this.#hashes, asked.count)) {
      const swarm = swarms.table.find(hash, 0);
      if (swarm < 0) continue;
      writer.text('20:');
      writer.put(hash);
      writer.text('d8:complete');
      writer.integer(swarms.seeds(swarm));
      writer.text('10:downloaded');
      writer.integer(swarms.downloads(swarm));
      writer.text('11:downloaders');
      writer.integer(swarms.downloaders(swarm));
      writer.text('10:incomplete');
      writer.integer(swarms.leechers(swarm));
      writer.text('e');
    }
    writer.text('ee');
    return { status: 200, headers, body: writer.finish() };
  }
}

/** In the order of bencode's keys, each once. */
function sortedHashes(bytes: Uint8Array, count: number): Uint8Array[] {
  const hashes = Array.from({ length: count }, (_, i) => bytes.subarray(20 * i, 20 * i + 20));
  hashes.sort(compareBytes);
  return hashes.filter((hash, i) => i === 0 || compareBytes(hash, hashes[i - 1] ?? hash) !== 0);
}

function keyOf(request: IndexRequest): string {
  return request.params.key ?? queryOf(request).get('passkey') ?? keyOfPath(request.head.path);
}

/** What a client cannot mend by asking again it is told not to ask again (BEP 31). */
function refused(refusal: Refusal): IndexResponse {
  return failure(refusal, refusal === refusals.full ? 30 : refusal === refusals.ratio ? 60 : undefined);
}

function failure(reason: string, retryMinutes?: number | 'never'): IndexResponse {
  return { status: 200, headers, body: failureAnswer(reason, retryMinutes) };
}
