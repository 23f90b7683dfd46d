// Commands that do the same thing to the same payload, run one after the other, round by round, in one run.
// Seconds are wall time from the start of a process to its end, its start included.

import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, printTable, short } from './table.ts';

export interface Contender {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Called before each run. */
  readonly prepare?: () => void;
  /** Throws when the command did not do what it should. */
  readonly verify: (output: string) => void;
}

const mebibyte = 1024 * 1024;

/** A new folder, and in it a file of random bytes, which are in the system's cache afterwards. */
export function makePayload(name: string, sizeMiB: number): { folder: string; file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'));
  const file = join(folder, name);
  const fd = openSync(file, 'w');
  const step = Buffer.alloc(4 * mebibyte);
  for (let written = 0; written < sizeMiB; written += 4) {
    randomFillSync(step);
    writeSync(fd, step, 0, Math.min(4, sizeMiB - written) * mebibyte);
  }
  fsyncSync(fd);
  closeSync(fd);
  return { folder, file };
}

export function remove(folder: string): void {
  rmSync(folder, { recursive: true });
}

export function isInstalled(command: string, args: readonly string[] = ['--version']): boolean {
  return spawnSync(command, args).error === undefined;
}

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Prints a table of medians; the first contender is the one that the others are compared with. */
export function race(contenders: readonly Contender[], rounds: number): void {
  const runs = contenders.map((): Run[] => []);
  for (let round = 0; round <= rounds; round++) {
    contenders.forEach((contender, i) => {
      const run = runOnce(contender);
      // The first round warms caches, for all alike.
      if (round > 0) runs[i]?.push(run);
    });
  }
  const medians = runs.map((own) => median(own.map(({ seconds }) => seconds)));
  const ours = medians[0] ?? Number.NaN;
  printTable(
    ['program', 'seconds', 'least', 'most', 'CPU s', 'times as long'],
    contenders.map(({ name }, i) => {
      const own = runs[i] ?? [];
      const seconds = own.map((run) => run.seconds);
      const theirs = medians[i] ?? Number.NaN;
      return [
        name,
        short(theirs),
        short(Math.min(...seconds)),
        short(Math.max(...seconds)),
        short(median(own.map((run) => run.cpuSeconds))),
        short(theirs / ours),
      ];
    }),
  );
}

function runOnce({ name, command, args, prepare, verify }: Contender): Run {
  prepare?.();
  // The shell's `times` tells the CPU time of its children in its last line.
  const script = '"$0" "$@"; code=$?; times >&2; exit $code';
  const begunMs = performance.now();
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, command, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * mebibyte,
  });
  const seconds = (performance.now() - begunMs) / 1000;
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  verify(stdout);
  const children = stderr.trimEnd().split('\n').at(-1) ?? '';
  const times = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
  const cpuSeconds = times.reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
  return { seconds, cpuSeconds };
}
