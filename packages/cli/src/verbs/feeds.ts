// RSS and Atom feeds that the running node follows: which ones, what is taken of them, and what became of each item.

import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { Feed, NewFeed } from '@shoal/api';
import { parseRate } from '@shoal/node/config';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import { countOf, durationText, formatBytes } from '../numbers.ts';
import { openNode, type RunningNode } from '../running/running-node.ts';
import { printTable } from '../running/table.ts';
import type { Context, Verb } from '../verb.ts';

const feeds: Verb = (command, context) => {
  command.usage('list|add|set|check|items|remove [FLAGS]').helpCommand(false);
  const { signal, output } = context;

  command
    .command('list', { isDefault: true })
    .description('the feeds that are followed, and how they did')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (options) => {
      const node = await openNode(context, options);
      printTable(
        output,
        await node.call('feeds', {}, signal),
        [
          { title: 'id', cell: ({ id }) => id },
          { title: 'feed', cell: ({ name }) => name, isElastic: true },
          { title: 'taken', cell: ({ taken }) => String(taken), side: 'right' },
          { title: 'every', cell: ({ everySeconds }) => durationText(everySeconds), side: 'right' },
          { title: 'state', cell: stateText },
        ],
        (feed) => feed,
      );
    });

  const add = command
    .command('add')
    .description('follow a feed')
    .argument('<URL>', 'its address, http or https')
    .option('--name <NAME>', 'what it is called in lists')
    .option('--every <TIME>', 'how often it is asked, like 15m or 6h', parseSeconds)
    .option('--words <WORDS>', 'words that stand in the title; may be given several times', collect)
    .option('--without <WORDS>', 'words that do not; may be given several times', collect)
    .option('--match <PATTERN>', 'a regular expression for the title')
    .option('--min-size <SIZE>', 'the least size, like 200MB', parseSize)
    .option('--max-size <SIZE>', 'the most', parseSize)
    .option('--seasons <RANGE>', 'like 3, 3-5 or 3-', parseRange)
    .option('--episodes <RANGE>', 'like 3, 3-5 or 3-', parseRange)
    .addOption(
      new Option('--once <WHAT>', 'take each torrent once, or each episode').choices([
        'torrent',
        'episode',
      ] as const),
    )
    .option('--label <LABEL>', 'what it brings gets this label; may be given several times', collect)
    .option('-o, --output <DIR>', 'where what it brings goes')
    .option('--paused', 'what it brings is paused')
    .addOption(flags.data)
    .addOption(flags.config);
  add.action(async (url, options) => {
    const node = await openNode(context, options);
    const { id } = await node.call('addFeed', { body: { url, ...settingsOf(options) } }, signal);
    tell(context, await node.call('checkFeed', { params: { id } }, signal), 'added');
  });

  command
    .command('set')
    .description('change what is taken of a feed, and where that goes; what is not named stays')
    .argument('<FEED>', 'an id or part of a name, as `shoal feeds` shows them')
    .option('--name <NAME>', 'what it is called in lists')
    .option('--every <TIME>', 'how often it is asked, like 15m or 6h', parseSeconds)
    .option('--words <WORDS>', 'words that stand in the title; may be given several times', collect)
    .option('--without <WORDS>', 'words that do not; may be given several times', collect)
    .option('--match <PATTERN>', 'a regular expression for the title')
    .option('--min-size <SIZE>', 'the least size, like 200MB', parseSize)
    .option('--max-size <SIZE>', 'the most', parseSize)
    .option('--seasons <RANGE>', 'like 3, 3-5 or 3-', parseRange)
    .option('--episodes <RANGE>', 'like 3, 3-5 or 3-', parseRange)
    .option('--no-filter', 'take everything; with other flags, nothing but what they say')
    .addOption(
      new Option('--once <WHAT>', 'take each torrent once, or each episode').choices([
        'torrent',
        'episode',
      ] as const),
    )
    .option('--label <LABEL>', 'what it brings gets this label; may be given several times', collect)
    .option('-o, --output <DIR>', 'where what it brings goes')
    .option('--paused', 'what it brings is paused')
    .option('--off', 'ask it no more, and keep what is known')
    .option('--on', 'ask it again')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (word, options) => {
      const node = await openNode(context, options);
      const { id, filter } = await choose(node, word, signal);
      const { filter: asked, ...rest } = settingsOf(options);
      const isOn = options.on === true ? true : options.off === true ? false : undefined;
      const change = {
        ...rest,
        ...((asked !== undefined || !options.filter) && {
          filter: { ...(options.filter && filter), ...asked },
        }),
        ...(isOn !== undefined && { isOn }),
      };
      if (Object.keys(change).length === 0)
        throw new CliError('usage', 'Nothing is to be set. See `shoal feeds set --help` for what can be.');
      tell(context, await node.call('changeFeed', { params: { id }, body: change }, signal), 'set');
    });

  command
    .command('check')
    .description('ask a feed now')
    .argument('<FEED>', 'an id or part of a name')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (word, options) => {
      const node = await openNode(context, options);
      const { id } = await choose(node, word, signal);
      const feed = await node.call('checkFeed', { params: { id } }, signal);
      if (feed.error !== undefined) throw new CliError('failed', `${feed.name}: ${feed.error.message}`);
      tell(context, feed, 'checked');
    });

  command
    .command('items')
    .description('what is in the last answer of a feed, and what became of each')
    .argument('<FEED>', 'an id or part of a name')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (word, options) => {
      const node = await openNode(context, options);
      const { id } = await choose(node, word, signal);
      printTable(
        output,
        await node.call('feedItems', { params: { id } }, signal),
        [
          { title: 'title', cell: ({ title }) => title, isElastic: true },
          { title: 'size', cell: ({ size }) => (size === undefined ? '' : formatBytes(size)), side: 'right' },
          {
            title: '',
            cell: ({ verdict, reason }) => (reason === undefined ? verdict : `${verdict}: ${reason}`),
          },
        ],
        (item) => item,
      );
    });

  command
    .command('remove')
    .description('follow it no more; what it brought stays')
    .argument('<FEED>', 'an id or part of a name')
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (word, options) => {
      const node = await openNode(context, options);
      const { id, name } = await choose(node, word, signal);
      await node.call('removeFeed', { params: { id } }, signal);
      output.result({ event: 'removed', id, name }, `removed: ${name}`);
    });
};

export default feeds;

interface SettingFlags {
  readonly name?: string | undefined;
  readonly every?: number | undefined;
  readonly words?: string[] | undefined;
  readonly without?: string[] | undefined;
  readonly match?: string | undefined;
  readonly minSize?: number | undefined;
  readonly maxSize?: number | undefined;
  readonly seasons?: string | undefined;
  readonly episodes?: string | undefined;
  readonly once?: 'torrent' | 'episode' | undefined;
  readonly label?: string[] | undefined;
  readonly output?: string | undefined;
  readonly paused?: true | undefined;
}

function settingsOf(given: SettingFlags): Omit<NewFeed, 'url'> {
  const filter = {
    ...(given.words && { words: given.words }),
    ...(given.without && { without: given.without }),
    ...(given.match !== undefined && { pattern: given.match }),
    ...(given.minSize !== undefined && { minBytes: given.minSize }),
    ...(given.maxSize !== undefined && { maxBytes: given.maxSize }),
    ...(given.seasons !== undefined && { seasons: given.seasons }),
    ...(given.episodes !== undefined && { episodes: given.episodes }),
  };
  return {
    ...(given.name !== undefined && { name: given.name }),
    ...(given.every !== undefined && { everySeconds: given.every }),
    ...(Object.keys(filter).length > 0 && { filter }),
    ...(given.once !== undefined && { once: given.once }),
    ...(given.label && { labels: given.label }),
    ...(given.output !== undefined && { folder: resolve(given.output) }),
    ...(given.paused && { isPaused: true }),
  };
}

async function choose(node: RunningNode, word: string, signal: AbortSignal): Promise<Feed> {
  const all = await node.call('feeds', {}, signal);
  const exact = all.find(({ id }) => id === word);
  const fitting = exact
    ? [exact]
    : all.filter(({ id, name }) => id.startsWith(word) || name.toLowerCase().includes(word.toLowerCase()));
  const [feed] = fitting;
  if (feed === undefined)
    throw new CliError('not-found', `No feed here is called ${word}. \`shoal feeds\` lists them.`);
  if (fitting.length > 1)
    throw new CliError(
      'usage',
      `${word} could be any of ${countOf(fitting.length, 'feed')}: take its id. \`shoal feeds\` lists them.`,
    );
  return feed;
}

function tell({ output }: Context, feed: Feed, event: string): void {
  const { name, taken, items, error } = feed;
  const how =
    error === undefined ? `${countOf(items ?? 0, 'item')}, ${taken} taken` : `it failed: ${error.message}`;
  output.result({ event, ...feed }, `${event}: ${name} (${how})`);
}

function stateText({ isOn, error, lastMs, items }: Feed): string {
  if (!isOn) return 'off';
  if (error !== undefined) return error.message;
  return lastMs === undefined ? 'not asked yet' : countOf(items ?? 0, 'item');
}

function parseSeconds(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6}) ?([smhd])$/.exec(text) ?? [];
  const seconds = Number(number) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[unit] ?? 0);
  if (seconds < 60 || seconds > 604_800)
    throw new InvalidArgumentError('It is a time of 1m to 7d, like 15m or 6h.');
  return seconds;
}

function parseSize(text: string): number {
  const bytes = /\/s$/.test(text) ? undefined : parseRate(text);
  if (bytes === undefined) throw new InvalidArgumentError('It is a size like 200MB or 1.5GiB.');
  return bytes;
}

function parseRange(text: string): string {
  if (!/^\d{1,4}(?:-\d{0,4})?$/.test(text))
    throw new InvalidArgumentError('It is a range like 3, 3-5 or 3-.');
  return text;
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}
