import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeTree } from './tree.ts';

const reporter = fileURLToPath(new URL('../reporter.ts', import.meta.url));

function runTests(t: TestContext, text: string, environment: Readonly<Record<string, string>> = {}) {
  const root = makeTree(t, text === '' ? {} : { 'a.test.mjs': `import test from 'node:test';\n${text}` });
  const { NODE_TEST_CONTEXT: _, CI: __, ...inherited } = process.env;
  const flags = ['--test', `--test-reporter=${reporter}`, '--test-reporter-destination=stdout'];
  const run = spawnSync(process.execPath, [...flags, `${root}/*.test.mjs`], {
    encoding: 'utf8',
    env: { ...inherited, ...environment },
  });
  return { code: run.status, lines: run.stdout.trimEnd().split('\n') };
}

const passing = "test('one', () => {});\n";
const skipped = "test('two', (t) => t.skip('aria2 is not installed'));\n";

test('the last line carries the counts', (t) => {
  const { code, lines } = runTests(t, passing + skipped);
  assert.equal(code, 0);
  assert.equal(lines.at(-1), 'tests 2, passed 1, failed 0, skipped 1');
});

test('a skipped test is named with its reason', (t) => {
  const { lines } = runTests(t, passing + skipped);
  assert.ok(lines.some((line) => /a\.test\.mjs: two \(aria2 is not installed\)/.test(line)));
});

test('in CI a skipped test fails the run', (t) => {
  assert.equal(runTests(t, passing, { CI: 'true' }).code, 0);
  assert.equal(runTests(t, passing + skipped, { CI: 'true' }).code, 1);
  assert.equal(
    runTests(t, `${passing}test.describe('all', { skip: true }, () => {});`, { CI: 'true' }).code,
    1,
  );
});

test('a failed test fails the run', (t) => {
  const { code, lines } = runTests(t, `${passing}test('two', () => { throw new Error('no'); });`);
  assert.equal(code, 1);
  assert.equal(lines.at(-1), 'tests 2, passed 1, failed 1, skipped 0');
});

test('a run without tests fails', (t) => {
  const { code, lines } = runTests(t, '');
  assert.equal(code, 1);
  assert.equal(lines.at(-1), 'tests 0, passed 0, failed 0, skipped 0');
});
