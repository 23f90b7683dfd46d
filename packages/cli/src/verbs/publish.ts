// Says in indexes what a torrent is, signed with the key of this node, so that others find it.

import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { NewPublication } from '@shoal/api';
import { toHex } from '@shoal/base';
import { categories, contentOf, type PublicationContent, signPublication } from '@shoal/directory';
import { encodeTorrent, magnetOf } from '@shoal/metainfo';
import type { NamedSource } from '@shoal/swarm';
import { openSpeaker, openSpeaking, sayToAll, torrentNamed } from '../catalogue/indexes.ts';
import { nodeThatSpeaks, tellSaid } from '../catalogue/through-node.ts';
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
      const node = await nodeThatSpeaks(context, options);
      const speaking = node === undefined ? await openSpeaking(context, options) : undefined;
      const world = await context.world();
      const source = await readSource(world, what);
      const said = contentOf(source);
      const { title = said.title, description, category, language, licence, size = said.size } = options;
      if (title === undefined)
        throw new CliError('usage', 'The link has no name: say with --title what it is called.');
      const supersedes = await Promise.all(
        (options.supersedes ?? []).map((hash) => torrentNamed(world, hash)),
      );
      const tell = (told: { infoHash: string; revision: number }, publisher: string, index: string) =>
        context.output.result(
          { infoHash: told.infoHash, title: content.title, publisher, index, revision: told.revision },
          `${told.infoHash}  "${content.title}" is published in ${index}`,
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
      if (node !== undefined) {
        const body = newPublication(source, content);
        const answer = await node.call('publish', { body }, context.signal);
        tellSaid(context, answer, (index) => tell(answer, answer.key, index));
      }
      if (speaking === undefined) return;
      const identity = await openSpeaker(context, speaking);
      await sayToAll(
        context,
        speaking,
        (saying) => signPublication(identity, content, saying),
        (accepted, index) => tell(accepted, identity.id, index),
      );
    });
};

export default publish;

/** As a node takes it. */
function newPublication(source: NamedSource, content: PublicationContent): NewPublication {
  const { title, description, category, language, licence, size } = content;
  return {
    ...(source.kind === 'torrent'
      ? { torrent: Buffer.from(encodeTorrent(source.torrent)).toString('base64') }
      : { link: magnetOf(source.magnet) }),
    title,
    category,
    ...(description !== undefined && { description }),
    ...(content.tags.length > 0 && { tags: [...content.tags] }),
    ...(language !== undefined && { language }),
    ...(licence !== undefined && { licence }),
    ...(size !== undefined && { size }),
    ...(content.supersedes.length > 0 && { supersedes: content.supersedes.map(toHex) }),
  };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is a number of bytes.');
  return Number(text);
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}
