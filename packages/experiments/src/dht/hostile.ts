// Hostile DHT nodes. Each is a production node, so that it gets into tables and stays there as others do; but the
// questions that come in are answered here, by one of four kinds of enemy who know each other.

import {
  compactEndpoint,
  compareBytes,
  type Datagrams,
  type Endpoint,
  ipFromBytes,
  ipScope,
  ipToBytes,
} from '@shoal/base';
import { makeNodeId } from '@shoal/dht';
import { compactNode, readMessage, type ValueSource, writeReply } from '@shoal/dht/codec';
import type { SeededRandom } from '@shoal/sim';

/**
 * `eclipse` names only its accomplices; `lie` names nodes that are not there, with ids that fit their addresses, nearer
 * to the target than most real ones; `fake` gives peers that are not there, beside the accomplices; `drop` answers
 * pings and nothing else.
 */
const kinds = ['eclipse', 'lie', 'fake', 'drop'] as const;
type HostileKind = (typeof kinds)[number];

/** What each enemy has tried out beforehand: addresses, and the ids that BEP 42 allows there. */
const decoyCount = 20_000;
const nodesPerReply = 8;
const fakePeers = 50;
const token = new Uint8Array(8).fill(1);

interface Named {
  readonly id: Uint8Array;
  readonly compact: Uint8Array;
}

/** All enemies of one network, who know each other. */
export class Conspiracy {
  readonly #random: SeededRandom;
  readonly #accomplices: Named[] = [];
  readonly #decoys: Named[];
  #count = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#decoys = Array.from({ length: decoyCount }, () => drawDecoy(random)).sort((a, b) =>
      compareBytes(a.id, b.id),
    );
  }

  /** Datagrams for a production node that is hostile. Its id has to be told by `join` once it has one. */
  recruit(datagrams: Datagrams): { readonly datagrams: Datagrams; join(id: Uint8Array, at: Endpoint): void } {
    const kind = kinds[this.#count++ % kinds.length] ?? 'drop';
    let own: Uint8Array | undefined;
    return {
      datagrams: {
        bind: async (options, handlers) => {
          const socket = await datagrams.bind(options, {
            close: (error) => handlers.close(error),
            message: (bytes, from) => {
              const reply = own === undefined ? undefined : this.#answer(kind, own, bytes, from);
              if (reply === undefined) handlers.message(bytes, from);
              else if (reply.length > 0) socket.send(reply, from);
            },
          });
          return socket;
        },
      },
      join: (id, at) => {
        own = id;
        const compact = compactNode(id, at);
        if (compact === undefined) return;
        this.#accomplices.splice(placeOf(this.#accomplices, id), 0, { id, compact });
      },
    };
  }

  /** Undefined leaves it to the production node; empty is silence. */
  #answer(kind: HostileKind, id: Uint8Array, bytes: Uint8Array, from: Endpoint): Uint8Array | undefined {
    const message = readMessage(bytes, 4);
    if (message?.kind !== 'query') return undefined;
    const { query, transaction } = message;
    if (query.method === 'ping') return undefined;
    const askedFrom = compactEndpoint(from);
    if (kind === 'drop' || askedFrom === undefined) return new Uint8Array(0);
    const frame = { askedFrom, transaction, id };
    // Says yes to what it is told, and forgets it.
    if (query.method === 'announce_peer' || query.method === 'put') return writeReply(frame);
    const target = query.method === 'get_peers' ? query.infoHash : query.target;
    const nodes = nearest(kind === 'lie' ? this.#decoys : this.#accomplices, target);
    const values = kind === 'fake' && query.method === 'get_peers' ? this.#drawPeers() : undefined;
    return writeReply({ ...frame, nodes, token, values });
  }

  #drawPeers(): ValueSource {
    const stride = 8;
    const bytes = new Uint8Array(fakePeers * stride);
    for (let i = 0; i < fakePeers; i++) {
      bytes.set([0x36, 0x3a], i * stride);
      bytes.set(ipToBytes(drawAddress(this.#random)) ?? [], i * stride + 2);
      bytes.set([0x1a, 0xe1], i * stride + 6);
    }
    return { bytes, stride, count: fakePeers, start: 0, most: fakePeers };
  }
}

function drawAddress(random: SeededRandom): string {
  const bytes = new Uint8Array(4);
  for (;;) {
    random.fill(bytes);
    const address = ipFromBytes(bytes);
    if (ipScope(address) === 'public') return address;
  }
}

function drawDecoy(random: SeededRandom): Named {
  const address = drawAddress(random);
  const id = makeNodeId(ipToBytes(address) ?? new Uint8Array(4), random);
  return { id, compact: compactNode(id, { address, port: 6881 }) ?? new Uint8Array(26) };
}

/** Where it stands, or would stand, among those sorted by id. */
function placeOf(sorted: readonly Named[], id: Uint8Array): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes(sorted[middle]?.id ?? id, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Those around its place among the sorted ids share the most leading bits with the target. */
function nearest(sorted: readonly Named[], target: Uint8Array): Uint8Array {
  const place = placeOf(sorted, target) - nodesPerReply / 2;
  const start = Math.max(0, Math.min(place, sorted.length - nodesPerReply));
  const chosen = sorted.slice(start, start + nodesPerReply);
  const bytes = new Uint8Array(chosen.length * 26);
  for (const [i, { compact }] of chosen.entries()) bytes.set(compact, i * 26);
  return bytes;
}
