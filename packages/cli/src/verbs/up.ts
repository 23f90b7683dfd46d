// Runs the node in the foreground until Ctrl-C or SIGTERM.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { parsePeer } from '@shoal/node/addresses';
import { boundConfig } from '../config.ts';
import { flags } from '../flags.ts';
import { terminalLine } from '../terminal-log.ts';
import { looksAround } from '../transferring/finding.ts';
import type { Verb } from '../verb.ts';

const up: Verb = (command, context) => {
  command
    .addOption(flags.data)
    .addOption(flags.config)
    .addOption(flags.api)
    .addOption(flags.network)
    .addOption(flags.port)
    .addOption(flags.tracker)
    .addOption(flags.index)
    .addOption(flags.dhtBootstrap)
    .addOption(flags.noLan)
    .addOption(flags.encryption)
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
      const node = await startNode({
        world,
        config,
        mayMovePort: !origins.has('api'),
        version,
        log,
        pid: process.pid,
        peerPort: options.port,
        downloads: join(homedir(), 'Downloads'),
        encryption: options.encryption,
        trackers: options.tracker ?? [],
        indexes: options.index ?? [],
        dhtBootstrap: (options.dhtBootstrap ?? []).map(parsePeer),
        lan: looksAround(options),
      });
      try {
        const { url, port, token } = node;
        // Whoever sits there may do everything: the page takes the token from its address, and keeps a cookie.
        const address = process.stdout.isTTY && !output.json ? `${url}#token=${token}` : url;
        output.result({ event: 'ready', url, port }, `Shoal is running: ${address}`);
        await aborted(signal);
        log.info('stopping');
      } finally {
        await node.stop();
      }
      log.info('stopped');
    });
};

export default up;

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
