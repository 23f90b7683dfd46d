// Networks of DHT nodes in the virtual world. Addresses are spread as on the internet: one or two hosts in a network.

import { createDht, type Dht, type DhtOptions } from '@shoal/dht';
import type { HostOptions, SimHost, Simulation } from '@shoal/sim';

export const port = 6881;

export interface SimNode {
  readonly host: SimHost;
  dht: Dht;
}

/** A public address of its own /24 for each number. */
export function addressOf(n: number): string {
  return `${20 + (n % 50)}.${Math.floor(n / 50) % 256}.${Math.floor(n / 12800) % 256}.${1 + (n % 200)}`;
}

export function addressOf6(n: number): string {
  return `2a0${n % 8}:${(n + 1).toString(16)}::1`;
}

export async function startNode(
  host: SimHost,
  options: Partial<DhtOptions> = {},
  address = host.address,
): Promise<Dht> {
  return createDht({ ...host.world, bind: [{ address, port }], ...options });
}

/** Nodes that join one after the other over the first ones, as many at once as `batch`. */
export async function growNetwork(
  simulation: Simulation,
  count: number,
  options: { readonly batch?: number; readonly host?: HostOptions; readonly dht?: Partial<DhtOptions> } = {},
): Promise<SimNode[]> {
  const nodes: SimNode[] = [];
  const random = simulation.randomFor('who leads in');
  const batch = options.batch ?? 25;
  const line = { latencyMs: 30, jitterMs: 20 };
  while (nodes.length < count) {
    const size = Math.min(nodes.length === 0 ? 1 : Math.min(nodes.length, batch), count - nodes.length);
    const entrances =
      nodes.length === 0 ? [] : Array.from({ length: 3 }, () => nodes[random.below(nodes.length)]);
    const bootstrap = entrances.flatMap((node) => node?.dht.endpoints ?? []);
    const started: SimNode[] = [];
    const starting = Array.from({ length: size }, async (_, i) => {
      const host = simulation.addHost({ line, addresses: [addressOf(nodes.length + i)], ...options.host });
      const dht = await startNode(host, { bootstrap, ...options.dht });
      started.push({ host, dht });
      await dht.ready;
    });
    await simulation.settle(Promise.all(starting));
    nodes.push(...started);
  }
  return nodes;
}

export function infoHash(simulation: Simulation, name: string): Uint8Array {
  const hash = new Uint8Array(20);
  simulation.randomFor(`hash ${name}`).fill(hash);
  return hash;
}
