// Scanners, one by one: what they say, and all the ways in which they do not.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createNodeWorld } from '@shoal/base/node';
import { askClamd, readAnswer } from '../../src/release/clamd.ts';
import { askCommand, wordsOf } from '../../src/release/command.ts';
import { makeFile, temporaryFolder } from '../node.ts';
import { type Behaviour, startClamdPeer } from './clamd-peer.ts';

function worldOf(context: TestContext) {
  const world = createNodeWorld({ hashWorkers: 1 });
  context.after(() => world.close());
  return world;
}

test('clamd gets every byte of a file, and what it says of it counts', async (context) => {
  const folder = await temporaryFolder(context);
  const peer = await startClamdPeer(context, 'faithful');
  const parts = { ...worldOf(context), where: peer.where, patienceMs: 20_000, signal: context.signal };
  assert.deepEqual(await askClamd(await makeFile(folder, 'large', 1_000_001), parts), { kind: 'clean' });
  assert.deepEqual(await askClamd(await makeFile(folder, 'empty', 0), parts), { kind: 'clean' });
  const evil = join(folder, 'evil');
  // The last bytes of the last chunk.
  await writeFile(evil, `${'x'.repeat(600_000)}EVIL`);
  assert.deepEqual(await askClamd(evil, parts), { kind: 'refused', reason: 'Test.Evil' });
  await assert.rejects(askClamd(join(folder, 'gone'), parts), { code: 'not-found' });
});

test('a clamd that hangs, dies, hurries or talks nonsense releases nothing', async (context) => {
  const folder = await temporaryFolder(context);
  const world = worldOf(context);
  const path = await makeFile(folder, 'file', 3_000_000);
  const expected: readonly (readonly [Behaviour, RegExp])[] = [
    ['hangs', /does not answer/],
    ['hangs-up', /hung up|cannot be asked/],
    ['answers-early', /before it had the whole file|hung up|cannot be asked/],
    ['half-an-answer', /hung up/],
    ['two-answers', /more than an answer/],
    ['endless', /more than an answer/],
    ['nonsense', /nothing that is an answer/],
    ['error', /size limit exceeded/],
    ['dies-midway', /cannot be asked|hung up/],
  ];
  for (const [behaviour, reason] of expected) {
    const { where } = await startClamdPeer(context, behaviour);
    const patienceMs = behaviour === 'hangs' ? 200 : 20_000;
    const verdict = await askClamd(path, { ...world, where, patienceMs, signal: context.signal });
    assert.equal(verdict.kind, 'held', behaviour);
    assert.match(verdict.kind === 'held' ? verdict.reason : '', reason, behaviour);
  }
  const nobody = { ...world, where: join(folder, 'no.sock'), patienceMs: 20_000, signal: context.signal };
  assert.equal((await askClamd(path, nobody)).kind, 'held');
});

test('only the one answer that means yes is a yes', () => {
  for (const answer of ['', 'OK', 'stream: ok', 'stream: OK ', ' stream: OK', 'stream: OK\nstream: x FOUND'])
    assert.equal(readAnswer(answer).kind, 'held', JSON.stringify(answer));
  assert.deepEqual(readAnswer('stream: Win.Test FOUND'), { kind: 'refused', reason: 'Win.Test' });
});

test('a program gets its words as they are, the path last, and its status decides', async (context) => {
  assert.deepEqual(wordsOf(`a "b c"  'd"e' f"g h"i ""`), ['a', 'b c', 'd"e', 'fg hi', '']);
  const folder = await temporaryFolder(context);
  const { clock } = worldOf(context);
  const parts = { clock, patienceMs: 20_000, signal: context.signal };
  const path = await makeFile(folder, '$(touch x); "a b".bin', 10);
  const node = (script: string) => `"${process.execPath}" -e '${script}' two`;
  assert.deepEqual(await askCommand(path, node('process.exit(0)'), parts), { kind: 'clean' });
  const echo = node('console.error(process.argv.slice(1).join("|"), "\\nmore"); process.exit(1)');
  assert.deepEqual(await askCommand(path, echo, parts), { kind: 'refused', reason: `two|${path}` });
  const other = await askCommand(path, node('process.exit(3)'), parts);
  assert.equal(other.kind, 'held');
  assert.match(other.kind === 'held' ? other.reason : '', /ended with 3$/);
  assert.equal((await askCommand(path, join(folder, 'no-program'), parts)).kind, 'held');
  const killed = await askCommand(path, node('process.kill(process.pid, "SIGTERM")'), parts);
  assert.match(killed.kind === 'held' ? killed.reason : '', /SIGTERM|ended with/);
  const slow = await askCommand(path, node('setInterval(() => {}, 1e6)'), { ...parts, patienceMs: 300 });
  assert.match(slow.kind === 'held' ? slow.reason : '', /took longer/);
  const flood = node('process.stderr.write("x".repeat(1e6), () => process.exit(1))');
  const long = await askCommand(path, flood, parts);
  assert.ok(long.kind === 'refused' && long.reason.length <= 200);
});
