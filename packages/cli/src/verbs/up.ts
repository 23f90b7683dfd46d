// Runs the node in the foreground until Ctrl-C or SIGTERM.

import { boundConfig } from '../config.ts';
import type { OpenDht } from '../dht/open-dht.ts';
import { runDht } from '../dht/run-dht.ts';
import { flags } from '../flags.ts';
import { terminalLine } from '../terminal-log.ts';
import type { Context, Verb } from '../verb.ts';

const up: Verb = (command, context) => {
  command
    .addOption(flags.data)
    .addOption(flags.config)
    .addOption(flags.api)
    .addOption(flags.network)
    .addOption(flags.port)
    .addOption(flags.dhtBootstrap)
    .addOption(flags.downLimit)
    .addOption(flags.upLimit)
    .addOption(flags.limitLan)
    .addOption(flags.bind)
    .addOption(flags.portMapping)
    .addOption(flags.filter)
    .action(async (options) => {
      const { output, signal, version } = context;
      const [{ config, origins }, { createLog, startNode }] = await Promise.all([
        boundConfig(context, options),
        import('@shoal/node'),
      ]);
      const world = await context.world();
      const { stderr } = process;
      const isForPeople = stderr.isTTY && !output.json;
      const log = createLog({
        level: config['log.level'],
        clock: world.clock,
        write: (line) => stderr.write(isForPeople ? terminalLine(line, stderr.hasColors()) : line),
      });
      const mayMovePort = !origins.has('api');
      const node = await startNode({ world, config, mayMovePort, version, log, pid: process.pid });
      try {
        const { url, port } = node;
        const dht = config.network === 'centralized' ? undefined : await openOwnDht(context, config, options);
        output.result({ event: 'ready', url, port }, `Shoal is running: ${url}`);
        await aborted(signal);
        log.info('stopping');
        await dht?.close();
      } finally {
        await node.stop();
      }
      log.info('stopped');
    });
};

export default up;

/** The node's place in the DHT. Without a way in, given or remembered, it waits and sends nothing. */
function openOwnDht(
  context: Context,
  { data }: { readonly data: string },
  { port, dhtBootstrap }: { readonly port?: number; readonly dhtBootstrap?: readonly string[] },
): Promise<OpenDht> {
  return runDht(context, {
    flags: { data, ...(dhtBootstrap && { dhtBootstrap }) },
    addresses: [],
    port,
    mayMovePort: true,
    isReadOnly: false,
    isLimited: true,
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
