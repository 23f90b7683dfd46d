// Peer exchange (BEP 11): the message, what to tell a peer next, and how often to listen.

import {
  type BencodeNode,
  compactEndpoint,
  concatBytes,
  type Endpoint,
  encodeBencode,
  readCompactEndpoints,
} from '@shoal/base';
import { pexIntervalMs, pexIntervalTakenMs, pexPeersSent, pexPeersTaken } from '../bounds.ts';
import { decodeDictionary } from './handshake.ts';

/** Bits of `flags`. */
export const pexFlag = {
  prefersEncryption: 0x01,
  uploadOnly: 0x02,
  utp: 0x04,
  holepunch: 0x08,
  /** The sender dialled it: it can be reached. */
  reachable: 0x10,
} as const;

export interface PexPeer {
  readonly endpoint: Endpoint;
  readonly flags: number;
}

export interface PexMessage {
  readonly added: readonly PexPeer[];
  readonly dropped: readonly Endpoint[];
}

export function encodePex(message: PexMessage): Uint8Array {
  const added4: Uint8Array[] = [];
  const added6: Uint8Array[] = [];
  const flags4: number[] = [];
  const flags6: number[] = [];
  for (const { endpoint, flags } of message.added) {
    const bytes = compactEndpoint(endpoint);
    if (bytes === undefined) continue;
    (bytes.length === 6 ? added4 : added6).push(bytes);
    (bytes.length === 6 ? flags4 : flags6).push(flags);
  }
  const dropped = message.dropped.map(compactEndpoint).filter((bytes) => bytes !== undefined);
  return encodeBencode({
    added: concatBytes(...added4),
    'added.f': Uint8Array.from(flags4),
    added6: concatBytes(...added6),
    'added6.f': Uint8Array.from(flags6),
    dropped: concatBytes(...dropped.filter((bytes) => bytes.length === 6)),
    dropped6: concatBytes(...dropped.filter((bytes) => bytes.length === 18)),
  });
}

/** At most 200 of each; port 0 is nobody's and left out. Throws `extended-malformed`. */
export function decodePex(payload: Uint8Array): PexMessage {
  const root = decodeDictionary(payload);
  return {
    added: [
      ...readAdded(root.get('added'), root.get('added.f'), 4),
      ...readAdded(root.get('added6'), root.get('added6.f'), 6),
    ].slice(0, pexPeersTaken),
    dropped: [...readEndpoints(root.get('dropped'), 4), ...readEndpoints(root.get('dropped6'), 6)]
      .filter(({ port }) => port !== 0)
      .slice(0, pexPeersTaken),
  };
}

function readAdded(peers: BencodeNode | undefined, flags: BencodeNode | undefined, family: 4 | 6): PexPeer[] {
  const flagBytes = flags?.asBytes();
  return readEndpoints(peers, family)
    .map((endpoint, i) => ({ endpoint, flags: flagBytes?.[i] ?? 0 }))
    .filter(({ endpoint }) => endpoint.port !== 0);
}

function readEndpoints(node: BencodeNode | undefined, family: 4 | 6): Endpoint[] {
  const bytes = node?.asBytes();
  return bytes === undefined ? [] : readCompactEndpoints(bytes, family, pexPeersTaken);
}

/** What one peer is told: who came and who went since it was told last. */
export class PexGiver {
  readonly #told = new Map<string, Endpoint>();
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Undefined when a minute has not passed, or nothing has changed. `connected` holds no endpoint twice. */
  next(nowMs: number, connected: readonly PexPeer[]): PexMessage | undefined {
    if (nowMs - this.#lastMs < pexIntervalMs) return undefined;
    const byKey = new Map(connected.map((peer) => [keyOf(peer.endpoint), peer]));
    const dropped = [...this.#told].filter(([key]) => !byKey.has(key)).slice(0, pexPeersSent);
    const added = [...byKey].filter(([key]) => !this.#told.has(key)).slice(0, pexPeersSent);
    if (added.length === 0 && dropped.length === 0) return undefined;
    this.#lastMs = nowMs;
    for (const [key] of dropped) this.#told.delete(key);
    for (const [key, peer] of added) this.#told.set(key, peer.endpoint);
    return { added: added.map(([, peer]) => peer), dropped: dropped.map(([, endpoint]) => endpoint) };
  }
}

/** Messages that come faster than any clock drift explains are not listened to. */
export class PexPace {
  #lastMs = Number.NEGATIVE_INFINITY;

  takes(nowMs: number): boolean {
    if (nowMs - this.#lastMs < pexIntervalTakenMs) return false;
    this.#lastMs = nowMs;
    return true;
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
