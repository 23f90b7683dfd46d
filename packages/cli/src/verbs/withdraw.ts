// Takes back what this node's key published.

import { toHex } from '@shoal/base';
import { signWithdrawal } from '@shoal/directory';
import { openSpeaker, openSpeaking, sayToAll, torrentNamed } from '../catalogue/indexes.ts';
import { nodeThatSpeaks, tellSaid } from '../catalogue/through-node.ts';
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
      const tell = (infoHash: string, publisher: string, index: string) =>
        context.output.result(
          { withdrawn: infoHash, publisher, index },
          `${infoHash} is withdrawn from ${index}`,
        );
      const node = await nodeThatSpeaks(context, options);
      if (node !== undefined) {
        const infoHash = toHex(await torrentNamed(await context.world(), what));
        const said = await node.call('withdraw', { params: { infoHash } }, context.signal);
        tellSaid(context, said, (index) => tell(infoHash, said.key, index));
        return;
      }
      const speaking = await openSpeaking(context, options);
      const torrent = await torrentNamed(speaking.world, what);
      const identity = await openSpeaker(context, speaking);
      await sayToAll(
        context,
        speaking,
        (saying) => signWithdrawal(identity, torrent, saying),
        ({ infoHash }, index) => tell(infoHash, identity.id, index),
      );
    });
};

export default withdraw;
