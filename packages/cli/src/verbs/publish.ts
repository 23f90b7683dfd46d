// Says in indexes what a torrent is, signed with the key of this node, so that others find it.

import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { categories, contentOf, type PublicationContent, signPublication } from '@shoal/directory';
import { openSpeaker, openSpeaking, sayToAll, torrentNamed } from '../catalogue/indexes.ts';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import { readSource } from '../transferring/sources.ts';
import type { Verb } from '../verb.ts';

const publish: Verb = (command, context) => {
  command
    .argument('<FILE|LINK>', 'a torrent file or a magnet link')
    .addOption(flags.index)
    .option('--title <TEXT>', 'what it is called; default: the name in the torrent')
    .option('--description <TEXT>', 'what it is, in some lines')
    .option('--tag <WORD>', 'may be given several times', collect)
    .addOption(
      new Option('--category <NAME>', 'what kind of thing it is')
        .choices(categories)
        .default('other' as const),
    )
    .option('--language <CODE>', 'such as de or pt-BR')
    .option('--licence <NAME>', 'such as CC-BY-4.0')
    .option('--size <BYTES>', 'how large the content is, where the link does not say', wholeNumber)
    .option('--supersedes <HASH>', 'an earlier torrent that this one takes the place of', collect)
    .addOption(flags.data)
    .addOption(flags.config)
    .addOption(flags.network)
    .addOption(flags.bind)
    .action(async (what, options) => {
      const speaking = await openSpeaking(context, options);
      const { world } = speaking;
      const said = contentOf(await readSource(world, what));
      const { title = said.title, description, category, language, licence, size = said.size } = options;
      if (title === undefined)
        throw new CliError('usage', 'The link has no name: say with --title what it is called.');
      const supersedes = await Promise.all(
        (options.supersedes ?? []).map((hash) => torrentNamed(world, hash)),
      );
      const content: PublicationContent = {
        ...said,
        title: title.trim(),
        description: description?.trim() || undefined,
        tags: (options.tag ?? []).map((tag) => tag.toLowerCase()),
        category,
        language,
        licence,
        size,
        supersedes,
      };
      const identity = await openSpeaker(context, speaking);
      await sayToAll(
        context,
        speaking,
        (saying) => signPublication(identity, content, saying),
        ({ infoHash, revision }, index) =>
          context.output.result(
            { infoHash, title: content.title, publisher: identity.id, index, revision },
            `${infoHash}  "${content.title}" is published in ${index}`,
          ),
      );
    });
};

export default publish;

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is a number of bytes.');
  return Number(text);
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}
