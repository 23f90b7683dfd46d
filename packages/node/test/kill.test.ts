// What a node has acknowledged is there after kill -9, whatever it was doing: with real processes, again and again.
// SHOAL_KILLS says how often.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ApiError, createClient, type NodeClient, type TransferSummary } from '@shoal/api';
import { bytesOf, makeFile, temporaryFolder } from './node.ts';

const shoal = fileURLToPath(new URL('../../cli/bin/shoal.js', import.meta.url));
const rounds = Number(process.env.SHOAL_KILLS ?? 4);
/** Long enough that a kill meets a copy half-way. */
const lengths = [2_000, 70_000, 3_000_000];

interface Up {
  readonly child: ChildProcess;
  readonly client: NodeClient;
}

/** What was acknowledged of one transfer; undefined where the kill came before the answer. */
interface Known {
  readonly name: string;
  readonly length: number;
  label: string | undefined;
  folder: string | undefined;
  /** Where it may be: wherever it was ever asked to. */
  readonly folders: Set<string>;
}

async function up(context: TestContext, data: string): Promise<Up> {
  const words = ['up', '--json', '--data', data, '--api', '127.0.0.1:0', '--port', '0'];
  const child = spawn(process.execPath, [shoal, ...words, '--port-mapping', 'off'], {
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

/** On another file system where there is one, so that files are copied; beside the others otherwise. */
async function elsewhere(context: TestContext, folder: string): Promise<string> {
  const isThere = await access('/dev/shm').then(
    () => true,
    () => false,
  );
  if (!isThere) return join(folder, 'elsewhere');
  const other = await mkdtemp('/dev/shm/shoal-kill-');
  context.after(() => rm(other, { recursive: true, force: true }));
  return other;
}

test('after kill -9 at any time every acknowledged change is there, and every file', async (context) => {
  const folder = await temporaryFolder(context);
  const data = join(folder, 'data');
  const places = [folder, join(folder, 'moved'), await elsewhere(context, folder)];
  const known = new Map<string, Known>();
  const removed = new Map<string, Known>();
  /** By name: asked to be added, and not answered before the kill. */
  const coming = new Map<string, Known>();
  /** Asked to be removed, and not answered before the kill. */
  const leaving = new Map<string, Known>();
  const counts = { moved: 0, relabelled: 0 };
  let count = 0;

  async function add(client: NodeClient): Promise<void> {
    const number = count++;
    const name = `${number}-${'x'.repeat(number % 50)}.bin`;
    const length = lengths[number % lengths.length] ?? 0;
    const path = await makeFile(folder, name, length);
    const one = { name, length, label: 'new', folder, folders: new Set([folder]) };
    coming.set(name, one);
    const { id } = await client.call('addTransfer', { body: { path, labels: ['new'] } });
    coming.delete(name);
    known.set(id, one);
  }

  async function relabel(client: NodeClient, id: string, one: Known, label: string): Promise<void> {
    one.label = undefined;
    await client.call('changeTransfer', { params: { id }, body: { labels: [label] } });
    one.label = label;
    counts.relabelled++;
  }

  async function move(client: NodeClient, id: string, one: Known, target: string): Promise<void> {
    const before = one.folder;
    one.folder = undefined;
    one.folders.add(target);
    try {
      await client.call('moveTransfer', { params: { id }, body: { folder: target } });
      one.folder = target;
      counts.moved++;
    } catch (error) {
      // It is still on its way to where it was asked to be before.
      if (!(error instanceof ApiError) || error.code !== 'busy') throw error;
      one.folder = before;
    }
  }

  async function remove(client: NodeClient, id: string, one: Known): Promise<void> {
    known.delete(id);
    leaving.set(id, one);
    await client.call('removeTransfer', { params: { id } });
    leaving.delete(id);
    removed.set(id, one);
  }

  function compare(transfers: readonly TransferSummary[], round: number): void {
    const there = new Map(transfers.map((transfer) => [transfer.id, transfer]));
    for (const { id, name } of transfers) {
      const one = coming.get(name);
      if (one !== undefined) known.set(id, one);
    }
    coming.clear();
    for (const [id, one] of known) {
      const found = there.get(id);
      assert.ok(found, `round ${round}: ${id} is there`);
      if (one.label !== undefined) assert.equal(found.labels[0], one.label, `round ${round}: its label`);
      one.label = found.labels[0];
    }
    for (const id of removed.keys()) assert.ok(!there.has(id), `round ${round}: ${id} is gone`);
    for (const [id, one] of leaving) (there.has(id) ? known : removed).set(id, one);
    leaving.clear();
  }

  /** One thing after the other, of different kinds, each transfer in one hand. */
  async function work(client: NodeClient, round: number, worker: number): Promise<void> {
    for (let step = 0; ; step++) {
      const mine = [...known].filter(([id]) => Number.parseInt(id.slice(0, 4), 16) % 3 === worker);
      const [id, one] = mine[step % Math.max(1, mine.length)] ?? [];
      const kind = (step + worker) % 6;
      try {
        if (id === undefined || one === undefined || kind === 0) await add(client);
        else if (kind === 5 && mine.length > 2) await remove(client, id, one);
        else if (kind === 1) await relabel(client, id, one, `label ${round}.${step}`);
        else await move(client, id, one, places[(step + round) % places.length] ?? folder);
      } catch (error) {
        const isTheKill =
          error instanceof TypeError ||
          error instanceof SyntaxError ||
          (error instanceof ApiError && error.code === 'unreachable');
        if (isTheKill) return;
        throw error;
      }
    }
  }

  for (let round = 0; round < rounds; round++) {
    const { child, client } = await up(context, data);
    compare((await client.call('transfers', {})).transfers, round);
    const dead = once(child, 'exit');
    const before = count;
    const working = [0, 1, 2].map((worker) => work(client, round, worker));
    // At another moment each time.
    while (count < before + 4 + (round % 3) && child.exitCode === null)
      await new Promise((resolve) => setImmediate(resolve));
    await sleep((round * 37) % 100);
    child.kill('SIGKILL');
    await dead;
    await Promise.all(working);
  }

  const { child, client } = await up(context, data);
  compare((await client.call('transfers', {})).transfers, rounds);
  // Each move that was acknowledged comes to its end.
  let transfers: readonly TransferSummary[] = [];
  const onTheWay = () =>
    transfers.filter(({ id, folder: now, state, moving }) => {
      const expected = known.get(id)?.folder ?? now;
      return moving !== undefined || state !== 'sharing' || expected !== now;
    });
  const patience = Date.now() + 60_000;
  do {
    await sleep(50);
    ({ transfers } = await client.call('transfers', {}));
  } while (onTheWay().length > 0 && Date.now() < patience);
  assert.deepEqual(onTheWay(), []);
  for (const { id, folder: now } of transfers) {
    const one = known.get(id);
    assert.ok(one);
    assert.deepEqual(await readFile(join(now, one.name)), Buffer.from(bytesOf(one.length, one.name.length)));
  }
  // Without the files is without the files: each is whole in one of the places.
  for (const [id, { name, length, folders }] of removed) {
    const found = await Promise.all(
      [...folders].map((place) => readFile(join(place, name)).catch(() => undefined)),
    );
    const whole = Buffer.from(bytesOf(length, name.length));
    assert.ok(
      found.some((bytes) => bytes !== undefined && whole.equals(bytes)),
      `the file of ${id} is there`,
    );
  }
  assert.ok(known.size > 0 && counts.moved > 0 && counts.relabelled > 0);
  context.diagnostic(JSON.stringify({ rounds, known: known.size, removed: removed.size, ...counts }));
  child.kill('SIGKILL');
});
