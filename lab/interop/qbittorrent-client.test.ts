// A client of qBittorrent's Web API that we did not write (@ctrl/qbittorrent), as it comes, against a node.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { QBittorrent } from '@ctrl/qbittorrent';
import { createNodeWorld } from '@shoal/base/node';
import { createLog, startNode } from '@shoal/node';
import { loadConfig } from '@shoal/node/config';
import { makeTorrentFile } from '@shoal/node/making';

test('a client from npm adds, lists, labels, renames, moves and removes', {
  timeout: 120_000,
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-qbt-client-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const world = createNodeWorld({ hashWorkers: 1 });
  context.after(() => world.close());
  const places = { home: folder, data: join(folder, 'data'), configFile: join(folder, 'config.toml') };
  const flags = { api: '127.0.0.1:0', port: '0', lan: 'off', 'port-mapping': 'off', downloads: folder };
  const loaded = await loadConfig({ disk: world.disk, places, flags });
  const log = createLog({ level: 'silent', clock: world.clock, write: () => {} });
  const node = await startNode({ world, loaded, places, version: '0.1.0', log, pid: process.pid });
  context.after(() => node.stop());
  mkdirSync(join(folder, 'album'));
  writeFileSync(join(folder, 'album', 'one.bin'), Buffer.alloc(50_000, 'b'));
  writeFileSync(join(folder, 'album', 'two.bin'), Buffer.alloc(40_000, 'c'));
  const { bytes } = await makeTorrentFile(world, {
    path: join(folder, 'album'),
    file: join(folder, 'album.torrent'),
    format: 'v1',
    pieceLength: undefined,
    overwrite: false,
    details: {},
    signal: AbortSignal.timeout(60_000),
    onProgress: () => {},
    onLeftOut: () => {},
  });

  const wrong = new QBittorrent({ baseUrl: node.url, username: 'shoal', password: 'guess' });
  await assert.rejects(wrong.getAppVersion());
  const client = new QBittorrent({ baseUrl: node.url, username: 'shoal', password: node.token });
  assert.match(await client.getAppVersion(), /^v4\./);
  await client.createCategory('music', join(folder, 'music'));
  const added = await client.normalizedAddTorrent(bytes, { label: 'music', startPaused: true });
  assert.deepEqual([added.name, added.label, added.state], ['album', 'music', 'paused']);
  const { id } = added;
  await client.setTorrentLocation(id, folder);
  await client.startTorrent(id);
  await client.recheckTorrent(id);
  while ((await client.getTorrent(id)).progress < 1) await new Promise((resolve) => setTimeout(resolve, 100));
  await client.addTorrentTags(id, 'new');
  assert.deepEqual(await client.getTags(), ['new']);
  assert.deepEqual(await client.getCategories(), {
    music: { name: 'music', savePath: join(folder, 'music') },
  });
  await client.renameFile(id, 'album/one.bin', 'album/first.bin');
  assert.deepEqual(
    (await client.torrentFiles(id)).map(({ name, progress }) => [name, progress]),
    [
      ['album/first.bin', 1],
      ['album/two.bin', 1],
    ],
  );
  await client.addTrackers(id, 'http://127.0.0.1:9/announce');
  assert.equal((await client.torrentTrackers(id)).length, 4);
  const { torrents } = await client.getAllData();
  assert.deepEqual(
    torrents.map(({ label, tags, savePath }) => [label, tags, savePath]),
    [['music', ['new'], folder]],
  );
  await client.removeTorrent(id, true);
  assert.deepEqual((await client.getAllData()).torrents, []);
});
