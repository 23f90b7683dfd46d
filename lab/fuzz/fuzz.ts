// Runs one mutation a seed and names the seed of the first broken promise: a short run for tests, and a million, unless
// told otherwise, by command.

/** How many were accepted. */
export function mutateMany(count: number, mutate: (seed: number) => boolean, first = 0): number {
  let accepted = 0;
  for (let seed = first; seed < first + count; seed++) {
    try {
      if (mutate(seed)) accepted++;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  return accepted;
}

export function fuzz(name: string, mutate: (seed: number) => boolean): void {
  const count = Number(process.argv[2] ?? 1_000_000);
  const first = Number(process.argv[3] ?? 0);
  try {
    const accepted = mutateMany(count, mutate, first);
    console.log(`${name}: ${count} mutated inputs, ${accepted} of them accepted, no broken promise`);
  } catch (error) {
    console.error(`Again with: node lab/fuzz/${name}.ts 1 SEED`);
    throw error;
  }
}
