// A hostile DHT node in the virtual world: it gets into tables as others do, names only nodes that are not there but
// seem nearest to whatever is looked for, or only its accomplices, knows no peers, and sends forged items.

import { type Endpoint, encodeBencode, ipToBytes, toUtf8 } from '@shoal/base';
import { makeNodeId } from '@shoal/dht';
import { compactNode, readMessage, writeReply } from '@shoal/dht/codec';
import type { SeededRandom, SimHost, Simulation } from '@shoal/sim';
import { compareDistance } from '../src/node-id.ts';
import { port } from './network.ts';

export interface Decoy {
  readonly id: Uint8Array;
  readonly compact: Uint8Array;
}

/** Addresses that nobody has, with ids that fit them: what a liar may name without being caught by BEP 42. */
function makeDecoys(random: SeededRandom, count: number): Decoy[] {
  return Array.from({ length: count }, (_, i) => {
    const address = `${100 + (i % 50)}.${random.below(256)}.${random.below(256)}.${1 + random.below(254)}`;
    const id = makeNodeId(ipToBytes(address) ?? new Uint8Array(4), random);
    return { id, compact: compactNode(id, { address, port }) ?? new Uint8Array(26) };
  });
}

/** The eight nearest, without sorting all of them for each question. */
function nearestDecoys(decoys: readonly Decoy[], target: Uint8Array): Uint8Array {
  const nearest: Decoy[] = [];
  for (const decoy of decoys) {
    const farthest = nearest[7];
    if (farthest !== undefined && compareDistance(target, farthest.id, decoy.id) <= 0) continue;
    nearest.push(decoy);
    nearest.sort((a, b) => compareDistance(target, a.id, b.id));
    nearest.length = Math.min(8, nearest.length);
  }
  return new Uint8Array(nearest.flatMap(({ compact }) => [...compact]));
}

export interface HostileNode {
  readonly host: SimHost;
  /** Questions that it was asked. */
  asked: number;
}

export async function startHostile(
  simulation: Simulation,
  host: SimHost,
  victims: readonly Endpoint[],
  accomplices?: Decoy[],
): Promise<HostileNode> {
  const random = simulation.randomFor(`hostile ${host.name}`);
  const id = makeNodeId(ipToBytes(host.address) ?? new Uint8Array(4), random);
  const decoys = accomplices ?? makeDecoys(random, 1500);
  const compact = compactNode(id, { address: host.address, port });
  if (compact !== undefined) accomplices?.push({ id, compact });
  const node: HostileNode = { host, asked: 0 };
  const socket = await simulation.settle(
    host.world.datagrams.bind(
      { address: host.address, port },
      {
        message(bytes, from) {
          const message = readMessage(bytes, 4);
          if (message?.kind !== 'query') return;
          node.asked++;
          const { query, transaction } = message;
          const askedFrom = new Uint8Array([
            ...(ipToBytes(from.address) ?? []),
            from.port >> 8,
            from.port & 255,
          ]);
          const frame = { askedFrom, transaction, id, token: new Uint8Array(4) };
          const target = 'infoHash' in query ? query.infoHash : 'target' in query ? query.target : undefined;
          const nodes = nearestDecoys(decoys, target ?? id);
          const forged = query.method === 'get' ? { value: encodeBencode(toUtf8('forged')) } : {};
          socket.send(writeReply({ ...frame, ...(target && { nodes }), ...forged }), from);
        },
        close() {},
      },
    ),
  );
  for (const victim of victims) socket.send(encodeBencode({ a: { id }, q: 'ping', t: 'hi', y: 'q' }), victim);
  return node;
}
