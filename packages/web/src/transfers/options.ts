// What is typed into the form of options, as what the API takes; and back. For many transfers an empty field leaves things
// as they are, for one it takes the limit or goal away.

import type { TransferChange, TransferSummary } from '@shoal/api';
import { formatBytes } from '../format.ts';
import { texts } from '../texts.ts';

export interface Wishes {
  readonly down: string;
  readonly up: string;
  readonly ratio: string;
  readonly hours: string;
  /** `keep`, `first` or `last`. */
  readonly place: string;
  /** `keep`, `yes` or `no`. */
  readonly forced: string;
  /** `keep`, or one of the API's. */
  readonly mode: string;
  /** One a line: all of them for one transfer, more for many. */
  readonly trackers: string;
}

export const modes = ['usual', 'super-seed', 'share'] as const;

export const noWishes: Wishes = {
  down: '',
  up: '',
  ratio: '',
  hours: '',
  place: 'keep',
  forced: 'keep',
  mode: 'keep',
  trackers: '',
};

export function wishesOf({ limits, goals, isForced, mode }: TransferSummary): Wishes {
  const rate = (value: number | null): string => (value === null ? '' : formatBytes(value));
  return {
    ...noWishes,
    down: rate(limits.down),
    up: rate(limits.up),
    ratio: goals.ratio === undefined ? '' : String(goals.ratio),
    hours: goals.seconds === undefined ? '' : String(goals.seconds / 3600),
    forced: isForced ? 'yes' : 'no',
    mode,
  };
}

/** A word that takes a limit or goal away where an empty field would leave it. */
const none = /^(?:none|no limit|-|–)$/i;

const powers: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4 };

/** Bytes a second; null is no limit; undefined is not to be read. */
export function parseRate(text: string): number | null | undefined {
  const wanted = text.trim();
  if (wanted === '' || none.test(wanted)) return null;
  const match = /^(\d+(?:[.,]\d+)?)\s*([kmgt]?)(i?)b(?:\/s)?$/i.exec(wanted);
  if (match === null) return wanted === '0' ? 0 : undefined;
  const [, digits = '', letter = '', binary] = match;
  const step = binary === '' ? 1000 : 1024;
  return Math.round(Number(digits.replace(',', '.')) * step ** (powers[letter.toLowerCase()] ?? 0));
}

/** Not less than nothing; null is no goal; undefined is not to be read. */
function parseNumber(text: string): number | null | undefined {
  const wanted = text.trim();
  if (wanted === '' || none.test(wanted)) return null;
  return /^\d{1,9}(?:[.,]\d{1,9})?$/.test(wanted) ? Number(wanted.replace(',', '.')) : undefined;
}

export type WishErrors = Partial<Record<keyof Wishes, string>>;

export function errorsIn({ down, up, ratio, hours }: Wishes): WishErrors {
  const words = texts.options;
  return {
    ...(parseRate(down) === undefined && { down: words.notRate }),
    ...(parseRate(up) === undefined && { up: words.notRate }),
    ...(parseNumber(ratio) === undefined && { ratio: words.notNumber }),
    ...(parseNumber(hours) === undefined && { hours: words.notNumber }),
  };
}

/** What is to change; nothing where the form says what is so. `one` is the transfer when it is about one alone. */
export function changeOf(
  wishes: Wishes,
  one: TransferSummary | undefined,
  trackersBefore: readonly string[],
): TransferChange {
  const before = one === undefined ? noWishes : wishesOf(one);
  const isOther = (key: keyof Wishes): boolean => wishes[key].trim() !== before[key];
  const limits = {
    ...(isOther('down') && { down: parseRate(wishes.down) ?? null }),
    ...(isOther('up') && { up: parseRate(wishes.up) ?? null }),
  };
  const mode = modes.find((known) => known === wishes.mode);
  const trackers = linesOf(wishes.trackers);
  const hasOtherTrackers = trackers.join('\n') !== trackersBefore.join('\n');
  return {
    ...(Object.keys(limits).length > 0 && { limits }),
    ...((isOther('ratio') || isOther('hours')) && { goals: goalsOf(wishes) }),
    ...(isOther('forced') && { isForced: wishes.forced === 'yes' }),
    ...(isOther('mode') && mode !== undefined && { mode }),
    ...(wishes.place !== 'keep' && { place: wishes.place === 'first' ? 0 : Number.MAX_SAFE_INTEGER }),
    ...(hasOtherTrackers && (one === undefined ? { addTrackers: trackers } : { trackers })),
  };
}

function goalsOf({ ratio, hours }: Wishes) {
  const [most, time] = [parseNumber(ratio), parseNumber(hours)];
  return { ...(most != null && { ratio: most }), ...(time != null && { seconds: Math.round(time * 3600) }) };
}

function linesOf(text: string): string[] {
  const lines = text.split(/\s*[\r\n]+\s*/).map((line) => line.trim());
  return [...new Set(lines.filter((line) => line !== ''))];
}
