// Puts Node's world together.

import { availableParallelism } from 'node:os';
import type { World } from '../world/world.ts';
import { createClock } from './clock.ts';
import { createDisk } from './disk.ts';
import { createHashing } from './hashing.ts';
import { createNetwork, type NetworkOptions } from './network.ts';
import { OpenThings } from './open-things.ts';
import { createRandom } from './random.ts';
import { WorkerPool } from './worker-pool.ts';

/** More hash workers than this only wait for memory. */
const mostHashWorkers = 8;

export interface NodeWorldOptions extends NetworkOptions {
  /** Threads that hash and write; they start with the first job. Default: one for each core, at most 8. */
  readonly hashWorkers?: number;
}

export function createNodeWorld(options: NodeWorldOptions = {}): World {
  const open = new OpenThings();
  const pool = new WorkerPool(options.hashWorkers ?? Math.min(availableParallelism(), mostHashWorkers));
  const { close: closeNetwork, ...network } = createNetwork(options);
  return {
    ...network,
    clock: createClock(),
    random: createRandom(),
    hashing: createHashing(pool),
    disk: createDisk(open, pool),
    async close() {
      await closeNetwork();
      // Files close when what is being written to them is.
      await open.closeAll();
      await pool.close();
    },
  };
}

/** The same world, with another network: what was opened before is not touched. Closing it closes both. */
export function bindWorld(world: World, options: NetworkOptions): World {
  const { close: closeNetwork, ...network } = createNetwork(options);
  return {
    ...world,
    ...network,
    async close() {
      await closeNetwork();
      await world.close();
    },
  };
}
