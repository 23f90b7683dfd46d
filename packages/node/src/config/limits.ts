// Rates and times of a config as the engine takes them. The schema's patterns let nothing else through but a schedule,
// which is read here word for word.

import type { LimitSettings, Schedule, SpeedLimits, Weekday, Window } from '@shoal/swarm';
import { NodeError } from '../errors.ts';
import type { Config } from './schema.ts';

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  ki: 2 ** 10,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

const weekdays: readonly Weekday[] = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
];

const time = '((?:[01]\\d|2[0-3]):[0-5]\\d|24:00)';
const windowPattern = new RegExp(
  `^\\s*([a-z,-]+)\\s+${time}-${time}(?:\\s+down\\s+(\\S+))?(?:\\s+up\\s+(\\S+))?\\s*$`,
);

/** What the engine is given; throws a NodeError `config-invalid` for a schedule that makes no sense. */
export function limitSettings(config: Config): LimitSettings {
  const schedule = config['limits.schedule'];
  return {
    ...speeds(config['limits.down'], config['limits.up']),
    ...(config['limits.lan'] === 'limited' ? { lan: 'limited' } : {}),
    ...(schedule === 'none' ? {} : { schedule: parseSchedule(schedule) }),
  };
}

function speeds(down: string, up: string): SpeedLimits {
  const [downBytesPerSecond, upBytesPerSecond] = [parseRate(down), parseRate(up)];
  return {
    ...(downBytesPerSecond === undefined ? {} : { downBytesPerSecond }),
    ...(upBytesPerSecond === undefined ? {} : { upBytesPerSecond }),
  };
}

/** Undefined for `none`. */
export function parseRate(text: string): number | undefined {
  if (text === 'none') return undefined;
  const match = /^([\d.]+) ?([kKMGT]i?|)B?(?:\/s)?$/.exec(text);
  const rate = Number(match?.[1]) * (units[match?.[2] ?? ''] ?? Number.NaN);
  if (!Number.isFinite(rate)) throw unclear(text, 'a rate');
  return Math.round(rate);
}

/** `mon-fri 08:00-18:00 down 500kB up 100kB; sat,sun 00:00-24:00 down none`. */
function parseSchedule(text: string): Schedule {
  const windows = text.split(';').map((part): Window => {
    const match = windowPattern.exec(part);
    if (match === null) throw unclear(part.trim(), 'a time of the week with its limits');
    const [, days = '', from = '', to = '', down, up] = match;
    return { days: parseDays(days), from, to, limits: speeds(down ?? 'none', up ?? 'none') };
  });
  return { windows };
}

function parseDays(text: string): Weekday[] {
  if (text === 'daily') return [...weekdays];
  return text.split(',').flatMap((range) => {
    const [first, last] = range
      .split('-')
      .map((day) => weekdays.findIndex((name) => day.length >= 3 && name.startsWith(day)));
    if (first === undefined || first < 0 || last === -1) throw unclear(range, 'a day or days');
    const count = last === undefined ? 1 : ((last - first + 7) % 7) + 1;
    return Array.from({ length: count }, (_, i) => weekdays[(first + i) % 7] ?? 'monday');
  });
}

function unclear(text: string, what: string): NodeError {
  return new NodeError(
    'config-invalid',
    `limits: "${text}" is not ${what}; one is like 500kB or 2MB a second, or mon-fri 08:00-18:00 down 500kB up 100kB`,
    { value: text },
  );
}
