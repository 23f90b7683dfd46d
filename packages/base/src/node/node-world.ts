// Puts Node's world together.

import { availableParallelism } from 'node:os';
import type { World } from '../world/world.ts';
import { createBindings } from './bindings.ts';
import { createClock } from './clock.ts';
import { createDatagrams } from './datagrams.ts';
import { createDisk } from './disk.ts';
import { createHashing } from './hashing.ts';
import { createHttp } from './http.ts';
import { createInterfaces } from './interfaces.ts';
import { createNames } from './names.ts';
import { OpenThings } from './open-things.ts';
import { createRandom } from './random.ts';
import { createStreams } from './streams.ts';
import { createTls } from './tls.ts';
import { WorkerPool } from './worker-pool.ts';

/** More hash workers than this only wait for memory. */
const mostHashWorkers = 8;

export interface NodeWorldOptions {
  /** Threads that hash and write; they start with the first job. Default: one for each core, at most 8. */
  readonly hashWorkers?: number;
  /** Own addresses, at most one of each family: nothing is opened on any other. Default: no restriction. */
  readonly bind?: readonly string[];
}

export function createNodeWorld(options: NodeWorldOptions = {}): World {
  const open = new OpenThings();
  const bindings = createBindings(options.bind ?? []);
  const pool = new WorkerPool(options.hashWorkers ?? Math.min(availableParallelism(), mostHashWorkers));
  const streams = createStreams(bindings, open);
  const tls = createTls(bindings, open);
  const names = createNames();
  const http = createHttp({ streams, tls, names });
  return {
    clock: createClock(),
    random: createRandom(),
    hashing: createHashing(pool),
    streams,
    tls,
    datagrams: createDatagrams(bindings, open),
    names,
    interfaces: createInterfaces(),
    http,
    disk: createDisk(open, pool),
    async close() {
      http.close();
      // Files close when what is being written to them is.
      await open.closeAll();
      await pool.close();
    },
  };
}
