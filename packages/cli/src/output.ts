// Everything the command says. Results go to stdout, all else to stderr; with --json stdout carries one JSON
// object a line and nothing else. Text that is shown to people is cleaned of control characters here, in one
// place, since names in torrents and messages from peers end up in it.

import { styleText } from 'node:util';
import { codeOf, exitCodeOf } from './exit-codes.ts';
import { cutToWidth } from './text-width.ts';

export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** As the terminal and NO_COLOR have it. */
  hasColors?(): boolean;
  write(text: string): unknown;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** A part of a line; its style is shown where stdout has colours. */
export type Span = string | { readonly text: string; readonly style: Style };

export interface Output {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Of the terminal; undefined where stdout is none: then nothing is cut. */
  readonly columns: number | undefined;
  /** What was asked for: `data` with --json, otherwise `text`, on stdout. */
  result(data: object, text: string | readonly Span[]): void;
  /** Something that happened on the way: `data` on stdout with --json, otherwise `text`, if any, on stderr. */
  event(data: { readonly event: string; readonly [key: string]: unknown }, text?: string): void;
  /**
   * One line that replaces the one before, on a terminal; nothing elsewhere. It may be made for so many columns. Call it
   * at most some ten times a second.
   */
  progress(text: string | ((columns: number) => string)): void;
  /** A remark for people, on stderr. */
  note(text: string): void;
  /** Says what went wrong, and answers the exit code for it. */
  fail(error: unknown): number;
}

export function createOutput(options: OutputOptions): Output {
  const { json, verbose, stdout, stderr } = options;
  let hasProgress = false;

  function clearProgress(): void {
    if (hasProgress) stderr.write('\r\x1b[K');
    hasProgress = false;
  }

  function printJson(data: object): void {
    stdout.write(`${JSON.stringify(data, jsonValue)}\n`);
  }

  function note(text: string): void {
    clearProgress();
    stderr.write(`${printable(text)}\n`);
  }

  function painted(span: Span): string {
    const text = printable(spanText(span));
    if (typeof span === 'string') return text;
    return stdout.hasColors?.() ? styleText(span.style, text, { validateStream: false }) : text;
  }

  return {
    json,
    verbose,
    columns: stdout.isTTY === true ? stdout.columns : undefined,
    result(data, text) {
      clearProgress();
      if (json) printJson(data);
      else stdout.write(`${typeof text === 'string' ? printable(text) : text.map(painted).join('')}\n`);
    },
    event(data, text) {
      if (json) printJson(data);
      else if (text !== undefined) note(text);
    },
    progress(text) {
      if (json || stderr.isTTY !== true) return;
      const columns = (stderr.columns ?? 80) - 1;
      const line = printable(typeof text === 'string' ? text : text(columns)).replaceAll('\n', ' ');
      stderr.write(`\r\x1b[K${cutToWidth(line, columns)}`);
      hasProgress = true;
    },
    note,
    fail(error) {
      clearProgress();
      const code = codeOf(error);
      const message = messageOf(error);
      if (json) {
        printJson({ error: { code, message } });
      } else {
        const label = stderr.hasColors?.() ? styleText('red', 'error:', { validateStream: false }) : 'error:';
        stderr.write(`${label} ${printable(message)}\n`);
      }
      if (verbose && error instanceof Error) stderr.write(`${printable(stackOf(error))}\n`);
      return exitCodeOf(error);
    },
  };
}

/**
 * Takes out what could drive a terminal or disguise a name: control characters (but for tab and line feed), and the
 * marks that turn the direction of writing.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

export function spanText(span: Span): string {
  return typeof span === 'string' ? span : span.text;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return codeOf(error) === 'internal'
    ? `Something went wrong that should not: ${error.message}. Run it again with -v to see where.`
    : error.message;
}

function stackOf(error: Error): string {
  const stack = error.stack ?? '';
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack;
}

/** Bytes are shown in hexadecimal; whole numbers beyond what JSON readers hold exactly, as text. */
function jsonValue(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'bigint') {
    return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : `${value}`;
  }
  return value;
}
