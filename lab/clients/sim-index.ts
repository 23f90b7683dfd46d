// The real index on the simulated network: its tracker and its registry, without a database.

import { toHex } from '@shoal/base';
import { createIndex } from '@shoal/index';
import { createRegistry, leaseLimits, MemoryLeases } from '@shoal/index/registry';
import type { SimHost, Simulation } from '@shoal/sim';

export interface SimIndex {
  readonly host: SimHost;
  readonly url: string;
  /** Whether a lease says that somebody at this address holds it. */
  knows(infoHash: Uint8Array, address: string): boolean;
  /** Ends as a kill does, and starts again without a memory. */
  restart(): Promise<void>;
}

export async function startSimIndex(simulation: Simulation, name = 'index'): Promise<SimIndex> {
  const host = simulation.addHost({ name });
  let starts = 0;
  let leases = await open();

  async function open(): Promise<MemoryLeases> {
    const { world } = host;
    const store = new MemoryLeases({ start: `${++starts}`, random: world.random, limits: leaseLimits });
    const registry = createRegistry({ ...world, store });
    await simulation.settle(createIndex({ ...world, port: 6969, sections: [registry] }));
    return store;
  }

  return {
    host,
    url: `http://${name}:6969`,
    knows: (infoHash, address) => leases.isHeldFrom(toHex(infoHash), address),
    async restart() {
      host.restart();
      leases = await open();
    },
  };
}
