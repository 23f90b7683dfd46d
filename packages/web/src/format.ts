// Numbers and names as people read them. Names come from strangers: what turns the reading direction or shows nothing
// is made visible, so that a name cannot pose as another, and very long ones are cut before they reach the page.

import { texts } from './texts.ts';

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** Three digits that count: 999 B, 1.23 GB, 45.6 MB. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

export function formatRate(bytesPerSecond: number): string {
  return bytesPerSecond < 1 ? '–' : `${formatBytes(bytesPerSecond)}/s`;
}

export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds > 8_640_000) return texts.format.veryLong;
  const whole = Math.max(0, Math.round(seconds));
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  if (minutes > 0) return `${minutes} min`;
  return `${whole} s`;
}

/** Never 100 % before the end. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '0 %';
  if (part >= whole) return '100 %';
  const percent = (part / whole) * 100;
  return `${percent >= 10 ? Math.floor(percent) : Math.floor(percent * 10) / 10} %`;
}

const dateFormat = new Intl.DateTimeFormat('en', {
  dateStyle: 'medium',
  timeStyle: 'short',
  hourCycle: 'h23',
});
const dayFormat = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' });
const timeFormat = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' });
const numberFormat = new Intl.NumberFormat('en');

export const formatDay = (ms: number): string => dayFormat.format(ms);
export const formatDate = (ms: number): string => dateFormat.format(ms);
export const formatTime = (ms: number): string => timeFormat.format(ms);
export const formatCount = (count: number): string => numberFormat.format(count);

/** Controls, marks and overrides of direction (Unicode UAX 9), what has no width, and tags. */
const hidden =
  /[\p{Cc}\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

export function visible(text: string, longest = 400): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(
    hidden,
    (character) => `‹U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}›`,
  );
}
