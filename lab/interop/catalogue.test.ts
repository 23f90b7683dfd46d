// The shipped index under load and killed, on a disk that fills up, and as three processes on one PostgreSQL and one
// Redis: whatever it acknowledged is there afterwards.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { hashOf, publication } from '../../packages/index/test/catalogue/publishing.ts';
import { startPostgres } from '../../packages/index/test/database/postgres-server.ts';
import { isEvent } from '../clients/client.ts';
import { missingPrograms } from '../clients/installed.ts';
import { type Program, start } from '../clients/process.ts';
import { redisProgram, startRedis } from '../clients/redis.ts';
import { shoalCommand } from '../clients/shoal.ts';

const madeAt = Math.floor(Date.now() / 1000);

interface Running {
  readonly program: Program;
  readonly url: string;
}

async function openIndex(
  data: string,
  { words = [], prefix = [] }: { words?: readonly string[]; prefix?: readonly string[] } = {},
): Promise<Running> {
  const usual = ['index', '--address', '127.0.0.1', '--port', '0', '--data', data, '--unlimited', '--json'];
  const program = start(process.execPath, [shoalCommand, ...usual, ...words], {
    log: join(data, '..', 'log'),
    prefix,
  });
  const { url } = JSON.parse(await program.line(isEvent('ready'), 60_000));
  return { program, url };
}

/** True when it was acknowledged; false when it was refused, or nobody answers. */
async function publish(url: string, record: Uint8Array): Promise<boolean> {
  try {
    const body = Uint8Array.from(record);
    const response = await fetch(`${url}api/catalogue`, { method: 'POST', body });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

/** All that a catalogue has, by what another one would read to follow it. */
async function titlesOf(url: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (let after = 0; ; ) {
    const response = await fetch(`${url}api/catalogue/changes?after=${after}`);
    assert.equal(response.status, 200);
    const { changes } = JSON.parse(await response.text());
    for (const { revision, record } of changes) {
      assert.ok(revision > after, 'revisions grow');
      after = revision;
      const title = /5:title\d+:Number (\d+) /.exec(Buffer.from(record, 'base64').toString('latin1'))?.[1];
      if (title !== undefined) found.add(title);
    }
    if (changes.length === 0) return found;
  }
}

async function searchTotal(url: string, words: string): Promise<number> {
  const { total } = JSON.parse(await (await fetch(`${url}api/search?q=${words}`)).text());
  return total;
}

/** Publishes numbers until it is told to stop; `to` says where each goes. */
function load(to: () => string, first: number, step: number, filler = '') {
  const acknowledged: number[] = [];
  let isOver = false;
  const done = (async () => {
    for (let number = first; !isOver; number += step) {
      const title = `Number ${number} of many`;
      const record = publication(number, title, { madeAt, ...(filler !== '' && { description: filler }) });
      if (await publish(to(), record)) acknowledged.push(number);
      else await setTimeout(5);
    }
  })();
  return {
    acknowledged,
    stop: () => {
      isOver = true;
      return done;
    },
  };
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(20);
}

test('an index that is killed under load has all that it acknowledged', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-catalogue-'));
  let running = await openIndex(join(folder, 'data'));
  const loads = [0, 1, 2, 3].map((first) => load(() => running.url, first, 4));
  const all = () => loads.flatMap(({ acknowledged }) => acknowledged);
  try {
    for (const wanted of [100, 200]) {
      await until(() => all().length >= wanted);
      await running.program.kill();
      running = await openIndex(join(folder, 'data'));
    }
    await until(() => all().length >= 300);
    await Promise.all(loads.map(({ stop }) => stop()));
    const kept = await titlesOf(running.url);
    assert.deepEqual(
      all().filter((number) => !kept.has(`${number}`)),
      [],
    );
    assert.ok((await searchTotal(running.url, 'many')) >= 300);
  } finally {
    await Promise.all(loads.map(({ stop }) => stop()));
    await running.program.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('on a disk that is full it refuses, goes on answering, and has lost nothing', {
  timeout: 120_000,
  skip: process.getuid?.() === 0 ? missingPrograms('unshare', 'mount') : 'only root makes a small disk',
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-full-'));
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const small = `mount -t tmpfs -o size=16m small ${disk} && head -c 6000000 /dev/zero > ${disk}/ballast && exec "$@"`;
  // Under the mount of its own, which nobody else sees.
  const running = await openIndex(join(disk, 'data'), {
    prefix: ['unshare', '--mount', 'sh', '-c', small, 'sh'],
  });
  const filler = 'words and more words '.repeat(400).trim();
  const publishing = load(() => running.url, 0, 1, filler);
  try {
    const refused = async (): Promise<boolean> =>
      !(await publish(
        running.url,
        publication(10_000_000, `Probe ${filler.slice(0, 100)}`, {
          madeAt,
          description: filler,
          sequence: Date.now(),
        }),
      ));
    await until(refused);
    await publishing.stop();
    assert.ok(publishing.acknowledged.length > 10, `${publishing.acknowledged.length}`);
    // It still answers, and says what is wrong to those who publish.
    const response = await fetch(`${running.url}api/catalogue`, {
      method: 'POST',
      body: Uint8Array.from(publication(10_000_001, 'One more', { madeAt, description: filler })),
    });
    assert.equal(response.status, 503);
    assert.equal(JSON.parse(await response.text()).error.code, 'unavailable');
    assert.ok((await searchTotal(running.url, 'many')) >= publishing.acknowledged.length);
    // Room again: through the mount of the index, which its process shows.
    truncateSync(`/proc/${running.program.pid}/root${disk}/ballast`);
    await until(() => publish(running.url, publication(10_000_002, 'Number 10000002 with room', { madeAt })));
    const kept = await titlesOf(running.url);
    assert.ok(kept.has('10000002'));
    assert.deepEqual(
      publishing.acknowledged.filter((number) => !kept.has(`${number}`)),
      [],
    );
  } finally {
    await publishing.stop();
    await running.program.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('three processes on one PostgreSQL and one Redis are one index, and one that is killed loses nothing', {
  timeout: 180_000,
  skip: redisProgram() === undefined ? 'redis-server not installed' : false,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-three-'));
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const words = ['--database', await postgres.fresh(), '--leases', redis.url];
  const indexes: Running[] = [];
  try {
    // At once, on an empty database: one of them makes the tables.
    indexes.push(
      ...(await Promise.all([0, 1, 2].map((i) => openIndex(join(folder, `data${i}`), { words })))),
    );
    const [first, second, third] = indexes;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const announce = (url: string, peer: string, port: number): Promise<Response> =>
      fetch(
        `${url}announce?info_hash=${'h'.repeat(20)}&peer_id=${peer.repeat(20)}&port=${port}&left=0&event=started`,
      );
    await announce(first.url, 'a', 7001);
    const knows = async (url: string, many: number): Promise<boolean> => {
      const answer = await (await fetch(`${url}scrape?info_hash=${'h'.repeat(20)}`)).text();
      return answer.includes(`8:completei${many}e`);
    };
    await until(() => knows(third.url, 1));
    await announce(second.url, 'b', 7002);
    await until(() => knows(first.url, 2));

    const loads = [first, second, third].map(({ url }, i) => load(() => url, i, 3));
    const counts = () => loads.map(({ acknowledged }) => acknowledged.length);
    await until(() => counts().every((count) => count >= 40));
    await second.program.kill();
    const [before = 0] = counts();
    await until(() => (counts()[0] ?? 0) >= before + 40 && (counts()[2] ?? 0) >= before + 40);
    await Promise.all(loads.map(({ stop }) => stop()));
    const acknowledged = loads.flatMap((one) => one.acknowledged);
    for (const { url } of [first, third]) {
      const kept = await titlesOf(url);
      assert.deepEqual(
        acknowledged.filter((number) => !kept.has(`${number}`)),
        [],
      );
      assert.ok((await searchTotal(url, 'many')) >= acknowledged.length);
      assert.ok(await knows(url, 2));
    }
    // A new one in the place of the one that was killed knows what the others know.
    const again = await openIndex(join(folder, 'data3'), { words });
    indexes.push(again);
    await until(() => knows(again.url, 2));
    assert.equal((await fetch(`${again.url}api/content/${hashOf(acknowledged[0] ?? 0)}`)).status, 200);
  } finally {
    await Promise.all(indexes.map(({ program }) => program.kill()));
    await redis.stop();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
