// `shoal check` as a process: exit codes, and what it prints.

import assert from 'node:assert/strict';
import { mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { shoal, temporaryFolder } from './shoal.ts';

test('check tells whole content from content that lacks something, in all formats', async (context) => {
  const folder = await temporaryFolder(context);
  const content = join(folder, 'album');
  await mkdir(join(content, 'sub'), { recursive: true });
  await writeFile(join(content, 'a'), Buffer.alloc(70_000, 1));
  await writeFile(join(content, 'empty'), '');
  await writeFile(join(content, 'sub', 'b'), Buffer.alloc(100, 2));
  const torrents: string[] = [];
  for (const format of ['v1', 'v2', 'hybrid']) {
    const torrent = join(folder, `${format}.torrent`);
    const made = await shoal(['make', content, '-o', torrent, '--format', format, '--piece-length', '16K']);
    assert.equal(made.code, 0, made.stderr);
    torrents.push(torrent);
  }
  const check = async (torrent: string) => {
    const { code, stdout } = await shoal(['check', torrent, folder, '--json']);
    return { code, ...JSON.parse(stdout) };
  };
  for (const torrent of torrents) {
    const { code, complete, piecesGood, pieces, files } = await check(torrent);
    assert.equal(code, 0);
    assert.equal(complete, true);
    assert.equal(piecesGood, pieces);
    assert.deepEqual(
      files.map(({ path }: { path: string }) => path),
      ['a', 'empty', 'sub/b'],
    );
  }

  await truncate(join(content, 'a'), 40_000);
  await rm(join(content, 'empty'));
  await rename(join(content, 'sub', 'b'), join(content, 'sub', 'b.part'));
  const { code, complete, piecesGood, pieces, files, piecesNotGood } = await check(torrents[2] ?? '');
  assert.equal(code, 1);
  assert.equal(complete, false);
  assert.deepEqual([piecesGood, pieces], [3, 6]);
  assert.deepEqual(piecesNotGood, [[2, 4]]);
  assert.deepEqual(
    files.map((file: { complete: boolean; problem?: string }) => [file.complete, file.problem]),
    [
      [false, 'has fewer bytes than it should'],
      [false, 'is not there'],
      [false, 'is not released: it has its incomplete name'],
    ],
  );
  const text = await shoal(['check', torrents[2] ?? '', folder]);
  assert.equal(text.code, 1);
  assert.match(text.stdout, /album: not complete, 3 of 6 pieces/);
  assert.match(text.stdout, /pieces that are not good: 2-4/);
});

test('check refuses what is not a torrent, and a link', async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(folder, 'x.torrent');
  await writeFile(path, 'nothing of the kind');
  assert.equal((await shoal(['check', path, folder])).code, 5);
  assert.equal((await shoal(['check', join(folder, 'absent'), folder])).code, 3);
  assert.equal((await shoal(['check', `magnet:?xt=urn:btih:${'a'.repeat(40)}`, folder])).code, 2);
});
