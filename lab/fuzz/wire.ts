// Mutated peer connections, a hundred thousand or as many as asked for: node lab/fuzz/wire.ts [COUNT] [FIRST_SEED]

import { mutateConnection } from './wire-mutations.ts';

const count = Number(process.argv[2] ?? 100_000);
const first = Number(process.argv[3] ?? 0);
let accepted = 0;
for (let seed = first; seed < first + count; seed++) {
  try {
    if (mutateConnection(seed)) accepted++;
  } catch (error) {
    console.error(`seed ${seed} (again with: node lab/fuzz/wire.ts 1 ${seed})`);
    throw error;
  }
}
console.log(`${count} connections, ${accepted} of them without a breach, no broken promise`);
