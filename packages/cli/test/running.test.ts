// The verbs that talk to the running node, and those that hand their work to it, with a real node and real transfers.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { type Ended, shoal, shoalPath, startUp, temporaryFolder } from './shoal.ts';

type Line = Record<string, unknown>;

function lines({ stdout }: Ended): Line[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** A verb with its lines of --json; one that fails is a failure. */
async function ask(words: readonly string[]): Promise<Line[]> {
  const ended = await shoal([...words, '--json']);
  assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.stdout}${ended.stderr}`);
  return lines(ended);
}

interface Seed {
  readonly peer: string;
  readonly magnet: string;
  readonly torrent: string;
}

/** Somebody else, who shares `what` in a session of its own; `limit` a second. */
async function seed(context: TestContext, folder: string, what: string, limit: string): Promise<Seed> {
  const words = ['share', what, '--json', '--data', join(folder, 'seed'), '--port', '0', '--no-lan'];
  const child = command([...words, '--up-limit', limit, '--limit-lan']);
  context.after(() => child.kill('SIGKILL'));
  const { magnet, torrent, port } = await firstLine(child, 'sharing');
  return { magnet: String(magnet), torrent: String(torrent), peer: `127.0.0.1:${port}` };
}

function command(words: readonly string[]): ChildProcess {
  const env = { ...process.env, XDG_CONFIG_HOME: '/nowhere', NO_COLOR: '1', SHOAL_LAN: 'off' };
  return spawn(process.execPath, [shoalPath, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env });
}

async function firstLine(child: ChildProcess, event: string): Promise<Line> {
  if (child.stdout === null) throw new Error('no stdout');
  for await (const text of createInterface({ input: child.stdout })) {
    const line: Line = JSON.parse(text);
    if (line.event === event) return line;
  }
  throw new Error(`it ended before it said ${event}`);
}

test('where no node runs, the verbs that need one say so and what to do', async (context) => {
  const data = await temporaryFolder(context);
  for (const words of [['list'], ['pause', '--all'], ['show', 'x'], ['top', '--json']]) {
    const { code, stdout, stderr } = await shoal([...words, '--data', data]);
    assert.deepEqual([code, stdout.includes('"error"') || stdout === ''], [1, true]);
    assert.match(`${stdout}${stderr}`, /No node runs with the data folder .*\n?.*shoal up/);
  }
  // Left by a node that was killed.
  await writeFile(
    join(data, 'node.json'),
    JSON.stringify({ pid: 1, url: 'http://127.0.0.1:1/', instance: 'x', version: '1' }),
  );
  assert.equal((await shoal(['list', '--data', data])).code, 1);
});

test('a node shares, and is seen, steered and told to forget', async (context) => {
  const folder = await temporaryFolder(context);
  const data = join(folder, 'data');
  const node = await startUp(context, ['--data', data, '--port', '0']);
  const here = ['--data', data];
  await mkdir(join(folder, 'album'));
  await writeFile(join(folder, 'album', 'one.txt'), 'one');
  await writeFile(join(folder, 'album', 'two.txt'), 'two two');
  await writeFile(join(folder, 'song.txt'), 'la');
  const shared = await ask(['share', join(folder, 'album'), join(folder, 'song.txt'), ...here]);
  assert.deepEqual(
    shared
      .filter(({ event }) => event === 'sharing')
      .map(({ name, magnet }) => [name, /^magnet:/.test(String(magnet))]),
    [
      ['album', true],
      ['song.txt', true],
    ],
  );

  // What is shared already is as good as shared now.
  assert.equal(
    (await ask(['share', join(folder, 'song.txt'), ...here])).at(-1)?.magnet,
    shared.at(-1)?.magnet,
  );

  const list = await ask(['list', ...here, '--sort', 'name']);
  assert.deepEqual(
    list.map(({ name, state, isComplete }) => [name, state, isComplete]),
    [
      ['album', 'sharing', true],
      ['song.txt', 'sharing', true],
    ],
  );
  const id = String(list[0]?.id);
  const text = await shoal(['list', ...here]);
  assert.match(text.stdout, new RegExp(`^${id.slice(0, 8)} +sharing +100 % +10 bytes .* album$`, 'm'));

  const [details] = await ask(['show', id.slice(0, 6), ...here, '--files', '--peers', '--log', '--finders']);
  assert.ok(Array.isArray(details?.fileList) && details.fileList.length === 2);
  assert.match((await shoal(['show', 'album', ...here])).stdout, /^name +album\n[\s\S]*\nlink +magnet:/);

  assert.deepEqual(
    (await ask(['pause', 'alb', 'song', ...here])).map(({ event, name }) => [event, name]),
    [
      ['paused', 'album'],
      ['paused', 'song.txt'],
    ],
  );
  assert.equal((await ask(['list', '--state', 'paused', ...here])).length, 2);
  await ask(['resume', '--all', ...here]);
  await ask(['set', 'song', '--label', 'music', '--up-limit', '1kB', '--ratio', '2', ...here]);
  const [song] = await ask(['list', '--label', 'music', ...here]);
  assert.deepEqual(
    [song?.name, song?.limits, song?.goals],
    ['song.txt', { down: null, up: 1000 }, { ratio: 2 }],
  );
  const files = await ask(['select', 'album', 'one.txt', '--skip', ...here]);
  assert.deepEqual(
    files.map(({ path, isWanted }) => [path, isWanted]),
    [
      ['one.txt', false],
      ['two.txt', true],
    ],
  );
  await mkdir(join(folder, 'elsewhere'));
  const moved = await ask(['move', 'song', '-o', join(folder, 'elsewhere'), ...here]);
  assert.deepEqual([moved.at(-1)?.event, moved.at(-1)?.folder], ['moved', join(folder, 'elsewhere')]);
  assert.equal(await readFile(join(folder, 'elsewhere', 'song.txt'), 'utf8'), 'la');

  // Nobody can make a folder there.
  await writeFile(join(folder, 'file'), '');
  const unmoved = await shoal(['move', 'album', '-o', join(folder, 'file', 'below'), ...here]);
  assert.deepEqual([unmoved.code, /album was not moved: /.test(unmoved.stderr)], [1, true], unmoved.stderr);

  const wrong: readonly (readonly [words: string[], code: number, says: RegExp])[] = [
    [['show', 'nobody'], 3, /no transfer nobody.*shoal list/],
    [['pause'], 2, /--all/],
    [['pause', 'x', '--all'], 2, /Either/],
    [['set', 'song'], 2, /Nothing is to be set/],
    [['set', 'song', '--up-limit', '1 Mb'], 2, /1 Mb/],
    [['select', 'album', '9'], 3, /no file number 9/],
    [['select', 'album', '*.none'], 3, /No file of album fits/],
    [['share', join(folder, 'nothing')], 3, /nothing/],
    [['top'], 2, /terminal/],
  ];
  for (const [words, code, says] of wrong) {
    const ended = await shoal([...words, ...here]);
    assert.deepEqual([ended.code, ended.stdout], [code, ''], ended.stderr);
    assert.match(ended.stderr, says);
  }

  await ask(['remove', 'song', '--files', ...here]);
  await assert.rejects(stat(join(folder, 'elsewhere', 'song.txt')));
  await ask(['remove', '--all', ...here]);
  assert.deepEqual(await ask(['list', ...here]), []);
  assert.equal(await readFile(join(folder, 'album', 'one.txt'), 'utf8'), 'one');
  node.child.kill('SIGTERM');
  await node.ended;
});

test('get hands its work to the node, follows it, and leaves it there when interrupted', async (context) => {
  const folder = await temporaryFolder(context);
  const data = join(folder, 'data');
  await mkdir(join(folder, 'film'));
  await writeFile(join(folder, 'film', 'film.bin'), new Uint8Array(2_000_000).fill(7));
  await writeFile(join(folder, 'film', 'words.srt'), 'words');
  const { magnet, torrent, peer } = await seed(context, folder, join(folder, 'film'), '400kB');
  await startUp(context, ['--data', data, '--port', '0']);
  const here = ['--data', data];
  const out = join(folder, 'out');

  // One that is being followed is interrupted, and goes on.
  const following = command(['get', magnet, '--peer', peer, '-o', out, '--json', ...here]);
  context.after(() => following.kill('SIGKILL'));
  let said = '';
  following.stderr?.on('data', (bytes) => (said += bytes));
  const { bytes, total } = await firstLine(following, 'progress');
  assert.equal(typeof bytes, 'number');
  assert.ok(Number(total) === 0 || Number(total) === 2_000_005);
  following.kill('SIGINT');
  const [code] = await once(following, 'close');
  assert.equal(code, 130);
  assert.match(said, /goes on in the node/);
  assert.equal((await ask(['list', ...here])).length, 1);

  // Asked again, it is the same one, and followed to its end.
  const done = await ask(['get', torrent, '-o', out, '--peer', peer, ...here]);
  const complete = done.find(({ event }) => event === 'complete');
  assert.deepEqual([complete?.path, complete?.bytes], [join(out, 'film'), 2_000_005]);
  assert.equal((await readFile(join(out, 'film', 'film.bin'))).length, 2_000_000);
  await ask(['remove', '--all', ...here]);

  // What is in the way is refused as without a node, and can be asked anew.
  const mine = join(folder, 'mine');
  await mkdir(join(mine, 'film'), { recursive: true });
  await writeFile(join(mine, 'film', 'words.srt'), 'mine!');
  const select = ['--select', '*.srt', '-o', mine, '--peer', peer, ...here];
  const refused = await shoal(['get', torrent, '--json', ...select]);
  assert.deepEqual([refused.code, lines(refused).at(-1)?.error !== undefined], [5, true], refused.stderr);
  assert.equal(await readFile(join(mine, 'film', 'words.srt'), 'utf8'), 'mine!');
  await ask(['get', torrent, '--overwrite', ...select]);
  assert.equal(await readFile(join(mine, 'film', 'words.srt'), 'utf8'), 'words');
  await assert.rejects(stat(join(mine, 'film', 'film.bin')));
  await ask(['remove', '--all', ...here]);

  const nothing = await shoal(['get', torrent, '--select', '*.none', '-o', mine, ...here]);
  assert.equal(nothing.code, 3, nothing.stderr);
  assert.deepEqual(await ask(['list', ...here]), []);

  // What would be less secret than was asked for is not done at all.
  for (const flags of [
    ['--network', 'centralized'],
    ['--encryption', 'require'],
    ['--bind', '127.0.0.1'],
  ]) {
    const ended = await shoal(['get', torrent, ...flags, '-o', out, ...here]);
    assert.equal(ended.code, 2, ended.stderr);
    assert.match(ended.stderr, /for the node/);
  }
  assert.deepEqual(await ask(['list', ...here]), []);
});

test('a node that does not answer is told from one that is gone', {
  skip: process.platform === 'win32' && 'needs POSIX signals',
}, async (context) => {
  const data = join(await temporaryFolder(context), 'data');
  const node = await startUp(context, ['--data', data, '--port', '0']);
  node.child.kill('SIGSTOP');
  const { code, stderr } = await shoal(['list', '--data', data]);
  assert.equal(code, 4);
  assert.match(stderr, new RegExp(`process ${node.child.pid}.* does not answer`));
  node.child.kill('SIGCONT');
  assert.equal((await shoal(['list', '--data', data])).code, 0);
  node.child.kill('SIGKILL');
  await node.ended;
  assert.equal((await shoal(['list', '--data', data])).code, 1);
});
