// Takes the files of transfers to another folder while they run, or finds them where somebody has put them.

import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { TransferSummary } from '@shoal/api';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import { formatBytes } from '../numbers.ts';
import { act } from '../running/acting.ts';
import { chooseTransfer } from '../running/choosing.ts';
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
      const { output, signal } = context;
      const node = await openNode(context, options);
      const folder = resolve(options.output);
      const begunMs = Date.now();
      const moving: TransferSummary[] = [];
      if (options.there === true)
        for (const word of words) {
          const transfer = await chooseTransfer(node, word, signal);
          const { id, name } = transfer;
          await node.call('moveTransfer', { params: { id }, body: { folder, isThere: true } }, signal);
          output.event({ event: 'looking', id, name, folder }, `looking for ${name} in ${folder}`);
          moving.push(transfer);
        }
      else moving.push(...(await act(context, node, { words }, { action: 'move', folder, done: 'moving' })));
      for (const transfer of moving) await untilMoved(context, node, transfer, { folder, begunMs });
    });
};

export default move;

const lookEveryMs = 250;

/** Rejects with what the node says about it. */
async function untilMoved(
  { output, signal }: Context,
  node: RunningNode,
  { id, name }: TransferSummary,
  { folder, begunMs }: { readonly folder: string; readonly begunMs: number },
): Promise<void> {
  const params = { id };
  for (;;) {
    const { moving, folder: place } = await node.call('transfer', { params }, signal);
    if (moving?.state === 'moving')
      output.progress(`moving ${name}: ${formatBytes(moving.bytes)} of ${formatBytes(moving.total)}`);
    else {
      const log = await node.call('log', { params }, signal);
      const of = (what: string) => log.filter(({ kind, atMs }) => kind === what && atMs >= begunMs);
      if (moving === undefined && place === folder) {
        for (const { message } of of('move-left')) output.note(`${name}: ${message}`);
        output.result({ event: 'moved', id, name, folder }, `moved: ${name} to ${folder}`);
        return;
      }
      const reason = moving?.error?.message ?? of('move-failed').at(-1)?.message;
      if (reason !== undefined)
        throw new CliError(
          'failed',
          `${name} was not moved: ${reason}\n${moving === undefined ? `It is in ${place}.` : 'Move it again to go on, or back to where it was.'}`,
        );
    }
    await setTimeout(lookEveryMs, undefined, { signal });
  }
}
