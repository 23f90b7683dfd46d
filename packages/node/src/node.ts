// A running node: its data folder, its server, and a clean end. Invariant: what `startNode` opened is closed again
// when it fails half-way, and by `stop`.

import type { World } from '@shoal/base';
import type { Config } from './config/schema.ts';
import { openDataFolder } from './folder/folder.ts';
import type { Log } from './log.ts';
import { listen, urlOf } from './server/listen.ts';
import { createServer } from './server/server.ts';

export interface NodeOptions {
  readonly world: Pick<World, 'clock' | 'disk' | 'random'>;
  readonly config: Config;
  /** The default port may give way to the next free one; one that was asked for may not. */
  readonly mayMovePort: boolean;
  readonly version: string;
  readonly log: Log;
  readonly pid: number;
}

export interface ShoalNode {
  /** The address of its page. */
  readonly url: string;
  readonly port: number;
  readonly id: string;
  /** Closes every socket and gives the data folder free. */
  stop(): Promise<void>;
}

export async function startNode(options: NodeOptions): Promise<ShoalNode> {
  const { world, config, version, log, pid } = options;
  const startedMs = world.clock.nowMs();
  const folder = await openDataFolder(config.data, world);
  if (folder.warning !== undefined) log.warn(folder.warning);

  const instance = randomWord(world);
  const { id } = folder.identity;
  const common = () => ({
    id,
    version,
    network: config.network,
    uptimeSeconds: Math.floor((world.clock.nowMs() - startedMs) / 1000),
  });
  const app = createServer({
    log,
    health: () => ({ status: 'ok', ...common(), instance }),
    facts: () => ({ ...common(), data: config.data }),
  });

  async function stop(): Promise<void> {
    try {
      await app.close();
    } finally {
      await folder.close();
    }
  }

  try {
    const port = await listen(app, { api: config.api, mayMove: options.mayMovePort });
    const url = urlOf(config.api, port);
    await folder.announce({ pid, url, instance, version });
    log.info({ data: config.data, network: config.network }, 'started');
    return { url, port, id, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

function randomWord({ random }: Pick<World, 'random'>): string {
  const bytes = new Uint8Array(16);
  random.fill(bytes);
  return Buffer.from(bytes).toString('hex');
}
