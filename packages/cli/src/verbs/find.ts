// Searches all indexes at once and merges what they found. One that is down is named, and spoils nothing.

import { Option } from '@commander-js/extra-typings';
import type { FindAnswer, FindQuery, FoundTorrent } from '@shoal/api';
import { categories, type Merged, mergedOrders, mergeFound } from '@shoal/directory';
import { magnetOf } from '@shoal/metainfo';
import { openSpeaking, tellFailure } from '../catalogue/indexes.ts';
import { nodeThatSpeaks } from '../catalogue/through-node.ts';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import { formatBytes } from '../numbers.ts';
import type { Context, Verb } from '../verb.ts';

const find: Verb = (command, context) => {
  command
    .argument(
      '[WORDS...]',
      'what to look for: all of the words; "this -that" is without a word, "thi*" words that begin so',
    )
    .addOption(flags.index)
    .addOption(new Option('--category <NAME>', 'of this kind').choices(categories))
    .option('--tag <WORD>', 'with this tag; may be given several times', collect)
    .option('--publisher <KEY>', 'published by this key')
    .option('--language <CODE>', 'in this language')
    .option('--type <EXTENSION>', 'with a file of this type inside, such as flac')
    .option('--file <WORDS>', 'with these words in the name of a file inside')
    .option('--min-size <SIZE>', 'no smaller, such as 700MB')
    .option('--max-size <SIZE>', 'no larger')
    .option('--newer <AGE>', 'published here within 12h, 7d, 4w, 1y')
    .option('--older <AGE>', 'published here before that')
    .option('--seeds <N>', 'with so many seeds at least')
    .addOption(
      new Option('--sort <ORDER>', 'what comes first').choices([
        'relevance',
        'newest',
        'oldest',
        'seeds',
        'size',
        'smallest',
        'rating',
      ] as const),
    )
    .option('--limit <N>', 'how many results of each index, up to 50', '20')
    .option('--scrape', 'ask the trackers of what is found, and the DHT, how many share it now')
    .addOption(flags.dhtBootstrap)
    .addOption(flags.data)
    .addOption(flags.config)
    .addOption(flags.network)
    .addOption(flags.bind)
    .action(async (words, options) => {
      const { output, signal } = context;
      if (!/^([1-9]|[1-4]\d|50)$/.test(options.limit))
        throw new CliError('usage', '--limit is a number from 1 to 50.');
      const fields: [string, string][] = [];
      const add = (name: string, value: string | undefined): void => {
        if (value !== undefined) fields.push([name, value]);
      };
      add('q', words.length === 0 ? undefined : words.join(' '));
      for (const tag of options.tag ?? []) add('tag', tag);
      const {
        category,
        publisher,
        language,
        type,
        file,
        minSize,
        maxSize,
        newer,
        older,
        seeds,
        sort,
        limit,
      } = options;
      for (const [name, value] of Object.entries({
        category,
        publisher,
        language,
        type,
        file,
        newer,
        older,
        seeds,
      }))
        add(name, value);
      for (const [name, value] of Object.entries({ 'min-size': minSize, 'max-size': maxSize, sort, limit }))
        add(name, value);
      // A node asks once for each thing; what it does not do is done here.
      const isAlone = options.scrape === true || (options.tag ?? []).length > 1;
      const node = isAlone ? undefined : await nodeThatSpeaks(context, options);
      if (node !== undefined) {
        const query: FindQuery = Object.fromEntries(fields);
        tellFound(context, await node.call('find', { query }, signal));
        return;
      }
      const { clients, data, network } = await openSpeaking(context, options);
      const failures: unknown[] = [];
      const answers = await Promise.all(
        clients.map(async (client) => {
          try {
            return [{ url: client.url, answer: await client.search(fields, signal) }];
          } catch (error) {
            failures.push(error);
            if (clients.length > 1) tellFailure(context, client.url, error);
            return [];
          }
        }),
      );
      const found = answers.flat();
      if (found.length === 0) throw failures[0];
      for (const { url, answer } of found) {
        for (const [from, to] of Object.entries(answer.corrected))
          output.note(`${url}: nothing has "${from}"; "${to}" was searched instead.`);
        if (answer.refused > 0)
          output.note(`${url}: ${answer.refused} results are forged or cannot be read.`);
      }
      const usual = words.length === 0 ? 'newest' : 'relevance';
      const order = mergedOrders[sort ?? usual];
      let merged = mergeFound(found, order);
      if (options.scrape === true && merged.length > 0) {
        const { scrapeFound } = await import('../catalogue/scraping.ts');
        const { dhtBootstrap } = options;
        merged = await scrapeFound(context, merged, {
          data,
          asksDht: network !== 'centralized',
          ...(dhtBootstrap && { dhtBootstrap }),
        });
        if (order !== undefined) merged.sort(order);
      }
      for (const one of merged.map(resultOf)) output.result(one, textOf(one));
      for (const { url, answer } of found)
        if (answer.total > answer.entries.length)
          output.note(
            `${url} has ${answer.isComplete ? '' : 'at least '}${answer.total}, of which ${answer.entries.length} were asked for.`,
          );
      if (merged.length === 0) throw new CliError('not-found', 'Nothing was found.');
    });
};

export default find;

function linkOf({ entry: { publication } }: Merged): string {
  const { infoHashes, title, trackers } = publication;
  const { v1, v2 } = infoHashes;
  return magnetOf({ infoHashes: { ...(v1 && { v1 }), ...(v2 && { v2 }) }, name: title, trackers });
}

function resultOf(one: Merged) {
  const { infoHash, entry, publishers, indexes, seeds, leechers, stars, ratings, reports } = one;
  const { title, category, tags, language, licence, size, fileCount, description } = entry.publication;
  return {
    ...{ infoHash, title, category, tags, language, licence, size, files: fileCount, description },
    ...{ seeds, leechers, stars: ratings === 0 ? undefined : stars, ratings, reports },
    ...{ publishers, indexes, added: new Date(entry.addedMs).toISOString(), magnet: linkOf(one) },
  };
}

type Result = Pick<
  FoundTorrent,
  'title' | 'category' | 'seeds' | 'leechers' | 'ratings' | 'reports' | 'magnet'
> & {
  readonly size?: number | undefined;
  readonly stars?: number | undefined;
};

function textOf({ title, category, size, seeds, leechers, stars, ratings, reports, magnet }: Result): string {
  const facts = [
    category,
    size === undefined ? 'size unknown' : formatBytes(size),
    `${seeds} ${seeds === 1 ? 'seed' : 'seeds'}, ${leechers} ${leechers === 1 ? 'leecher' : 'leechers'}`,
    ...(stars === undefined ? [] : [`${stars.toFixed(1)} of 5 stars (${ratings})`]),
    ...(reports === 0 ? [] : [`reported ${reports} times`]),
  ];
  return `${title}\n  ${facts.join(', ')}\n  ${magnet}`;
}

function tellFound({ output }: Context, { results, failures, corrected, total }: FindAnswer): void {
  for (const { index, code, message } of failures)
    output.event({ event: 'index-failed', index, code, message }, `${index}: ${message}`);
  for (const [from, to] of Object.entries(corrected))
    output.note(`Nothing has "${from}"; "${to}" was searched instead.`);
  for (const { addedMs, files, fileCount, ...said } of results)
    output.result(
      {
        ...said,
        ...(fileCount !== undefined && { files: fileCount }),
        added: new Date(addedMs).toISOString(),
      },
      textOf(said),
    );
  if (total > results.length)
    output.note(`There are ${total} at least, of which ${results.length} are shown.`);
  if (results.length === 0) throw new CliError('not-found', 'Nothing was found.');
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}
