// Super-seeding, partial seeds and share mode, each with receivers that we did not write.

import assert from 'node:assert/strict';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { aria2 } from '../clients/aria2.ts';
import type { Client } from '../clients/client.ts';
import { libtorrent } from '../clients/libtorrent.ts';
import { missingNamespaces } from '../clients/namespace.ts';
import { shoal } from '../clients/shoal.ts';
import { webtorrent } from '../clients/webtorrent.ts';
import { moved, startEngine } from './engine.ts';
import { assertArrived, type Lab, openLab } from './exchange.ts';

/** They share no piece. */
const files = { 'a.bin': 3 * 2 ** 20, 'folder/b.bin': 2 * 2 ** 20 + 11 };
const totalBytes = Object.values(files).reduce((sum, length) => sum + length, 0);
const encryption = 'allowed';
const noNamespaces = missingNamespaces();

async function withLab(
  scenario: (lab: Lab, stopLater: (peer: { stop(): Promise<void> }) => void) => Promise<void>,
) {
  const lab = await openLab('v1', files);
  const running: { stop(): Promise<void> }[] = [];
  try {
    await scenario(lab, (peer) => running.push(peer));
  } finally {
    await Promise.all(running.map((peer) => peer.stop()));
    await lab.close();
  }
}

describe('modes of the engine among other clients', { concurrency: 2 }, () => {
  for (const client of [libtorrent, aria2, webtorrent] satisfies Client[])
    test(
      `${client.name} and we fetch all of it from a super-seed, and from each other`,
      { skip: noNamespaces ?? client.missing() ?? false, timeout: 120_000 },
      () =>
        withLab(async (lab, stopLater) => {
          const task = await lab.task(1, { folder: lab.source, encryption });
          const seed = startEngine({ ...task, mode: { kind: 'super-seed' } });
          stopLater(seed);
          await seed.ready;
          const ours = await lab.task(2, { peers: [1, 3], encryption });
          const theirs = await lab.task(3, { peers: [1, 2], encryption });
          const receivers = [shoal.fetch(ours), client.fetch(theirs)];
          for (const receiver of receivers) stopLater(receiver);
          if (!client.takesPeers) for (const number of [1, 2]) await lab.announce(number, 'source');
          await Promise.all(receivers.map(({ complete }) => complete));
          await assertArrived(lab, shoal, ours);
          await assertArrived(lab, client, theirs);
          const copies = moved(seed).uploaded / totalBytes;
          assert.ok(copies < 1.9, `${copies.toFixed(2)} copies sent to two`);
        }),
    );

  const skip = noNamespaces ?? libtorrent.missing() ?? false;

  test(
    'two that each have half of it share it with libtorrent, and want nothing themselves',
    { skip, timeout: 180_000 },
    () =>
      withLab(async (lab, stopLater) => {
        const halves = ['a.bin', 'folder/'];
        for (const [at, only] of halves.entries()) {
          const task = await lab.task(1 + at, { encryption });
          cpSync(join(lab.source, 'payload', only), join(task.folder, 'payload', only), { recursive: true });
          const half = startEngine({ ...task, mode: { kind: 'usual' }, only });
          stopLater(half);
          await half.complete;
        }
        const task = await lab.task(3, { peers: [1, 2], encryption });
        const receiver = libtorrent.fetch(task);
        stopLater(receiver);
        await receiver.complete;
        await assertArrived(lab, libtorrent, task);
      }),
  );

  test(
    'a volunteer fetches what libtorrent peers lack, passes it on, and makes no files',
    { skip, timeout: 120_000 },
    () =>
      withLab(async (lab, stopLater) => {
        const source = libtorrent.seed({
          ...(await lab.task(1, { folder: lab.source, encryption })),
          uploadBytesPerSecond: 600_000,
        });
        stopLater(source);
        await source.ready;
        const own = await lab.task(2, { peers: [1], encryption });
        const volunteer = startEngine({ ...own, mode: { kind: 'share', mostBytes: totalBytes } });
        stopLater(volunteer);
        await volunteer.ready;
        const tasks = [
          await lab.task(3, { peers: [1, 2], encryption }),
          await lab.task(4, { peers: [1, 2], encryption }),
        ];
        const receivers = tasks.map((task) => libtorrent.fetch(task));
        for (const receiver of receivers) stopLater(receiver);
        await Promise.all(receivers.map(({ complete }) => complete));
        for (const task of tasks) await assertArrived(lab, libtorrent, task);
        const { downloaded, uploaded } = moved(volunteer);
        assert.ok(downloaded > 0 && uploaded > 0, `${downloaded} fetched, ${uploaded} passed on`);
        assert.equal(existsSync(join(own.folder, 'payload')), false);
      }),
  );
});
