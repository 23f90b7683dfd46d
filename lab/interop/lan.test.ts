// Two machines on one cable with no config: nobody tells them of each other, and there is no tracker.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Client, isEvent, type PeerTask } from '../clients/client.ts';
import { libtorrent } from '../clients/libtorrent.ts';
import { createCable, missingNamespaces } from '../clients/namespace.ts';
import { run, start } from '../clients/process.ts';
import { shoal, shoalCommand } from '../clients/shoal.ts';
import { assertSameTree } from './exchange.ts';

/** From the start of the receiver to the same bytes; which of them is there first is what differs. */
async function meetOnCable(
  source: Client,
  receiver: Client,
  format: 'v1' | 'hybrid',
  order: 'source' | 'receiver',
) {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-cable-'));
  const cable = await createCable();
  try {
    const original = join(folder, 'original');
    mkdirSync(join(original, 'payload'), { recursive: true });
    writeFileSync(join(original, 'payload', 'some.bin'), randomBytes(1_000_000));
    const torrent = join(folder, 'cable.torrent');
    await run(process.execPath, [
      shoalCommand,
      'make',
      join(original, 'payload'),
      '-o',
      torrent,
      '--format',
      format,
    ]);
    const task = (i: 0 | 1, name: string): PeerTask => {
      const [state, own] = [join(folder, `state-${name}`), join(folder, name)];
      for (const made of [state, own]) mkdirSync(made, { recursive: true });
      const { prefix, address } = cable.ends[i];
      return {
        torrent,
        folder: name === 'source' ? original : own,
        state,
        address,
        port: 6881 + i,
        encryption: 'allowed',
        peers: [],
        findsLocally: true,
        prefix,
      };
    };
    const running = [];
    try {
      const giving = () => source.seed(task(0, 'source'));
      const taking = () => receiver.fetch(task(1, 'receiver'));
      const first = order === 'source' ? giving() : taking();
      running.push(first);
      await first.ready;
      const begunMs = performance.now();
      const second = order === 'source' ? taking() : giving();
      running.push(second);
      await (order === 'source' ? second : first).complete;
      await assertSameTree(join(original, 'payload'), join(folder, 'receiver', 'payload'));
      return performance.now() - begunMs;
    } finally {
      for (const peer of running) await peer.stop();
    }
  } finally {
    await cable.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const noNamespaces = missingNamespaces();

describe('two machines on one cable', { concurrency: 2, skip: noNamespaces ?? false }, () => {
  for (const order of ['source', 'receiver'] as const)
    test(`find each other and exchange a folder within seconds (${order} first)`, {
      timeout: 60_000,
    }, async () => {
      const tookMs = await meetOnCable(shoal, shoal, 'hybrid', order);
      assert.ok(tookMs < 10_000, `${tookMs} ms`);
    });

  for (const [source, receiver] of [
    [libtorrent, shoal],
    [shoal, libtorrent],
  ] as const)
    for (const order of ['source', 'receiver'] as const)
      test(`${source.name} is found by ${receiver.name} (${order} first)`, {
        skip: libtorrent.missing() ?? false,
        timeout: 60_000,
      }, async () => {
        await meetOnCable(source, receiver, 'v1', order);
      });

  test('see each other as Shoal nodes', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-cable-'));
    const cable = await createCable();
    try {
      const [there, here] = cable.ends;
      writeFileSync(join(folder, 'some.txt'), 'some');
      const share = start(
        process.execPath,
        [
          ...[shoalCommand, 'share', join(folder, 'some.txt'), '--port', '7777', '--json'],
          ...['--data', join(folder, 'data')],
        ],
        { log: join(folder, 'share.log'), prefix: there.prefix },
      );
      try {
        await share.line(isEvent('sharing'));
        const words = [shoalCommand, 'peers', '--json', '--data', join(folder, 'other')];
        const node = JSON.parse(await run(process.execPath, words, here.prefix));
        assert.equal(node.port, 7777);
        const addresses = node.addresses.map(({ address }: { address: string }) => address).sort();
        assert.deepEqual(addresses, [there.address, there.linkLocal]);
      } finally {
        await share.stop();
      }
    } finally {
      await cable.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
