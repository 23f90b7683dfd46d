import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { shoal, startUp, temporaryFolder } from './shoal.ts';

interface Line {
  readonly check?: string;
  readonly state?: string;
  readonly message?: string;
  readonly advice?: string;
}

/** What it finds with these lines in the config, by check. */
async function findings(context: TestContext, config: string, ...words: string[]) {
  const folder = await temporaryFolder(context);
  const file = join(folder, 'config.toml');
  await writeFile(file, config);
  const { code, stdout } = await shoal([
    'doctor',
    '--json',
    '--config',
    file,
    '--data',
    join(folder, 'data'),
    ...words,
  ]);
  const lines: Line[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const { state, message } of lines.slice(0, -1)) {
    assert.match(state ?? '', /^(ok|warn|bad)$/);
    assert.match(message ?? '', /^[A-Z\d/].*\S$/s);
  }
  assert.equal(code, lines.some(({ state }) => state === 'bad') ? 1 : 0);
  return new Map(lines.map((line) => [line.check, line]));
}

test('doctor looks at everything, and asks nobody who is not named', async (context) => {
  const found = await findings(context, '');
  for (const check of [
    'node',
    'data-folder',
    'data-disk',
    'downloads-disk',
    'memory',
    'open-files',
    'clock',
    'filter',
    'bind',
    'names',
    'port',
    'reach',
  ])
    assert.ok(found.has(check), check);
  assert.notEqual(found.get('data-disk')?.state, 'bad', JSON.stringify(found.get('data-disk')));
  assert.equal(found.has('time'), false);
});

test('doctor names what is bad, says what to do, and ends with 1', async (context) => {
  const found = await findings(context, 'bind = "192.0.2.77"\n[filter]\nlists = "/nowhere/list.txt"\n');
  assert.equal(found.get('bind')?.state, 'bad');
  assert.match(found.get('bind')?.message ?? '', /192\.0\.2\.77/);
  assert.equal(found.get('filter')?.state, 'bad');
  assert.match(found.get('filter')?.advice ?? '', /filter\.lists/);
});

test('doctor warns of a list that is none', async (context) => {
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, 'list'), '1.2.3.4\nwhat is this\n');
  const found = await findings(context, '', '--filter', join(folder, 'list'));
  assert.equal(found.get('filter')?.state, 'warn');
  assert.match(found.get('filter')?.message ?? '', /line 2 of .*list: what is this/);
});

test('doctor finds keys that others can read', { skip: process.platform === 'win32' }, async (context) => {
  const folder = await temporaryFolder(context);
  const data = join(folder, 'data');
  await mkdir(data);
  await chmod(data, 0o755);
  await writeFile(join(data, 'api-token'), 'x', { mode: 0o644 });
  const { code, stdout } = await shoal(['doctor', '--data', data]);
  assert.equal(code, 1);
  assert.match(stdout, /^bad +data-folder +Others on this machine can read the keys/m);
  assert.match(stdout, /→ chmod -R go= /);
});

test('doctor holds the clock against the index that is named', async (context) => {
  const server = createServer((_, response) => {
    response.sendDate = false;
    response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString());
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const address = server.address();
  const { port }: Pick<AddressInfo, 'port'> =
    typeof address === 'object' && address !== null ? address : { port: 0 };
  const found = await findings(context, `indexes = "http://127.0.0.1:${port}/"\n`);
  assert.equal(found.get('time')?.state, 'bad');
  assert.match(found.get('time')?.message ?? '', /^This clock is 36\d\d s before that of 127\.0\.0\.1/);
});

test('doctor asks the node that runs', async (context) => {
  const folder = await temporaryFolder(context);
  const { child, ended } = await startUp(context, ['--data', folder, '--api', '127.0.0.1:0', '--port', '0']);
  const { stdout } = await shoal(['doctor', '--data', folder]);
  assert.match(stdout, /^ok +node +A node runs, version /m);
  assert.match(stdout, /^(ok|warn) +reach +/m);
  assert.doesNotMatch(stdout, /^\S+ +port /m);
  child.kill('SIGTERM');
  await ended;
});
