// The feeds of an index of ours, in each of its forms, as a node follows them: what was published becomes a transfer.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClient } from '@shoal/api';
import { createNodeWorld } from '@shoal/base/node';
import { createLog, startNode } from '@shoal/node';
import { loadConfig } from '@shoal/node/config';
import { hashOf, publication } from '../../packages/index/test/catalogue/publishing.ts';
import { isEvent } from '../clients/client.ts';
import { start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';

const forms = ['feeds/rss', 'feeds/atom', 'torznab/api?t=search'];

test('what an index publishes is taken from each of its feeds', { timeout: 120_000 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-feeds-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const words = ['index', '--address', '127.0.0.1', '--port', '0', '--data', join(folder, 'index'), '--json'];
  const index = start(process.execPath, [shoalCommand, ...words], { log: join(folder, 'log') });
  context.after(() => index.stop());
  const { url: from } = JSON.parse(await index.line(isEvent('ready'), 60_000));
  const world = createNodeWorld({ hashWorkers: 1 });
  context.after(() => world.close());
  const places = { home: folder, data: join(folder, 'data'), configFile: join(folder, 'config.toml') };
  const flags = { api: '127.0.0.1:0', port: '0', lan: 'off', 'port-mapping': 'off' };
  const loaded = await loadConfig({ disk: world.disk, places, flags });
  const log = createLog({ level: 'silent', clock: world.clock, write: () => {} });
  const node = await startNode({ world, loaded, places, version: '0.1.0', log, pid: process.pid });
  context.after(() => node.stop());
  const client = createClient({ url: node.url, fetch, token: node.token });

  const madeAt = Math.floor(Date.now() / 1000);
  for (const [number, title] of [
    [1, 'A <Show> S01E01 & more'],
    [2, 'A Show S01E02'],
    [3, 'Something else'],
  ] as const) {
    const body = Uint8Array.from(publication(number, title, { madeAt, size: 1000 * number }));
    assert.equal((await fetch(`${from}api/catalogue`, { method: 'POST', body })).status, 200);
  }
  for (const form of forms) {
    const { id } = await client.call('addFeed', {
      body: { url: `${from}${form}`, filter: { words: ['show'] }, once: 'episode', isPaused: true },
    });
    const feed = await client.call('checkFeed', { params: { id } });
    assert.deepEqual([feed.error, feed.items, feed.taken], [undefined, 3, 2], form);
    const items = await client.call('feedItems', { params: { id } });
    assert.ok(
      items.some(({ title }) => title === 'A <Show> S01E01 & more'),
      form,
    );
    const { transfers } = await client.call('transfers', {});
    assert.deepEqual(
      transfers.map((transfer) => transfer.id).sort(),
      [1, 2].map((number) => hashOf(number)).sort(),
      form,
    );
    for (const transfer of transfers) await client.call('removeTransfer', { params: { id: transfer.id } });
  }
});
