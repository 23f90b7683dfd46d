// What we answer to the questions of others (BEP 5, 32, 33, 42, 44, 51). One question costs one reply of at most
// 1,400 bytes, one lookup in the table and one in a store; nothing is kept of it but what was asked to be kept.

import { type Clock, type Hashing, type IpFamily, toLatin1 } from '@shoal/base';
import { maxDatagramBytes, maxSamples, sampleIntervalSeconds, tokenBytes } from './bounds.ts';
import { errorCodes, type Message, type PutItem, type Query, type Want } from './codec/krpc.ts';
import { compactNodeLength } from './codec/nodes.ts';
import { type Reply, writeError, writeReply } from './codec/reply.ts';
import type { ItemStore } from './item-store.ts';
import type { PeerStore } from './peer-store.ts';
import type { RoutingTable } from './routing-table.ts';
import type { Tokens } from './tokens.ts';
import type { Visitor } from './visitors.ts';

export interface AnsweringParts {
  readonly family: IpFamily;
  readonly clock: Clock;
  readonly hashing: Hashing;
  readonly tokens: Tokens;
  readonly peers: PeerStore;
  readonly items: ItemStore;
  readonly table: RoutingTable;
  /** Of either family, where there is one. */
  readonly tableOf: (family: IpFamily) => RoutingTable | undefined;
}

export type Question = Message & { readonly kind: 'query' };

interface Frame {
  readonly askedFrom: Uint8Array;
  readonly transaction: Uint8Array;
  readonly id: Uint8Array;
}

/** Everything in a reply but nodes, values and items, over IPv6 and with the longest transaction. */
const frameBytes = 160;
/** The key, signature and number of a mutable item. */
const signatureBytes = 140;

export class Answering {
  readonly #parts: AnsweringParts;
  /** Where the question came from, written anew for each. */
  readonly #place: Uint8Array;
  /** The address in it. */
  readonly #ip: Uint8Array;
  readonly #token = new Uint8Array(tokenBytes);
  #sample: Uint8Array = new Uint8Array(0);
  #sampledMs = -Infinity;

  constructor(parts: AnsweringParts) {
    this.#parts = parts;
    this.#place = new Uint8Array(parts.family === 4 ? 6 : 18);
    this.#ip = this.#place.subarray(0, -2);
  }

  /** The reply; good until the next call. */
  answer(question: Question, visitor: Visitor, port: number, nowMs: number): Uint8Array {
    const { transaction, query } = question;
    const place = this.#place;
    setLatin1(place, visitor.ip);
    setPort(place, port);
    const frame = { askedFrom: place, transaction, id: this.#parts.table.own };
    switch (query.method) {
      case 'get_peers':
        return this.#getPeers(frame, query, visitor, nowMs);
      case 'find_node':
        return writeReply({ ...frame, ...this.#nodes(query.target, query.want, maxDatagramBytes) });
      case 'ping':
        return writeReply(frame);
      case 'announce_peer':
        return this.#announce(frame, query, nowMs);
      case 'get':
        return this.#get(frame, query, visitor, nowMs);
      case 'put':
        return this.#put(frame, query, visitor, nowMs);
      case 'sample_infohashes':
        return this.#samples(frame, query, nowMs);
    }
  }

  #getPeers(
    frame: Frame,
    { infoHash, want, scrape }: Query & { method: 'get_peers' },
    visitor: Visitor,
    nowMs: number,
  ): Uint8Array {
    const { peers, hashing, table, family } = this.#parts;
    const { askedFrom, transaction, id } = frame;
    const token = this.#tokenFor(visitor, nowMs);
    const values = peers.values(infoHash, nowMs);
    if (scrape) {
      const blooms = peers.blooms(infoHash, hashing, nowMs);
      const nodes = this.#nodes(infoHash, want, maxDatagramBytes - 600);
      return writeReply({ ...frame, ...nodes, ...blooms, token, values });
    }
    const isPlain = family === 4 ? !want[6] : !want[4];
    if (!isPlain)
      return writeReply({ ...frame, ...this.#nodes(infoHash, want, maxDatagramBytes), token, values });
    // The one question that comes ten times as often as all others: one object, nothing spread.
    const nearest = table.compactClosest(infoHash);
    const nodes = family === 4 ? nearest : undefined;
    const nodes6 = family === 4 ? undefined : nearest;
    return writeReply({ askedFrom, transaction, id, nodes, nodes6, token, values });
  }

  #announce(
    frame: Frame,
    { infoHash, token, port, isSeed }: Query & { method: 'announce_peer' },
    nowMs: number,
  ): Uint8Array {
    if (!this.#parts.tokens.isGood(token, this.#ip)) return badToken(frame.transaction);
    const place = frame.askedFrom.slice();
    if (port !== undefined) setPort(place, port);
    if (!this.#parts.peers.announce(infoHash, place, isSeed, nowMs))
      return writeError(frame.transaction, errorCodes.server, 'Too many announces from your address');
    return writeReply(frame);
  }

  #get(frame: Frame, { target, want, sequence }: Query & { method: 'get' }, visitor: Visitor, nowMs: number) {
    const token = this.#tokenFor(visitor, nowMs);
    const item = this.#parts.items.get(target, nowMs);
    if (item === undefined)
      return writeReply({ ...frame, ...this.#nodes(target, want, maxDatagramBytes), token });
    const { raw, key, signature, sequence: stored } = item;
    if (key === undefined || signature === undefined || stored === undefined) {
      const nodes = this.#nodes(target, want, maxDatagramBytes - raw.length);
      return writeReply({ ...frame, ...nodes, token, value: raw });
    }
    if (sequence !== undefined && stored <= sequence)
      return writeReply({
        ...frame,
        ...this.#nodes(target, want, maxDatagramBytes),
        sequence: stored,
        token,
      });
    const nodes = this.#nodes(target, want, maxDatagramBytes - raw.length - signatureBytes);
    return writeReply({ ...frame, ...nodes, token, value: raw, key, signature, sequence: stored });
  }

  #put(
    frame: Frame,
    { token, item }: { readonly token: Uint8Array; readonly item: PutItem },
    visitor: Visitor,
    nowMs: number,
  ): Uint8Array {
    if (!this.#parts.tokens.isGood(token, this.#ip)) return badToken(frame.transaction);
    const error = this.#parts.items.put(item, visitor.unit, nowMs);
    if (error !== undefined) return writeError(frame.transaction, error.code, error.message);
    return writeReply(frame);
  }

  #samples(
    frame: Frame,
    { target, want }: { readonly target: Uint8Array; readonly want: Want },
    nowMs: number,
  ): Uint8Array {
    const { peers } = this.#parts;
    if (nowMs - this.#sampledMs >= sampleIntervalSeconds * 1000) {
      this.#sampledMs = nowMs;
      this.#sample = peers.sample(maxSamples);
    }
    return writeReply({
      ...frame,
      interval: sampleIntervalSeconds,
      ...this.#nodes(target, want, maxDatagramBytes - this.#sample.length),
      total: peers.swarmCount,
      samples: this.#sample,
    });
  }

  /** As many of the nearest nodes of the families wanted as fit beside the rest. */
  #nodes(target: Uint8Array, want: Want, mostBytes: number): Pick<Reply, 'nodes' | 'nodes6'> {
    const room = mostBytes - frameBytes;
    const nodes = want[4] ? this.#nearest(4, target, room) : undefined;
    const nodes6 = want[6] ? this.#nearest(6, target, room - (nodes?.length ?? 0)) : undefined;
    return { nodes, nodes6 };
  }

  #nearest(family: IpFamily, target: Uint8Array, room: number): Uint8Array | undefined {
    const nearest = this.#parts.tableOf(family)?.compactClosest(target);
    const size = compactNodeLength(family);
    return nearest?.subarray(0, Math.max(0, Math.floor(room / size)) * size);
  }

  #tokenFor(visitor: Visitor, nowMs: number): Uint8Array {
    const { tokens } = this.#parts;
    const epoch = tokens.epoch(nowMs);
    if (visitor.tokenEpoch !== epoch) {
      visitor.token = toLatin1(tokens.make(this.#ip));
      visitor.tokenEpoch = epoch;
    }
    setLatin1(this.#token, visitor.token);
    return this.#token;
  }
}

function setLatin1(bytes: Uint8Array, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
}

function setPort(place: Uint8Array, port: number): void {
  place[place.length - 2] = port >>> 8;
  place[place.length - 1] = port;
}

function badToken(transaction: Uint8Array): Uint8Array {
  return writeError(transaction, errorCodes.protocol, 'Bad token');
}
