import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const command = join(import.meta.dirname, '../bin/shoal.js');

function shoal(...words: string[]) {
  return spawnSync(process.execPath, [command, ...words], { encoding: 'utf8' });
}

test('without a name the benchmarks are listed, and their parts are not', () => {
  const { stdout, status } = shoal('bench', '--json');
  assert.equal(status, 0);
  const names = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).name);
  assert.ok(names.includes('transfer'));
  assert.ok(!names.includes('table'));
});

test('a benchmark that is not there is a usage error that names those that are', () => {
  const { stderr, status } = shoal('bench', 'nothing');
  assert.equal(status, 2);
  assert.match(stderr, /transfer/);
});
