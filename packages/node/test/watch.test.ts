// Watch folders of a whole node: what is put into them, whole, in pieces or broken, and what a kill leaves.

import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createNodeWorld } from '@shoal/base/node';
import { makeTorrentFile } from '../src/making/index.ts';
import { watchSettings } from '../src/watch/settings.ts';
import { makeFile, startTestNode, temporaryFolder } from './node.ts';

async function torrentBytes(folder: string, name: string, length = 40_000): Promise<Uint8Array> {
  await mkdir(join(folder, 'made'), { recursive: true });
  const path = await makeFile(join(folder, 'made'), name, length);
  const world = createNodeWorld({ hashWorkers: 1 });
  try {
    const { bytes } = await makeTorrentFile(world, {
      path,
      file: join(folder, 'made', `${name}.torrent`),
      format: 'hybrid',
      pieceLength: undefined,
      overwrite: true,
      details: {},
      signal: AbortSignal.timeout(30_000),
      onProgress: () => {},
      onLeftOut: () => {},
    });
    return bytes;
  } finally {
    await world.close();
  }
}

/** Until the folder holds just these. */
async function untilNames(folder: string, names: readonly string[]): Promise<void> {
  const untilMs = performance.now() + 60_000;
  for (;;) {
    const now = (await readdir(folder)).sort();
    if (now.join() === [...names].sort().join()) return;
    if (performance.now() > untilMs) assert.deepEqual(now, [...names].sort());
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function scene(context: TestContext, more = '') {
  const folder = await temporaryFolder(context);
  const drop = join(folder, 'my drop');
  await mkdir(drop);
  const flags = {
    'watch.folders': `"${drop}" label=tv to=${join(folder, 'tv')}${more}`,
    downloads: join(folder, 'dl'),
  };
  return { folder, drop, flags };
}

test('torrents and links of a watch folder are added with its label and folder, and set aside', async (context) => {
  const { folder, drop, flags } = await scene(context);
  const node = await startTestNode(context, folder, flags);
  const torrent = await torrentBytes(folder, 'film.bin');
  await writeFile(join(drop, 'film.torrent'), torrent);
  await writeFile(join(drop, 'link.MAGNET'), `magnet:?xt=urn:btih:${'2'.repeat(40)}&dn=other\n`);
  await writeFile(join(drop, '.film.torrent'), 'hidden');
  await writeFile(join(drop, 'film.txt'), 'not asked for');
  await untilNames(drop, ['film.torrent.added', 'link.MAGNET.added', '.film.torrent', 'film.txt']);
  const { transfers } = await node.client.call('transfers', { query: { sort: 'name' } });
  assert.deepEqual(
    transfers.map(({ name, labels, folder: to }) => ({ name, labels, to })),
    [
      { name: 'film.bin', labels: ['tv'], to: join(folder, 'tv') },
      { name: 'other', labels: ['tv'], to: join(folder, 'tv') },
    ],
  );
  // The same again is said, and set aside beside the first.
  await writeFile(join(drop, 'film.torrent'), torrent);
  await untilNames(drop, [
    'film.torrent.added',
    'film.torrent.added.2',
    'link.MAGNET.added',
    '.film.torrent',
    'film.txt',
  ]);
  const params = { id: transfers[0]?.id ?? '' };
  const said = await node.client.call('log', { params });
  assert.match(said.map(({ message }) => message).join('\n'), /was here already/);
  assert.equal((await node.client.call('transfers', {})).total, 2);
});

test('a file that is still being written is waited for, and a broken one is refused with the reason', async (context) => {
  const { folder, drop, flags } = await scene(context, ' after=remove');
  const node = await startTestNode(context, folder, flags);
  const torrent = await torrentBytes(folder, 'slow.bin', 3_000_000);
  const path = join(drop, 'slow.torrent');
  await writeFile(join(drop, 'bad.torrent'), '<html>404</html>');
  await writeFile(join(drop, 'bad.magnet'), 'magnet:?xt=urn:nothing');
  await writeFile(path, torrent.subarray(0, 100));
  await untilNames(drop, [
    'bad.torrent.refused',
    'bad.torrent.refused.txt',
    'bad.magnet.refused',
    'bad.magnet.refused.txt',
    'slow.torrent',
  ]);
  assert.equal(await readFile(join(drop, 'bad.torrent.refused'), 'utf8'), '<html>404</html>');
  assert.match(await readFile(join(drop, 'bad.torrent.refused.txt'), 'utf8'), /\w+ .*\n$/);
  assert.equal((await node.client.call('transfers', {})).total, 0);
  await appendFile(path, torrent.subarray(100));
  await untilNames(drop, [
    'bad.torrent.refused',
    'bad.torrent.refused.txt',
    'bad.magnet.refused',
    'bad.magnet.refused.txt',
  ]);
  assert.equal((await node.client.call('transfers', {})).total, 1);
});

test('what a stop left in a watch folder is neither lost nor added twice', async (context) => {
  const { folder, drop, flags } = await scene(context);
  const first = await startTestNode(context, folder, flags);
  const torrent = await torrentBytes(folder, 'a.bin');
  // Added, and gone before it could be set aside.
  await first.client.call('addTransfer', { body: { torrent: Buffer.from(torrent).toString('base64') } });
  await writeFile(join(drop, 'a.torrent'), torrent);
  await first.stop();
  await writeFile(join(drop, 'b.torrent'), await torrentBytes(folder, 'b.bin'));
  const second = await startTestNode(context, folder, flags);
  await untilNames(drop, ['a.torrent.added', 'b.torrent.added']);
  assert.equal((await second.client.call('transfers', {})).total, 2);
});

test('a folder that comes later, or a change of the config, is watched without a restart', async (context) => {
  const folder = await temporaryFolder(context);
  const node = await startTestNode(context, folder);
  const later = join(folder, 'later');
  const value = `${later} after=move:${join(folder, 'done')}`;
  await node.client.call('changeConfig', { body: { 'watch.folders': value } });
  await mkdir(later);
  await writeFile(join(later, 'x.torrent'), await torrentBytes(folder, 'x.bin'));
  await untilNames(later, []);
  assert.deepEqual(await readdir(join(folder, 'done')), ['x.torrent']);
  await assert.rejects(
    node.client.call('changeConfig', { body: { 'watch.folders': `${later} into=/x` } }),
    /into=\/x/,
  );
});

test('settings of watch folders are read word for word', () => {
  assert.deepEqual(watchSettings('none'), []);
  const [one, other] = watchSettings('/a label=tv label=new paused; "/b;c d" after=move:/e to="/f g"');
  assert.deepEqual(one, {
    folder: '/a',
    labels: ['tv', 'new'],
    to: undefined,
    isPaused: true,
    after: { kind: 'rename' },
  });
  assert.deepEqual(other?.folder, '/b;c d');
  assert.deepEqual(other?.to, '/f g');
  assert.deepEqual(other?.after, { kind: 'move', folder: '/e' });
  for (const wrong of ['/a;/a', 'a', '/a label=', '/a to=b', '/a after=burn', '/a after=move:b', '/a x'])
    assert.throws(() => watchSettings(wrong), { code: 'config-invalid' }, wrong);
});
