// Real nodes for the browser to look at: the shoal command in a process of its own, with a data folder that goes away.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, type NodeClient } from '@shoal/api';

const command = fileURLToPath(new URL('../../cli/bin/shoal.js', import.meta.url));
const builder = join(import.meta.dirname, '../../../tools/pages.js');

export interface RunningNode {
  readonly url: string;
  readonly token: string;
  readonly data: string;
  readonly client: NodeClient;
  /** As peers find it. */
  peerAddress(): Promise<string>;
  stop(): Promise<void>;
}

export async function buildPages(): Promise<void> {
  const child = spawn(process.execPath, [builder], { stdio: 'inherit' });
  const [code]: unknown[] = await once(child, 'close');
  assert.equal(code, 0, 'the pages are built');
}

export function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'shoal-pages-'));
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

const running = new Set<ChildProcess>();

export async function stopNodes(): Promise<void> {
  await Promise.all([...running].map(stop));
}

/** The address of an index of its own. */
export function startIndex(data: string): Promise<string> {
  return ready(start(data, ['index', '--json', '--data', data, '--port', '0', '--address', '127.0.0.1']));
}

function start(
  data: string,
  flags: readonly string[],
  [program = process.execPath, ...before]: readonly string[] = [],
): ChildProcess {
  const words = program === process.execPath ? [] : [...before, process.execPath];
  const child = spawn(program, [...words, command, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SHOAL_LAN: 'off', HOME: data, XDG_DOWNLOAD_DIR: data },
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}

interface NodeChoices {
  readonly api?: string;
  readonly index?: string;
  /** Instead of a network that asks nobody. */
  readonly flags?: readonly string[];
  /** Words to put before the command. */
  readonly prefix?: readonly string[];
}

export async function startNode(
  data: string,
  { api = '127.0.0.1:0', index, flags, prefix }: NodeChoices = {},
): Promise<RunningNode> {
  const network =
    index === undefined ? ['--network', 'distributed'] : ['--network', 'centralized', '--index', index];
  const usual = ['up', '--json', '--data', data, '--api', api, '--port', '0'];
  const child = start(data, [...usual, ...(flags ?? network)], prefix);
  const url = await ready(child);
  const token = (await readFile(join(data, 'api-token'), 'utf8')).trim();
  const client = createClient({ url, fetch, token });
  return {
    url,
    token,
    data,
    client,
    async peerAddress() {
      const { port } = await client.call('node', {});
      return `127.0.0.1:${port}`;
    },
    stop: () => stop(child),
  };
}

function ready(child: ChildProcess): Promise<string> {
  let output = '';
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const line of output.split('\n').slice(0, -1)) {
        const message: { event?: string; url?: string } = JSON.parse(line);
        if (message.event === 'ready' && message.url !== undefined) resolve(message.url);
      }
    });
    child.once('close', (code) => reject(new Error(`the node ended with ${code}: ${output}${errors}`)));
  });
}
