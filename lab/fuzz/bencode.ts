// Mutated bencode, a million inputs or as many as asked for: node lab/fuzz/bencode.ts [COUNT] [FIRST_SEED]

import { mutate } from './bencode-mutations.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const first = Number(process.argv[3] ?? 0);
let accepted = 0;
for (let seed = first; seed < first + count; seed++) {
  try {
    if (mutate(seed)) accepted++;
  } catch (error) {
    console.error(`seed ${seed} (again with: node lab/fuzz/bencode.ts 1 ${seed})`);
    throw error;
  }
}
console.log(`${count} inputs, ${accepted} of them still bencode, no broken promise`);
