// Experiments in the virtual world: how production code does with more nodes than anybody has machines.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { DhtCondition, DhtRow, NetworkFault, NetworkKind, NetworkRow } from '@shoal/experiments';
import { CliError } from '../exit-codes.ts';
import type { Context, Verb } from '../verb.ts';

const sim: Verb = (command, context) => {
  command.usage('dht|networks [FLAGS]').helpCommand(false);

  command
    .command('dht')
    .description('lookups in a DHT of many nodes, with some gone, hostile, or coming and going')
    .option('--nodes <N>', 'how many; may be given several times (default: 1000)', collectNumber)
    .option('--seed <S>', 'the same seed gives the same run', '1')
    .option('--lookups <N>', 'how many are measured in each case (default: 1000)', parseNumber)
    .option('--gone <PERCENT>', 'measure with so many gone; may be given several times', collectNumber)
    .option('--hostile <PERCENT>', 'measure with so many hostile; may be given several times', collectNumber)
    .option('--ways-in <N>', 'over so many nodes each joins where some are hostile (default: 5)', parseNumber)
    .option('--churn', 'measure with nodes that live ten minutes, in the middle')
    .option('--out <DIR>', 'keep the results of all runs here, with a table and plots of them')
    .action((options) => simulateDht(context, options));

  command
    .command('networks')
    .description('one file to many receivers: from a server, and in each kind of network')
    .option('--receivers <N>', 'how many; may be given several times (default: 1, 10, 100)', collectNumber)
    .option('--seed <S>', 'the same seed gives the same run', '1')
    .option(
      '--kind <KIND>',
      'client-server, centralized, distributed or hybrid; may be given several times (default: all)',
      collectKind,
    )
    .addOption(
      new Option('--dies <WHO>', 'who dies half-way').choices(['source', 'source-early', 'index'] as const),
    )
    .option('--size <MIB>', 'of the file (default: 8)', parseNumber)
    .option('--out <DIR>', 'keep the results of all runs here, with a table and a plot of them')
    .action((options) => simulateNetworks(context, options));
};

export default sim;

interface DhtFlags {
  readonly nodes?: readonly number[];
  readonly seed: string;
  readonly lookups?: number;
  readonly gone?: readonly number[];
  readonly hostile?: readonly number[];
  readonly waysIn?: number;
  readonly churn?: true;
  readonly out?: string;
}

async function simulateDht(context: Context, flags: DhtFlags): Promise<void> {
  const { output, signal } = context;
  const { allConditions, churnMedianMs, dhtPlots, dhtTable, measureDht, mergeRows } = await import(
    '@shoal/experiments'
  );
  const asked: DhtCondition[] = [
    ...(flags.gone ?? []).map((percent) => ({ kind: 'gone', share: percent / 100 }) as const),
    ...(flags.churn ? [{ kind: 'churn', medianLifeMs: churnMedianMs } as const] : []),
    ...(flags.hostile ?? []).map((percent): DhtCondition => {
      const condition = { kind: 'hostile', share: percent / 100 } as const;
      return flags.waysIn === undefined ? condition : { ...condition, waysIn: flags.waysIn };
    }),
  ];
  const rows: DhtRow[] = [];
  const keep = (): void => {
    if (flags.out === undefined) return;
    const all = mergeRows(readRows<DhtRow>(flags.out, 'dht.jsonl'), rows);
    writeResult(flags.out, 'dht.jsonl', linesOf(all));
    writeResult(flags.out, 'dht-table.md', `${dhtTable(all)}\n`);
    for (const { name, svg } of dhtPlots(all)) writeResult(flags.out, `${name}.svg`, svg);
  };
  for (const nodes of flags.nodes ?? [1000]) {
    checkMemory(nodes, bytesPerDhtNode, 'DHT nodes');
    await measureDht({
      nodes,
      seed: flags.seed,
      lookups: flags.lookups ?? 1000,
      conditions: asked.length > 0 ? asked : allConditions,
      onProgress(what) {
        signal.throwIfAborted();
        output.progress(what);
      },
      onRow(row) {
        rows.push(row);
        output.event({ event: 'row', ...row }, dhtTable([row]).split('\n').at(-1));
        keep();
      },
    });
  }
  if (!output.json) output.result({}, dhtTable(rows));
}

interface NetworkFlags {
  readonly receivers?: readonly number[];
  readonly seed: string;
  readonly kind?: readonly NetworkKind[];
  readonly dies?: NetworkFault;
  readonly size?: number;
  readonly out?: string;
}

async function simulateNetworks(context: Context, flags: NetworkFlags): Promise<void> {
  const { output, signal } = context;
  const { measureNetwork, mergeNetworkRows, networkKinds, networkPlot, networkTable } = await import(
    '@shoal/experiments'
  );
  const rows: NetworkRow[] = [];
  const fault = flags.dies ?? 'none';
  const hasIndex = (kind: NetworkKind): boolean => kind === 'centralized' || kind === 'hybrid';
  const kinds = flags.kind ?? networkKinds.filter((kind) => fault !== 'index' || hasIndex(kind));
  for (const receivers of flags.receivers ?? [1, 10, 100]) {
    for (const kind of kinds) {
      if (kind !== 'client-server') checkMemory(receivers, bytesPerSession, 'receivers');
      const row = await measureNetwork({
        kind,
        receivers,
        fault,
        seed: flags.seed,
        ...(flags.size === undefined ? {} : { contentBytes: flags.size * 2 ** 20 }),
        onProgress(what) {
          signal.throwIfAborted();
          output.progress(what);
        },
      });
      rows.push(row);
      output.event({ event: 'row', ...row }, networkTable([row]).split('\n').at(-1));
      if (flags.out === undefined) continue;
      const all = mergeNetworkRows(readRows<NetworkRow>(flags.out, 'networks.jsonl'), rows);
      writeResult(flags.out, 'networks.jsonl', linesOf(all));
      writeResult(flags.out, 'networks-table.md', `${networkTable(all)}\n`);
      writeResult(flags.out, 'networks.svg', networkPlot(all));
    }
  }
  if (!output.json) output.result({}, networkTable(rows));
}

/** What a session and its connections keep on the heap; blocks and disks come on top. */
const bytesPerSession = 3 * 2 ** 20;

/** A node takes 60 KiB; what is garbage at any time, half as much again. */
const bytesPerDhtNode = 90 * 1024;

function checkMemory(count: number, bytesEach: number, what: string): void {
  const needed = Math.ceil((count * bytesEach) / 2 ** 20);
  if (needed < getHeapStatistics().heap_size_limit / 2 ** 20) return;
  throw new CliError(
    'failed',
    `${count} ${what} need ${needed} MiB, more than Node takes by itself. Set NODE_OPTIONS="--max-old-space-size=${needed} --max-semi-space-size=64" and run it again.`,
  );
}

/** Of earlier runs; none when there are none. What is there was written here. */
function readRows<Row>(folder: string, name: string): Row[] {
  let text: string;
  try {
    text = readFileSync(join(folder, name), 'utf8');
  } catch {
    return [];
  }
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function linesOf(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function writeResult(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text);
}

function parseNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text)) throw new CliError('usage', `${text} is not a number.`);
  return value;
}

function collectNumber(text: string, before: readonly number[] | undefined): readonly number[] {
  return [...(before ?? []), parseNumber(text)];
}

const kindNames: readonly NetworkKind[] = ['client-server', 'centralized', 'distributed', 'hybrid'];

function collectKind(text: string, before: readonly NetworkKind[] | undefined): readonly NetworkKind[] {
  const kind = kindNames.find((name) => name === text);
  if (kind === undefined) throw new InvalidArgumentError(`It is one of ${kindNames.join(', ')}.`);
  return [...(before ?? []), kind];
}
