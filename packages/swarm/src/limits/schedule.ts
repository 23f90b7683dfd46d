// Limits by the clock on the wall: weekly windows, as a pure function from an instant to the limits that hold then.
// A window is about what clocks show, so it needs no care when they are put forward (a window that begins in the hour that
// is left out begins after it) or back (one within the hour that comes twice holds twice).

import { SwarmError } from '../errors.ts';
import { checkSpeeds, type SpeedLimits } from './settings.ts';

export type Weekday = (typeof weekdays)[number];
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

export interface Window {
  /** On which it begins; all seven by default. */
  readonly days?: readonly Weekday[];
  /** `HH:MM`. */
  readonly from: string;
  /** `HH:MM`, up to `24:00`. Not later than `from`: it ends on the next day. */
  readonly to: string;
  readonly limits: SpeedLimits;
}

export interface Schedule {
  /** IANA name of the clock that it is about, like `Europe/Lisbon`. Default: the machine's. */
  readonly timeZone?: string;
  /** The first that holds counts. */
  readonly windows: readonly Window[];
}

/** The limits at an instant (milliseconds since 1970); `otherwise` where no window holds. */
export function limitsAt(
  schedule: Schedule | undefined,
  wallMs: number,
  otherwise: SpeedLimits,
): SpeedLimits {
  if (schedule === undefined || schedule.windows.length === 0) return otherwise;
  const { day, minute } = clockAt(wallMs, schedule.timeZone);
  return schedule.windows.find((window) => holds(window, day, minute))?.limits ?? otherwise;
}

/** Throws a SwarmError `invalid`. */
export function checkSchedule({ timeZone, windows }: Schedule): void {
  try {
    clockAt(0, timeZone);
  } catch {
    throw new SwarmError('invalid', `there is no time zone ${timeZone}`, { value: timeZone });
  }
  for (const { from, to, limits, days = [] } of windows) {
    minuteOf(from);
    minuteOf(to);
    checkSpeeds(limits);
    for (const day of days)
      if (!weekdays.includes(day)) throw new SwarmError('invalid', `there is no day ${day}`, { value: day });
  }
}

function holds({ days, from, to }: Window, day: number, minute: number): boolean {
  const [begin, end] = [minuteOf(from), minuteOf(to)];
  const beginsOn = (index: number) =>
    days === undefined || days.includes(weekdays[(index + 7) % 7] ?? 'sunday');
  if (begin < end) return beginsOn(day) && minute >= begin && minute < end;
  return (beginsOn(day) && minute >= begin) || (beginsOn(day - 1) && minute < end);
}

function minuteOf(text: string): number {
  const match = /^(\d\d):(\d\d)$/.exec(text);
  const minutes = Number(match?.[1]) * 60 + Number(match?.[2]);
  if (!(minutes <= 24 * 60) || Number(match?.[2]) > 59)
    throw new SwarmError('invalid', `a time is HH:MM, from 00:00 to 24:00, not ${text}`, { value: text });
  return minutes;
}

let kept: { readonly timeZone: string | undefined; readonly format: Intl.DateTimeFormat } | undefined;

/** What a clock there shows; 0 is Sunday. */
function clockAt(
  wallMs: number,
  timeZone: string | undefined,
): { readonly day: number; readonly minute: number } {
  if (kept === undefined || kept.timeZone !== timeZone)
    kept = {
      timeZone,
      format: new Intl.DateTimeFormat('en-US', {
        weekday: 'long',
        hour: 'numeric',
        minute: 'numeric',
        hourCycle: 'h23',
        ...(timeZone === undefined ? {} : { timeZone }),
      }),
    };
  const parts = new Map(kept.format.formatToParts(wallMs).map(({ type, value }) => [type, value]));
  const day = weekdays.map(String).indexOf(parts.get('weekday')?.toLowerCase() ?? '');
  return { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}
