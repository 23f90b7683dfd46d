import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { shoal, shoalPath, temporaryFolder } from './shoal.ts';

const needsLinux = process.platform !== 'linux' && 'only Linux says what a process has sent';
const length = 1_500_000;

async function fileIn(context: TestContext): Promise<{ folder: string; file: string; work: string }> {
  const folder = await temporaryFolder(context);
  const work = await temporaryFolder(context);
  const file = join(folder, 'some file.bin');
  await writeFile(file, randomBytes(length));
  return { folder, file, work };
}

function outcomesOf(stdout: string): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return lines.filter(({ event }) => event === 'outcome');
}

describe('shoal compare', () => {
  test('sends a file both ways, says what each took, and draws it', { skip: needsLinux }, async (context) => {
    const { folder, file, work } = await fileIn(context);
    const plot = join(folder, 'plot.svg');
    const words = ['compare', file, '--receivers', '3', '--uplink', '1MB', '--work', work, '--out', plot];
    const ended = await shoal([...words, '--patience', '60', '--json']);
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    const [server, peers] = outcomesOf(ended.stdout);
    assert.deepEqual([server?.way, server?.complete, server?.receivers], ['client-server', 3, 3]);
    assert.deepEqual([peers?.way, peers?.complete, peers?.receivers], ['peer-to-peer', 3, 3]);
    const [serverBytes, peersBytes] = [Number(server?.sourceBytes), Number(peers?.sourceBytes)];
    assert.ok(serverBytes >= 3 * length && serverBytes < 3.3 * length, `${serverBytes}`);
    assert.ok(peersBytes >= length && peersBytes < serverBytes, `${peersBytes}`);
    // Three copies of 1.5 MB at 1 MB/s.
    assert.ok(Number(server?.lastSeconds) > 4, `${server?.lastSeconds} s`);
    for (const outcome of [server, peers])
      for (const name of ['medianSeconds', 'lastSeconds', 'sourceCpuSeconds', 'receiversCpuSeconds'])
        assert.ok(Number(outcome?.[name]) > 0, name);
    assert.match(
      await readFile(plot, 'utf8'),
      /^<svg [\s\S]*client-server[\s\S]*peer-to-peer[\s\S]*<\/svg>\n$/,
    );
    assert.deepEqual(await readdir(work), []);
  });

  test('kills the source when told to, and says who has the file all the same', {
    skip: needsLinux,
  }, async (context) => {
    const { file, work } = await fileIn(context);
    const words = ['compare', file, '--receivers', '2', '--uplink', '200kB', '--kill-source', '0.5'];
    const ended = await shoal([...words, '--patience', '3', '--work', work, '--json']);
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    const outcomes = outcomesOf(ended.stdout);
    assert.equal(outcomes.length, 2);
    // Nobody can have what was never sent.
    for (const { complete, killed, medianSeconds } of outcomes) {
      assert.equal(complete, 0);
      assert.equal(medianSeconds, undefined);
      assert.ok(
        killed instanceof Object && 'sourceBytes' in killed && Number(killed.sourceBytes) >= length / 2,
      );
    }
  });

  test('leaves no process and no file behind when it is interrupted or killed', {
    skip: needsLinux,
  }, async (context) => {
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const { file, work } = await fileIn(context);
      const words = ['compare', file, '--receivers', '2', '--uplink', '20kB', '--work', work];
      const child = spawn(process.execPath, [shoalPath, ...words], { stdio: 'ignore' });
      context.after(() => child.kill('SIGKILL'));
      const started = await childrenOf(child, 3);
      child.kill(signal);
      const [code] = await once(child, 'exit');
      assert.equal(code, signal === 'SIGINT' ? 130 : null);
      for (const pid of started) while (isRunning(pid)) await wait(50);
      if (signal === 'SIGINT') assert.deepEqual(await readdir(work), []);
    }
  });

  test('what makes no sense is wrong usage', async (context) => {
    const { folder, file } = await fileIn(context);
    const empty = join(folder, 'empty');
    await writeFile(empty, '');
    for (const words of [
      [empty],
      [folder],
      [file, '--receivers', '0'],
      [file, '--receivers', '65'],
      [file, '--uplink', 'none'],
      [file, '--uplink', '0'],
      [file, '--uplink', 'fast'],
      [file, '--kill-source', '0'],
      [file, '--kill-source', 'now'],
      [],
    ])
      assert.equal((await shoal(['compare', ...words])).code, 2, words.join(' '));
    assert.equal((await shoal(['compare', join(folder, 'nothing')])).code, 3);
    assert.equal((await shoal(['compare', file, '--work', join(folder, 'nowhere')])).code, 3);
  });
});

/** Waits until there are so many. */
async function childrenOf(parent: ChildProcess, count: number): Promise<number[]> {
  for (;;) {
    const children = readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && fieldsOf(pid)?.[1] === String(parent.pid));
    if (children.length >= count) return children;
    assert.equal(parent.exitCode, null, 'it ended before');
    await wait(50);
  }
}

function isRunning(pid: number): boolean {
  const [state] = fieldsOf(pid) ?? [];
  return state !== undefined && state !== 'Z';
}

/** Of /proc/PID/stat, from the state on. */
function fieldsOf(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return undefined;
  }
}
