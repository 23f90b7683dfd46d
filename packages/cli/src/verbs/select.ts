// Which files of a transfer are wanted, and how soon.

import { Option } from '@commander-js/extra-typings';
import type { FileChoice } from '@shoal/api';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import { matchesPath } from '../globs.ts';
import { chooseTransfer } from '../running/choosing.ts';
import { printFiles } from '../running/files.ts';
import { openNode } from '../running/running-node.ts';
import type { Verb } from '../verb.ts';

const select: Verb = (command, context) => {
  command
    .argument('<ID>', 'an id or part of a name, as `shoal list` shows them')
    .argument(
      '<GLOB|NUMBER...>',
      'files by path, name or glob, or by their number in `shoal show ID --files`',
    )
    .addOption(
      new Option('--priority <WHEN>', 'how soon')
        .choices(['high', 'normal', 'low', 'skip'] as const)
        .default('normal' as const),
    )
    .option('--skip', 'do not fetch these; the same as --priority skip')
    .option('--only', 'fetch these, and no other')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (word, files, options) => {
      const { output, signal } = context;
      const priority = options.skip === true ? 'skip' : options.priority;
      if (options.only === true && priority === 'skip')
        throw new CliError('usage', 'Either --only these are fetched, or they are skipped.');
      const node = await openNode(context, options);
      const { id, name } = await chooseTransfer(node, word, signal);
      const isNumber = (text: string): boolean => /^\d{1,9}$/.test(text);
      const before = await node.call('files', { params: { id } }, signal);
      if (before.length === 0)
        throw new CliError('failed', `The files of ${name} are not known yet: its metadata has not come.`);
      const numbers = files.filter(isNumber).map(Number);
      const missing = numbers.find((number) => !before.some(({ index }) => index === number));
      if (missing !== undefined)
        throw new CliError(
          'not-found',
          `${name} has no file number ${missing}. \`shoal show ${id.slice(0, 8)} --files\` lists them.`,
        );
      const globs = files.filter((text) => !isNumber(text));
      const idle = globs.find((glob) => !before.some(({ path }) => matchesPath(path, glob)));
      if (idle !== undefined) throw new CliError('not-found', `No file of ${name} fits ${idle}.`);
      const body: FileChoice = {
        priority,
        files: numbers,
        globs,
        ...(options.only === true && { onlyThese: true }),
      };
      printFiles(output, await node.call('chooseFiles', { params: { id }, body }, signal));
    });
};

export default select;
