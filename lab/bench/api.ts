// What the node's API costs with many transfers: the list, as remotes of Transmission and qBittorrent
// ask for it too, an event, a start.
// Run: node lab/bench/api.ts [COUNT] [RUNS].
// The transfers are complete files of 1 KiB, paused but for a tenth, whose records and torrent files a node wrote.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient, type NodeClient } from '@shoal/api';
import { median, printTable, short } from './table.ts';

const shoal = fileURLToPath(new URL('../../packages/cli/bin/shoal.js', import.meta.url));
const count = Number(process.argv[2] ?? 10_000);
const runs = Number(process.argv[3] ?? 7);
/** Added by paths one after the other, several at once. */
const addedAtOnce = 16;

const folder = await mkdtemp(join(tmpdir(), 'shoal-api-'));
const data = join(folder, 'data');
await mkdir(data);

async function up() {
  const begunMs = performance.now();
  const words = ['up', '--json', '--data', data, '--api', '127.0.0.1:0', '--port', '0', '--no-lan'];
  const child = spawn(process.execPath, [shoal, ...words, '--port-mapping', 'off'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, XDG_CONFIG_HOME: folder },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: line } = await lines.next();
  const readyMs = performance.now() - begunMs;
  const { url }: { url: string } = JSON.parse(String(line));
  const token = (await readFile(join(data, 'api-token'), 'utf8')).trim();
  const client = createClient({ url, fetch, token });
  return {
    url,
    token,
    client,
    readyMs,
    async stop() {
      const stopMs = performance.now();
      child.kill('SIGTERM');
      await once(child, 'exit');
      return performance.now() - stopMs;
    },
  };
}

async function fill(client: NodeClient): Promise<string[]> {
  const ids: string[] = [];
  let next = 0;
  const add = async () => {
    for (let i = next++; i < count; i = next++) {
      const path = join(folder, `item-${String(i).padStart(6, '0')}.bin`);
      await writeFile(path, `${i}`.padEnd(1024, 'x'));
      const isPaused = i % 10 !== 0;
      ids.push((await client.call('addTransfer', { body: { path, format: 'v1', isPaused } })).id);
    }
  };
  await Promise.all(Array.from({ length: addedAtOnce }, add));
  return ids;
}

try {
  const first = await up();
  const fillMs = performance.now();
  const ids = await fill(first.client);
  const addMs = (performance.now() - fillMs) / count;
  await first.stop();
  const starts: number[] = [];
  const stops: number[] = [];
  for (let run = 0; run < 3; run++) {
    const { readyMs, stop } = await up();
    starts.push(readyMs);
    stops.push(await stop());
  }
  const { url, token, client, stop } = await up();
  const lists: number[] = [];
  let bytes = 0;
  for (let run = 0; run <= runs; run++) {
    const begunMs = performance.now();
    bytes = (await (await fetch(`${url}api/transfers`)).arrayBuffer()).byteLength;
    if (run > 0) lists.push(performance.now() - begunMs);
  }
  const remote: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const begunMs = performance.now();
    const words = [new URL(url).host, '--auth', `shoal:${token}`, '-l'];
    const { stdout } = await promisify(execFile)('transmission-remote', words, { maxBuffer: 2 ** 26 });
    if (run > 0) remote.push(performance.now() - begunMs);
    if (stdout.split('\n').length < count) throw new Error('transmission-remote has not listed all');
  }
  const bearer = { authorization: `Bearer ${token}` };
  const [infos, syncs]: [number[], number[]] = [[], []];
  let rid = 0;
  for (let run = 0; run <= runs; run++) {
    const begunMs = performance.now();
    await (await fetch(`${url}api/v2/torrents/info`, { headers: bearer })).arrayBuffer();
    const listedMs = performance.now();
    const told = await (await fetch(`${url}api/v2/sync/maindata?rid=${rid}`, { headers: bearer })).text();
    rid = JSON.parse(told).rid;
    if (run > 0) infos.push(listedMs - begunMs);
    if (run > 0) syncs.push(performance.now() - listedMs);
  }
  const pages: number[] = [];
  const events: number[] = [];
  const { revision } = await client.call('transfers', { query: { limit: 0 } });
  const listening = client.events(revision, AbortSignal.timeout(60_000))[Symbol.asyncIterator]();
  let eventBytes = 0;
  for (let run = 0; run < runs; run++) {
    const begunMs = performance.now();
    await (await fetch(`${url}api/transfers?limit=50&sort=name`)).arrayBuffer();
    pages.push(performance.now() - begunMs);
    const id = ids[run * 10 + 1] ?? '';
    const askedMs = performance.now();
    await client.call('changeTransfer', { params: { id }, body: { labels: [`run ${run}`] } });
    for (;;) {
      const { value } = await listening.next();
      if (value?.event.kind !== 'transfers') continue;
      if (!value.event.changed.some((transfer: { id: string }) => transfer.id === id)) continue;
      eventBytes = JSON.stringify(value.event).length;
      break;
    }
    events.push(performance.now() - askedMs);
  }
  await stop();
  const row = (name: string, values: readonly number[], goal: string) => [
    name,
    short(median(values)),
    short(Math.min(...values)),
    short(Math.max(...values)),
    goal,
  ];
  printTable(
    [`${count} transfers`, 'median', 'least', 'most', 'goal'],
    [
      row('add one, ms', [addMs], ''),
      row('start to ready, ms', starts, count <= 1000 ? '< 2,000' : ''),
      row('SIGTERM to exit, ms', stops, '< 5,000'),
      row(`the list (${short(bytes / 1e6)} MB), ms`, lists, '< 50'),
      row('transmission-remote -l, ms', remote, '< 500'),
      row('qBittorrent torrents/info, ms', infos, ''),
      row('qBittorrent sync/maindata again, ms', syncs, ''),
      row('50 of it by name, ms', pages, ''),
      row(`a change to its event (${eventBytes} B), ms`, events, ''),
    ],
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
