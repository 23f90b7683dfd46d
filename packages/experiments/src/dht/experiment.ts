// Lookups among many nodes: with some gone, some hostile, or all of them coming and going. Every number comes from
// production nodes in the virtual world; the same seed gives the same run.

import { createSimulation } from '@shoal/sim';
import { fewestDhtNodes, greatestShare, mostDhtNodes, mostLookups, mostWaysIn } from '../bounds.ts';
import { ExperimentError } from '../errors.ts';
import { type AnnouncedKey, announceKey, announceKeys, type LookupSummary, lookUpAll } from './measure.ts';
import { DhtNetwork } from './network.ts';

export type DhtCondition =
  | { readonly kind: 'gone'; readonly share: number }
  | { readonly kind: 'hostile'; readonly share: number; readonly waysIn?: number }
  | { readonly kind: 'churn'; readonly medianLifeMs: number };

export interface DhtExperimentOptions {
  readonly nodes: number;
  readonly seed: number | string;
  readonly lookups: number;
  readonly conditions: readonly DhtCondition[];
  /** How old the network is when it is measured, and how long it churned before that. */
  readonly ageMs?: number;
  readonly onProgress?: (what: string) => void;
  readonly onRow?: (row: DhtRow) => void;
}

export interface DhtRow extends LookupSummary {
  readonly nodes: number;
  readonly seed: string;
  readonly condition: DhtCondition;
  /** Contacts in a table, on average. */
  readonly tableSize: number;
  readonly virtualMs: number;
  /** Equal for equal runs. */
  readonly digest: string;
}

export const churnMedianMs = 10 * 60_000;

/** Random nodes over which each joins: as many as clients have routers in their settings. */
export const usualWaysIn = 5;

/** What is measured when nothing else is asked for. */
export const allConditions: readonly DhtCondition[] = [
  ...[0, 0.1, 0.3, 0.5].map((share) => ({ kind: 'gone', share }) as const),
  { kind: 'churn', medianLifeMs: churnMedianMs },
  ...[0.01, 0.05, 0.2].map((share) => ({ kind: 'hostile', share }) as const),
];

/** A network is left alone for so long after the last one joined. */
const restMs = 30_000;
/** Under churn, keys are announced for one median life, and then looked for. */
const churnWarmUp = 1;

/** One network for all that are gone, one for each other condition. */
export async function measureDht(options: DhtExperimentOptions): Promise<DhtRow[]> {
  check(options);
  const rows: DhtRow[] = [];
  const add = (row: DhtRow): void => {
    rows.push(row);
    options.onRow?.(row);
  };
  const gone = options.conditions.filter((condition) => condition.kind === 'gone');
  if (gone.length > 0) await measureGone(options, gone, add);
  for (const condition of options.conditions) {
    if (condition.kind === 'hostile') add(await measureHostile(options, condition));
    if (condition.kind === 'churn') add(await measureChurn(options, condition));
  }
  return rows;
}

function check({ nodes, lookups, conditions }: DhtExperimentOptions): void {
  if (!Number.isInteger(nodes) || nodes < fewestDhtNodes || nodes > mostDhtNodes)
    throw new ExperimentError(
      'invalid',
      `A DHT has from ${fewestDhtNodes} to ${mostDhtNodes} nodes here, not ${nodes}.`,
    );
  if (!Number.isInteger(lookups) || lookups < 1 || lookups > mostLookups)
    throw new ExperimentError('invalid', `From 1 to ${mostLookups} lookups can be measured, not ${lookups}.`);
  for (const condition of conditions) {
    if (condition.kind === 'hostile') checkWaysIn(condition.waysIn ?? usualWaysIn);
    if (condition.kind !== 'churn' && !(condition.share >= 0 && condition.share <= greatestShare))
      throw new ExperimentError(
        'invalid',
        `From 0 to ${greatestShare * 100}% can be gone or hostile, not ${condition.share * 100}%.`,
      );
  }
}

function checkWaysIn(waysIn: number): void {
  if (!Number.isInteger(waysIn) || waysIn < 1 || waysIn > mostWaysIn)
    throw new ExperimentError('invalid', `A node joins over 1 to ${mostWaysIn} others, not ${waysIn}.`);
}

async function growNetwork(
  options: DhtExperimentOptions,
  hostileShare: number,
  waysIn = usualWaysIn,
): Promise<DhtNetwork> {
  const { nodes, seed, onProgress, ageMs = restMs } = options;
  const simulation = createSimulation({ seed: `${seed}/dht` });
  const network = new DhtNetwork(simulation, { hostileShare, waysIn });
  await network.grow(nodes, (size) => onProgress?.(`${size} of ${nodes} nodes have joined`));
  await simulation.advance(ageMs);
  return network;
}

function rowOf(
  network: DhtNetwork,
  { nodes, seed }: DhtExperimentOptions,
  condition: DhtCondition,
  summary: LookupSummary,
): DhtRow {
  const { simulation, honest } = network;
  const contacts = honest.reduce((sum, { dht }) => sum + (dht.stats().families[0]?.nodes ?? 0), 0);
  return {
    nodes,
    seed: String(seed),
    condition,
    ...summary,
    tableSize: contacts / honest.length,
    virtualMs: simulation.nowMs,
    digest: simulation.trace.digest(),
  };
}

/** The shares rise; each is measured at once, before anybody could notice who is gone. */
async function measureGone(
  options: DhtExperimentOptions,
  conditions: readonly (DhtCondition & { kind: 'gone' })[],
  add: (row: DhtRow) => void,
): Promise<void> {
  const network = await growNetwork(options, 0);
  const rising = conditions.toSorted((a, b) => a.share - b.share);
  // All of them are announced while everybody is there.
  const keys: AnnouncedKey[][] = [];
  for (const { share } of rising) keys.push(await announceKeys(network, options.lookups, `gone ${share}`));
  for (const [i, condition] of rising.entries()) {
    const left = Math.round(options.nodes * (1 - condition.share));
    options.onProgress?.(`${options.nodes} nodes, ${left} of them left`);
    network.kill(network.size - left);
    add(rowOf(network, options, condition, await lookUpAll(network, keys[i] ?? [])));
  }
}

async function measureHostile(
  options: DhtExperimentOptions,
  condition: DhtCondition & { kind: 'hostile' },
): Promise<DhtRow> {
  const network = await growNetwork(options, condition.share, condition.waysIn);
  options.onProgress?.(`${options.nodes} nodes, of which ${condition.share * 100}% are hostile`);
  const keys = await announceKeys(network, options.lookups, 'hostile');
  return rowOf(network, options, condition, await lookUpAll(network, keys));
}

/** Lives are exponential: whoever runs is as likely to be the next to go as anybody else. */
async function measureChurn(
  options: DhtExperimentOptions,
  condition: DhtCondition & { kind: 'churn' },
): Promise<DhtRow> {
  const network = await growNetwork(options, 0);
  const { simulation } = network;
  const { medianLifeMs } = condition;
  const random = simulation.randomFor('churn');
  const meanMs = medianLifeMs / Math.LN2 / options.nodes;
  let isOver = false;
  const schedule = (): void =>
    simulation.after(-Math.log(1 - random.fraction()) * meanMs, () => {
      if (isOver) return;
      void network.replaceOne();
      schedule();
    });
  schedule();
  const endMs = simulation.nowMs + churnWarmUp * medianLifeMs;
  const report = (): void => {
    const leftMs = endMs - simulation.nowMs;
    options.onProgress?.(`${options.nodes} nodes come and go; ${Math.ceil(leftMs / 1000)} s to go`);
    if (leftMs > 10_000) simulation.after(10_000, report);
  };
  report();
  await simulation.advance(churnWarmUp * medianLifeMs);
  const keys: AnnouncedKey[] = [];
  const toAnnounce = simulation.randomFor('keys under churn');
  for (let i = 0; i < options.lookups; i++)
    simulation.after((i * medianLifeMs) / options.lookups, () => {
      void announceKey(network, toAnnounce).then((key) => key !== undefined && keys.push(key));
    });
  await simulation.advance(medianLifeMs);
  const summary = await lookUpAll(network, keys);
  isOver = true;
  return rowOf(network, options, condition, summary);
}
