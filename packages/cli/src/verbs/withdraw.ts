// Takes back what this node's key published.

import { signWithdrawal } from '@shoal/directory';
import { openSpeaker, openSpeaking, sayToAll, torrentNamed } from '../catalogue/indexes.ts';
import { flags } from '../flags.ts';
import type { Verb } from '../verb.ts';

const withdraw: Verb = (command, context) => {
  command
    .argument('<HASH|FILE|LINK>', 'the torrent that this node published')
    .addOption(flags.index)
    .addOption(flags.data)
    .addOption(flags.config)
    .addOption(flags.network)
    .addOption(flags.bind)
    .action(async (what, options) => {
      const speaking = await openSpeaking(context, options);
      const torrent = await torrentNamed(speaking.world, what);
      const identity = await openSpeaker(context, speaking);
      await sayToAll(
        context,
        speaking,
        (saying) => signWithdrawal(identity, torrent, saying),
        ({ infoHash }, index) =>
          context.output.result(
            { withdrawn: infoHash, publisher: identity.id, index },
            `${infoHash} is withdrawn from ${index}`,
          ),
      );
    });
};

export default withdraw;
