// What a transfer may and shall do: limits, labels, goals, its place in the queue, its mode. What is not named stays.

import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { BulkRequest, TransferChange } from '@shoal/api';
import { parseRate } from '@shoal/node/config';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import { act } from '../running/acting.ts';
import { openNode } from '../running/running-node.ts';
import type { Verb } from '../verb.ts';

const set: Verb = (command, context) => {
  command
    .argument('[ID...]', 'ids or parts of names, as `shoal list` shows them')
    .option('--all', 'all there are')
    .option(
      '--down-limit <RATE>',
      'how much it may fetch a second, like 500kB or 2MB; none lifts it',
      readRate,
    )
    .option('--up-limit <RATE>', 'how much it may send a second; none lifts it', readRate)
    .option('--label <LABEL>', 'give it this label; may be given several times', collect)
    .option('--unlabel <LABEL>', 'take this label off; may be given several times', collect)
    .option('--ratio <N>', 'share until so many bytes were sent for each that was fetched', parseNumber)
    .option('--share-time <TIME>', 'share for so long once it is complete, like 90m, 12h or 7d', parseSeconds)
    .option('--no-goals', 'share without an end, as far as the config lets it')
    .option('--place <N>', 'its place in the queue; 0 is next', parseWhole)
    .option('--force', 'run now, whatever the queue says')
    .option('--no-force', 'wait for its turn again')
    .addOption(
      new Option(
        '--mode <MODE>',
        'super-seed: as the first seed of something new; share: as a volunteer',
      ).choices(['usual', 'super-seed', 'share'] as const),
    )
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (words, options) => {
      const {
        downLimit,
        force,
        goals: hasGoals,
        label,
        mode,
        place,
        ratio,
        shareTime,
        unlabel,
        upLimit,
      } = options;
      const limits = {
        ...(downLimit !== undefined && { down: downLimit.rate }),
        ...(upLimit !== undefined && { up: upLimit.rate }),
      };
      const goals = {
        ...(ratio !== undefined && { ratio }),
        ...(shareTime !== undefined && { seconds: shareTime }),
      };
      const change: TransferChange = {
        ...(Object.keys(limits).length > 0 && { limits }),
        ...((Object.keys(goals).length > 0 || !hasGoals) && { goals }),
        ...(place !== undefined && { place }),
        ...(force !== undefined && { isForced: force }),
        ...(mode !== undefined && { mode }),
      };
      const request: Omit<BulkRequest, 'ids'> = {
        action: 'change',
        ...(Object.keys(change).length > 0 && { change }),
        ...(label !== undefined && { addLabels: label }),
        ...(unlabel !== undefined && { removeLabels: unlabel }),
      };
      if (Object.keys(request).length === 1)
        throw new CliError('usage', 'Nothing is to be set. See `shoal set --help` for what can be.');
      const node = await openNode(context, options);
      await act(context, node, { words, all: options.all }, { ...request, done: 'set' });
    });
};

export default set;

/** In an object, since commander takes a bare null for a flag that was not given. */
interface Limit {
  readonly rate: number | null;
}

function readRate(text: string): Limit {
  return { rate: parseRate(text) ?? null };
}

function parseNumber(text: string): number {
  if (!/^\d{1,6}(\.\d+)?$/.test(text)) throw new InvalidArgumentError('It is a number like 1.5.');
  return Number(text);
}

function parseWhole(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
}

function parseSeconds(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6}(?:\.\d+)?) ?([smhd])$/.exec(text) ?? [];
  const length = { s: 1, m: 60, h: 3600, d: 86_400 }[unit];
  if (length === undefined) throw new InvalidArgumentError('It is a time like 90m, 12h or 7d.');
  return Number(number) * length;
}

function collect(text: string, before: string[] | undefined): string[] {
  if (!/^[^\p{Cc},]{1,64}$/u.test(text))
    throw new InvalidArgumentError('It has 1 to 64 characters, and no comma.');
  return [...(before ?? []), text];
}
