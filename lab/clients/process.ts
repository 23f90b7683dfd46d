// A program under test: started, read line by line, measured with its children, and ended by its id.
// Invariant: what was started here is gone when `stop` resolves.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface Usage {
  cpuSeconds: number;
  /** Most anonymous and shared memory seen at once, over all of its processes. */
  peakAnonymousBytes: number;
  peakResidentBytes: number;
}

export interface Program {
  readonly pid: number;
  readonly lines: readonly string[];
  readonly usage: Usage;
  /** Resolves with the first line of stdout, past or future, that the test accepts; rejects when the program ends first. */
  line(accept: (line: string) => boolean, timeoutMs?: number): Promise<string>;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** Samples usage now; call it before the program ends, or its last milliseconds are missed. */
  measure(): Usage;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface StartOptions {
  readonly log: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Words put before the command, such as `nsenter -t 1 -n`. */
  readonly prefix?: readonly string[];
  readonly measureEveryMs?: number;
}

const clockTicksPerSecond = 100;
const pageBytes = 4096;

export function start(command: string, args: readonly string[], options: StartOptions): Program {
  const words = [...(options.prefix ?? []), command, ...args];
  const log = openSync(options.log, 'a');
  const child = spawn(words[0] ?? command, words.slice(1), {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', log],
  });
  closeSync(log);
  return watch(child, options);
}

function watch(child: ChildProcess, options: StartOptions): Program {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const usage: Usage = { cpuSeconds: 0, peakAnonymousBytes: 0, peakResidentBytes: 0 };
  let ending: number | string | undefined;

  const wake = () => {
    for (const check of [...waiting]) check();
  };
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  const exited = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'gone'));
  });
  const measure = () => sample(child.pid ?? 0, usage);
  const timer = setInterval(measure, options.measureEveryMs ?? 250);
  timer.unref();
  void exited.then((how) => {
    ending = how;
    clearInterval(timer);
    wake();
  });

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (ending !== undefined) return;
    for (const pid of family(child.pid ?? 0).reverse()) tryKill(pid, signal);
    const patience = setTimeout(() => {
      for (const pid of family(child.pid ?? 0).reverse()) tryKill(pid, 'SIGKILL');
    }, 10_000);
    await exited;
    clearTimeout(patience);
  }

  /** What it said last, for the one who has to find out why. */
  function lastWords(): string {
    return `${lines.slice(-3).join('\n')}\n${readFileSync(options.log, 'utf8').slice(-2000)}`;
  }

  return {
    pid: child.pid ?? 0,
    lines,
    usage,
    exited,
    measure,
    line(accept, timeoutMs = 120_000) {
      return new Promise((resolve, reject) => {
        const settle = (finish: () => void) => {
          waiting.delete(check);
          clearTimeout(timeout);
          finish();
        };
        const check = () => {
          const line = lines.find(accept);
          if (line !== undefined) settle(() => resolve(line));
          else if (ending !== undefined) {
            const how = ending;
            settle(() =>
              reject(
                new Error(`${child.spawnargs.join(' ')} ended (${how}) before the line: ${lastWords()}`),
              ),
            );
          }
        };
        const timeout = setTimeout(() => {
          settle(() =>
            reject(
              new Error(
                `${child.spawnargs.join(' ')} did not print the line in ${timeoutMs} ms: ${lastWords()}`,
              ),
            ),
          );
        }, timeoutMs);
        waiting.add(check);
        check();
      });
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in between.
  }
}

/** The process and all that it started, parents first. */
function family(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? statFields(pid) : undefined;
    if (stat === undefined) continue;
    const parent = Number(stat[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** Fields of /proc/PID/stat from the state on (proc(5)): the name before them may hold spaces. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function sample(root: number, usage: Usage): Usage {
  let ticks = 0;
  let anonymous = 0;
  let resident = 0;
  for (const pid of family(root)) {
    const stat = statFields(pid);
    if (stat === undefined) continue;
    // utime, stime, cutime, cstime
    for (const field of stat.slice(11, 15)) ticks += Number(field);
    resident += Number(stat[21]) * pageBytes;
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      for (const key of ['RssAnon', 'RssShmem']) {
        anonymous += Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
      }
    } catch {
      // It ended while we looked.
    }
  }
  usage.cpuSeconds = Math.max(usage.cpuSeconds, ticks / clockTicksPerSecond);
  usage.peakAnonymousBytes = Math.max(usage.peakAnonymousBytes, anonymous);
  usage.peakResidentBytes = Math.max(usage.peakResidentBytes, resident);
  return usage;
}

/** Runs to the end; rejects with what it printed when the exit code is not 0. */
export async function run(
  command: string,
  args: readonly string[],
  prefix: readonly string[] = [],
): Promise<string> {
  const words = [...prefix, command, ...args];
  const child = spawn(words[0] ?? command, words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${output.slice(-2000)}`);
  return output;
}
