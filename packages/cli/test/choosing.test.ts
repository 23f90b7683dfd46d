import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CliError } from '../src/exit-codes.ts';
import { meant } from '../src/running/choosing.ts';
import { summary } from './making-summaries.ts';

const v2 = 'fe'.repeat(32);
const all = [
  summary({ id: `ab${'0'.repeat(38)}`, name: 'Big Film.mkv' }),
  summary({ id: `ac${'0'.repeat(38)}`, name: 'Big Film.mkv.nfo', infoHashV2: v2 }),
  summary({ id: `d0${'0'.repeat(38)}`, name: 'abba' }),
  summary({ id: `e0${'0'.repeat(38)}`, name: '' }),
];

const clear: readonly (readonly [word: string, name: string | undefined, why: string])[] = [
  ['ab', 'Big Film.mkv', 'the beginning of a hash comes before a part of a name'],
  ['AB0', 'Big Film.mkv', 'hashes are read in either case'],
  [v2, 'Big Film.mkv.nfo', 'every hash of it names it'],
  ['fefe', 'Big Film.mkv.nfo', 'so does the beginning of any'],
  ['Big Film.mkv', 'Big Film.mkv', 'a whole name comes before a part of another'],
  ['nfo', 'Big Film.mkv.nfo', 'a part of a name will do'],
  ['ABB', 'abba', 'in either case, too'],
];
for (const [word, name, why] of clear)
  test(`${word.slice(0, 20)} names one transfer: ${why}`, () => assert.equal(meant(word, all).name, name));

function failure(word: string): CliError {
  try {
    meant(word, all);
  } catch (error) {
    assert.ok(error instanceof CliError);
    return error;
  }
  throw new Error(`${word} was found`);
}

test('a word that may be several names them, and one that is none says where to look', () => {
  assert.equal(failure('film').code, 'usage');
  assert.match(failure('film').message, /2 transfers: ab000000 Big Film\.mkv, ac000000 Big Film\.mkv\.nfo/);
  assert.equal(failure('a').code, 'usage');
  assert.equal(failure('nobody').code, 'not-found');
  assert.match(failure('nobody').message, /shoal list/);
  assert.match(failure('').message, /no transfer/, 'nothing is not a part of every name');
});
