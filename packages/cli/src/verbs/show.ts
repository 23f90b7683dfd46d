// One transfer of the running node: what it is, how it does, and with flags its files, peers, finders and log.

import type { FinderSummary, LogEntry, PeerSummary, TransferDetails } from '@shoal/api';
import { flags } from '../flags.ts';
import { countOf, durationText, formatBytes } from '../numbers.ts';
import type { Output, Span } from '../output.ts';
import { chooseTransfer } from '../running/choosing.ts';
import { printFiles } from '../running/files.ts';
import { pieceBar } from '../running/piece-bar.ts';
import { openNode } from '../running/running-node.ts';
import { type Column, printTable } from '../running/table.ts';
import { limitText, percentText, rateText, ratioOf, stateSpan, troubleText } from '../running/words.ts';
import type { Verb } from '../verb.ts';

const show: Verb = (command, context) => {
  command
    .argument('<ID>', 'an id or part of a name, as `shoal list` shows them')
    .option('--files', 'its files')
    .option('--peers', 'whom it is connected with')
    .option('--finders', 'trackers and all others who are asked, with their last answers')
    .option('--log', 'what happened to it and why, the newest last')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (word, options) => {
      const { output, signal } = context;
      const node = await openNode(context, options);
      const { id } = await chooseTransfer(node, word, signal);
      const one = { params: { id } };
      const [details, pieces, files, peers, finders, log] = await Promise.all([
        node.call('transfer', one, signal),
        // Before the metadata has come there are none.
        node.call('pieces', one, signal).catch(() => undefined),
        options.files ? node.call('files', one, signal) : undefined,
        options.peers ? node.call('peers', one, signal) : undefined,
        options.finders ? node.call('finders', one, signal) : undefined,
        options.log ? node.call('log', one, signal) : undefined,
      ]);
      if (output.json) {
        output.result(
          {
            ...details,
            ...(pieces && { pieceMap: pieces }),
            ...(files && { fileList: files }),
            ...(peers && { peerList: peers }),
            ...(finders && { finders }),
            ...(log && { log }),
          },
          '',
        );
        return;
      }
      printFacts(output, details);
      if (pieces !== undefined && pieces.pieces > 0)
        output.result({}, [
          'pieces     ',
          '[',
          ...pieceBar(pieces, Math.min(60, (output.columns ?? 80) - 14)),
          ']',
        ]);
      const section = (title: string, isEmpty: boolean): void =>
        output.result({}, [{ text: `\n${title}`, style: 'bold' }, isEmpty ? ': none' : '']);
      if (files !== undefined) {
        section('files', files.length === 0);
        printFiles(output, files);
      }
      if (peers !== undefined) {
        section('peers', peers.length === 0);
        printTable(output, peers, peerColumns, (peer) => peer);
      }
      if (finders !== undefined) {
        section('finders', finders.length === 0);
        printTable(output, finders, finderColumns, (finder) => finder);
      }
      if (log !== undefined) {
        section('log', log.length === 0);
        printTable(output, log, logColumns, (entry) => entry);
      }
    });
};

export default show;

function printFacts(output: Output, details: TransferDetails): void {
  const { addedMs, comment, completedMs, downRate, downloaded, goals, limits, statistics, upRate } = details;
  const { uploaded, wasted, peers, seeds, pieces, pieceLength, secondsLeft, size, total } = details;
  const trouble = troubleText(details);
  const sources = [
    `${formatBytes(statistics.fromPeers)} from peers`,
    ...(statistics.fromLan > 0 ? [`${formatBytes(statistics.fromLan)} of it on this network`] : []),
    ...(statistics.fromWebSeeds > 0 ? [`${formatBytes(statistics.fromWebSeeds)} from web servers`] : []),
    ...(wasted > 0 ? [`${formatBytes(wasted)} of no use`] : []),
  ];
  const chosen = total === size ? '' : ` (${formatBytes(total)} wanted)`;
  const left = secondsLeft === undefined ? '' : `, ${durationText(secondsLeft)} left`;
  const rows: readonly (readonly [string, Span | undefined])[] = [
    ['name', { text: details.name, style: 'bold' }],
    ['state', stateSpan(details)],
    ['why', trouble],
    [
      'done',
      `${percentText(details)} of ${size === 0 ? 'what is not known yet' : formatBytes(size)}${chosen}${left}`,
    ],
    ['down', `${rateText(downRate)}, ${formatBytes(downloaded)} so far: ${sources.join(', ')}`],
    ['up', `${rateText(upRate)}, ${formatBytes(uploaded)} so far, ratio ${ratioOf(details).toFixed(2)}`],
    ['peers', `${peers} connected, ${seeds} of them seeds, ${statistics.knownAddresses} known`],
    ['folder', details.folder],
    ['moving', details.moving && `${details.moving.state}: ${details.moving.folder}`],
    ['labels', details.labels.length === 0 ? undefined : details.labels.join(', ')],
    [
      'limits',
      limits.down === null && limits.up === null
        ? undefined
        : `down ${limitText(limits.down)}, up ${limitText(limits.up)}`,
    ],
    ['goals', goalsText(goals)],
    ['mode', details.mode === 'usual' ? undefined : details.mode],
    ['queue', `place ${details.place}${details.isForced ? ', runs whatever the queue says' : ''}`],
    ['private', details.isPrivate ? 'yes: only its trackers are asked' : undefined],
    ['added', timeText(addedMs)],
    ['complete', completedMs === undefined ? undefined : timeText(completedMs)],
    ['v1 hash', details.infoHashV1],
    ['v2 hash', details.infoHashV2],
    ...details.trackers.map((url) => ['tracker', url] as const),
    ...details.webSeeds.map(
      ({ url, state, reason }) =>
        ['web seed', `${url}: ${state}${reason === undefined ? '' : `, ${reason}`}`] as const,
    ),
    ...details.bans.map(({ address, reason }) => ['let go of', `${address}: ${reason}`] as const),
    ['comment', comment?.replaceAll('\n', ' ')],
    ['link', details.magnet],
    [
      'content',
      pieces === undefined || pieceLength === undefined
        ? undefined
        : `${countOf(details.files ?? 0, 'file')}, ${countOf(pieces, 'piece')} of ${formatBytes(pieceLength)}`,
    ],
  ];
  for (const [label, value] of rows)
    if (value !== undefined) output.result({}, [{ text: label.padEnd(11), style: 'dim' }, value]);
}

function goalsText({ ratio, seconds }: TransferDetails['goals']): string | undefined {
  const parts = [
    ...(ratio === undefined ? [] : [`ratio ${ratio}`]),
    ...(seconds === undefined ? [] : [`${durationText(seconds)} of sharing`]),
  ];
  return parts.length === 0 ? undefined : parts.join(', or ');
}

function timeText(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => `${value}`.padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

const peerColumns: readonly Column<PeerSummary>[] = [
  { title: 'ADDRESS', cell: ({ address }) => address },
  { title: 'HAS', cell: ({ has }) => `${Math.floor(100 * has)} %`, side: 'right' },
  { title: 'DOWN', cell: ({ downRate }) => rateText(downRate), side: 'right' },
  { title: 'UP', cell: ({ upRate }) => rateText(upRate), side: 'right' },
  { title: 'GOT', cell: ({ downloaded }) => formatBytes(downloaded), side: 'right' },
  { title: 'SENT', cell: ({ uploaded }) => formatBytes(uploaded), side: 'right' },
  { title: 'FLAGS', cell: (peer) => peer.flags },
  { title: 'KNOWN FROM', cell: ({ tellers }) => tellers?.join(', ') ?? '-' },
  { title: 'CLIENT', cell: ({ client }) => client ?? '-', isElastic: true },
];

const finderColumns: readonly Column<FinderSummary>[] = [
  { title: 'KIND', cell: ({ kind }) => kind },
  {
    title: 'STATE',
    cell: ({ state }) => (state === 'failed' ? { text: state, style: 'red' } : state),
  },
  { title: 'PEERS', cell: ({ peers }) => (peers === undefined ? '-' : `${peers}`), side: 'right' },
  { title: 'LAST', cell: ({ lastMs }) => (lastMs === undefined ? '-' : timeText(lastMs)) },
  { title: 'NEXT', cell: ({ nextMs }) => (nextMs === undefined ? '-' : timeText(nextMs)) },
  {
    title: 'WHO',
    cell: ({ teller, message }) => (message === undefined ? teller : `${teller}: ${message}`),
    isElastic: true,
  },
];

const logColumns: readonly Column<LogEntry>[] = [
  { title: 'WHEN', cell: ({ atMs }) => timeText(atMs) },
  { title: 'WHAT', cell: ({ kind }) => kind },
  { title: 'MESSAGE', cell: ({ message }) => message },
];
