// Runs a central index until Ctrl-C or SIGTERM, or says whether one could run.

import { InvalidArgumentError } from '@commander-js/extra-typings';
import { flags } from '../flags.ts';
import type { Verb } from '../verb.ts';

/** The usual port of trackers. */
const usualPort = 6969;

const index: Verb = (command, context) => {
  command
    .usage('[FLAGS] | check [FLAGS] | list [add|remove] … | users [add|remove] …')
    .helpCommand(false)
    .addOption(flags.data)
    .option('--config <FILE>', 'a JSON file with these flags as keys')
    .option('--port <N>', `for HTTP and UDP; 0 picks a free one (${usualPort})`, parsePort)
    .option('--address <IP>', 'listen at this address only; may be given several times', collect)
    .option('--certificate <FILE>', 'speak HTTPS with this certificate (PEM)')
    .option('--key <FILE>', 'the key of the certificate (PEM)')
    .option('--listed <FILE>', 'serve these info hashes only, one a line')
    .option(
      '--users <FILE>',
      'serve these users only: "NAME KEY" a line, the key stands in their announce URL',
    )
    .option('--private', 'serve the users of the database only: shoal index users')
    .option('--least-ratio <N>', 'users below it may seed and not download', Number)
    .option('--interval <SECONDS>', 'how often peers announce (1800)', Number)
    .option('--proxy <IP>', 'believe X-Forwarded-For from this address; may be given several times', collect)
    .option('--database <URL>', 'sqlite:FILE or postgres://…')
    .option('--leases <WHERE>', 'memory or redis://…')
    .option('--store <DIR>', 'keep a copy of what is listed, and share it')
    .option('--store-limit <SIZE>', 'how much the store may hold, such as 500GB')
    .option('--store-keeps <WHAT>', 'listed, or offered: what nodes offer without being listed, too (listed)')
    .option('--threads <N>', 'how many threads answer over UDP (1)', Number)
    .option('--unlimited', 'lift the limits for one address, for benchmarks')
    .action(async (options) => {
      const { runIndex } = await import('../indexing/run.ts');
      await runIndex(context, { port: usualPort, ...options });
    });

  command
    .command('check')
    .description('say what is wrong with the settings and the state, without starting')
    .action(async () => {
      const { checkIndex } = await import('../indexing/check.ts');
      await checkIndex(context, command.opts());
    });
  const list = command
    .command('list')
    .description('show what a running index lists, or change it')
    .option('--index <URL>', 'the index', `http://127.0.0.1:${usualPort}/`)
    .action(async ({ index: url }) => {
      const { showList } = await import('../indexing/list.ts');
      await showList(context, { ...command.opts(), index: url });
    });
  list
    .command('add')
    .description('put it on the list: the store keeps it, a tracker of listed content serves it')
    .argument('<TORRENT|MAGNET>', 'a torrent file or a magnet link')
    .action(async (what) => {
      const { addToList } = await import('../indexing/list.ts');
      await addToList(context, what, { ...command.opts(), index: list.opts().index });
    });
  list
    .command('remove')
    .description('take it off the list: the store lets it go')
    .argument('<HASH>', 'its info hash')
    .action(async (infoHash) => {
      const { removeFromList } = await import('../indexing/list.ts');
      await removeFromList(context, infoHash, { ...command.opts(), index: list.opts().index });
    });
  const users = command
    .command('users')
    .description('show who may announce to a running private index, or change it')
    .option('--index <URL>', 'the index', `http://127.0.0.1:${usualPort}/`)
    .action(async ({ index: url }) => {
      const { showUsers } = await import('../indexing/users.ts');
      await showUsers(context, { ...command.opts(), index: url });
    });
  users
    .command('add')
    .description('let somebody announce, and show the URL for it')
    .argument('<NAME>', 'one word')
    .argument('[KEY]', '8 to 64 letters, digits, - and _ (default: a random one)')
    .action(async (name, key) => {
      const { addUser } = await import('../indexing/users.ts');
      await addUser(context, name, key, { ...command.opts(), index: users.opts().index });
    });
  users
    .command('remove')
    .description('let somebody announce no more')
    .argument('<NAME>', 'as it was added')
    .action(async (name) => {
      const { removeUser } = await import('../indexing/users.ts');
      await removeUser(context, name, { ...command.opts(), index: users.opts().index });
    });
};

export default index;

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('It is a number from 0 to 65535.');
  return port;
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}
