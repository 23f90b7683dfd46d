// What a response says (BEP 5, 32, 33, 44, 51), read once it is known to answer an open question. Whatever is missing
// or malformed is absent; nothing here throws. The result keeps no view of the datagram.

import { type BencodeNode, type Endpoint, type IpFamily, noBytes } from '@shoal/base';
import { maxNodesPerReply, maxValuesPerReply } from '../bounds.ts';
import { idLength } from '../node-id.ts';
import { bloomBytes } from './bloom.ts';
import { isList } from './krpc.ts';
import { type NodeInfo, readCompactNodes, readEndpoint } from './nodes.ts';

export interface Answer {
  readonly id: Uint8Array;
  readonly nodes: readonly NodeInfo[];
  readonly nodes6: readonly NodeInfo[];
  readonly token: Uint8Array | undefined;
  /** Peers (BEP 5). */
  readonly values: readonly Endpoint[];
  readonly item: FoundItem | undefined;
  /** Of a mutable item that is there but not newer than asked for, too. */
  readonly sequence: number | undefined;
  readonly samples: InfohashSample | undefined;
  readonly scrape: { readonly seeds: Uint8Array; readonly peers: Uint8Array } | undefined;
}

export interface FoundItem {
  readonly raw: Uint8Array;
  readonly key: Uint8Array | undefined;
  readonly signature: Uint8Array | undefined;
  readonly sequence: number | undefined;
}

export interface InfohashSample {
  readonly infoHashes: readonly Uint8Array[];
  /** How many the node has in all. */
  readonly total: number;
  readonly intervalSeconds: number;
}

const maxIntervalSeconds = 6 * 60 * 60;

export function readAnswer(body: BencodeNode, id: Uint8Array): Answer {
  const nodes = body.get('nodes')?.asBytes() ?? noBytes;
  const nodes6 = body.get('nodes6')?.asBytes() ?? noBytes;
  return {
    id: id.slice(),
    nodes: readCompactNodes(nodes, 4, maxNodesPerReply),
    nodes6: readCompactNodes(nodes6, 6, maxNodesPerReply),
    token: body.get('token')?.asBytes()?.slice(),
    values: readValues(body.get('values')),
    item: readItem(body),
    sequence: body.get('seq')?.asInteger(),
    samples: readSamples(body),
    scrape: readScrape(body),
  };
}

function readValues(node: BencodeNode | undefined): Endpoint[] {
  const values: Endpoint[] = [];
  if (node === undefined || !isList(node)) return values;
  for (const item of node.items()) {
    if (values.length === maxValuesPerReply) break;
    const bytes = item.asBytes();
    const family: IpFamily | undefined = bytes?.length === 6 ? 4 : bytes?.length === 18 ? 6 : undefined;
    if (bytes === undefined || family === undefined) continue;
    const endpoint = readEndpoint(bytes, family);
    if (endpoint !== undefined) values.push(endpoint);
  }
  return values;
}

function readItem(body: BencodeNode): FoundItem | undefined {
  const value = body.get('v');
  if (value === undefined) return undefined;
  return {
    raw: value.raw.slice(),
    key: body.get('k')?.asBytes(32)?.slice(),
    signature: body.get('sig')?.asBytes(64)?.slice(),
    sequence: body.get('seq')?.asInteger(),
  };
}

function readSamples(body: BencodeNode): InfohashSample | undefined {
  const bytes = body.get('samples')?.asBytes();
  if (bytes === undefined) return undefined;
  const infoHashes: Uint8Array[] = [];
  for (let at = 0; at + idLength <= bytes.length; at += idLength)
    infoHashes.push(bytes.slice(at, at + idLength));
  const total = Math.max(infoHashes.length, body.get('num')?.asInteger() ?? 0);
  const interval = body.get('interval')?.asInteger() ?? 0;
  return { infoHashes, total, intervalSeconds: Math.min(maxIntervalSeconds, Math.max(0, interval)) };
}

function readScrape(body: BencodeNode): Answer['scrape'] {
  const seeds = body.get('BFsd')?.asBytes(bloomBytes);
  const peers = body.get('BFpe')?.asBytes(bloomBytes);
  return seeds === undefined || peers === undefined
    ? undefined
    : { seeds: seeds.slice(), peers: peers.slice() };
}
