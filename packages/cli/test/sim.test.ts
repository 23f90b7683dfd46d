import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { shoal, temporaryFolder } from './shoal.ts';

test('sim dht measures, and keeps the results of all runs with a table and plots', async (context) => {
  const folder = await temporaryFolder(context);
  const words = ['sim', 'dht', '--gone', '0', '--lookups', '10', '--out', folder];
  const first = await shoal([...words, '--nodes', '60', '--json']);
  assert.equal(first.code, 0, first.stderr);
  const row = JSON.parse(first.stdout.trim());
  assert.deepEqual([row.event, row.nodes, row.lookups], ['row', 60, 10]);
  const second = await shoal([...words, '--nodes', '80']);
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /^\| 80, all there +\|/m);
  const table = await readFile(join(folder, 'dht-table.md'), 'utf8');
  assert.match(table, /^\| 60, all there .*\n\| 80, all there /m);
  assert.match(await readFile(join(folder, 'dht-gone.svg'), 'utf8'), /^<svg /);
});

test('sim dht says what it cannot measure, and how to give it more memory', async () => {
  const few = await shoal(['sim', 'dht', '--nodes', '3']);
  assert.equal(few.code, 2);
  assert.match(few.stderr, /50/);
  const many = await shoal(['sim', 'dht', '--nodes', '900000']);
  assert.equal(many.code, 1);
  assert.match(many.stderr, /max-old-space-size/);
});
