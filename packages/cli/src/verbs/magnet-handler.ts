// Links on web pages open with Shoal: `install` makes it so for this user, `open` is what the desktop then calls.

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { ApiError } from '@shoal/api';
import { magnetOf, parseMagnet } from '@shoal/metainfo';
import { effectiveConfig } from '../config.ts';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import { ownCommand } from '../own-command.ts';
import { findNode } from '../running/running-node.ts';
import type { Context, Verb } from '../verb.ts';

const magnetHandler: Verb = (command, context) => {
  command.usage('install|remove|open LINK [FLAGS]').helpCommand(false);
  command
    .command('install')
    .description('open magnet: links with this command, for this user of the machine')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async ({ data, config }) => {
      const { installHandler } = await import('../desktop/handler.ts');
      const where = [
        ...(data === undefined ? [] : ['--data', resolve(data)]),
        ...(config === undefined ? [] : ['--config', resolve(config)]),
      ];
      const written = await installHandler([...ownCommand(), 'magnet-handler', 'open', ...where]);
      context.output.result(
        { installed: written },
        `Magnet links open with Shoal: the running node takes them, or a terminal shows how they come.\nWritten: ${written.join(', ')}`,
      );
    });
  command
    .command('remove')
    .description('leave magnet: links to whoever had them before')
    .action(async () => {
      const { removeHandler } = await import('../desktop/handler.ts');
      const changed = await removeHandler();
      context.output.result({ removed: changed }, 'Magnet links do not open with Shoal any more.');
    });
  command
    .command('open')
    .description('give a link to the running node, or fetch what it names in a terminal')
    .argument('<LINK>', 'a magnet link')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (text, options) => {
      try {
        await open(context, text, options);
      } catch (error) {
        // A desktop shows nobody what a program prints.
        await notify(`That link could not be opened: ${error instanceof Error ? error.message : error}`);
        throw error;
      }
    });
};

export default magnetHandler;

interface OpenFlags {
  readonly data?: string;
  readonly config?: string;
}

async function open(context: Context, text: string, options: OpenFlags): Promise<void> {
  const { output, signal } = context;
  const magnet = parseMagnet(text);
  // As we write it, whatever else a page has put into it.
  const link = magnetOf(magnet);
  const { config } = await effectiveConfig(context, options);
  const node = await findNode(config.data, signal);
  if (node === undefined) {
    const { runInTerminal } = await import('../desktop/terminal.ts');
    const where = options.data === undefined ? [] : ['--data', options.data];
    const words = ['get', link, '-o', config.downloads, ...where];
    if (options.config !== undefined) words.push('--config', options.config);
    if (!(await runInTerminal([...ownCommand(), ...words])))
      throw new CliError(
        'failed',
        'No node runs, and there is no terminal to fetch it in.\nStart a node with `shoal up`.',
      );
    output.result({ event: 'terminal', link }, 'It is fetched in a terminal.');
    return;
  }
  const name = magnet.name ?? link.slice(0, 60);
  try {
    const { id } = await node.call('addTransfer', { body: { link } }, signal);
    output.result({ event: 'added', id, link }, `The node fetches ${name}.`);
    await notify(`Fetching ${name}`);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
    output.result({ event: 'known', link }, `The node has ${name} already.`);
    await notify(`${name} is there already`);
  }
}

/** Where the desktop has a place for such words. */
async function notify(text: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const child = spawn('notify-send', ['--app-name=Shoal', '--', 'Shoal', text], { stdio: 'ignore' });
  await new Promise((done) => {
    child.once('error', done);
    child.once('close', done);
  });
}
