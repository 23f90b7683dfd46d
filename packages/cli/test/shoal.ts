// The real command as a child process, for the tests beside this file.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const shoalPath = fileURLToPath(new URL('../bin/shoal.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: number;
  readonly ended: Promise<Ended>;
}

/** A folder that goes away with the test. No config of the machine's user is read in it. */
export async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-cli-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a program to its end; `env` is added to what this process has. */
export async function run(
  program: string,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  return await endOf(start(program, words, env));
}

export function shoal(words: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return run(process.execPath, [shoalPath, ...words], env);
}

// Root may read and write everything, so that somebody else has to try what is forbidden.
const asNobody =
  process.getuid?.() === 0 ? (['setpriv', '--reuid', '65534', '--clear-groups'] as const) : ([] as const);

/** Why `shoalAsUser` cannot run here; false when it can. */
export async function missingUser(): Promise<string | false> {
  const [program, ...words] = asNobody;
  if (program === undefined) return false;
  const { code } = await run(program, [...words, 'true']).catch(() => ({ code: 1 }));
  return code === 0 ? false : 'needs setpriv';
}

/** The command as a user without privileges. */
export function shoalAsUser(words: readonly string[]): Promise<Ended> {
  const [program, ...rest] = [...asNobody, process.execPath, shoalPath, ...words];
  return run(program, rest);
}

/** Starts `shoal up --json` on a free port and waits until it is ready. It is killed after the test. */
export async function startUp(context: TestContext, words: readonly string[]): Promise<Running> {
  const child = start(process.execPath, [shoalPath, 'up', '--json', '--api', '127.0.0.1:0', ...words]);
  context.after(() => child.kill('SIGKILL'));
  const ended = endOf(child);
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, url, port }: Record<string, unknown> = JSON.parse(line);
    if (event === 'ready') return { child, url: String(url), port: Number(port), ended };
  }
  throw new Error(`shoal up ended before it was ready: ${(await ended).stderr}`);
}

function start(program: string, words: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, XDG_CONFIG_HOME: '/nowhere', NO_COLOR: '1', SHOAL_LAN: 'off', ...env },
  });
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (bytes) => {
    stdout += bytes;
  });
  child.stderr?.on('data', (bytes) => {
    stderr += bytes;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}
