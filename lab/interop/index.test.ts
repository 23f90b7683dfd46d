// Programs that others wrote, and our own, meet through our index and nothing else: they announce to it over HTTP or
// UDP, over IPv4 or IPv6, are told of each other, and exchange files.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { aria2 } from '../clients/aria2.ts';
import type { Client, PeerTask } from '../clients/client.ts';
import { isEvent } from '../clients/client.ts';
import { libtorrent } from '../clients/libtorrent.ts';
import {
  createCable,
  createNamespace,
  labAddress,
  missingNamespaces,
  type Namespace,
} from '../clients/namespace.ts';
import { type Program, run, start } from '../clients/process.ts';
import { shoal, shoalCommand, shoalWith } from '../clients/shoal.ts';
import { transmission } from '../clients/transmission.ts';
import { webtorrent } from '../clients/webtorrent.ts';
import { assertSameTree } from './exchange.ts';

type Way = 'http' | 'udp';
type Family = 4 | 6;

const indexPort = 7000;

/** Ours, when an index is all that it may ask. */
const shoalByIndex: Client = {
  ...shoal,
  takesPeers: false,
  ...shoalWith('--network', 'centralized'),
};

/**
 * Announces go both ways, and over IPv6 with the programs that can. Transmission gives only: it takes all peers of one
 * address for one, and here all calls come from the address that is called. It takes at the end of a cable, below.
 */
const meetings: readonly (readonly [from: Client, to: Client, way: Way, family: Family])[] = [
  [transmission, libtorrent, 'http', 4],
  [transmission, aria2, 'udp', 4],
  [libtorrent, aria2, 'http', 4],
  [aria2, webtorrent, 'http', 4],
  [webtorrent, aria2, 'udp', 4],
  [transmission, shoalByIndex, 'http', 4],
  [webtorrent, shoalByIndex, 'udp', 4],
  [libtorrent, shoalByIndex, 'http', 6],
  [shoalByIndex, libtorrent, 'udp', 6],
  [libtorrent, libtorrent, 'udp', 6],
];

function writePayload(payload: string): void {
  mkdirSync(payload, { recursive: true });
  for (const [name, length] of [
    ['some.bin', 1_500_001],
    ['more.bin', 70_000],
  ] as const)
    writeFileSync(join(payload, name), randomBytes(length));
}

async function startIndex(folder: string, prefix: readonly string[]): Promise<Program> {
  const words = ['index', '--port', String(indexPort), '--data', join(folder, 'index'), '--interval', '10'];
  const log = join(folder, 'index.log');
  const index = start(process.execPath, [shoalCommand, ...words, '--json'], { log, prefix });
  await index.line(isEvent('ready'));
  return index;
}

interface TaskWords {
  /** Where the program listens, and where it finds its tracker: it announces from there. */
  readonly address: string;
  readonly tracker?: string;
  readonly port: number;
  readonly way: Way;
  readonly files: string;
  readonly prefix: readonly string[];
}

async function writeTask(
  state: string,
  payload: string,
  { address, tracker = address, port, way, files, prefix }: TaskWords,
): Promise<PeerTask> {
  mkdirSync(state, { recursive: true });
  mkdirSync(files, { recursive: true });
  const url = `${way}://${tracker.includes(':') ? `[${tracker}]` : tracker}:${indexPort}/announce`;
  const torrent = `${state}.torrent`;
  const words = ['make', payload, '-o', torrent, '--format', 'v1', '--tracker', url];
  await run(process.execPath, [shoalCommand, ...words, '--piece-length', '65536']);
  const asksUdpTrackers = way === 'udp';
  return {
    torrent,
    folder: files,
    state,
    address,
    port,
    encryption: 'allowed',
    peers: [],
    asksUdpTrackers,
    prefix,
  };
}

async function count(prefix: readonly string[], name: string): Promise<number> {
  const text = await run('curl', ['-s', `http://127.0.0.1:${indexPort}/metrics`], prefix);
  return Number(new RegExp(`^shoal_index_${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

/** Who asks before another announced is told of nobody, and asks again minutes later. */
async function announced(prefix: readonly string[], before: number): Promise<void> {
  while ((await count(prefix, 'announces_total')) === before)
    await new Promise((resolve) => setTimeout(resolve, 50));
}

describe('programs meet through the index', { skip: missingNamespaces() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-index-'));
  const payload = join(folder, 'original', 'payload');
  let namespace: Namespace;
  let index: Program;

  before(async () => {
    writePayload(payload);
    namespace = await createNamespace();
    index = await startIndex(folder, namespace.prefix);
  });
  after(async () => {
    await index?.stop();
    await namespace?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  let number = 0;
  for (const [from, to, way, family] of meetings) {
    const missing = from.missing() ?? to.missing();
    const name = `${from.name} gives ${to.name} what it asked for, over ${way === 'http' ? 'HTTP' : 'UDP'} and IPv${family}`;
    test(name, { skip: missing ?? false, timeout: 60_000 }, async () => {
      const own = join(folder, String(number++));
      const taskOf = (program: number, files: string): Promise<PeerTask> =>
        writeTask(join(own, `state-${program}`), payload, {
          address: labAddress(program, family),
          port: 7100 + 10 * program + 100 * number,
          way,
          files,
          prefix: namespace.prefix,
        });
      const source = join(own, 'source');
      cpSync(join(folder, 'original'), source, { recursive: true });
      const before = await count(namespace.prefix, 'announces_total');
      const giver = from.seed(await taskOf(1, source));
      try {
        await giver.ready;
        await announced(namespace.prefix, before);
        const task = await taskOf(2, join(own, 'got'));
        const taker = to.fetch(task);
        try {
          await taker.complete;
          await assertSameTree(payload, join(task.folder, 'payload'));
        } finally {
          await taker.stop();
        }
      } finally {
        await giver.stop();
      }
    });
  }

  test('nothing that they told was refused', async () => {
    assert.ok((await count(namespace.prefix, 'announces_total')) >= 2 * meetings.length);
    assert.equal(await count(namespace.prefix, 'refused_total'), 0);
  });
});

describe('Transmission takes what it found through the index', {
  skip: missingNamespaces() ?? transmission.missing() ?? false,
}, () => {
  for (const from of [shoalByIndex, libtorrent, aria2])
    test(`from ${from.name}, at the other end of a cable`, {
      skip: from.missing() ?? false,
      timeout: 120_000,
    }, async (context) => {
      const folder = mkdtempSync(join(tmpdir(), 'shoal-index-'));
      const payload = join(folder, 'original', 'payload');
      writePayload(payload);
      const cable = await createCable();
      const [there, here] = cable.ends;
      const index = await startIndex(folder, there.prefix);
      const running: { stop(): Promise<void> }[] = [index];
      context.after(async () => {
        for (const one of running.toReversed()) await one.stop();
        await cable.close();
        rmSync(folder, { recursive: true, force: true });
      });
      const common = { tracker: there.address, way: 'http' } as const;
      const source = join(folder, 'source');
      cpSync(join(folder, 'original'), source, { recursive: true });
      const given = { ...common, ...there, files: source, port: 7110 };
      const giver = from.seed(await writeTask(join(folder, 'giver'), payload, given));
      running.push(giver);
      await giver.ready;
      await announced(there.prefix, 0);
      const taken = { ...common, ...here, files: join(folder, 'got'), port: 7120 };
      const taker = transmission.fetch(await writeTask(join(folder, 'taker'), payload, taken));
      running.push(taker);
      await taker.complete;
      await assertSameTree(payload, join(folder, 'got', 'payload'));
    });
});
