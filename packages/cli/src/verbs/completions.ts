// Completions for a shell, made of the command itself; and the ids they ask for.

import { Argument } from '@commander-js/extra-typings';
import { flags } from '../flags.ts';
import { shortId } from '../running/choosing.ts';
import { openNode } from '../running/running-node.ts';
import type { Verb } from '../verb.ts';

const completions: Verb = (command, context) => {
  command
    .addArgument(
      new Argument(
        '<SHELL>',
        'which one: `source <(shoal completions bash)`; or ids, the transfers of the running node',
      ).choices(['bash', 'zsh', 'fish', 'ids'] as const),
    )
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (shell, options) => {
      const { output, signal } = context;
      if (shell === 'ids') {
        const node = await openNode(context, options);
        const { transfers } = await node.call('transfers', { query: { limit: mostIds } }, signal);
        for (const { id, name } of transfers)
          output.result({ id, name }, `${shortId(id)}\t${name.replace(/\s/g, ' ')}`);
        return;
      }
      const [{ completionsFor }, { wholeProgram }] = await Promise.all([
        import('../help/completions.ts'),
        import('../help/shape.ts'),
      ]);
      const script = completionsFor(shell, await wholeProgram(context));
      output.result({ shell, script }, script.trimEnd());
    });
};

export default completions;

/** Nobody reads through more. */
const mostIds = 1000;
