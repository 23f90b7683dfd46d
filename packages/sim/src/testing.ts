// Simulated scenarios as tests: run with several seeds, each failure with the command that repeats it. The first
// seed runs twice, and both runs must be the same, so that a clock or a random number of the platform's own in the
// code under test is found at once.

import { relative } from 'node:path';
import { test } from 'node:test';
import { createSimulation, type Simulation, type SimulationOptions } from './simulation.ts';
import type { TraceEvent } from './trace.ts';

export interface SimTestOptions {
  /** How many seeds, from 1. Default 1. SHOAL_SEEDS asks for another number, SHOAL_SEED for just that seed. */
  readonly seeds?: number;
  /** Run the first seed twice and compare. Default true. */
  readonly repeats?: boolean;
  readonly simulation?: Omit<SimulationOptions, 'seed'>;
}

export type Scenario = (simulation: Simulation) => Promise<void>;

export function simTest(sentence: string, options: SimTestOptions, scenario: Scenario): void {
  test(sentence, () => runSeeds(sentence, options, scenario));
}

/** What `simTest` runs, for those who bring a test runner of their own. */
export async function runSeeds(sentence: string, options: SimTestOptions, scenario: Scenario): Promise<void> {
  const seeds = wantedSeeds(options.seeds ?? 1);
  for (const [i, seed] of seeds.entries()) {
    const run = (trace: SimulationOptions['trace'] = {}) => runOnce(seed, { ...options, trace }, scenario);
    try {
      const digest = await run();
      if (i === 0 && options.repeats !== false && (await run()) !== digest)
        throw new Error(`Two runs of the same seed differ: ${await firstDifference(run)}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`With seed ${seed}: ${reason}\nRepeat it with: ${command(seed, sentence)}`, {
        cause: error,
      });
    }
  }
}

async function runOnce(
  seed: string,
  options: SimTestOptions & { readonly trace: SimulationOptions['trace'] },
  scenario: Scenario,
): Promise<string> {
  const trace = { ...options.simulation?.trace, ...options.trace };
  const simulation = createSimulation({ ...options.simulation, seed, trace });
  await scenario(simulation);
  return simulation.trace.digest();
}

async function firstDifference(run: (trace: SimulationOptions['trace']) => Promise<string>): Promise<string> {
  const first: string[] = [];
  await run({ listener: (event) => void first.push(describe(event)) });
  let count = 0;
  let difference: string | undefined;
  await run({
    listener: (event) => {
      const text = describe(event);
      const expected = first[count++];
      if (text !== expected) difference ??= `event ${count} was "${expected}", then "${text}"`;
    },
  });
  return difference ?? `${first.length} events, then ${count}; or the contents that were sent`;
}

function describe({ timeMs, what, host, detail }: TraceEvent): string {
  return `${timeMs} ms ${host} ${what} ${detail}`;
}

function wantedSeeds(count: number): string[] {
  const one = process.env.SHOAL_SEED;
  if (one !== undefined && one !== '') return [one];
  const wanted = Number(process.env.SHOAL_SEEDS ?? count);
  return Array.from({ length: wanted >= 1 ? wanted : count }, (_, i) => String(i + 1));
}

function command(seed: string, sentence: string): string {
  const file = relative(process.cwd(), process.argv[1] ?? '');
  const pattern = sentence.replace(/[.*+?^${}()|[\]\\'"]/g, '.');
  return `SHOAL_SEED=${seed} npx node --test --test-name-pattern='${pattern}' ${file}`;
}
