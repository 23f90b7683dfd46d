// `make` and `inspect` as a user types them.

import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { missingUser, shoal, shoalAsUser, temporaryFolder } from './shoal.ts';

async function someFolder(context: TestContext): Promise<string> {
  const folder = await temporaryFolder(context);
  await mkdir(join(folder, 'things/deep'), { recursive: true });
  await mkdir(join(folder, 'things/nothing'));
  await writeFile(join(folder, 'things/deep/b.bin'), new Uint8Array(50_000).fill(3));
  await writeFile(join(folder, 'things/.hidden'), 'h');
  await writeFile(join(folder, 'things/empty'), '');
  await symlink('.hidden', join(folder, 'things/link'));
  return folder;
}

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a folder becomes a hybrid torrent that inspect reads back, in JSON of stable names', async (context) => {
  const folder = await someFolder(context);
  const file = join(folder, 'x.torrent');
  const words = [
    '--tracker',
    'http://t.example/a',
    '--tracker',
    'udp://u.example:1',
    '--web-seed',
    'http://w.example/',
  ];
  const made = await shoal([
    'make',
    join(folder, 'things'),
    '-o',
    file,
    ...words,
    '--private',
    '--comment',
    'Grüße',
    '--json',
  ]);
  assert.equal(made.code, 0, made.stderr);
  const result = linesOf(made.stdout).at(-1);
  assert.equal(result?.file, file);

  const { code, stdout } = await shoal(['inspect', file, '--json']);
  assert.equal(code, 0);
  const [facts, ...more] = linesOf(stdout);
  assert.deepEqual(more, []);
  assert.match(String(facts?.infoHashV1), /^[0-9a-f]{40}$/);
  assert.match(String(facts?.infoHashV2), /^[0-9a-f]{64}$/);
  assert.equal(facts?.name, 'things');
  assert.equal(facts?.length, 50_001);
  assert.equal(facts?.pieceLength, 16_384);
  assert.equal(facts?.pieceCount, 5);
  assert.deepEqual(facts?.files, [
    { path: '.hidden', length: 1, pad: false },
    { path: '.pad/16383', length: 16_383, pad: true },
    { path: 'deep/b.bin', length: 50_000, pad: false },
    { path: 'empty', length: 0, pad: false },
  ]);
  assert.equal(facts?.private, true);
  assert.deepEqual(facts?.trackers, [['http://t.example/a'], ['udp://u.example:1']]);
  assert.deepEqual(facts?.webSeeds, ['http://w.example/']);
  assert.equal(facts?.comment, 'Grüße');
  assert.match(String(facts?.createdBy), /^shoal /);
  assert.equal(facts?.magnet, result?.magnet);

  const link = await shoal(['inspect', String(facts?.magnet), '--json']);
  const [linked] = linesOf(link.stdout);
  for (const key of ['name', 'infoHashV1', 'infoHashV2', 'trackers', 'webSeeds', 'magnet']) {
    assert.deepEqual(linked?.[key], facts?.[key], key);
  }
});

test('what a torrent cannot have is left out, and named', async (context) => {
  const folder = await someFolder(context);
  const words = ['make', join(folder, 'things'), '-o', join(folder, 'x.torrent')];
  const { code, stderr } = await shoal(words);
  assert.equal(code, 0);
  assert.match(stderr, /left out: .*link \(link\)/);
  assert.match(stderr, /left out: .*nothing \(empty folder\)/);
  const left = linesOf((await shoal([...words, '--overwrite', '--json'])).stdout).filter(
    ({ event }) => event === 'left-out',
  );
  assert.equal(left.length, 2);
});

test('one file, and a link that is named, are torrents of one file', async (context) => {
  const folder = await someFolder(context);
  for (const format of ['v1', 'v2', 'hybrid']) {
    for (const name of ['deep/b.bin', 'link']) {
      const file = join(folder, `${format}.torrent`);
      const made = await shoal([
        'make',
        join(folder, 'things', name),
        '-o',
        file,
        '--format',
        format,
        '--overwrite',
      ]);
      assert.equal(made.code, 0, made.stderr);
      const [facts] = linesOf((await shoal(['inspect', file, '--json'])).stdout);
      const own = name.split('/').at(-1);
      assert.deepEqual(facts?.files, [{ path: own, length: name === 'link' ? 1 : 50_000, pad: false }]);
      assert.equal('infoHashV1' in (facts ?? {}), format !== 'v2');
      assert.equal('infoHashV2' in (facts ?? {}), format !== 'v1');
    }
  }
});

test('a file that is there is not replaced without a word, and nothing is left behind', async (context) => {
  const folder = await someFolder(context);
  const file = join(folder, 'x.torrent');
  await writeFile(file, 'mine');
  const { code, stderr } = await shoal(['make', join(folder, 'things'), '-o', file]);
  assert.equal(code, 5);
  assert.match(stderr, /--overwrite/);
  assert.equal(await readFile(file, 'utf8'), 'mine');
  assert.equal((await shoal(['make', join(folder, 'things'), '-o', file, '--overwrite'])).code, 0);
  assert.equal((await readFile(file))[0], 'd'.charCodeAt(0));
  assert.deepEqual((await readdir(folder)).sort(), ['things', 'x.torrent']);
});

test('the torrent file is not part of its own torrent', async (context) => {
  const folder = await someFolder(context);
  const file = join(folder, 'things/x.torrent');
  for (const words of [[], ['--overwrite']]) {
    const made = await shoal(['make', join(folder, 'things'), '-o', file, '--format', 'v1', ...words]);
    assert.equal(made.code, 0, made.stderr);
    const [facts] = linesOf((await shoal(['inspect', file, '--json'])).stdout);
    assert.equal(facts?.length, 50_001);
  }
});

test('every mistake has its exit code, and says what is wrong', async (context) => {
  const folder = await someFolder(context);
  const things = join(folder, 'things');
  const out = join(folder, 'x.torrent');
  await writeFile(join(folder, 'bad.torrent'), 'd4:infod6:lengthi5e');
  await writeFile(join(folder, 'page.torrent'), '<html>');
  const cases: [words: string[], code: number, says: RegExp][] = [
    [['make', things], 2, /--output/],
    [['make', things, '-o', out, '--format', 'v3'], 2, /v1, v2, hybrid/],
    [['make', things, '-o', out, '--piece-length', 'much'], 2, /256K/],
    [['make', things, '-o', out, '--tracker', 'nonsense'], 2, /URL/],
    [['make', things, '-o', out, '--web-seed', 'ftp://x/'], 2, /URL/],
    [['make', join(folder, 'gone'), '-o', out], 3, /gone/],
    [['make', things, '-o', join(folder, 'gone/x.torrent')], 3, /gone/],
    [['make', join(things, 'empty'), '-o', out], 5, /nothing in it/],
    [['make', join(things, 'nothing'), '-o', out], 5, /no files/],
    [['make', things, '-o', out, '--piece-length', '20000'], 5, /power of two/],
    [['inspect', join(folder, 'gone')], 3, /gone/],
    [['inspect', join(folder, 'bad.torrent')], 5, /bencode/],
    [['inspect', join(folder, 'page.torrent')], 5, /no torrent/],
    [['inspect', 'magnet:?dn=x'], 5, /info hash/],
  ];
  for (const [words, code, says] of cases) {
    const ended = await shoal(words);
    assert.equal(ended.code, code, `${words.join(' ')}: ${ended.stderr}`);
    assert.match(ended.stderr, says);
    assert.equal(ended.stdout, '');
    assert.ok(!ended.stderr.includes('    at '), ended.stderr);
  }
  const json = await shoal(['inspect', join(folder, 'page.torrent'), '--json']);
  assert.deepEqual(
    linesOf(json.stdout).map(({ error }) => Object(error).code),
    ['not-a-torrent'],
  );
});

test('a file that cannot be read is named, and nothing is written', {
  skip: await missingUser(),
}, async (context) => {
  const folder = await someFolder(context);
  await chmod(folder, 0o777);
  await chmod(join(folder, 'things/deep/b.bin'), 0);
  const { code, stderr } = await shoalAsUser([
    'make',
    join(folder, 'things'),
    '-o',
    join(folder, 'x.torrent'),
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /b\.bin/);
  assert.deepEqual(await readdir(folder), ['things']);
});
