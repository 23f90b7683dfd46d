// Announce over HTTP: the query and the bencoded answer, compact or not (BEP 3, 7, 23, 24, 31).

import {
  type BencodeNode,
  compactEndpoint,
  concatBytes,
  decodeBencode,
  type Endpoint,
  encodeBencode,
  fromUtf8Lossy,
  ipFromBytes,
  ipToBytes,
  readCompactEndpoints,
} from '@shoal/base';
import { defaultIntervalSeconds, maxAnswerBytes, maxMessageLength, maxPeersPerAnswer } from '../bounds.ts';
import { TrackerError } from '../errors.ts';
import { percentEncode } from './query.ts';
import type { AnnounceAnswer, AnnounceRequest } from './types.ts';

/** The announce URL with our query, after a query that it may already have (a passkey, say). */
export function announceUrl(trackerUrl: string, request: AnnounceRequest): string {
  const fields = [
    `info_hash=${percentEncode(request.infoHash)}`,
    `peer_id=${percentEncode(request.peerId)}`,
    `port=${request.port}`,
    `uploaded=${request.uploaded}`,
    `downloaded=${request.downloaded}`,
    // Unknown is told as one block short of nothing: 0 would make us a seed.
    `left=${request.left < 0 ? 16384 : request.left}`,
    'compact=1',
    'no_peer_id=1',
    'supportcrypto=1',
    `key=${(request.key >>> 0).toString(16).padStart(8, '0')}`,
  ];
  if (request.peersWanted >= 0) fields.push(`numwant=${request.peersWanted}`);
  if (request.event !== undefined) fields.push(`event=${request.event}`);
  if (request.trackerId !== undefined) fields.push(`trackerid=${percentEncode(request.trackerId)}`);
  const [bare = ''] = trackerUrl.split('#');
  const separator = !bare.includes('?') ? '?' : /[?&]$/.test(bare) ? '' : '&';
  return `${bare}${separator}${fields.join('&')}`;
}

/** Throws TrackerError: `failure` with the tracker's own words, or `malformed`. */
export function parseAnnounceAnswer(bytes: Uint8Array): AnnounceAnswer {
  const root = decodeAnswer(bytes);
  const peers = new Map<string, Endpoint>();
  const add = (peer: Endpoint) => {
    if (peer.port > 0 && peers.size < maxPeersPerAnswer) peers.set(`${peer.address} ${peer.port}`, peer);
  };
  const list = root.get('peers');
  const compact = list?.asBytes();
  if (compact !== undefined)
    for (const peer of readCompactEndpoints(compact, 4, maxPeersPerAnswer)) add(peer);
  else for (const peer of readPeerDictionaries(list)) add(peer);
  const compact6 = root.get('peers6')?.asBytes();
  if (compact6 !== undefined)
    for (const peer of readCompactEndpoints(compact6, 6, maxPeersPerAnswer)) add(peer);
  const external = root.get('external ip')?.asBytes();
  return {
    intervalSeconds: count(root, 'interval') ?? defaultIntervalSeconds,
    minIntervalSeconds: count(root, 'min interval'),
    seeders: count(root, 'complete'),
    leechers: count(root, 'incomplete'),
    downloads: count(root, 'downloaded'),
    peers: [...peers.values()],
    warning: words(root, 'warning message'),
    trackerId: root.get('tracker id')?.asBytes()?.slice(),
    externalAddress: external?.length === 4 || external?.length === 16 ? ipFromBytes(external) : undefined,
  };
}

/** For both kinds of answers: a dictionary without a failure in it. Real trackers are not always clean bencoders. */
export function decodeAnswer(bytes: Uint8Array): BencodeNode {
  let root: BencodeNode;
  try {
    root = decodeBencode(bytes, { lenient: true, allowTrailing: true, maxLength: maxAnswerBytes });
  } catch (cause) {
    throw new TrackerError('malformed', 'The tracker answered with something that is no bencode.', {
      value: fromUtf8Lossy(bytes.subarray(0, 120)),
      cause,
    });
  }
  if (root.kind !== 'dictionary') {
    throw new TrackerError('malformed', `The tracker answered with a ${root.kind} in place of a dictionary.`);
  }
  const failure = words(root, 'failure reason');
  if (failure !== undefined) {
    throw new TrackerError('failure', `The tracker refused: ${failure}`, { retryInSeconds: retryIn(root) });
  }
  return root;
}

function retryIn(root: BencodeNode): number | undefined {
  const retry = root.get('retry in');
  if (retry?.isString('never')) return Number.POSITIVE_INFINITY;
  const minutes = retry?.asInteger() ?? Number(retry?.asText() ?? Number.NaN);
  return Number.isFinite(minutes) && minutes > 0 ? minutes * 60 : undefined;
}

function* readPeerDictionaries(list: BencodeNode | undefined): Generator<Endpoint> {
  let seen = 0;
  for (const entry of list?.items() ?? []) {
    if (seen++ >= maxPeersPerAnswer) return;
    const host = entry.get('ip')?.asText();
    const port = entry.get('port')?.asInteger();
    if (host === undefined || host.length > 255 || port === undefined || port < 1 || port > 65_535) continue;
    const address = ipToBytes(host);
    yield { address: address === undefined ? host : ipFromBytes(address), port };
  }
}

function count(root: BencodeNode, key: string): number | undefined {
  const value = root.get(key)?.asInteger();
  return value === undefined || value < 0 ? undefined : value;
}

function words(root: BencodeNode, key: string): string | undefined {
  const text = root.get(key)?.asBytes();
  return text === undefined
    ? undefined
    : fromUtf8Lossy(text.subarray(0, 4 * maxMessageLength)).slice(0, maxMessageLength);
}

/** What a tracker says, compact (BEP 23), the families apart (BEP 7). */
export function encodeAnnounceAnswer(answer: AnnounceAnswer): Uint8Array {
  const ofLength = (length: number) =>
    concatBytes(
      ...answer.peers
        .flatMap((peer) => compactEndpoint(peer) ?? [])
        .filter((bytes) => bytes.length === length),
    );
  const peers6 = ofLength(18);
  return encodeBencode({
    complete: answer.seeders,
    downloaded: answer.downloads,
    'external ip': answer.externalAddress === undefined ? undefined : ipToBytes(answer.externalAddress),
    incomplete: answer.leechers,
    interval: answer.intervalSeconds,
    'min interval': answer.minIntervalSeconds,
    peers: ofLength(6),
    peers6: peers6.length > 0 ? peers6 : undefined,
    'tracker id': answer.trackerId,
    'warning message': answer.warning,
  });
}

export function encodeFailure(reason: string): Uint8Array {
  return encodeBencode({ 'failure reason': reason });
}
