// A tracker in the simulator and those who ask it.

import assert from 'node:assert/strict';
import { concatBytes, decodeBencode, type Random, toUtf8, type World } from '@shoal/base';
import { createIndex, type IndexOptions } from '@shoal/index';
import { createSimulation, type Simulation } from '@shoal/sim';
import type { AnnounceRequest } from '@shoal/tracker';

/** Numbers that are always the same for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed * 2_654_435_761 + 1;
  function next(): number {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }
  return {
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = next();
    },
    below: (bound) => Math.floor((next() / 2 ** 32) * bound),
  };
}

/** An index at 'home', with the World's addresses of both families, and hosts that ask it. */
export async function startIndex(options: Partial<IndexOptions> = {}, seed = 1) {
  const simulation = createSimulation({ seed });
  const home = simulation.addHost({ name: 'home', addresses: ['9.0.0.1', '2a00::1'] });
  const index = await simulation.settle(createIndex({ ...home.world, port: 6969, ...options }));
  let hosts = 0;
  return {
    simulation,
    home,
    index,
    /** A host of each family. */
    addHost(addresses?: readonly string[]) {
      hosts++;
      return simulation.addHost({
        name: `host${hosts}`,
        addresses: addresses ?? [`9.0.1.${hosts}`, `2a00::1:${hosts.toString(16)}`],
      });
    },
  };
}

const peerId = toUtf8('-SH0001-abcdefghijkl');
export const infoHash = new Uint8Array(20).fill(5);

export function requestOf(more: Partial<AnnounceRequest> = {}): AnnounceRequest {
  return {
    infoHash,
    peerId,
    port: 6881,
    uploaded: 0,
    downloaded: 0,
    left: 1000,
    peersWanted: -1,
    key: 1,
    ...more,
  };
}

/** GET over a connection of its own; the bytes of the body. */
export async function get(
  simulation: Simulation,
  world: World,
  path: string,
  { body, ...more }: { headers?: Record<string, string>; method?: string; body?: string } = {},
): Promise<{ status: number; body: Uint8Array }> {
  const response = await simulation.settle(
    world.http.request({
      url: `http://9.0.0.1:6969${path}`,
      keepAlive: false,
      ...more,
      ...(body !== undefined && { body: toUtf8(body) }),
    }),
  );
  const parts: Uint8Array[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  response.read({ data: (bytes) => parts.push(bytes.slice()), close: () => resolve() });
  await simulation.settle(promise);
  return { status: response.status, body: concatBytes(...parts) };
}

/** What an HTTP announce or scrape says, as bencode; `failure` where it refuses. */
export async function ask(
  simulation: Simulation,
  world: World,
  path: string,
  headers?: Record<string, string>,
) {
  const { status, body } = await get(simulation, world, path, headers && { headers });
  assert.equal(status, 200);
  const root = decodeBencode(body);
  return { root, failure: root.get('failure reason')?.asText() };
}

export const announcePath = (more = '') =>
  `/announce?info_hash=${'%05'.repeat(20)}&peer_id=-SH0001-abcdefghijkl&port=6881&uploaded=0&downloaded=0&left=1000${more}`;
