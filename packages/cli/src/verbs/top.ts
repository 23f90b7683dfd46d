// A live view of the running node over the whole terminal; with --json, what changes as it changes.

import { ReadStream, WriteStream } from 'node:tty';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import { followEvents } from '../running/following.ts';
import { openNode, type RunningNode } from '../running/running-node.ts';
import { runTop } from '../top/run.ts';
import type { Context, Verb } from '../verb.ts';

const top: Verb = (command, context) => {
  command
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (options) => {
      const { output } = context;
      const { stdin, stdout } = process;
      if (output.json) {
        await streamJson(context, await openNode(context, options));
        return;
      }
      if (!(stdin instanceof ReadStream && stdout instanceof WriteStream))
        throw new CliError(
          'usage',
          'top draws on a terminal, and this is none.\n`shoal list` prints once, and `shoal top --json` what changes.',
        );
      await runTop(context, await openNode(context, options), { input: stdin, output: stdout });
    });
};

export default top;

async function streamJson({ output, signal }: Context, node: RunningNode): Promise<void> {
  const list = async (): Promise<string> => {
    const { transfers, revision } = await node.call('transfers', { query: { limit: 100_000 } }, signal);
    output.event({ event: 'transfers', changed: transfers });
    return revision;
  };
  try {
    for await (const { kind, ...rest } of followEvents(node, await list(), signal)) {
      output.event({ event: kind, ...rest });
      if (kind === 'reset') await list();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
