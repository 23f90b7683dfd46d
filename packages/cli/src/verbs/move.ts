// Takes the files of transfers to another folder while they run, or finds them where somebody has put them.

import { resolve } from 'node:path';
import type { TransferSummary } from '@shoal/api';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import { formatBytes } from '../numbers.ts';
import { act } from '../running/acting.ts';
import { chooseTransfer } from '../running/choosing.ts';
import { followTransfers } from '../running/following.ts';
import { openNode, type RunningNode } from '../running/running-node.ts';
import type { Context, Verb } from '../verb.ts';

const move: Verb = (command, context) => {
  command
    .argument('<ID...>', 'ids or parts of names, as `shoal list` shows them')
    .requiredOption('-o, --output <DIR>', 'the folder to move into')
    .option('--there', 'its files are there already: they are looked at, and nothing is moved')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (words, options) => {
      const node = await openNode(context, options);
      const folder = resolve(options.output);
      if (options.there === true) {
        for (const word of words) {
          const { id, name } = await chooseTransfer(node, word, context.signal);
          await node.call(
            'moveTransfer',
            { params: { id }, body: { folder, isThere: true } },
            context.signal,
          );
          context.output.result({ event: 'relocated', id, name, folder }, `looking for ${name} in ${folder}`);
        }
        return;
      }
      const moving = await act(context, node, { words }, { action: 'move', folder, done: 'moving' });
      await untilMoved(context, node, moving);
    });
};

export default move;

async function untilMoved(
  context: Context,
  node: RunningNode,
  moving: readonly TransferSummary[],
): Promise<void> {
  const { output, signal } = context;
  const left = new Set(moving.map(({ id }) => id));
  if (left.size === 0) return;
  for await (const transfer of followTransfers(node, [...left], signal, output)) {
    const { id, name, folder, moving: state } = transfer;
    if (state === undefined) {
      output.result({ event: 'moved', id, name, folder }, `moved: ${name} to ${folder}`);
      left.delete(id);
    } else if (state.state === 'broken-off') {
      throw new CliError(
        'failed',
        `${name} was not moved: ${state.error?.message ?? 'the move broke off'}\nMove it again to go on, or back to where it was.`,
      );
    } else output.progress(`moving ${name}: ${formatBytes(state.bytes)} of ${formatBytes(state.total)}`);
    if (left.size === 0) return;
  }
}
