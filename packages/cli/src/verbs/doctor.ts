// Says what is wrong here, and what to do about it. Exit code 1 when something is bad.

import { effectiveConfig } from '../config.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import { findNode } from '../running/running-node.ts';
import { widthOf } from '../text-width.ts';
import { looksAround } from '../transferring/finding.ts';
import type { Context, Verb } from '../verb.ts';

const styles = { ok: 'green', warn: 'yellow', bad: 'red' } as const;
const checkWidth = 15;
/** Commands to copy are not broken in small windows for nothing. */
const narrowest = 40;
const indent = ' '.repeat(checkWidth + 6);

const doctor: Verb = (command, context) => {
  command
    .addOption(flags.data)
    .addOption(flags.config)
    .addOption(flags.bind)
    .addOption(flags.filter)
    .addOption(flags.noLan)
    .action(async (options) => {
      const { output, signal, version } = context;
      const { config } = await effectiveConfig(context, options, {
        lan: looksAround(options) ? undefined : 'off',
      });
      const [{ examine }, world] = await Promise.all([import('@shoal/node/doctor'), context.world()]);
      const running = await runningNode(context, config.data);
      const counts = { ok: 0, warn: 0, bad: 0 };
      output.progress('looking…');
      for await (const finding of examine({ world, config, running, version, signal })) {
        signal.throwIfAborted();
        const { check, state, message, advice } = finding;
        counts[state]++;
        const paragraphs = [message, ...(advice === undefined ? [] : `→ ${advice}`.split('\n'))];
        const width = Math.max(narrowest, (output.columns ?? Number.POSITIVE_INFINITY) - indent.length);
        const lines = paragraphs.flatMap((paragraph) => wrap(paragraph, width));
        output.result(finding, [
          { text: state.padEnd(6), style: styles[state] },
          `${check.padEnd(checkWidth)}${lines.join(`\n${indent}`)}`,
        ]);
        output.progress('looking…');
      }
      const { ok, warn, bad } = counts;
      const word =
        bad > 0 ? 'Something is wrong' : warn > 0 ? 'It works, and could do better' : 'All is well';
      output.result({ event: 'done', ok, warn, bad }, `\n${word}: ${ok} ok, ${warn} to look at, ${bad} bad.`);
      if (bad > 0) context.exitWith(exitCodes.failed);
    });
};

export default doctor;

/** Lines of whole words; what stands indented is a command, and stays in one. */
function wrap(text: string, width: number): string[] {
  if (text.startsWith(' ')) return [text];
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(`${last} ${word}`) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** One that does not answer is as much news as one that does. */
async function runningNode(context: Context, data: string) {
  try {
    return await (await findNode(data, context.signal))?.call('node', {});
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    context.output.note(`warning: ${error.message}`);
    return undefined;
  }
}
