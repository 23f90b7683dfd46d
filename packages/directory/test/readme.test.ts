// The example of the README is run as it stands there.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';

test('the example of the README says that nobody is there', { timeout: 20_000 }, async () => {
  const cwd = new URL('../', import.meta.url);
  const readme = await readFile(new URL('README.md', cwd), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  // Nothing listens on port 1.
  const args = ['--input-type=module-typescript', '--eval', example.replace(':6969', ':1')];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
  assert.match(stdout, /unreachable/);
});
