// Runs the node in the foreground until Ctrl-C or SIGTERM.

import { effectiveConfig } from '../config.ts';
import { flags } from '../flags.ts';
import { terminalLine } from '../terminal-log.ts';
import type { Verb } from '../verb.ts';

const up: Verb = (command, context) => {
  command
    .addOption(flags.data)
    .addOption(flags.config)
    .addOption(flags.api)
    .addOption(flags.network)
    .addOption(flags.downLimit)
    .addOption(flags.upLimit)
    .addOption(flags.limitLan)
    .action(async (options) => {
      const { output, signal, version } = context;
      const [{ config, origins }, world, { createLog, startNode }] = await Promise.all([
        effectiveConfig(context, options),
        context.world(),
        import('@shoal/node'),
      ]);
      const { stderr } = process;
      const isForPeople = stderr.isTTY && !output.json;
      const log = createLog({
        level: config['log.level'],
        clock: world.clock,
        write: (line) => stderr.write(isForPeople ? terminalLine(line, stderr.hasColors()) : line),
      });
      const mayMovePort = !origins.has('api');
      const node = await startNode({ world, config, mayMovePort, version, log, pid: process.pid });
      const { url, port } = node;
      output.result({ event: 'ready', url, port }, `Shoal is running: ${url}`);

      await aborted(signal);
      log.info('stopping');
      await node.stop();
      log.info('stopped');
    });
};

export default up;

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
