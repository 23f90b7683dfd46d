// Transfers that libtorrent or Transmission had, gone on with here by their resume files. A program that is not
// installed is a named skip.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { missingPrograms } from '../clients/installed.ts';
import { run } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';

const python = '/usr/bin/python3';
const lengths = { a: 300_000, empty: 0, 'sub/b': 100_001, 'sub/c': 50_000, z: 7 };

describe('resume files of other clients', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-resume-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function makeContent(name: string, format: string): { place: string; torrent: string } {
    const place = join(folder, name);
    for (const [path, length] of Object.entries(lengths)) {
      const file = join(place, 'content', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, Buffer.alloc(length, `${name}${path}`));
    }
    const torrent = join(folder, `${name}.torrent`);
    const args = ['make', join(place, 'content'), '-o', torrent, '--format', format, '--piece-length', '32K'];
    execFileSync(process.execPath, [shoalCommand, ...args], { stdio: 'ignore' });
    return { place, torrent };
  }

  /** Ends with what was found, since there is nobody to fetch from. */
  function get(torrent: string, resume: string, { data = 'data', timeout = 20_000 } = {}) {
    const flags = [
      '--resume-from',
      resume,
      '--data',
      join(folder, data),
      '--network',
      'centralized',
      '--json',
    ];
    const { stdout, status, stderr } = spawnSync(process.execPath, [shoalCommand, 'get', torrent, ...flags], {
      encoding: 'utf8',
      timeout,
    });
    const events = stdout
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Record<string, unknown> => JSON.parse(line));
    return { status, stderr, complete: events.find(({ event }) => event === 'complete') };
  }

  const lacksLibtorrent = spawnSync(python, ['-c', 'import libtorrent']).status !== 0;
  for (const format of ['v1', 'v2', 'hybrid'])
    test(`libtorrent’s, of a ${format} torrent with a renamed file and one that is not wanted`, {
      skip: lacksLibtorrent && 'python3-libtorrent not installed',
    }, () => {
      const { place, torrent } = makeContent(`libtorrent-${format}`, format);
      const out = join(folder, `${format}.fastresume`);
      const rename = { 'sub/b': 'content/other/name', z: 'content/last' };
      execFileSync(python, [join(import.meta.dirname, 'resume_files.py')], {
        input: JSON.stringify({ torrent, folder: place, rename, unwanted: ['sub/c'], out }),
      });
      assert.deepEqual(readdirSync(join(place, 'content', 'other')), ['name']);
      // Not wanted there, so that it may be missing here; in v1, neighbours need bytes of it.
      if (format !== 'v1') truncateSync(join(place, 'content', 'sub/c'), 0);
      // Not wanted there, so that it may be missing here.
      const { status, complete, stderr } = get(torrent, out);
      assert.equal(status, 0, stderr);
      assert.equal(complete?.path, join(place, 'content'));
      assert.equal(complete?.bytes, 400_008);
      assert.match(stderr, /libtorrent had \d+ of \d+ pieces/);
      assert.deepEqual(readdirSync(join(place, 'content')).sort(), ['a', 'empty', 'last', 'other', 'sub']);
      // What it says to be there is not believed.
      const bytes = readFileSync(join(place, 'content', 'a'));
      bytes[5] = (bytes[5] ?? 0) ^ 1;
      writeFileSync(join(place, 'content', 'a'), bytes);
      assert.equal(get(torrent, out, { data: 'fresh', timeout: 3000 }).complete, undefined);
    });

  test('Transmission’s, with a renamed file and one that is not wanted', {
    skip: missingPrograms('transmission-daemon', 'transmission-remote') ?? false,
  }, async () => {
    const { place, torrent } = makeContent('transmission', 'v1');
    const config = join(folder, 'config');
    mkdirSync(config);
    const rpcPort = 20_000 + (process.pid % 20_000);
    const settings = {
      ...{
        'rpc-port': rpcPort,
        'rpc-bind-address': '127.0.0.1',
        'peer-port': rpcPort + 1,
        'dht-enabled': false,
      },
      ...{ 'lpd-enabled': false, 'port-forwarding-enabled': false, 'rpc-authentication-required': false },
    };
    writeFileSync(join(config, 'settings.json'), JSON.stringify(settings));
    const daemon = spawn('transmission-daemon', ['--foreground', '--config-dir', config], {
      stdio: 'ignore',
    });
    const ended = once(daemon, 'close');
    const remote = (...args: string[]) => run('transmission-remote', [`127.0.0.1:${rpcPort}`, ...args]);
    const until = async (isSo: () => Promise<boolean>): Promise<void> => {
      while (!(await isSo().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 100));
    };
    try {
      await until(async () => (await remote('-si')).includes('version') || true);
      await until(async () => (await remote('-a', torrent, '-w', place)).includes('success'));
      await until(async () => (await remote('-t', '1', '-i')).includes('Percent Done: 100'));
      const files = (await remote('-t', '1', '-f')).split('\n');
      const c =
        files
          .find((line) => line.includes('sub/c'))
          ?.trim()
          .split(':')[0] ?? '';
      await remote('-t', '1', '-G', c);
      const url = `http://127.0.0.1:${rpcPort}/transmission/rpc`;
      const id = (await fetch(url)).headers.get('x-transmission-session-id') ?? '';
      const rename = { ids: [1], path: 'content/sub/b', name: 'renamed' };
      const body = JSON.stringify({ method: 'torrent-rename-path', arguments: rename });
      await fetch(url, { method: 'POST', headers: { 'x-transmission-session-id': id }, body });
      await until(async () => readdirSync(join(place, 'content', 'sub')).includes('renamed'));
    } finally {
      daemon.kill();
      await ended;
    }
    const [resume = ''] = readdirSync(join(config, 'resume'));
    const { status, complete, stderr } = get(torrent, join(config, 'resume', resume));
    assert.equal(status, 0, stderr);
    assert.equal(complete?.bytes, 400_008);
    assert.match(stderr, /Transmission had \d+ of \d+ pieces/);
  });
});
