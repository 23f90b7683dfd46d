// Who this node is: the id that its key stands for. The key is made here, too, when there is none yet.

import { effectiveConfig } from '../config.ts';
import { flags } from '../flags.ts';
import type { Verb } from '../verb.ts';

const id: Verb = (command, context) => {
  command
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (options) => {
      const { config } = await effectiveConfig(context, options);
      const { openNodeIdentity } = await import('@shoal/node/folder');
      const { identity, isNew, warning } = await openNodeIdentity(config.data, await context.world());
      if (isNew) context.output.note(`This is a new identity. Its key is in ${config.data}.`);
      if (warning !== undefined) context.output.note(`warning: ${warning}`);
      context.output.result({ id: identity.id }, identity.id);
    });
};

export default id;
