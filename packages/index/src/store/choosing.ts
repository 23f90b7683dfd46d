// What the store keeps, when not all fits: a pure function of sizes, and of how many others have each. What is here stays,
// unless something that nobody else could give needs its room more. Invariant: what leaves has `leastCopiesElsewhere`
// whole copies elsewhere, so it is never the last one.

import { copiesAhead, leastCopiesElsewhere } from './bounds.ts';

export interface Candidate {
  readonly infoHash: string;
  readonly size: number;
  /** Has its room already. */
  readonly isKept: boolean;
  /** Listed by the operator, not merely offered by somebody. */
  readonly isListed: boolean;
  /** Whole copies that others have, as far as they say. */
  readonly copies: number;
}

export interface Choice {
  readonly admit: readonly string[];
  readonly evict: readonly string[];
  /** There is no room for these, and how much each lacks. */
  readonly lacking: ReadonlyMap<string, number>;
}

export function choose(candidates: readonly Candidate[], limit: number): Choice {
  const kept = candidates.filter(({ isKept }) => isKept);
  let used = kept.reduce((sum, { size }) => sum + size, 0);
  /** Those that may leave: offered before listed, well-seeded before thin, large before small. */
  const leaving = kept
    .filter(({ copies }) => copies >= leastCopiesElsewhere)
    .sort((a, b) => Number(a.isListed) - Number(b.isListed) || b.copies - a.copies || b.size - a.size);
  /** Those that want in: listed before offered, the thinnest first. */
  const wanting = candidates
    .filter(({ isKept }) => !isKept)
    .sort((a, b) => Number(b.isListed) - Number(a.isListed) || a.copies - b.copies);
  const admit: string[] = [];
  const evict = new Set<string>();
  const lacking = new Map<string, number>();
  const makeRoom = (needed: number, mayPush: (one: Candidate) => boolean): void => {
    const pushed: Candidate[] = [];
    let freed = 0;
    for (const one of leaving) {
      if (freed >= needed) break;
      if (evict.has(one.infoHash) || !mayPush(one)) continue;
      pushed.push(one);
      freed += one.size;
    }
    // Nobody leaves for what would not fit all the same.
    if (freed < needed) return;
    for (const { infoHash } of pushed) evict.add(infoHash);
    used -= freed;
  };
  // The limit was made smaller.
  for (const one of leaving) {
    if (used <= limit) break;
    evict.add(one.infoHash);
    used -= one.size;
  }
  for (const wants of wanting) {
    const needed = used + wants.size - limit;
    if (needed > 0)
      makeRoom(needed, (one) =>
        one.isListed === wants.isListed ? one.copies >= wants.copies + copiesAhead : wants.isListed,
      );
    if (used + wants.size <= limit) {
      admit.push(wants.infoHash);
      used += wants.size;
    } else lacking.set(wants.infoHash, used + wants.size - limit);
  }
  return { admit, evict: [...evict], lacking };
}
