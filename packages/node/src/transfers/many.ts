// The same with many transfers, for remotes that name them all at once.

import type { Item } from './item.ts';
import type { Transfers } from './transfers.ts';

/** Enough that one sync of the ledger serves hundreds; each may open files. */
const mostAtOnce = 256;

/** Some at once; what fails keeps nobody else, and the first failure is told at the end. */
export async function each(items: readonly Item[], action: (item: Item) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const failures: unknown[] = [];
  const work = async () => {
    for (const item of waiting) {
      try {
        await action(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(mostAtOnce, items.length) }, work));
  if (failures.length > 0) throw failures[0];
}

/** They stay in their order, and beside each other where they meet at an end. */
export async function moveInQueue(
  transfers: Transfers,
  items: readonly Item[],
  to: 'top' | 'bottom' | 'up' | 'down',
): Promise<void> {
  const order = new Map(transfers.all.map((item, place) => [item, place]));
  const sorted = [...items].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
  const last = transfers.all.length - 1;
  const isFromBehind = to === 'top' || to === 'down';
  // Those that are at the end already are what the next one stops at.
  let edge = isFromBehind ? last : 0;
  for (const item of isFromBehind ? sorted.reverse() : sorted) {
    const now = transfers.all.indexOf(item);
    if (to === 'top') await transfers.change(item, { place: 0 });
    else if (to === 'bottom') await transfers.change(item, { place: last });
    else if (now === edge) edge += to === 'up' ? 1 : -1;
    else await transfers.change(item, { place: to === 'up' ? now - 1 : now + 1 });
  }
}
