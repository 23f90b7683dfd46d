// Runs a central index until Ctrl-C or SIGTERM, or says whether one could run.

import { InvalidArgumentError } from '@commander-js/extra-typings';
import { flags } from '../flags.ts';
import type { Context, Verb } from '../verb.ts';

/** The usual port of trackers. */
const usualPort = 6969;

const index: Verb = (command, context) => {
  command
    .usage(
      '[FLAGS] | check [FLAGS] | list [add|remove] … | users [add|remove] … | block | unblock | blocks | audit | backup FILE | export',
    )
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
    .option('--publishers <WHO>', 'who may publish: all, none, or a FILE with a key a line (all)')
    .option('--least-ratio <N>', 'users below it may seed and not download', Number)
    .option('--interval <SECONDS>', 'how often peers announce (1800)', Number)
    .option('--ask-health', 'ask trackers that publications name for health, when somebody wants to know')
    .option('--dht-bootstrap <HOST:PORT>', 'ask the DHT for health, too; may be given several times', collect)
    .option('--refuse-blocked', 'what is blocked is refused by the tracker, too')
    .option('--proxy <IP>', 'believe X-Forwarded-For from this address; may be given several times', collect)
    .option('--database <URL>', 'sqlite:FILE or postgres://…')
    .option('--leases <WHERE>', 'memory or redis://…')
    .option('--store <DIR>', 'keep a copy of what is listed, and share it')
    .option('--store-limit <SIZE>', 'how much the store may hold, such as 500GB')
    .option('--store-keeps <WHAT>', 'listed, or offered: what nodes offer without being listed, too (listed)')
    .option(
      '--follow <URL>',
      'take the catalogue of another index, and stay in step; may be given several times',
      collect,
    )
    .option('--follow-blocks', 'block what the indexes block that are followed, where they tell it')
    .option('--share-blocks', 'tell other indexes what is blocked here')
    .option(
      '--export-hours <N>',
      'how often the catalogue is made a signed torrent; 0 for never (24)',
      Number,
    )
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
  command
    .command('backup')
    .description('copy its database into a file, while it runs')
    .argument('<FILE>', 'a file that is not there yet')
    .action(async (file) => {
      const { backupIndex } = await import('../indexing/backup.ts');
      await backupIndex(context, file, command.opts());
    });
  command
    .command('export')
    .description('make the catalogue of a running index a signed torrent now')
    .option('--index <URL>', 'the index', `http://127.0.0.1:${usualPort}/`)
    .action(async ({ index: url }) => {
      const { exportCatalogue } = await import('../indexing/moderating.ts');
      await exportCatalogue(context, { ...command.opts(), index: url });
    });
  addModeration(command, context);
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

/** Blocking, for the operator of an index that runs. */
function addModeration(command: Parameters<Verb>[0], context: Context): void {
  const where = ['--index <URL>', 'the index', `http://127.0.0.1:${usualPort}/`] as const;
  const who = ['--by <NAME>', 'who does it, for the audit log (your name on this machine)'] as const;
  command
    .command('block')
    .description('hide what others published, and refuse it from now on')
    .argument('<hash|key|word>', 'what is blocked: a torrent, all of a publisher, or all with these words')
    .argument('<VALUE>', 'the info hash, the key, or the words')
    .option('--reason <TEXT>', 'why, for the audit log', '')
    .option(...who)
    .option(...where)
    .action(async (kind, value, { reason, by, index: url }) => {
      const { block } = await import('../indexing/moderating.ts');
      await block(context, { kind, value, reason, by }, { ...command.opts(), index: url });
    });
  command
    .command('unblock')
    .description('show again what was blocked')
    .argument('<hash|key|word>', 'what was blocked')
    .argument('<VALUE>', 'the info hash, the key, or the words')
    .option(...who)
    .option(...where)
    .action(async (kind, value, { by, index: url }) => {
      const { unblock } = await import('../indexing/moderating.ts');
      await unblock(context, { kind, value, by }, { ...command.opts(), index: url });
    });
  command
    .command('blocks')
    .description('show what is blocked')
    .option(...where)
    .action(async ({ index: url }) => {
      const { showBlocks } = await import('../indexing/moderating.ts');
      await showBlocks(context, { ...command.opts(), index: url });
    });
  command
    .command('audit')
    .description('show who blocked and unblocked what, and why, newest first')
    .option('--before <NUMBER>', 'only what came before this entry', Number)
    .option('--limit <N>', 'how many', Number, 100)
    .option(...where)
    .action(async ({ before, limit, index: url }) => {
      const { showAudit } = await import('../indexing/moderating.ts');
      await showAudit(context, { before, limit }, { ...command.opts(), index: url });
    });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('It is a number from 0 to 65535.');
  return port;
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}
