// Which files of a transfer are wanted, and how soon: from what was remembered to a priority for each file, and back.

import { matchesGlob } from 'node:path';
import type { Wish } from '@shoal/swarm';
import type { Choice, Priority } from './record.ts';

export type PriorityOf = (path: string, file: number) => Priority;

/** Undefined where all files are wanted alike. */
export function priorityOf({ globs, ranges, runs }: Choice): PriorityOf | undefined {
  if (runs !== undefined) {
    const all = runs.flatMap(([priority, count]) => Array<Priority>(count).fill(priority));
    return (_, file) => all[file] ?? 'normal';
  }
  if (globs === undefined && ranges === undefined) return undefined;
  return (path, file) => {
    const fits =
      (globs === undefined || globs.some((glob) => matchesPath(path, glob))) &&
      (ranges === undefined || ranges.some(([first, last]) => file >= first && file <= last));
    return fits ? 'normal' : 'skip';
  };
}

/** As the engine takes it. */
export function wishOf(priority: PriorityOf): (path: string, file: number) => Wish {
  return (path, file) => {
    const wanted = priority(path, file);
    return wanted === 'normal' ? true : wanted === 'skip' ? false : wanted;
  };
}

/** A glob without a slash is about the file's own name, as in .gitignore. */
export function matchesPath(path: string, glob: string): boolean {
  return (
    matchesGlob(path, glob) ||
    (!glob.includes('/') && matchesGlob(path.slice(path.lastIndexOf('/') + 1), glob))
  );
}

/** Nothing where all are wanted alike. */
export function choiceOf(priorities: readonly Priority[]): Choice {
  const runs: [Priority, number][] = [];
  for (const priority of priorities) {
    const last = runs.at(-1);
    if (last?.[0] === priority) last[1]++;
    else runs.push([priority, 1]);
  }
  return runs.every(([priority]) => priority === 'normal') ? {} : { runs };
}
