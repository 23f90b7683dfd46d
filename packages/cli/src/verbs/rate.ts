// Says in indexes what a torrent is worth, or what is wrong with it: one rating and one report a key.

import { Option } from '@commander-js/extra-typings';
import { toHex } from '@shoal/base';
import { reportReasons, signRating, signReport } from '@shoal/directory';
import { openSpeaker, openSpeaking, sayToAll, torrentNamed } from '../catalogue/indexes.ts';
import { nodeThatSpeaks, tellSaid } from '../catalogue/through-node.ts';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import type { Verb } from '../verb.ts';

const rate: Verb = (command, context) => {
  command
    .argument('<HASH|FILE|LINK>', 'a torrent that is published')
    .addOption(new Option('--stars <N>', 'from 1 to 5').choices(['1', '2', '3', '4', '5'] as const))
    .option('--comment <TEXT>', 'what you think of it')
    .option('--remove', 'take your rating back')
    .addOption(
      new Option('--report <REASON>', 'tell those who run the index that something is wrong').choices(
        reportReasons,
      ),
    )
    .addOption(flags.index)
    .addOption(flags.data)
    .addOption(flags.config)
    .addOption(flags.network)
    .addOption(flags.bind)
    .action(async (what, { stars, comment, remove, report, ...options }) => {
      const words = comment?.trim() || undefined;
      if (remove === true && (stars ?? words ?? report) !== undefined)
        throw new CliError('usage', '--remove takes the rating back, and goes with nothing else.');
      if (remove !== true && (stars ?? words ?? report) === undefined)
        throw new CliError(
          'usage',
          'Say what you think of it with --stars or --comment, or use --remove or --report.',
        );
      if (report !== undefined && stars !== undefined)
        throw new CliError('usage', 'A rating and a report are told one after the other.');
      const did = report !== undefined ? 'reported' : remove === true ? 'no longer rated' : 'rated';
      const tell = (infoHash: string, key: string, index: string) =>
        context.output.result({ infoHash, did, key, index }, `${infoHash} is ${did} in ${index}`);
      const node = await nodeThatSpeaks(context, options);
      if (node !== undefined) {
        const params = { infoHash: toHex(await torrentNamed(await context.world(), what)) };
        const said = words === undefined ? {} : { comment: words };
        const body = { ...said, ...(stars !== undefined && { stars: Number(stars) }) };
        const answer =
          report === undefined
            ? await node.call('rate', { params, body }, context.signal)
            : await node.call('report', { params, body: { ...said, reason: report } }, context.signal);
        tellSaid(context, answer, (index) => tell(params.infoHash, answer.key, index));
        return;
      }
      const speaking = await openSpeaking(context, options);
      const torrent = await torrentNamed(speaking.world, what);
      const identity = await openSpeaker(context, speaking);
      const content = { torrent, comment: words };
      await sayToAll(
        context,
        speaking,
        (saying) =>
          report === undefined
            ? signRating(
                identity,
                { ...content, stars: stars === undefined ? undefined : Number(stars) },
                saying,
              )
            : signReport(identity, { ...content, reason: report }, saying),
        ({ infoHash }, index) => tell(infoHash, identity.id, index),
      );
    });
};

export default rate;
