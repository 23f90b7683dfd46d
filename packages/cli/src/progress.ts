// How far transfers are, in one line of the terminal: a bar for one, sums for several.

import { countOf, durationText, formatBytes } from './numbers.ts';
import type { Output } from './output.ts';
import { fitToWidth, widthOf } from './text-width.ts';

export interface Standing {
  readonly name: string;
  /** What it does where that is not fetching: shown in place of the bar. */
  readonly doing?: string;
  readonly bytes: number;
  readonly total: number;
  readonly rate: number;
  /** Where it is shared, and nothing is fetched. */
  readonly upRate?: number;
  readonly peers: number;
}

export interface ProgressBoard {
  /** How a transfer stands now, whatever names it; undefined when there is no more to say of it. */
  show(of: unknown, standing: Standing | undefined): void;
}

/** All who show something on one terminal take one board. */
export function createProgressBoard(output: Output): ProgressBoard {
  const standings = new Map<unknown, Standing>();
  return {
    show(of, standing) {
      if (standing === undefined) standings.delete(of);
      else standings.set(of, standing);
      const all = [...standings.values()];
      if (all.length > 0) output.progress((columns) => progressLine(all, columns));
    },
  };
}

const longestBar = 40;
const shortestBar = 8;
/** A name that is longer is cut before the bar is. */
const shortestName = 16;

export function progressLine(all: readonly Standing[], columns: number): string {
  const [one, ...others] = all;
  if (one === undefined) return '';
  const sum = others.length === 0 ? one : summed(all);
  if (sum.doing !== undefined) {
    const rate = sum.upRate === undefined ? '' : ` at ${formatBytes(Math.round(sum.upRate))}/s`;
    return `${sum.name}: ${sum.doing}${rate}, ${countOf(sum.peers, 'peer')}`;
  }
  const share = sum.total === 0 ? 0 : Math.min(1, sum.bytes / sum.total);
  const left =
    sum.rate < 1 || share === 1 ? '' : `, ${durationText((sum.total - sum.bytes) / sum.rate)} left`;
  const percent = `${(Math.floor(share * 1000) / 10).toFixed(1)} %`.padStart(7);
  const numbers = `${percent} of ${formatBytes(sum.total)}, ${formatBytes(Math.round(sum.rate))}/s from ${countOf(sum.peers, 'peer')}${left}`;
  const free = columns - widthOf(numbers) - 3;
  const nameWidth = Math.min(widthOf(sum.name), Math.max(shortestName, free - longestBar));
  const bar = Math.min(longestBar, free - nameWidth);
  const name = free < shortestBar ? '' : `${fitToWidth(sum.name, Math.min(nameWidth, free))} `;
  return `${name}${bar < shortestBar ? '' : `${barOf(share, bar)} `}${numbers}`;
}

function summed(all: readonly Standing[]): Standing {
  const add = (of: (one: Standing) => number): number => all.reduce((sum, one) => sum + of(one), 0);
  const doing = all.every((one) => one.doing === all[0]?.doing) ? all[0]?.doing : undefined;
  return {
    name: `${all.length} transfers`,
    ...(doing !== undefined && { doing }),
    bytes: add(({ bytes }) => bytes),
    total: add(({ total }) => total),
    rate: add(({ rate }) => rate),
    ...(all.every(({ upRate }) => upRate !== undefined) && { upRate: add(({ upRate = 0 }) => upRate) }),
    peers: add(({ peers }) => peers),
  };
}

export function barOf(share: number, width: number): string {
  const halves = Math.floor(share * width * 2);
  const full = Math.floor(halves / 2);
  return `${'━'.repeat(full)}${halves % 2 === 1 ? '╸' : ''}`.padEnd(width, '┄');
}
