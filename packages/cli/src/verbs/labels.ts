// Labels that have a folder: what is added with one goes there.

import { resolve } from 'node:path';
import { flags } from '../flags.ts';
import { openNode } from '../running/running-node.ts';
import { printTable } from '../running/table.ts';
import type { Verb } from '../verb.ts';

const labels: Verb = (command, context) => {
  command.usage('list|set|remove [FLAGS]').helpCommand(false);

  command
    .command('list', { isDefault: true })
    .description('the labels that have a folder, or were made before anything had them')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (options) => {
      const node = await openNode(context, options);
      const known = await node.call('labels', {}, context.signal);
      printTable(
        context.output,
        known,
        [
          { title: 'label', cell: ({ name }) => name },
          { title: 'folder', cell: ({ folder = '' }) => folder, isElastic: true },
        ],
        (label) => label,
      );
    });

  command
    .command('set')
    .description('make a label, or give one a folder')
    .argument('<NAME>', 'the label')
    .option('-o, --output <DIR>', 'where what has this label goes')
    .option('--no-folder', 'it has no folder any more')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (name, options) => {
      const node = await openNode(context, options);
      const folder = options.output === undefined ? undefined : resolve(options.output);
      const change = folder === undefined ? (options.folder ? {} : { folder: null }) : { folder };
      await node.call('setLabel', { body: { name, ...change } }, context.signal);
      const to = folder === undefined ? '' : ` goes to ${folder}`;
      context.output.result({ event: 'set', name, ...change }, `set: ${name}${to}`);
    });

  command
    .command('remove')
    .description('forget a label and its folder; transfers keep it')
    .argument('<NAME>', 'the label')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (name, options) => {
      const node = await openNode(context, options);
      await node.call('removeLabel', { params: { name } }, context.signal);
      context.output.result({ event: 'removed', name }, `removed: ${name}`);
    });
};

export default labels;
