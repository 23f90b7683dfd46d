// Magnet links (BEP 9, 53): what a link says, and the link that leads to a torrent.

import { fromBase32, fromHex, toHex } from '@shoal/base';
import { maxLinkLength, maxSources } from './bounds.ts';
import { MetainfoError } from './errors.ts';
import { cleanUrls } from './sources.ts';
import type { HostPort, InfoHashes } from './types.ts';

export interface Magnet {
  readonly infoHashes: InfoHashes;
  /** For people, until the torrent itself is there; not safe as a file name. */
  readonly name?: string;
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  /** Peers to begin with. */
  readonly peers: readonly HostPort[];
  /** Ranges of file indexes, both ends included (BEP 53); undefined for all files. */
  readonly selectOnly?: readonly { readonly first: number; readonly last: number }[];
}

/** Throws MetainfoError for what is no magnet link to a torrent. Parameters that make no sense are left out. */
export function parseMagnet(link: string): Magnet {
  const trimmed = link.trim();
  if (!/^magnet:\?/i.test(trimmed)) {
    throw new MetainfoError('not-a-link', 'A magnet link begins with "magnet:?".', { value: link });
  }
  if (trimmed.length > maxLinkLength) throw new MetainfoError('too-large', 'The link is too long.');
  const found = { v1: new Set<string>(), v2: new Set<string>() };
  const trackers: string[] = [];
  const webSeeds: string[] = [];
  const peers: HostPort[] = [];
  const ranges: { first: number; last: number }[] = [];
  let name: string | undefined;
  for (const [key, value] of parameters(trimmed)) {
    if (key === 'xt') addTopic(found, value);
    else if (key === 'dn') name ??= value;
    else if (key === 'tr') trackers.push(value);
    else if (key === 'ws') webSeeds.push(value);
    else if (key === 'x.pe') addPeer(peers, value);
    else if (key === 'so') addRanges(ranges, value);
  }
  return {
    infoHashes: infoHashesOf(found, link),
    trackers: cleanUrls(trackers),
    webSeeds: cleanUrls(webSeeds),
    peers,
    ...(name === undefined || name === '' ? {} : { name }),
    ...(ranges.length === 0 ? {} : { selectOnly: ranges }),
  };
}

/** A link that leads to what is described; a torrent will do. */
export function magnetOf(described: {
  readonly infoHashes: InfoHashes;
  readonly name?: string;
  readonly trackers?: readonly (string | readonly string[])[];
  readonly webSeeds?: readonly string[];
  readonly peers?: readonly HostPort[];
}): string {
  const { v1, v2 } = described.infoHashes;
  const parts: string[] = [];
  if (v1 !== undefined) parts.push(`xt=urn:btih:${toHex(v1)}`);
  if (v2 !== undefined) parts.push(`xt=urn:btmh:1220${toHex(v2)}`);
  if (described.name !== undefined) parts.push(`dn=${encode(described.name)}`);
  for (const tracker of described.trackers?.flat() ?? []) parts.push(`tr=${encode(tracker)}`);
  for (const url of described.webSeeds ?? []) parts.push(`ws=${encode(url)}`);
  for (const { host, port } of described.peers ?? []) {
    parts.push(`x.pe=${host.includes(':') ? `[${host}]` : host}:${port}`);
  }
  return `magnet:?${parts.join('&')}`;
}

/** Keys in lower case, without the number that repeated ones may carry ("tr.1"). HTML's "&amp;" is forgiven. */
function* parameters(link: string): Generator<[key: string, value: string], void, void> {
  const query = link.slice(link.indexOf('?') + 1).split('#', 1)[0] ?? '';
  for (const part of query.split('&')) {
    const equals = part.indexOf('=');
    if (equals < 0) continue;
    const key = decode(part.slice(0, equals))
      .toLowerCase()
      .replace(/^amp;/, '')
      .replace(/\.\d+$/, '');
    const value = part.slice(equals + 1);
    // In names a plus is a space, as in forms; in addresses it is a plus.
    yield [key, decode(key === 'dn' ? value.replaceAll('+', ' ') : value).trim()];
  }
}

/** What is no escape stays as it is, and bytes that are no UTF-8 become marks. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
      const bytes = fromHex(escapes.replaceAll('%', '')) ?? new Uint8Array(0);
      return new TextDecoder().decode(bytes);
    });
  }
}

/** Halves of characters, which a name from elsewhere may have, would be refused. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function addTopic(found: { v1: Set<string>; v2: Set<string> }, topic: string): void {
  const [, kind, value = ''] = /^urn:(btih|btmh):(.*)$/is.exec(topic) ?? [];
  if (kind === undefined) return;
  const hash = kind.toLowerCase() === 'btih' ? readV1Hash(value) : readV2Hash(value);
  if (hash === undefined) {
    throw new MetainfoError('bad-info-hash', 'The link has an info hash that is none.', { value: topic });
  }
  (hash.length === 20 ? found.v1 : found.v2).add(toHex(hash));
}

function readV1Hash(value: string): Uint8Array | undefined {
  if (value.length === 40) return fromHex(value);
  return value.length === 32 ? fromBase32(value) : undefined;
}

/** A multihash: 12 is SHA-256, 20 its length of 32 bytes. */
function readV2Hash(value: string): Uint8Array | undefined {
  return value.length === 68 && value.startsWith('1220') ? fromHex(value.slice(4)) : undefined;
}

function infoHashesOf(found: { v1: Set<string>; v2: Set<string> }, link: string): InfoHashes {
  if (found.v1.size > 1 || found.v2.size > 1) {
    throw new MetainfoError('conflicting-info-hashes', 'The link leads to more than one torrent.', {
      value: link,
    });
  }
  const v1 = fromHex([...found.v1][0] ?? '');
  const v2 = fromHex([...found.v2][0] ?? '');
  const hasV1 = v1 !== undefined && v1.length > 0;
  const hasV2 = v2 !== undefined && v2.length > 0;
  if (!hasV1 && !hasV2) {
    throw new MetainfoError('missing-info-hash', 'The link has no info hash of a torrent.', { value: link });
  }
  return { ...(hasV1 ? { v1 } : {}), ...(hasV2 ? { v2 } : {}) };
}

/** "host:port", "1.2.3.4:port" or "[::1]:port". */
function addPeer(peers: HostPort[], value: string): void {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/[\]@]+)):(\d{1,5})$/i.exec(value);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535 || peers.length >= maxSources) return;
  if (!peers.some((peer) => peer.host === host && peer.port === port)) peers.push({ host, port });
}

function addRanges(ranges: { first: number; last: number }[], value: string): void {
  for (const token of value.split(',')) {
    const match = /^\s*(\d{1,9})(?:-(\d{1,9}))?\s*$/.exec(token);
    if (match === null || ranges.length >= maxSources) continue;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first <= last) ranges.push({ first, last });
  }
}
