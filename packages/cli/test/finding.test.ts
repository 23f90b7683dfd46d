// Peers through a tracker: share, get and peers, with a real one beside them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { isEvent } from '../../../lab/clients/client.ts';
import { type LabTracker, startTracker } from '../../../lab/clients/tracker.ts';
import { shoal, shoalPath, temporaryFolder } from './shoal.ts';

interface Shared {
  readonly magnet: string;
  readonly torrent: string;
  readonly port: number;
  stop(): Promise<void>;
}

async function startShare(context: TestContext, ...words: string[]): Promise<Shared> {
  const env = { ...process.env, XDG_CONFIG_HOME: '/nowhere', SHOAL_LAN: 'off' };
  const child = spawn(process.execPath, [shoalPath, 'share', '--json', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  context.after(() => child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    if (!isEvent('sharing')(line)) continue;
    const { magnet, torrent, port }: Record<string, unknown> = JSON.parse(line);
    return {
      magnet: String(magnet),
      torrent: String(torrent),
      port: Number(port),
      async stop() {
        const gone = once(child, 'close');
        child.kill('SIGTERM');
        await gone;
      },
    };
  }
  throw new Error('shoal share ended before it shared');
}

async function scene(context: TestContext): Promise<{ folder: string; tracker: LabTracker; file: string }> {
  const folder = await temporaryFolder(context);
  const tracker = await startTracker('127.0.0.1', 0, folder);
  context.after(() => tracker.stop());
  const file = join(folder, 'some.bin');
  await writeFile(file, new Uint8Array(100_000).fill(7));
  return { folder, tracker, file };
}

const eventsOf = ({ program }: LabTracker, port: number): string[] =>
  program.lines.flatMap((line) => {
    const { event, address }: Record<string, unknown> = JSON.parse(line);
    return String(address).endsWith(`:${port}`) ? [String(event)] : [];
  });

test('what is shared is found through its tracker, with who said so, until it stops', async (context) => {
  const { folder, tracker, file } = await scene(context);
  const share = await startShare(context, file, '--tracker', tracker.url, '--data', join(folder, 'a'));
  await tracker.program.line((line) => line.includes('"start"'));
  const data = ['--data', join(folder, 'b')];
  const found = await shoal(['peers', share.magnet, '--json', ...data]);
  assert.equal(found.code, 0);
  const peer = JSON.parse(found.stdout.trim());
  assert.equal(peer.port, share.port);
  assert.deepEqual(peer.sources, [{ kind: 'tracker', teller: tracker.url }]);
  const shown = await shoal(['peers', share.torrent, ...data]);
  assert.equal(shown.stdout, `127.0.0.1:${share.port}  tracker ${tracker.url}\n`);
  const elsewhere = await shoal(['peers', share.magnet, '--network', 'distributed', ...data]);
  assert.equal(elsewhere.code, 3);

  const output = join(folder, 'got');
  const got = await shoal(['get', share.magnet, '-o', output, '--json', '--data', join(folder, 'c')]);
  assert.equal(got.code, 0, got.stdout);
  assert.deepEqual(await readFile(join(output, 'some.bin')), await readFile(file));

  await share.stop();
  assert.deepEqual(new Set(eventsOf(tracker, share.port)), new Set(['start', 'stop']));
  const gone = await shoal(['peers', share.magnet, '--json', ...data]);
  assert.equal(gone.code, 3);
  assert.equal(JSON.parse(gone.stdout).error.code, 'not-found');
});

test('trackers of the config are asked without any flag, and a private torrent is not shown to them', async (context) => {
  const { folder, tracker, file } = await scene(context);
  const config = join(folder, 'config.toml');
  await writeFile(config, `trackers = "${tracker.url}"\n`);
  const words = [file, '--config', config, '--data', join(folder, 'a')];
  const share = await startShare(context, ...words);
  await tracker.program.line((line) => line.includes('"start"'));
  const data = ['--data', join(folder, 'b'), '--config', config];
  const found = await shoal(['peers', share.magnet, '--json', ...data]);
  assert.equal(found.code, 0, found.stdout);
  assert.deepEqual(JSON.parse(found.stdout.trim()).sources, [{ kind: 'tracker', teller: tracker.url }]);
  const output = join(folder, 'got');
  const got = await shoal([
    'get',
    share.torrent,
    '-o',
    output,
    '--json',
    '--config',
    config,
    '--data',
    data[1] ?? '',
  ]);
  assert.equal(got.code, 0, got.stdout);

  const secret = join(folder, 'secret.torrent');
  const own = ['--private', '--format', 'v1', '--tracker', 'http://127.0.0.1:1/announce'];
  const made = await shoal(['make', file, '-o', secret, '--json', ...own]);
  assert.equal(made.code, 0, made.stdout);
  const starts = () => tracker.program.lines.filter((line) => line.includes('"start"')).length;
  const before = starts();
  assert.equal((await shoal(['peers', secret, ...data])).code, 3);
  assert.equal(starts(), before);
  assert.equal((await shoal(['peers', secret, '--tracker', tracker.url, ...data])).code, 3);
  assert.equal(starts(), before + 1);
});

test('a tracker that refuses or is not there is told of, and what is no tracker is wrong usage', async (context) => {
  const folder = await temporaryFolder(context);
  const link = `magnet:?xt=urn:btih:${'ab'.repeat(20)}`;
  const words = ['peers', link, '--data', folder, '--json', '--tracker'];
  const { code, stdout } = await shoal([...words, 'http://127.0.0.1:1/announce']);
  assert.equal(code, 3);
  const failure = JSON.parse(stdout.split('\n')[0] ?? '');
  assert.equal(failure.event, 'tracker-failed');
  assert.match(failure.reason, /refused/);
  assert.equal((await shoal([...words, 'ftp://127.0.0.1/'])).code, 2);
});
