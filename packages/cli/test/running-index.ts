// An index as a process of its own, at a port of its choice on loopback.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { shoalPath } from './shoal.ts';

export interface RunningIndex {
  readonly pid: number | undefined;
  readonly url: string;
  announce(port: number): Promise<string>;
  /** Resolves when it is acknowledged. */
  publish(record: Uint8Array<ArrayBuffer>): Promise<void>;
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<unknown>;
}

export async function startIndex(
  context: TestContext,
  data: string,
  words: readonly string[] = [],
): Promise<RunningIndex> {
  const flags = ['--port', '0', '--address', '127.0.0.1', '--json', '--data', data];
  const child = spawn(process.execPath, [shoalPath, 'index', ...flags, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  context.after(() => child.kill('SIGKILL'));
  child.stderr.resume();
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { url }: { url: string } = JSON.parse(line);
  return {
    pid: child.pid,
    url,
    async announce(port) {
      const query = `info_hash=${'%05'.repeat(20)}&peer_id=-SH0001-abcdefghijkl&port=${port}&left=5`;
      return (await fetch(`${url}announce?${query}`)).text();
    },
    async publish(body) {
      const response = await fetch(`${url}api/catalogue`, { method: 'POST', body });
      assert.equal(response.status, 200, await response.text());
    },
    async stop(signal = 'SIGTERM') {
      const ended = once(child, 'close');
      child.kill(signal);
      return (await ended)[0];
    },
  };
}
