// Runs one mutation a seed, a million unless told otherwise, and names the seed of the first broken promise.

export function fuzz(name: string, mutate: (seed: number) => boolean): void {
  const count = Number(process.argv[2] ?? 1_000_000);
  const first = Number(process.argv[3] ?? 0);
  let accepted = 0;
  for (let seed = first; seed < first + count; seed++) {
    try {
      if (mutate(seed)) accepted++;
    } catch (error) {
      console.error(`seed ${seed} (again with: node lab/fuzz/${name}.ts 1 ${seed})`);
      throw error;
    }
  }
  console.log(`${name}: ${count} mutated inputs, ${accepted} of them accepted, no broken promise`);
}
