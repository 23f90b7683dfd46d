// Announce and scrape over UDP (BEP 15, IPv6 as in libtorrent and opentracker; BEP 41 for the URL's path).
// All numbers are big-endian; a datagram is read only where its length is right.

import {
  compactEndpoint,
  concatBytes,
  type Endpoint,
  fromUtf8Lossy,
  type IpFamily,
  readCompactEndpoints,
  toUtf8,
} from '@shoal/base';
import { maxMessageLength, maxPeersPerAnswer } from '../bounds.ts';
import type { AnnounceAnswer, AnnounceEvent, AnnounceRequest, ScrapeEntry } from './types.ts';

const protocolId = 0x41727101980n;
const action = { connect: 0, announce: 1, scrape: 2, error: 3 } as const;
const events: readonly (AnnounceEvent | undefined)[] = [undefined, 'completed', 'started', 'stopped'];

/** BEP 41 */
const option = { end: 0, nothing: 1, urlData: 2 } as const;

export type UdpRequest =
  | { readonly kind: 'connect'; readonly transaction: number }
  | {
      readonly kind: 'announce';
      readonly transaction: number;
      readonly connectionId: bigint;
      readonly request: AnnounceRequest;
      /** Path and query of the tracker's URL. */
      readonly urlData: string;
    }
  | {
      readonly kind: 'scrape';
      readonly transaction: number;
      readonly connectionId: bigint;
      readonly infoHashes: readonly Uint8Array[];
    };

export type UdpAnswer =
  | { readonly kind: 'connect'; readonly transaction: number; readonly connectionId: bigint }
  | { readonly kind: 'announce'; readonly transaction: number; readonly answer: AnnounceAnswer }
  | { readonly kind: 'scrape'; readonly transaction: number; readonly entries: readonly ScrapeEntry[] }
  | { readonly kind: 'error'; readonly transaction: number; readonly message: string };

export function encodeUdpRequest(message: UdpRequest): Uint8Array {
  switch (message.kind) {
    case 'connect': {
      const bytes = new Uint8Array(16);
      const view = viewOf(bytes);
      view.setBigUint64(0, protocolId);
      view.setUint32(8, action.connect);
      view.setUint32(12, message.transaction);
      return bytes;
    }
    case 'announce':
      return concatBytes(announceBytes(message), urlDataBytes(message.urlData));
    case 'scrape':
      return concatBytes(
        head(message.connectionId, action.scrape, message.transaction),
        ...message.infoHashes,
      );
  }
}

function head(connectionId: bigint, what: number, transaction: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = viewOf(bytes);
  view.setBigUint64(0, connectionId);
  view.setUint32(8, what);
  view.setUint32(12, transaction);
  return bytes;
}

function announceBytes({
  connectionId,
  transaction,
  request,
}: UdpRequest & { kind: 'announce' }): Uint8Array {
  const bytes = new Uint8Array(98);
  bytes.set(head(connectionId, action.announce, transaction));
  bytes.set(request.infoHash.subarray(0, 20), 16);
  bytes.set(request.peerId.subarray(0, 20), 36);
  const view = viewOf(bytes);
  view.setBigUint64(56, BigInt(request.downloaded));
  view.setBigUint64(64, request.left < 0 ? 0xffff_ffff_ffff_ffffn >> 1n : BigInt(request.left));
  view.setBigUint64(72, BigInt(request.uploaded));
  view.setUint32(80, events.indexOf(request.event));
  view.setUint32(84, 0);
  view.setUint32(88, request.key);
  view.setInt32(92, request.peersWanted);
  view.setUint16(96, request.port);
  return bytes;
}

/** Nothing for the path that a tracker has when its URL names none. */
function urlDataBytes(urlData: string): Uint8Array {
  if (urlData === '' || urlData === '/') return new Uint8Array(0);
  const bytes = toUtf8(urlData);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 255) {
    const part = bytes.subarray(at, at + 255);
    parts.push(Uint8Array.of(option.urlData, part.length), part);
  }
  return concatBytes(...parts, Uint8Array.of(option.end));
}

/** Undefined for what is no answer: somebody else's datagram, or a broken one. */
export function parseUdpAnswer(bytes: Uint8Array, family: IpFamily): UdpAnswer | undefined {
  if (bytes.length < 8) return undefined;
  const view = viewOf(bytes);
  const transaction = view.getUint32(4);
  switch (view.getUint32(0)) {
    case action.connect:
      return bytes.length < 16
        ? undefined
        : { kind: 'connect', transaction, connectionId: view.getBigUint64(8) };
    case action.announce: {
      if (bytes.length < 20) return undefined;
      const peers = readCompactEndpoints(bytes.subarray(20), family, maxPeersPerAnswer).filter(
        ({ port }) => port > 0,
      );
      const unique = new Map<string, Endpoint>(peers.map((peer) => [`${peer.address} ${peer.port}`, peer]));
      const answer = {
        intervalSeconds: view.getUint32(8),
        leechers: view.getUint32(12),
        seeders: view.getUint32(16),
        peers: [...unique.values()],
      };
      return { kind: 'announce', transaction, answer };
    }
    case action.scrape: {
      const entries = Array.from({ length: Math.floor((bytes.length - 8) / 12) }, (_, i) => ({
        seeders: view.getUint32(8 + 12 * i),
        downloads: view.getUint32(12 + 12 * i),
        leechers: view.getUint32(16 + 12 * i),
      }));
      return { kind: 'scrape', transaction, entries };
    }
    case action.error: {
      const message = fromUtf8Lossy(bytes.subarray(8, 8 + 4 * maxMessageLength))
        .replaceAll('\0', '')
        .slice(0, maxMessageLength);
      return { kind: 'error', transaction, message };
    }
    default:
      return undefined;
  }
}

/** The tracker's side. Undefined for what is no request. */
export function parseUdpRequest(bytes: Uint8Array): UdpRequest | undefined {
  if (bytes.length < 16) return undefined;
  const view = viewOf(bytes);
  const connectionId = view.getBigUint64(0);
  const transaction = view.getUint32(12);
  switch (view.getUint32(8)) {
    case action.connect:
      return connectionId === protocolId ? { kind: 'connect', transaction } : undefined;
    case action.announce:
      return bytes.length < 98 ? undefined : readAnnounce(bytes, view, connectionId, transaction);
    case action.scrape: {
      const count = Math.floor((bytes.length - 16) / 20);
      const infoHashes = Array.from({ length: count }, (_, i) => bytes.slice(16 + 20 * i, 36 + 20 * i));
      return { kind: 'scrape', transaction, connectionId, infoHashes };
    }
    default:
      return undefined;
  }
}

function readAnnounce(
  bytes: Uint8Array,
  view: DataView,
  connectionId: bigint,
  transaction: number,
): UdpRequest {
  const request = {
    infoHash: bytes.slice(16, 36),
    peerId: bytes.slice(36, 56),
    downloaded: Number(view.getBigUint64(56)),
    left: Number(view.getBigInt64(64)),
    uploaded: Number(view.getBigUint64(72)),
    event: events[view.getUint32(80)],
    key: view.getUint32(88),
    peersWanted: view.getInt32(92),
    port: view.getUint16(96),
  };
  return { kind: 'announce', transaction, connectionId, request, urlData: readUrlData(bytes.subarray(98)) };
}

export function readUrlData(bytes: Uint8Array): string {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length && bytes[at] !== option.end; ) {
    if (bytes[at] === option.nothing) {
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    if (bytes[at] === option.urlData) parts.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return fromUtf8Lossy(concatBytes(...parts));
}

export function encodeUdpAnswer(message: UdpAnswer): Uint8Array {
  const prefix = new Uint8Array(8);
  const view = viewOf(prefix);
  view.setUint32(0, action[message.kind]);
  view.setUint32(4, message.transaction);
  switch (message.kind) {
    case 'connect': {
      const id = new Uint8Array(8);
      viewOf(id).setBigUint64(0, message.connectionId);
      return concatBytes(prefix, id);
    }
    case 'announce': {
      const { intervalSeconds, leechers = 0, seeders = 0, peers } = message.answer;
      const numbers = uint32s([intervalSeconds, leechers, seeders]);
      return concatBytes(prefix, numbers, ...peers.flatMap((peer) => compactEndpoint(peer) ?? []));
    }
    case 'scrape':
      return concatBytes(
        prefix,
        uint32s(message.entries.flatMap((entry) => [entry.seeders, entry.downloads, entry.leechers])),
      );
    case 'error':
      return concatBytes(prefix, toUtf8(message.message));
  }
}

function uint32s(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * numbers.length);
  const view = viewOf(bytes);
  for (const [i, number] of numbers.entries()) view.setUint32(4 * i, number);
  return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
