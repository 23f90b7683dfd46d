// Programs that die in the middle: whatever is killed, the receiver ends up with the right bytes, and fetches little twice.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Encryption, RunningPeer } from '../clients/client.ts';
import { libtorrent } from '../clients/libtorrent.ts';
import { missingNamespaces } from '../clients/namespace.ts';
import { shoal } from '../clients/shoal.ts';
import { assertSameTree, type Lab, openLab } from './exchange.ts';

const files = { 'a.bin': 20 * 2 ** 20 + 11, 'folder/b.bin': 12 * 2 ** 20, 'folder/c.txt': 17 };
const totalBytes = Object.values(files).reduce((sum, length) => sum + length, 0);
/** Slow enough to be killed in the middle, several times. */
const uploadBytesPerSecond = 8 * 2 ** 20;
const encryption: Encryption = 'allowed';
const skip = missingNamespaces() ?? libtorrent.missing() ?? false;

/** Waits until the receiver says that it has this share of the whole. */
async function arrived(receiver: RunningPeer, share: number): Promise<void> {
  await receiver.program.line((line) => {
    const bytes = /"event":"progress".*"bytes":(\d+)/.exec(line)?.[1];
    return Number(bytes) >= share * totalBytes;
  }, 30_000);
}

async function withLab(format: 'v1' | 'v2' | 'hybrid', scenario: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await openLab(format, files);
  try {
    await scenario(lab);
  } finally {
    await lab.close();
  }
}

for (const format of ['v1', 'v2', 'hybrid'] as const) {
  test(
    `a receiver that is killed again and again goes on where it was (${format})`,
    { skip, timeout: 90_000 },
    () =>
      withLab(format, async (lab) => {
        const source = libtorrent.seed({
          ...(await lab.task(1, { folder: lab.source, encryption })),
          uploadBytesPerSecond,
        });
        try {
          await source.ready;
          const task = await lab.task(2, { peers: [1], encryption });
          for (const share of [0.2, 0.5, 0.8]) {
            const receiver = shoal.fetch(task);
            await arrived(receiver, share);
            await receiver.program.kill();
          }
          const receiver = shoal.fetch(task);
          await receiver.complete;
          await receiver.stop();
          await assertSameTree(join(lab.original, 'payload'), join(task.folder, 'payload'));
        } finally {
          await source.stop();
        }
      }),
  );
}

test(
  'a source that is killed in the middle costs nothing where there is another',
  { skip, timeout: 90_000 },
  () =>
    withLab('hybrid', async (lab) => {
      const seed = async (number: number) =>
        libtorrent.seed({
          ...(await lab.task(number, { folder: lab.source, encryption })),
          uploadBytesPerSecond,
        });
      const [first, second] = [await seed(1), await seed(3)];
      try {
        await Promise.all([first.ready, second.ready]);
        const task = await lab.task(2, { peers: [1, 3], encryption });
        const receiver = shoal.fetch(task);
        await arrived(receiver, 0.3);
        await first.program.kill();
        await receiver.complete;
        await receiver.stop();
        await assertSameTree(join(lab.original, 'payload'), join(task.folder, 'payload'));
      } finally {
        await first.stop();
        await second.stop();
      }
    }),
);

test('a receiver of another kind goes on when we were killed and came back', { skip, timeout: 90_000 }, () =>
  withLab('hybrid', async (lab) => {
    const sourceTask = await lab.task(1, { folder: lab.source, encryption });
    const first = shoal.seed(sourceTask);
    await first.ready;
    const task = await lab.task(2, { peers: [1], encryption });
    const receiver = libtorrent.fetch(task);
    try {
      await receiver.ready;
      await first.program.kill();
      const again = shoal.seed({ ...sourceTask, peers: [{ address: task.address, port: task.port }] });
      try {
        await again.ready;
        await receiver.complete;
        await assertSameTree(join(lab.original, 'payload'), join(task.folder, 'payload'));
        assert.ok(again.program.lines.some((line) => line.includes('"event":"sharing"')));
      } finally {
        await again.stop();
      }
    } finally {
      await receiver.stop();
    }
  }),
);
