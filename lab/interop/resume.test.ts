// Transfers that libtorrent or Transmission had, gone on with here by their resume files. A program that is not
// installed is a named skip.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { missingPrograms } from '../clients/installed.ts';
import { run } from '../clients/process.ts';
import { shoal, shoalCommand } from '../clients/shoal.ts';

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

  /** Ends with what was found, when there is nobody to fetch from. */
  function get(
    torrent: string,
    resume: string,
    { data = 'data', timeout = 20_000, words = [] as readonly string[] } = {},
  ) {
    const flags = [
      ...['--resume-from', resume, '--data', join(folder, data), '--network', 'centralized', '--json'],
      ...words,
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
    return { status, stdout, stderr, complete: events.find(({ event }) => event === 'complete') };
  }

  /** Half of one file is gone, and some bytes of another are wrong; whole content lies beside it. */
  function damage(place: string): string {
    const source = `${place}-source`;
    cpSync(place, source, { recursive: true });
    truncateSync(join(place, 'content', 'a'), 150_000);
    const b = readFileSync(join(place, 'content', 'sub/b'));
    writeFileSync(join(place, 'content', 'sub/b'), b.fill(7, 70_000, 70_100));
    return source;
  }

  /** Goes on with it, and fetches what is missing from a peer that has the source. */
  async function finish(torrent: string, resume: string, place: string, source: string): Promise<void> {
    const port = 40_000 + (process.pid % 20_000);
    const seed = shoal.seed({
      ...{
        torrent,
        folder: source,
        state: source,
        address: '127.0.0.1',
        port,
        encryption: 'allowed',
        peers: [],
      },
    });
    try {
      await seed.ready;
      const { status, complete, stderr } = get(torrent, resume, {
        data: `${place}-data`,
        words: ['--peer', `127.0.0.1:${port}`, '--no-lan', '--port', '0'],
      });
      assert.equal(status, 0, stderr);
      assert.match(stderr, /had \d+ of \d+ pieces/);
      assert.equal(complete?.path, join(place, 'content'));
    } finally {
      await seed.stop();
    }
    for (const path of Object.keys(lengths)) {
      const [had, has] = [source, place].map((top) => readFileSync(join(top, 'content', path)));
      assert.ok(had !== undefined && has?.equals(had), path);
    }
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

  test('libtorrent’s, of content that is there in part and in part wrong', {
    skip: lacksLibtorrent && 'python3-libtorrent not installed',
  }, async () => {
    const { place, torrent } = makeContent('libtorrent-half', 'v1');
    const source = damage(place);
    const out = join(folder, 'half.fastresume');
    execFileSync(python, [join(import.meta.dirname, 'resume_files.py')], {
      input: JSON.stringify({ torrent, folder: place, rename: {}, unwanted: [], out }),
    });
    const broken = join(folder, 'broken.fastresume');
    writeFileSync(broken, readFileSync(out).subarray(0, 100));
    const refused = get(torrent, broken, { data: 'broken' });
    assert.equal(refused.status, 5);
    assert.match(refused.stdout, /"error":\{"code":"[a-z-]+","message":".+"/);
    await finish(torrent, out, place, source);
  });

  interface Transmission {
    remote(...args: string[]): Promise<string>;
    rename(path: string, name: string): Promise<void>;
  }

  async function until(isSo: () => Promise<boolean>): Promise<void> {
    while (!(await isSo().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 100));
  }

  /** Has the content looked at by a daemon, and answers the resume file that this one leaves. */
  async function leftByTransmission(
    name: string,
    { place, torrent }: { readonly place: string; readonly torrent: string },
    act: (daemon: Transmission) => Promise<void>,
  ): Promise<string> {
    const config = join(folder, `${name}-config`);
    mkdirSync(config);
    const rpcPort = 20_000 + (process.pid % 20_000);
    const settings = {
      ...{ 'rpc-port': rpcPort, 'rpc-bind-address': '127.0.0.1', 'peer-port': rpcPort + 1 },
      ...{ 'dht-enabled': false, 'lpd-enabled': false, 'port-forwarding-enabled': false },
      'rpc-authentication-required': false,
    };
    writeFileSync(join(config, 'settings.json'), JSON.stringify(settings));
    const daemon = spawn('transmission-daemon', ['--foreground', '--config-dir', config], {
      stdio: 'ignore',
    });
    const ended = once(daemon, 'close');
    const remote = (...args: string[]) => run('transmission-remote', [`127.0.0.1:${rpcPort}`, ...args]);
    try {
      await until(async () => (await remote('-a', torrent, '-w', place)).includes('success'));
      await act({
        remote,
        async rename(path, newName) {
          const url = `http://127.0.0.1:${rpcPort}/transmission/rpc`;
          const id = (await fetch(url)).headers.get('x-transmission-session-id') ?? '';
          const body = JSON.stringify({
            method: 'torrent-rename-path',
            arguments: { ids: [1], path, name: newName },
          });
          await fetch(url, { method: 'POST', headers: { 'x-transmission-session-id': id }, body });
        },
      });
    } finally {
      daemon.kill();
      await ended;
    }
    const [resume = ''] = readdirSync(join(config, 'resume'));
    return join(config, 'resume', resume);
  }

  const lacksTransmission = missingPrograms('transmission-daemon', 'transmission-remote') ?? false;
  test('Transmission’s, with a renamed file and one that is not wanted', {
    skip: lacksTransmission,
  }, async () => {
    const made = makeContent('transmission', 'v1');
    const resume = await leftByTransmission('transmission', made, async ({ remote, rename }) => {
      await until(async () => (await remote('-t', '1', '-i')).includes('Percent Done: 100'));
      const files = (await remote('-t', '1', '-f')).split('\n');
      const c = files.find((line) => line.includes('sub/c'));
      await remote('-t', '1', '-G', c?.trim().split(':')[0] ?? '');
      await rename('content/sub/b', 'renamed');
      await until(async () => readdirSync(join(made.place, 'content', 'sub')).includes('renamed'));
    });
    const { status, complete, stderr } = get(made.torrent, resume);
    assert.equal(status, 0, stderr);
    assert.equal(complete?.bytes, 400_008);
    assert.match(stderr, /Transmission had \d+ of \d+ pieces/);
  });

  test('Transmission’s, of content that is there in part and in part wrong', {
    skip: lacksTransmission,
  }, async () => {
    const made = makeContent('transmission-half', 'v1');
    const source = damage(made.place);
    // What it has begun, it calls so, too.
    renameSync(join(made.place, 'content', 'a'), join(made.place, 'content', 'a.part'));
    const resume = await leftByTransmission('half', made, async ({ remote }) => {
      await until(async () => {
        const info = await remote('-t', '1', '-i');
        return /Percent Done: [1-9]/.test(info) && !/State: .*Verify/.test(info);
      });
    });
    await finish(made.torrent, resume, made.place, source);
  });
});
