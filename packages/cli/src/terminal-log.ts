// A line of the log, as people on a terminal like to read it.

import { styleText } from 'node:util';
import { printable } from './output.ts';

const colours = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const;

/** From the JSON line that the node wrote: the time, how grave it is, the message, and what belongs to it. */
export function terminalLine(json: string): string {
  const { level, time, msg, err, ...rest }: Record<string, unknown> = JSON.parse(json);
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const details = Object.entries(rest).map(([name, value]) => ` ${name}=${shown(value)}`);
  const trace = typeof err === 'object' && err !== null && 'stack' in err ? `\n${err.stack}` : '';
  return `${dim(clock)} ${label(String(level))} ${printable(String(msg))}${dim(printable(details.join('') + trace))}\n`;
}

function label(level: string): string {
  const colour = Object.entries(colours).find(([name]) => name === level)?.[1] ?? 'red';
  return styleText(colour, level.padEnd(5), { validateStream: false });
}

function dim(text: string): string {
  return styleText('dim', text, { validateStream: false });
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
