// Writes down what changed in the leases in memory, every few seconds and at the end, so that a restart finds them.
// Invariant: after a stop that was not clean the index counts as another start, so that its users register anew.

import { type Clock, type Random, type Timer, toHex } from '@shoal/base';
import type { IndexDatabase } from '../database/database.ts';
import { savedAtOnce, saveEveryMs } from './bounds.ts';
import type { LeaseLimits } from './lease-store.ts';
import { MemoryLeases } from './memory-leases.ts';

export interface SavingParts {
  readonly clock: Clock;
  readonly random: Random;
}

export interface SavedLeases {
  readonly store: MemoryLeases;
  /** What stands is written, and a clean end recorded. */
  close(): Promise<void>;
}

export async function openSavedLeases(
  { clock, random }: SavingParts,
  database: IndexDatabase,
  limits: LeaseLimits,
  failed: (error: unknown) => void,
): Promise<SavedLeases> {
  const known = (await database.fact('ended')) === 'cleanly' ? await database.fact('start') : undefined;
  const fresh = new Uint8Array(8);
  random.fill(fresh);
  const start = known ?? toHex(fresh);
  await database.setFact('start', start);
  await database.setFact('ended', 'not');
  const store = new MemoryLeases({ start, random, limits });
  const nowMs = clock.wallTimeMs();
  for await (const saved of database.leases(nowMs)) {
    try {
      store.load(saved, nowMs);
    } catch (error) {
      // A row that was damaged costs its lease, which its owner makes again.
      failed(error);
    }
  }
  let timer: Timer | undefined;
  let saving: Promise<void> = Promise.resolve();

  async function save(): Promise<void> {
    for (;;) {
      const changed = store.takeChanged(savedAtOnce);
      if (changed.length === 0) return;
      try {
        await database.saveLeases(changed);
      } catch (error) {
        store.giveBack(changed.map(([slot]) => slot));
        throw error;
      }
    }
  }

  function saveLater(): void {
    timer = clock.setTimer(saveEveryMs, () => {
      saving = save().catch(failed).finally(saveLater);
    });
  }

  saveLater();
  return {
    store,
    async close() {
      timer?.cancel();
      await saving;
      timer?.cancel();
      await save();
      await database.setFact('ended', 'cleanly');
    },
  };
}
