import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test, { type TestContext } from 'node:test';
import { makeTree } from './tree.ts';

const launcher = new URL('../../packages/cli/bin/launch.js', import.meta.url).href;

/** Starts `program` under the launcher, in a process of its own, and waits until it has said `ready`. */
async function launch(t: TestContext, program: string) {
  const root = makeTree(t, {
    'program.js': program,
    'start.mjs': `import { runInstead } from '${launcher}';\nawait runInstead(process.execPath, [new URL('program.js', import.meta.url).pathname]);`,
  });
  const child = spawn(process.execPath, [`${root}/start.mjs`], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8');
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (text: string) => {
      output += text;
      if (output.includes('ready')) resolve();
    });
  });
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => ({
    code,
    signal,
    output: () => output,
  }));
  return { child, ended };
}

const counting = `
  let times = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => { times += 1; setTimeout(() => { console.log(signal, times); process.exit(7); }, 100); });
  }
  setInterval(() => {}, 1000);
  console.log('ready');
`;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} reaches the program, whose exit code is passed back`, async (t) => {
    const { child, ended } = await launch(t, counting);
    child.kill(signal);
    const { code, output } = await ended;
    assert.equal(code, 7);
    assert.match(output(), new RegExp(`${signal} 1`));
  });
}

test('one Ctrl-C that comes from the terminal and from npm is one for the program', async (t) => {
  const { child, ended } = await launch(t, counting);
  child.kill('SIGINT');
  child.kill('SIGINT');
  const { output } = await ended;
  assert.match(output(), /SIGINT 1/);
});

test('a program that died of a signal gives 128 and the number of the signal', async (t) => {
  const { ended } = await launch(
    t,
    "console.log('ready'); process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);",
  );
  assert.equal((await ended).code, 137);
});
