// Swarms in trouble, as many as asked for: node lab/fuzz/swarm.ts [--seeds COUNT] [--first SEED] [--seconds LIMIT]
// Prints each seed whose run broke a promise, with the command that repeats it; exit 1 when there was one.

import { parseArgs } from 'node:util';
import { createSimulation } from '@shoal/sim';
import { ordeal } from '../../packages/swarm/test/faults/ordeal.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20000' },
    first: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '86400' },
  },
});
const first = Number(values.first);
const end = first + Number(values.seeds);
const endMs = Date.now() + Number(values.seconds) * 1000;

let failures = 0;
let seed = first;
// Errors thrown where no promise leads back here (a stray rejection) belong to the run they happened in.
process.on('uncaughtException', (error) => report(error));

/** A run takes a fraction of a second: one that goes on and on is a failure too, and would eat the machine. */
const longestRunMs = 20_000;
let begunAtMs = Date.now();
setInterval(() => {
  if (Date.now() - begunAtMs < longestRunMs) return;
  report(new Error(`no end after ${longestRunMs} ms`));
  process.exit(1);
}, 1000).unref();

function report(error: unknown): void {
  failures++;
  console.error(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
  console.error(`again with: node lab/fuzz/swarm.ts --seeds 1 --first ${seed}`);
}

for (; seed < end && Date.now() < endMs; seed++) {
  begunAtMs = Date.now();
  try {
    await ordeal(createSimulation({ seed }));
  } catch (error) {
    report(error);
  }
}
console.log(
  `swarm: ${seed - first} swarms from seed ${first} on, ${failures} of them broke a promise; next: --first ${seed}`,
);
process.exitCode = failures === 0 ? 0 : 1;
