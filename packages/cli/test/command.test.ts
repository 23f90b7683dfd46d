import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, shoal, shoalPath, temporaryFolder } from './shoal.ts';

function lines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test('--help lists the verbs on stdout, each verb has its own, and neither is a failure', async () => {
  const { code, stdout, stderr } = await shoal(['--help']);
  assert.deepEqual([code, stderr], [0, '']);
  for (const verb of ['up', 'config', 'id']) assert.match(stdout, new RegExp(`^ +${verb}\\b`, 'm'));
  const up = await shoal(['up', '--help']);
  assert.equal(up.code, 0);
  for (const flag of [
    '--data <DIR>',
    '--config <FILE>',
    '--api <HOST:PORT>',
    '--network <MODE>',
    '--json',
    '-v',
  ]) {
    assert.ok(up.stdout.includes(flag), flag);
  }
});

test('--version prints the version alone', async () => {
  const { code, stdout } = await shoal(['--version']);
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

const wrong: readonly [string[], RegExp][] = [
  [[], /verb/i],
  [['nonsense'], /nonsense/],
  [['confg'], /Did you mean config\?/],
  [['up', '--nonsense'], /--nonsense/],
  [['up', 'extra'], /extra/],
  [['up', '--data'], /--data/],
  [['--nonsense', 'up'], /--nonsense/],
  [['up', '--network', 'none'], /network is "none"/],
  [['up', '--api', '0.0.0.0:80'], /api is "0\.0\.0\.0:80".*127\.0\.0\.1:4870/],
];
for (const [words, message] of wrong) {
  test(`wrong usage ends with 2 and says what is wrong: shoal ${words.join(' ')}`, async (context) => {
    const home = { HOME: await temporaryFolder(context) };
    const plain = await shoal(words, home);
    assert.deepEqual([plain.code, plain.stdout], [2, '']);
    assert.match(plain.stderr, message);
    const json = await shoal(['--json', ...words], home);
    assert.equal(json.code, 2);
    const error = lines(json.stdout).at(-1)?.error;
    assert.ok(typeof error === 'object' && error !== null && 'code' in error && 'message' in error);
    assert.match(String(error.message), message);
    assert.deepEqual(await readdir(home.HOME), []);
  });
}

test('the flags that mean the same everywhere may stand before the verb', async (context) => {
  const data = await temporaryFolder(context);
  const { code, stdout } = await shoal(['--json', '--data', data, 'id']);
  assert.equal(code, 0);
  assert.equal((await shoal([`--data=${data}`, 'id'])).stdout.trim(), lines(stdout)[0]?.id);
});

test('id prints the same id each time, alone on stdout', async (context) => {
  const data = join(await temporaryFolder(context), 'data');
  const first = await shoal(['id', '--data', data]);
  assert.match(first.stdout, /^[0-9a-f]{64}\n$/);
  assert.match(first.stderr, /new identity/);
  const second = await shoal(['id', '--data', data]);
  assert.deepEqual(second, { code: 0, stdout: first.stdout, stderr: '' });
});

test('config shows each value with its origin, as TOML that reads back', async (context) => {
  const folder = await temporaryFolder(context);
  const file = join(folder, 'my config.toml');
  await writeFile(file, '# one\nnetwork = "distributed"\n');
  const words = ['config', '--config', file, '--data', join(folder, 'a"b')];
  const { code, stdout } = await shoal(words);
  assert.equal(code, 0);
  assert.match(stdout, /^network = "distributed" +# .*my config\.toml:2$/m);
  assert.match(stdout, /^data = .* +# flag --data <DIR>$/m);
  assert.match(stdout, /^api = "127\.0\.0\.1:4870" +# default$/m);

  const again = join(folder, 'again.toml');
  await writeFile(again, stdout);
  const values = async (given: string[]) =>
    lines((await shoal([...given, '--json'])).stdout).map(({ key, value }) => [key, value]);
  assert.deepEqual(await values(['config', '--config', again]), await values(words));
});

test('config --explain tells every key, as a config file that is in force', async (context) => {
  const folder = await temporaryFolder(context);
  const { stdout } = await shoal(['config', '--explain']);
  const json = lines((await shoal(['config', '--explain', '--json'])).stdout);
  assert.ok(json.length >= 4);
  for (const { key, type, default: value, explanation, flag } of json) {
    assert.ok([key, type, value, explanation, flag].every((text) => typeof text === 'string' && text !== ''));
    assert.ok(stdout.includes(`${key} = ${JSON.stringify(value)}`));
  }
  await writeFile(join(folder, 'config.toml'), stdout);
  assert.equal((await shoal(['config', '--config', join(folder, 'config.toml')])).code, 0);
});

test('a config mistake names key, file and line; a missing file is not found', async (context) => {
  const folder = await temporaryFolder(context);
  const file = join(folder, 'c.toml');
  await writeFile(file, 'api = "127.0.0.1:0"\nnetwrok = "hybrid"\n');
  for (const verb of ['up', 'config', 'id']) {
    const { code, stderr } = await shoal([verb, '--config', file]);
    assert.equal(code, 2);
    assert.equal(stderr, `error: ${file}:2: unknown key netwrok; did you mean network?\n`);
  }
  const missing = await shoal(['up', '--config', join(folder, 'none')]);
  assert.equal(missing.code, 3);
  const unreadable = await shoal(['up', '--config', folder]);
  assert.equal(unreadable.code, 1);
  assert.ok(unreadable.stderr.includes(folder));
});

test('the config at the usual place is read', { skip: process.platform !== 'linux' }, async (context) => {
  const folder = await temporaryFolder(context);
  await mkdir(join(folder, 'shoal'));
  await writeFile(join(folder, 'shoal', 'config.toml'), 'log.level = "warn"\n');
  const { stdout } = await shoal(['config'], { XDG_CONFIG_HOME: folder });
  assert.match(stdout, /^log\.level = "warn" /m);
});

test('a stack trace comes with -v only', async (context) => {
  const file = join(await temporaryFolder(context), 'c.toml');
  await writeFile(file, 'x');
  assert.ok(!(await shoal(['config', '--config', file])).stderr.includes('    at '));
  assert.ok((await shoal(['config', '--config', file, '-v'])).stderr.includes('    at '));
});

const sh = { skip: process.platform === 'win32' && 'needs a POSIX shell' };

test('a reader that has seen enough is no failure', sh, async () => {
  const script = '{ "$0" "$1" config --explain; echo "code $?" >&2; } | true';
  const { stderr } = await run('/bin/sh', ['-c', script, process.execPath, shoalPath]);
  assert.equal(stderr, 'code 0\n');
});

test('output that cannot be written is a failure', { skip: process.platform !== 'linux' }, async () => {
  const { code, stderr } = await run('/bin/sh', [
    '-c',
    '"$0" "$1" config > /dev/full',
    process.execPath,
    shoalPath,
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /cannot be written/);
});
