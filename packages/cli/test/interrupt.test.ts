import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

const posix = { skip: process.platform === 'win32' && 'needs POSIX signals', timeout: 30_000 };

/** A process that hears of its interruption and goes on all the same. */
const stubborn = `
  import { listenForInterrupt } from ${JSON.stringify(new URL('../src/interrupt.ts', import.meta.url).href)};
  listenForInterrupt().addEventListener('abort', () => console.log('asked to stop'));
  setInterval(() => {}, 1000);
  console.log('ready');
`;

async function startStubborn() {
  const child = spawn(process.execPath, ['--input-type=module', '-e', stubborn], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'ready');
  return { child, lines, ended: once(child, 'exit') };
}

test(
  'the second Ctrl-C ends the process at once, but one press that arrives twice does not',
  posix,
  async () => {
    const { child, lines, ended } = await startStubborn();
    child.kill('SIGINT');
    assert.equal((await lines.next()).value, 'asked to stop');
    const asked = performance.now();
    const pressing = setInterval(() => child.kill('SIGINT'), 20);
    const [code] = await ended;
    clearInterval(pressing);
    const took = performance.now() - asked;
    assert.equal(code, 130);
    assert.ok(took > 300 && took < 3000, `${took} ms`);
  },
);

test('who does not stop within five seconds is ended', posix, async () => {
  const { child, lines, ended } = await startStubborn();
  child.kill('SIGTERM');
  assert.equal((await lines.next()).value, 'asked to stop');
  const asked = performance.now();
  const [code] = await ended;
  assert.equal(code, 130);
  assert.ok(performance.now() - asked < 7000);
});
