// Ours and others find each other through a tracker: nobody is told of a peer, and everybody announces itself.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { aria2 } from '../clients/aria2.ts';
import { type Client, isEvent } from '../clients/client.ts';
import { libtorrent } from '../clients/libtorrent.ts';
import { labAddress, missingNamespaces } from '../clients/namespace.ts';
import { start } from '../clients/process.ts';
import { shoal, shoalCommand } from '../clients/shoal.ts';
import { transmission } from '../clients/transmission.ts';
import { assertArrived, assertSameTree, openLab } from './exchange.ts';

const files = { 'some.bin': 1_000_001, 'folder/a few bytes': 3 };
const trackerUrl = `http://${labAddress(1)}:7000/announce`;

async function takeFromOurShare(client: Client): Promise<void> {
  const lab = await openLab('v1', files);
  try {
    const ours = await lab.task(1, { encryption: 'allowed' });
    const share = start(
      process.execPath,
      [
        ...[shoalCommand, 'share', join(lab.original, 'payload'), '--format', 'v1', '--tracker', trackerUrl],
        ...['--data', join(ours.state, 'shoal'), '--port', String(ours.port), '--no-lan', '--json'],
      ],
      { log: join(ours.state, 'share.log'), prefix: ours.prefix ?? [] },
    );
    try {
      const { torrent, magnet } = JSON.parse(await share.line(isEvent('sharing')));
      assert.ok(String(magnet).includes(encodeURIComponent(trackerUrl)));
      const task = { ...(await lab.task(2, { encryption: 'allowed' })), torrent: String(torrent) };
      const receiver = client.fetch(task);
      try {
        await receiver.complete;
        await assertArrived(lab, client, task);
      } finally {
        await receiver.stop();
      }
    } finally {
      await share.stop();
    }
  } finally {
    await lab.close();
  }
}

async function getFrom(client: Client): Promise<void> {
  const lab = await openLab('v1', files);
  try {
    const source = client.seed(await lab.task(2, { folder: lab.source, encryption: 'allowed' }));
    try {
      await source.ready;
      const task = await lab.task(1, { encryption: 'allowed' });
      mkdirSync(task.folder, { recursive: true });
      const receiver = shoal.fetch(task);
      try {
        await receiver.complete;
        await assertSameTree(join(lab.original, 'payload'), join(task.folder, 'payload'));
      } finally {
        await receiver.stop();
      }
    } finally {
      await source.stop();
    }
  } finally {
    await lab.close();
  }
}

const noNamespaces = missingNamespaces();

describe('through a tracker', { concurrency: 2 }, () => {
  for (const client of [aria2, transmission, libtorrent]) {
    const skip = noNamespaces ?? client.missing() ?? false;
    test(`${client.name} finds what we share`, { skip, timeout: 60_000 }, () => takeFromOurShare(client));
    test(`we find what ${client.name} seeds`, { skip, timeout: 60_000 }, () => getFrom(client));
  }
});
