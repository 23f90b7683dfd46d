// Has the running node forget transfers, and with --files remove what they fetched.

import { flags } from '../flags.ts';
import { act } from '../running/acting.ts';
import { openNode } from '../running/running-node.ts';
import type { Verb } from '../verb.ts';

const remove: Verb = (command, context) => {
  command
    .argument('[ID...]', 'ids or parts of names, as `shoal list` shows them')
    .option('--all', 'all there are')
    .option('--files', 'remove their files from the disk, too')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (words, options) => {
      const node = await openNode(context, options);
      const removeFiles = options.files === true;
      const choice = { words, all: options.all };
      const says = removeFiles ? 'removed with its files' : 'removed';
      await act(context, node, choice, { action: 'remove', removeFiles, done: 'removed', says });
    });
};

export default remove;
