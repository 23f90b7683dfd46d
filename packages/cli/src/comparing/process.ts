// This very command as another process: started, read line by line, measured by the system, and ended.
// Invariant: none outlives this process, whichever way that ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { CliError } from '../exit-codes.ts';
import { ownCommand } from '../own-command.ts';
import { readyMs } from './bounds.ts';

const ticksPerSecond = 100;
const longestComplaint = 2000;

/** A line of `--json`: what it says is looked at where it is used. */
export type Line = Readonly<Record<string, unknown>>;

export class OwnProcess {
  readonly #child: ChildProcess;
  readonly #name: string;
  #complaint = '';
  isOver = false;

  constructor(words: readonly string[], hear: (line: Line) => void) {
    this.#name = `shoal ${words[0]}`;
    const [program, ...before] = ownCommand();
    this.#child = spawn(program, [...before, ...words, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, SHOAL_ENDS_WITH: `${process.pid}`, SHOAL_LAN: 'off' },
    });
    process.on('exit', this.#killNow);
    this.#child.once('close', () => {
      this.isOver = true;
      process.off('exit', this.#killNow);
    });
    this.#child.once('error', (error) => {
      this.isOver = true;
      this.#complaint = error.message;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-longestComplaint);
    });
    if (this.#child.stdout !== null)
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        const said = lineOf(line);
        if (said !== undefined) hear(said);
      });
  }

  /** CPU time so far; undefined where the system does not tell, or it is gone. */
  get cpuSeconds(): number | undefined {
    const fields = this.#read('stat')
      ?.replace(/^.*\) /s, '')
      .split(' ');
    return fields && (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }

  /** What it has handed to the system for writing, to sockets and files alike. */
  get writtenBytes(): number | undefined {
    const [, written] = /^wchar: (\d+)$/m.exec(this.#read('io') ?? '') ?? [];
    return written === undefined ? undefined : Number(written);
  }

  failure(): CliError {
    const [said] = this.#complaint.trim().split('\n');
    return new CliError('failed', `\`${this.#name}\` ended early${said ? `: ${said}` : '.'}`);
  }

  /** Gone when it resolves. */
  async kill(): Promise<void> {
    if (this.isOver || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  readonly #killNow = (): void => {
    this.#child.kill('SIGKILL');
  };

  #read(name: string): string | undefined {
    if (this.isOver || process.platform !== 'linux') return undefined;
    try {
      return readFileSync(`/proc/${this.#child.pid}/${name}`, 'latin1');
    } catch {
      return undefined;
    }
  }
}

/** Starts it, and resolves with the line that says it is ready. */
export async function startReady(
  words: readonly string[],
  event: string,
  signal: AbortSignal,
): Promise<{ readonly process: OwnProcess; readonly line: Line }> {
  const { promise, resolve } = Promise.withResolvers<Line>();
  const started = new OwnProcess(words, (line) => {
    if (line.event === event) resolve(line);
  });
  const patience = Promise.withResolvers<never>();
  const timer = setInterval(() => {
    if (signal.aborted) patience.reject(signal.reason);
    else if (started.isOver || performance.now() > endMs) patience.reject(started.failure());
  }, 50);
  const endMs = performance.now() + readyMs;
  try {
    return { process: started, line: await Promise.race([promise, patience.promise]) };
  } catch (error) {
    await started.kill();
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** CPU time of all children that have ended, as the system counts it for this process. */
export function endedChildrenCpuSeconds(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const fields = readFileSync('/proc/self/stat', 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
}

function lineOf(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
