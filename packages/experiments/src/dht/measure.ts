// Keys that somebody announced, and how others find them: what each lookup took, and whether it found.

import type { Dht } from '@shoal/dht';
import { DhtError } from '@shoal/dht';
import type { Simulation } from '@shoal/sim';
import { meanOf, type Spread, spreadOf } from '../statistics.ts';
import type { DhtNetwork } from './network.ts';

/** One peer announced it, and no other. */
export interface AnnouncedKey {
  readonly infoHash: Uint8Array;
  readonly address: string;
  readonly port: number;
}

interface Lookup {
  readonly wasFound: boolean;
  /** To the end, when the nearest nodes are known. */
  readonly doneMs: number;
  readonly firstPeerMs: number | undefined;
  /** To the node that knew, and to the farthest of the nearest eight. */
  readonly hopsToPeer: number | undefined;
  readonly hops: number;
  readonly asked: number;
  readonly datagrams: number;
  /** Peers that nobody announced. */
  readonly falsePeers: number;
}

export interface LookupSummary {
  readonly lookups: number;
  readonly foundShare: number;
  readonly hops: Spread;
  readonly hopsToPeer: Spread;
  /** Until the peer was known. */
  readonly firstPeerMs: Spread;
  readonly doneMs: Spread;
  /** Datagrams, both ways. */
  readonly messages: Spread;
  readonly falsePeers: number;
}

/** Announces and lookups begin this far from each other, so that none stands in another's way. */
const spacingMs = 10;

/** Random nodes announce, one key each. */
export async function announceKeys(
  network: DhtNetwork,
  count: number,
  name: string,
): Promise<AnnouncedKey[]> {
  const { simulation } = network;
  const random = simulation.randomFor(`keys ${name}`);
  const keys = await simulation.settle(
    Promise.all(
      Array.from({ length: count }, async (_, i) => {
        await wait(simulation, i * spacingMs);
        return announceKey(network, random);
      }),
    ),
  );
  return keys.filter((key) => key !== undefined);
}

/** Undefined when the node that announced was gone before it was done. */
export async function announceKey(
  network: DhtNetwork,
  random: { fill(bytes: Uint8Array): void; below(bound: number): number },
): Promise<AnnouncedKey | undefined> {
  const infoHash = new Uint8Array(20);
  random.fill(infoHash);
  const { host, dht, vanished } = network.pick();
  const { address } = host;
  const port = 10_000 + random.below(50_000);
  try {
    const told = await Promise.race([dht.announce(infoHash, { port }), vanished]);
    return (told?.stored ?? 0) > 0 ? { infoHash, address, port } : undefined;
  } catch (error) {
    if (error instanceof DhtError) return undefined;
    throw error;
  }
}

/** Each key is looked for once, by a random node. Who vanishes meanwhile does not count. */
export async function lookUpAll(network: DhtNetwork, keys: readonly AnnouncedKey[]): Promise<LookupSummary> {
  const { simulation } = network;
  const lookups = await simulation.settle(
    Promise.all(
      keys.map(async (key, i) => {
        await wait(simulation, i * spacingMs);
        const { dht, vanished } = network.pick();
        return Promise.race([lookUp(simulation, dht, key), vanished]);
      }),
    ),
  );
  return summarize(lookups.filter((lookup) => lookup !== undefined));
}

function wait(simulation: Simulation, delayMs: number): Promise<void> {
  return new Promise((resolve) => simulation.after(delayMs, resolve));
}

async function lookUp(simulation: Simulation, dht: Dht, key: AnnouncedKey): Promise<Lookup> {
  const startMs = simulation.nowMs;
  let firstPeerMs: number | undefined;
  let hopsToPeer: number | undefined;
  let lastHops = 0;
  let falsePeers = 0;
  const totals = { hops: 0, asked: 0, datagrams: 0 };
  try {
    for await (const event of dht.peers(key.infoHash)) {
      if (event.kind === 'answered') lastHops = event.hops;
      else if (event.kind === 'peers') {
        for (const { address, port } of event.peers) {
          if (address !== key.address || port !== key.port) falsePeers++;
          else if (firstPeerMs === undefined) {
            firstPeerMs = simulation.nowMs - startMs;
            hopsToPeer = event.from === undefined ? 0 : lastHops;
          }
        }
      } else if (event.kind === 'done') {
        totals.hops = event.hops;
        totals.asked = event.asked;
        totals.datagrams = event.asked + event.answered;
      }
    }
  } catch (error) {
    if (!(error instanceof DhtError)) throw error;
  }
  const doneMs = simulation.nowMs - startMs;
  return { wasFound: firstPeerMs !== undefined, doneMs, firstPeerMs, hopsToPeer, falsePeers, ...totals };
}

function summarize(lookups: readonly Lookup[]): LookupSummary {
  const found = lookups.filter(({ wasFound }) => wasFound);
  return {
    lookups: lookups.length,
    foundShare: found.length / Math.max(1, lookups.length),
    hops: spreadOf(lookups.map(({ hops }) => hops)),
    hopsToPeer: spreadOf(found.map(({ hopsToPeer = 0 }) => hopsToPeer)),
    firstPeerMs: spreadOf(found.map(({ firstPeerMs = 0 }) => firstPeerMs)),
    doneMs: spreadOf(lookups.map(({ doneMs }) => doneMs)),
    messages: spreadOf(lookups.map(({ datagrams }) => datagrams)),
    falsePeers: meanOf(lookups.map(({ falsePeers }) => falsePeers)),
  };
}
