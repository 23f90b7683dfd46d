// Runs the node in the foreground until Ctrl-C or SIGTERM.

import { Option } from '@commander-js/extra-typings';
import { configSchema } from '@shoal/node/config';
import { effectiveConfig, placesHere } from '../config.ts';
import { flags } from '../flags.ts';
import { terminalLine } from '../terminal-log.ts';
import { looksAround } from '../transferring/finding.ts';
import type { Verb } from '../verb.ts';

const { encryption } = configSchema.properties;

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
    .addOption(new Option(encryption.flag, encryption.description).choices(encryption.enum))
    .addOption(flags.downloads)
    .addOption(flags.apiUnencrypted)
    .addOption(flags.downLimit)
    .addOption(flags.upLimit)
    .addOption(flags.limitLan)
    .addOption(flags.bind)
    .addOption(flags.portMapping)
    .addOption(flags.filter)
    .action(async (options) => {
      const { output, signal, version } = context;
      const [loaded, { createLog, startNode }] = await Promise.all([
        effectiveConfig(context, options, {
          downloads: options.downloads,
          'api-unencrypted': options.apiUnencrypted && 'allow',
          port: options.port?.toString(),
          encryption: options.encryption,
          lan: looksAround(options) ? undefined : 'off',
          trackers: options.tracker?.join(','),
          indexes: options.index?.join(','),
          'dht.bootstrap': options.dhtBootstrap?.join(','),
        }),
        import('@shoal/node'),
      ]);
      // The lists of addresses to block are the node's own, which reads them again when they change.
      const { bind, 'name-servers': nameServers } = loaded.config;
      await context.bind({ bind, 'name-servers': nameServers });
      const world = await context.world();
      const { stderr } = process;
      const isForPeople = stderr.isTTY && !output.json;
      const log = createLog({
        level: loaded.config['log.level'],
        clock: world.clock,
        write: (line) => stderr.write(isForPeople ? terminalLine(line, stderr.hasColors()) : line),
      });
      const { pid } = process;
      const node = await startNode({ world, loaded, places: placesHere(), version, log, pid });
      const reload = () => {
        node.reload().then(
          () => log.info('the config was read again'),
          (error: unknown) => log.error({ err: error }, 'the config was not taken over'),
        );
      };
      process.on('SIGHUP', reload);
      try {
        const { url, port, token } = node;
        // Whoever sits there may do everything: the page takes the token from its address, and keeps a cookie.
        const address = process.stdout.isTTY && !output.json ? `${url}#token=${token}` : url;
        output.result({ event: 'ready', url, port }, `Shoal is running: ${address}`);
        await aborted(signal);
        log.info('stopping');
      } finally {
        process.off('SIGHUP', reload);
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
