// How long a node takes from the start of its process until /health answers, and what it holds in memory when idle.
// Run: node lab/bench/node-start.ts [RUNS]. The first run only warms the compile cache.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median, printTable, short } from './table.ts';

const shoal = fileURLToPath(new URL('../../packages/cli/bin/shoal.js', import.meta.url));
const idleMs = 2000;

interface Start {
  readonly readyMs: number;
  readonly healthMs: number;
  readonly cpuSeconds: number;
  readonly residentMiB: number;
  readonly stopMs: number;
}

async function startOnce(): Promise<Start> {
  const data = await mkdtemp(join(tmpdir(), 'shoal-node-start-'));
  const startMs = performance.now();
  const child = spawn(process.execPath, [shoal, 'up', '--json', '--data', data, '--api', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, XDG_CONFIG_HOME: data },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { value: line } = await lines.next();
    const readyMs = performance.now() - startMs;
    const { url }: { url?: string } = JSON.parse(String(line));
    const response = await fetch(`${url}health`);
    await response.text();
    if (!response.ok) throw new Error(`/health answered ${response.status}`);
    const healthMs = performance.now() - startMs;
    await wait(idleMs);
    const { cpuSeconds, residentMiB } = await usage(child.pid ?? 0);
    const stopStartMs = performance.now();
    child.kill('SIGTERM');
    await ended;
    return { readyMs, healthMs, cpuSeconds, residentMiB, stopMs: performance.now() - stopStartMs };
  } finally {
    child.kill('SIGKILL');
    await ended;
    await rm(data, { recursive: true });
  }
}

/** From /proc; elsewhere than on Linux there is none, and the columns stay empty. */
async function usage(pid: number): Promise<{ cpuSeconds: number; residentMiB: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const kibibytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN);
  const [user, system] = stat.split(') ')[1]?.split(' ').slice(11, 13).map(Number) ?? [];
  return { cpuSeconds: ((user ?? Number.NaN) + (system ?? Number.NaN)) / 100, residentMiB: kibibytes / 1024 };
}

const runs = Number(process.argv[2] ?? 7);
await startOnce();
const starts: Start[] = [];
for (let run = 0; run < runs; run++) starts.push(await startOnce());

const row = (name: string, of: (start: Start) => number, goal: string): string[] => {
  const values = starts.map(of);
  return [name, short(median(values)), short(Math.min(...values)), short(Math.max(...values)), goal];
};
printTable(
  [`idle node, ${runs} runs`, 'median', 'least', 'most', 'goal'],
  [
    row('ready line, ms', (start) => start.readyMs, ''),
    row('/health answered, ms', (start) => start.healthMs, '< 400'),
    row('CPU until idle, s', (start) => start.cpuSeconds, ''),
    row('resident, MiB', (start) => start.residentMiB, '< 90'),
    row('SIGTERM to exit, ms', (start) => start.stopMs, '< 5,000'),
  ],
);
