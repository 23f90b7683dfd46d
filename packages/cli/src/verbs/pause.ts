// Pauses transfers of the running node: they let their peers go, and keep what they have.

import { flags } from '../flags.ts';
import { act } from '../running/acting.ts';
import { openNode } from '../running/running-node.ts';
import type { Verb } from '../verb.ts';

const pause: Verb = (command, context) => {
  command
    .argument('[ID...]', 'ids or parts of names, as `shoal list` shows them')
    .option('--all', 'all there are')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (words, options) => {
      const node = await openNode(context, options);
      await act(context, node, { words, all: options.all }, { action: 'pause', done: 'paused' });
    });
};

export default pause;
