// Numbers for people.

export function formatBytes(bytes: number): string {
  if (bytes === 1) return '1 byte';
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = Number.isInteger(value) || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  const steps: readonly (readonly [number, string])[] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
    [1, 's'],
  ];
  const first = steps.findIndex(([length]) => whole >= length);
  if (first === -1) return '0 s';
  const [length, unit] = steps[first] ?? [1, 's'];
  const [nextLength, nextUnit] = steps[first + 1] ?? [1, ''];
  const rest = Math.floor((whole % length) / nextLength);
  const text = `${Math.floor(whole / length)} ${unit}`;
  return rest > 0 && nextUnit !== '' ? `${text} ${rest} ${nextUnit}` : text;
}
