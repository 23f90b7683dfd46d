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
import { isEvent, after as whenSaid } from '../clients/client.ts';
import { libtorrent } from '../clients/libtorrent.ts';
import { createNamespace, labAddress, missingNamespaces, type Namespace } from '../clients/namespace.ts';
import { type Program, run, start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';
import { transmission } from '../clients/transmission.ts';
import { webtorrent } from '../clients/webtorrent.ts';
import { assertSameTree } from './exchange.ts';

type Way = 'http' | 'udp';
type Family = 4 | 6;

const indexPort = 7000;

/** Ours, when an index is all that it may ask. */
const shoalByIndex: Client = {
  name: 'Shoal',
  formats: ['v1'],
  encryptions: ['allowed'],
  takesPeers: false,
  refusesLoopback: false,
  missing: () => undefined,
  seed(task) {
    const peer = get(task, ['--seed']);
    return { ...peer, ready: peer.complete };
  },
  fetch: (task) => get(task, []),
};

function get(task: PeerTask, more: readonly string[]) {
  const words = ['get', task.torrent, '-o', task.folder, '--data', join(task.state, 'shoal'), '--json'];
  const program = start(
    process.execPath,
    [shoalCommand, ...words, '--port', String(task.port), '--network', 'centralized', ...more],
    { log: join(task.state, 'shoal.log'), prefix: task.prefix ?? [] },
  );
  const complete = whenSaid(program, isEvent('complete'));
  return { program, ready: Promise.resolve(), complete, stop: () => program.stop() };
}

/**
 * Announces go both ways, and over IPv6 with the programs that can. Transmission gives only: as a receiver in a
 * network where all calls come from the one who is called it hangs up now and then on whom it needs.
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

describe('programs meet through the index', { skip: missingNamespaces() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-index-'));
  const payload = join(folder, 'original', 'payload');
  let namespace: Namespace;
  let index: Program;

  before(async () => {
    mkdirSync(payload, { recursive: true });
    for (const [name, length] of [
      ['some.bin', 1_500_001],
      ['more.bin', 70_000],
    ] as const)
      writeFileSync(join(payload, name), randomBytes(length));
    namespace = await createNamespace();
    index = start(
      process.execPath,
      [
        shoalCommand,
        'index',
        '--port',
        String(indexPort),
        '--data',
        join(folder, 'index'),
        '--interval',
        '10',
        '--json',
      ],
      { log: join(folder, 'index.log'), prefix: namespace.prefix },
    );
    await index.line(isEvent('ready'));
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
      /** A program announces from the address that it finds its tracker at. */
      async function taskOf(program: number, files: string): Promise<PeerTask> {
        const state = join(own, `state-${program}`);
        mkdirSync(state, { recursive: true });
        mkdirSync(files, { recursive: true });
        const address = labAddress(program, family);
        const url = `${way}://${family === 6 ? `[${address}]` : address}:${indexPort}/announce`;
        const torrent = join(own, `${program}.torrent`);
        const words = ['make', payload, '-o', torrent, '--format', 'v1', '--tracker', url];
        await run(process.execPath, [shoalCommand, ...words, '--piece-length', '65536']);
        const port = 7100 + 10 * program + 100 * number;
        return {
          torrent,
          folder: files,
          state,
          address,
          port,
          encryption: 'allowed',
          peers: [],
          asksUdpTrackers: way === 'udp',
          prefix: namespace.prefix,
        };
      }
      const source = join(own, 'source');
      cpSync(join(folder, 'original'), source, { recursive: true });
      const before = await count('announces_total');
      const giver = from.seed(await taskOf(1, source));
      try {
        await giver.ready;
        // Who asks before is told of nobody, and asks again minutes later.
        while ((await count('announces_total')) === before)
          await new Promise((resolve) => setTimeout(resolve, 50));
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

  async function count(name: string): Promise<number> {
    const text = await run('curl', ['-s', `http://${labAddress(9)}:${indexPort}/metrics`], namespace.prefix);
    return Number(new RegExp(`^shoal_index_${name} (\\d+)$`, 'm').exec(text)?.[1]);
  }

  test('nothing that they told was refused', async () => {
    assert.ok((await count('announces_total')) >= 2 * meetings.length);
    assert.equal(await count('refused_total'), 0);
  });
});
