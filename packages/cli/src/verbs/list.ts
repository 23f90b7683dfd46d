// The transfers of the running node, as a table.

import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { RequestOf } from '@shoal/api';
import { flags } from '../flags.ts';
import { durationText, formatBytes } from '../numbers.ts';
import { shortId } from '../running/choosing.ts';
import { openNode } from '../running/running-node.ts';
import { type Column, printTable } from '../running/table.ts';
import { percentText, rateText, ratioOf, stateSpan, troubleText } from '../running/words.ts';
import type { Verb } from '../verb.ts';

type Query = NonNullable<RequestOf<'transfers'>['query']>;
type Row = import('@shoal/api').TransferSummary;

const states = [
  'metadata',
  'checking',
  'fetching',
  'sharing',
  'disk-full',
  'queued',
  'paused',
  'failed',
  'stopped',
] as const;
const sorts = ['name', 'added', 'size', 'progress', 'down', 'up', 'ratio', 'place'] as const;

const list: Verb = (command, context) => {
  command
    .argument('[TEXT]', 'only those with this in their name')
    .addOption(new Option('--state <STATE>', 'only those in this state').choices(states))
    .option('--label <LABEL>', 'only those with this label')
    .addOption(new Option('--sort <KEY>', 'in this order').choices(sorts).default('added' as const))
    .option('--reverse', 'the other way round')
    .option('--limit <N>', 'no more than so many', parseCount, 100_000)
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (text, options) => {
      const { output, signal } = context;
      const node = await openNode(context, options);
      const { label, limit, sort, state } = options;
      const query: Query = {
        sort,
        order: options.reverse === true ? 'down' : 'up',
        limit,
        ...(text !== undefined && { text }),
        ...(state !== undefined && { state }),
        ...(label !== undefined && { label }),
      };
      const { transfers, total } = await node.call('transfers', { query }, signal);
      printTable(output, transfers, columns, (transfer) => transfer);
      if (output.json) return;
      const isFiltered = text !== undefined || state !== undefined || label !== undefined;
      if (total === 0)
        output.note(
          isFiltered
            ? 'No transfer is like that.'
            : 'There is no transfer yet. `shoal get LINK` fetches something, `shoal share PATH` shares something.',
        );
      else if (total > transfers.length) output.note(`${total - transfers.length} more are not shown.`);
    });
};

export default list;

const columns: readonly Column<Row>[] = [
  { title: 'ID', cell: ({ id }) => ({ text: shortId(id), style: 'dim' }) },
  { title: 'STATE', cell: stateSpan },
  { title: 'DONE', cell: percentText, side: 'right' },
  { title: 'SIZE', cell: ({ size }) => (size === 0 ? '-' : formatBytes(size)), side: 'right' },
  { title: 'DOWN', cell: ({ downRate }) => rateText(downRate), side: 'right' },
  { title: 'UP', cell: ({ upRate }) => rateText(upRate), side: 'right' },
  { title: 'RATIO', cell: (row) => ratioOf(row).toFixed(2), side: 'right' },
  { title: 'PEERS', cell: ({ peers }) => `${peers}`, side: 'right' },
  {
    title: 'LEFT',
    cell: ({ secondsLeft }) => (secondsLeft === undefined ? '-' : durationText(secondsLeft)),
    side: 'right',
  },
  { title: 'NAME', cell: nameOf, isElastic: true },
];

function nameOf(transfer: Row): string {
  const labels = transfer.labels.map((label) => ` [${label}]`).join('');
  const trouble = troubleText(transfer);
  return `${transfer.name}${labels}${trouble === undefined ? '' : ` (${trouble})`}`;
}

function parseCount(text: string): number {
  if (!/^\d{1,5}$|^100000$/.test(text)) throw new InvalidArgumentError('It is a number up to 100000.');
  return Number(text);
}
