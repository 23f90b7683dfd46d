// What a node has acknowledged is there after kill -9, whatever it was doing: with real processes, again and again.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ApiError, createClient, type NodeClient } from '@shoal/api';
import { makeFile, temporaryFolder } from './node.ts';

const shoal = fileURLToPath(new URL('../../cli/bin/shoal.js', import.meta.url));
const rounds = 4;

interface Up {
  readonly child: ChildProcess;
  readonly client: NodeClient;
}

async function up(context: TestContext, data: string): Promise<Up> {
  const words = [
    'up',
    '--json',
    '--data',
    data,
    '--api',
    '127.0.0.1:0',
    '--port',
    '0',
    '--port-mapping',
    'off',
  ];
  const child = spawn(process.execPath, [shoal, ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, XDG_CONFIG_HOME: data, SHOAL_LAN: 'off' },
  });
  context.after(() => child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, url }: Record<string, unknown> = JSON.parse(line);
    if (event !== 'ready') continue;
    const token = (await readFile(join(data, 'api-token'), 'utf8')).trim();
    return { child, client: createClient({ url: String(url), fetch, token }) };
  }
  throw new Error('the node did not start');
}

test('after kill -9 at any time every acknowledged change is there', async (context) => {
  const folder = await temporaryFolder(context);
  const data = join(folder, 'data');
  /** What was acknowledged: labels of those that are there. */
  const known = new Map<string, string>();
  const removed = new Set<string>();
  /** Asked for, and not answered before the kill: may or may not be so. */
  let doubtful = new Set<string>();
  let count = 0;
  for (let round = 0; round < rounds; round++) {
    const { child, client } = await up(context, data);
    const { transfers } = await client.call('transfers', {});
    const there = new Map(transfers.map(({ id, labels }) => [id, labels[0] ?? '']));
    for (const [id, label] of known) {
      if (doubtful.has(id)) continue;
      assert.equal(there.get(id), label, `round ${round}: ${id} is there with its label`);
    }
    for (const id of removed) assert.ok(!there.has(id), `round ${round}: ${id} is gone`);
    for (const [id, label] of there) known.set(id, label);
    for (const id of doubtful) if (!there.has(id)) known.delete(id);
    doubtful = new Set();
    const dead = once(child, 'exit');
    // It works at several things when it dies, at another moment each time.
    const work = async (worker: number) => {
      for (let step = 0; ; step++) {
        const ids = [...known.keys()].filter((id) => !doubtful.has(id));
        const id = ids[(step * 7 + worker) % Math.max(1, ids.length)];
        const kind = (step + worker) % 4;
        if (id === undefined || kind <= 1) {
          const path = await makeFile(
            folder,
            `${worker}-${round}-${step}-${'x'.repeat(count++ % 50)}.bin`,
            2000,
          );
          const added = await client.call('addTransfer', { body: { path, labels: ['new'] } });
          known.set(added.id, 'new');
          continue;
        }
        doubtful.add(id);
        if (kind === 2) {
          const label = `label ${step}`;
          await client.call('changeTransfer', { params: { id }, body: { labels: [label] } });
          known.set(id, label);
        } else {
          await client.call('removeTransfer', { params: { id } });
          known.delete(id);
          removed.add(id);
        }
        doubtful.delete(id);
      }
    };
    const working = [0, 1, 2].map((worker) =>
      work(worker).catch((error: unknown) => {
        // What was removed by another worker is not there; the rest is the kill.
        if (error instanceof ApiError && (error.status === 404 || error.code === 'unreachable')) return;
        if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
      }),
    );
    const enough = known.size + 6 + round;
    while (known.size < enough && child.exitCode === null)
      await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGKILL');
    await dead;
    await Promise.all(working);
  }
  assert.ok(known.size > 0 && removed.size > 0);
});
