// Gives the files of a transfer, or one of them, another name on this disk while they are traded.

import { sep } from 'node:path';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import { chooseTransfer } from '../running/choosing.ts';
import { openNode } from '../running/running-node.ts';
import type { Verb } from '../verb.ts';

const rename: Verb = (command, context) => {
  command
    .argument('<ID>', 'an id or part of a name, as `shoal list` shows them')
    .argument('<NAME>', 'the new name of its folder, or of its one file')
    .option('--file <PATH>', 'a file or folder in it, instead: as it is called now, or its number')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (word, name, options) => {
      const { output, signal } = context;
      const node = await openNode(context, options);
      const { id, name: title } = await chooseTransfer(node, word, signal);
      const params = { id };
      let path = options.file ?? '';
      if (/^\d{1,9}$/.test(path)) {
        const number = Number(path);
        const file = (await node.call('files', { params }, signal)).find(({ index }) => index === number);
        if (file === undefined)
          throw new CliError(
            'not-found',
            `${title} has no file number ${path}. \`shoal show ${id.slice(0, 8)} --files\` lists them.`,
          );
        // As it is called now: as deep as in the torrent.
        path = (file.place ?? file.path).split(sep).slice(-file.path.split('/').length).join('/');
      }
      await node.call('renameTransfer', { params, body: { path, name } }, signal);
      const before = path === '' ? title : `${path} of ${title}`;
      output.result(
        { event: 'renamed', id, name: title, ...(path !== '' && { path }), to: name },
        `renamed: ${before} to ${name}`,
      );
    });
};

export default rename;
