// Programs that the config names: words, never a shell; nothing on their input, and gone with all that they started when
// their time is over.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '@shoal/base';
import { longestComplaint } from '../bounds.ts';
import { clean, lineOf, type Verdict } from './verdict.ts';

export interface CommandParts {
  readonly clock: Clock;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** Beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface CommandResult {
  /** Undefined when it did not come to an end by itself. */
  readonly status: number | undefined;
  /** For people: the first line of what it complained of, or how it ended. */
  readonly message: string;
}

/** By white space, except between quotes of either kind. Nothing else has a meaning. */
export function wordsOf(text: string): string[] {
  return [...text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  );
}

/** 0 is a yes, 1 a no, and all else neither. */
export async function askCommand(path: string, command: string, parts: CommandParts): Promise<Verdict> {
  const { status, message } = await runCommand([...wordsOf(command), path], parts);
  if (status === 0) return clean;
  return { kind: status === 1 ? 'refused' : 'held', reason: message };
}

export function runCommand(words: readonly string[], parts: CommandParts): Promise<CommandResult> {
  const { clock, patienceMs, signal, environment } = parts;
  const [program = '', ...rest] = words;
  return new Promise((resolve) => {
    if (signal.aborted) return resolve({ status: undefined, message: 'it was not waited for' });
    let child: ChildProcess;
    try {
      child = spawn(program, rest, {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, ...environment },
        detached: process.platform !== 'win32',
      });
    } catch (error) {
      // A word that no program can be given, such as one that is too long.
      return resolve({ status: undefined, message: `${program} cannot be run: ${lineOf(String(error))}` });
    }
    let complaint = '';
    const end = (status: number | undefined, otherwise: string) => {
      timer.cancel();
      signal.removeEventListener('abort', stop);
      killAll(child);
      child.stderr?.destroy();
      resolve({ status, message: lineOf(complaint) || otherwise });
    };
    const stop = () => end(undefined, 'it was not waited for');
    const timer = clock.setTimer(patienceMs, () => {
      complaint = '';
      end(undefined, `${program} took longer than ${Math.round(patienceMs / 1000)} s`);
    });
    signal.addEventListener('abort', stop);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (complaint.length < longestComplaint) complaint += text;
    });
    child.once('error', (error) => end(undefined, `${program} cannot be run: ${lineOf(error.message)}`));
    child.once('close', (code, killed) =>
      end(
        code ?? undefined,
        killed === null ? `${program} ended with ${code}` : `${program} was ended by ${killed}`,
      ),
    );
  });
}

/** With what it has started. */
function killAll({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
