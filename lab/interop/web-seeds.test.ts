// Web seeds (BEP 19) of real servers, through the shipped command and through other programs.

import assert from 'node:assert/strict';
import { createHash, randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { testCertificate, testKey } from '@shoal/base/compliance';
import { aria2 } from '../clients/aria2.ts';
import type { Client, Format } from '../clients/client.ts';
import { missingPrograms } from '../clients/installed.ts';
import { libtorrent } from '../clients/libtorrent.ts';
import { missingNginx, startNginx } from '../clients/nginx.ts';
import { type Program, run, start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';

const address = '127.0.0.1';
let nextPort = 17_300;
const withoutNginx = missingNginx();
const skip = withoutNginx === undefined ? false : withoutNginx;

const contents: Record<string, number> = {
  'a b.bin': 3_000_000,
  'sub/ä#%+&.bin': 1_000_001,
  'sub/deep/er/c': 70_000,
  'd.empty': 0,
  'e.bin': 5,
};

interface Scene {
  readonly folder: string;
  /** What the servers serve. */
  readonly root: string;
  place(name: string): string;
  torrent(what: string, format: Format, url: string): Promise<string>;
  get(words: readonly string[], env?: Readonly<Record<string, string>>): Program;
  digest(path: string): string;
}

function setScene(t: TestContext): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-web-seeds-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const root = join(folder, 'root');
  for (const [path, length] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, 'several', path)), { recursive: true });
    writeFileSync(join(root, 'several', path), randomFillSync(new Uint8Array(length)));
  }
  writeFileSync(join(root, 'one.bin'), randomFillSync(new Uint8Array(20_000_000)));
  return {
    folder,
    root,
    place(name) {
      mkdirSync(join(folder, name), { recursive: true });
      return join(folder, name);
    },
    async torrent(what, format, url) {
      const path = join(folder, `${format}-${nextPort++}.torrent`);
      const words = ['make', join(root, what), '-o', path, '--format', format, '--web-seed', url];
      await run(process.execPath, [shoalCommand, ...words, '--piece-length', '64K']);
      return path;
    },
    get(words, env = {}) {
      const data = join(folder, 'data');
      const all = [
        shoalCommand,
        'get',
        ...words,
        '--data',
        data,
        '--no-lan',
        '--network',
        'centralized',
        '--json',
      ];
      return start(process.execPath, all, { log: join(folder, 'shoal.log'), env });
    },
    digest: (path) => createHash('sha256').update(readFileSync(path)).digest('hex'),
  };
}

async function assertGot(scene: Scene, program: Program): Promise<void> {
  const code = await program.exited;
  assert.equal(
    code,
    0,
    `${program.lines.slice(-5).join('\n')}\n${readFileSync(join(scene.folder, 'shoal.log'))}`,
  );
}

function assertSeveral(scene: Scene, into: string, names = Object.keys(contents)): void {
  for (const path of names)
    assert.equal(
      scene.digest(join(into, 'several', path)),
      scene.digest(join(scene.root, 'several', path)),
      path,
    );
}

async function serve(t: TestContext, scene: Scene, more = ''): Promise<{ nginx: Program; port: number }> {
  const port = nextPort++;
  const nginx = await startNginx({
    root: scene.root,
    state: scene.place(`nginx-${port}`),
    address,
    port,
    more,
  });
  t.after(() => nginx.stop());
  return { nginx, port };
}

for (const format of ['v1', 'v2', 'hybrid'] as const)
  test(`nginx as the web seed of ${format} torrents of one and of several files`, { skip }, async (t) => {
    const scene = setScene(t);
    const { port } = await serve(t, scene);
    const several = await scene.torrent('several', format, `http://${address}:${port}/`);
    const into = scene.place('into');
    await assertGot(scene, scene.get([several, '-o', into]));
    assertSeveral(scene, into);
    for (const url of [`http://${address}:${port}/`, `http://${address}:${port}/one.bin`]) {
      const one = scene.place(`one-${nextPort}`);
      await assertGot(scene, scene.get([await scene.torrent('one.bin', format, url), '-o', one]));
      assert.equal(scene.digest(join(one, 'one.bin')), scene.digest(join(scene.root, 'one.bin')));
    }
  });

test('nginx over https, with a certificate that is trusted and with one that is not', { skip }, async (t) => {
  const scene = setScene(t);
  const [certificate, key] = [join(scene.folder, 'certificate.pem'), join(scene.folder, 'key.pem')];
  writeFileSync(certificate, testCertificate);
  writeFileSync(key, testKey);
  const port = nextPort++;
  const state = scene.place('secure');
  const nginx = await startNginx({ root: scene.root, state, address, port, tls: { certificate, key } });
  t.after(() => nginx.stop());
  const torrent = await scene.torrent('several', 'hybrid', `https://localhost:${port}/`);
  const distrusting = scene.get([torrent, '-o', scene.place('not')]);
  const line = await distrusting.line((text) => text.includes('"event":"web-seed"'));
  assert.match(line, /certificate/i);
  await distrusting.stop();
  const into = scene.place('into');
  await assertGot(scene, scene.get([torrent, '-o', into], { NODE_EXTRA_CA_CERTS: certificate }));
  assertSeveral(scene, into);
});

test('a server that knows no ranges, and a mirror beside it', { skip }, async (t) => {
  const scene = setScene(t);
  const port = nextPort++;
  const python = start(
    'python3',
    ['-m', 'http.server', String(port), '--bind', address, '--directory', scene.root],
    {
      log: join(scene.folder, 'python.log'),
    },
  );
  t.after(() => python.stop());
  const { port: mirrorPort } = await serve(t, scene);
  for (const mirrors of [[], ['--mirror', `http://${address}:${mirrorPort}/`]]) {
    const torrent = await scene.torrent('several', 'v1', `http://${address}:${port}/`);
    const into = scene.place(`into-${mirrors.length}`);
    await assertGot(scene, scene.get([torrent, '-o', into, ...mirrors]));
    assertSeveral(scene, into);
  }
});

test('nginx is killed half-way and started again, and the download goes on', { skip }, async (t) => {
  const scene = setScene(t);
  const slowly = 'limit_rate 4m;';
  const { nginx, port } = await serve(t, scene, slowly);
  const torrent = await scene.torrent('one.bin', 'hybrid', `http://${address}:${port}/one.bin`);
  const into = scene.place('into');
  const program = scene.get([torrent, '-o', into]);
  await program.line((line) => Number(/"bytes":(\d+)/.exec(line)?.[1] ?? 0) > 4_000_000);
  await nginx.kill();
  await program.line((line) => line.includes('"event":"web-seed"'));
  const again = await startNginx({ root: scene.root, state: scene.place('again'), address, port });
  t.after(() => again.stop());
  await assertGot(scene, program);
  assert.equal(scene.digest(join(into, 'one.bin')), scene.digest(join(scene.root, 'one.bin')));
});

test('plain files come from one and several servers, whole or not at all', { skip }, async (t) => {
  const scene = setScene(t);
  const [{ port, nginx }, { port: mirror }] = [
    await serve(t, scene, 'limit_rate 4m;'),
    await serve(t, scene),
  ];
  const url = `http://${address}:${port}/one.bin`;
  const into = scene.place('into');
  const killed = scene.get([url, '-o', into]);
  await killed.line((line) => Number(/"bytes":(\d+)/.exec(line)?.[1] ?? 0) > 4_000_000);
  await killed.stop();
  assert.equal(await killed.exited, 130);
  await assertGot(scene, scene.get([url, '-o', into, '--mirror', `http://${address}:${mirror}/one.bin`]));
  assert.equal(scene.digest(join(into, 'one.bin')), scene.digest(join(scene.root, 'one.bin')));
  assert.equal(await scene.get([url, '-o', into]).exited, 5);
  assert.equal(await scene.get([`http://${address}:${mirror}/not.there`, '-o', into]).exited, 3);
  await nginx.stop();
  // The torrent itself may lie on a server too.
  const torrent = await scene.torrent('several', 'v1', `http://${address}:${mirror}/`);
  writeFileSync(join(scene.root, 'several.torrent'), readFileSync(torrent));
  await assertGot(scene, scene.get([`http://${address}:${mirror}/several.torrent`, '-o', into]));
  assertSeveral(scene, into);
});

for (const client of [libtorrent, aria2] satisfies Client[])
  test(`${client.name} fetches our torrents from the same nginx`, {
    skip: withoutNginx ?? client.missing() ?? missingPrograms('python3') ?? false,
  }, async (t) => {
    const scene = setScene(t);
    const { port } = await serve(t, scene);
    for (const format of client.formats) {
      const torrent = await scene.torrent('several', format, `http://${address}:${port}/`);
      const into = scene.place(`into-${format}`);
      const peer = client.fetch({
        torrent,
        folder: into,
        state: scene.place(`state-${format}`),
        address,
        port: nextPort++,
        encryption: 'off',
        peers: [],
      });
      await peer.complete;
      await peer.stop();
      assertSeveral(
        scene,
        into,
        Object.keys(contents).filter((path) => contents[path] !== 0),
      );
    }
  });
