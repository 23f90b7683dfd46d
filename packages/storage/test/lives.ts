// A program that may die at any moment, in the simulated world.

import type { SimHost, Simulation } from '@shoal/sim';

/** True when the work was done, false when its host crashed before; throws what the work threw. */
export async function untilItEnds(
  { simulation, host }: { readonly simulation: Simulation; readonly host: SimHost },
  work: Promise<void>,
): Promise<boolean> {
  let end: { readonly error: unknown } | undefined;
  work.then(
    () => {
      end = { error: undefined };
    },
    (error: unknown) => {
      end = { error };
    },
  );
  await simulation.run(() => end !== undefined || !host.isUp, { limitMs: 1_000_000 });
  if (end?.error !== undefined) throw end.error;
  return end !== undefined;
}
