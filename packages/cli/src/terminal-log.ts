// A line of the log, as people on a terminal like to read it.

import { styleText } from 'node:util';
import { printable } from './output.ts';

const styles = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const;
type Style = (typeof styles)[keyof typeof styles] | 'dim';

/** From the JSON line that the node wrote: the time, how grave it is, the message, and what belongs to it. */
export function terminalLine(json: string, hasColours: boolean): string {
  const { level, time, msg, err, ...rest }: Record<string, unknown> = JSON.parse(json);
  const paint = (style: Style, text: string): string =>
    hasColours ? styleText(style, text, { validateStream: false }) : text;

  const word = String(level);
  const style = Object.entries(styles).find(([name]) => name === word)?.[1] ?? 'red';
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const details = Object.entries(rest).map(([name, value]) => ` ${name}=${shown(value)}`);
  const trace = typeof err === 'object' && err !== null && 'stack' in err ? `\n${err.stack}` : '';
  const beside = printable(details.join('') + trace);
  return `${paint('dim', clock)} ${paint(style, word.padEnd(5))} ${printable(String(msg))}${paint('dim', beside)}\n`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
