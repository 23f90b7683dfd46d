// `shoal serve` before the programs that people have: curl, wget and aria2 fetch, resume and upload; a kill of the server
// in the middle of uploads leaves whole files and parts that go on, and nothing between; a full disk loses nothing.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { testCertificate, testKey } from '@shoal/base/compliance';
import { missingPrograms, pathOf } from '../clients/installed.ts';
import { type Program, run, start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';

const big = randomBytes(6_000_000);
const text = 'words and words\n'.repeat(5000);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const state = mkdtempSync(join(tmpdir(), 'shoal-serve-'));
const shared = join(state, 'shared');
const own = join(state, 'own');
const started: Program[] = [];
let url = '';
let secureUrl = '';

async function serve(
  folder: string,
  words: readonly string[],
  prefix: readonly string[] = [],
): Promise<{ url: string; program: Program }> {
  const all = [shoalCommand, 'serve', folder, '--port', '0', '--json', ...words];
  const program = start(process.execPath, all, { log: join(state, 'serve.log'), prefix });
  started.push(program);
  const { url }: { url: string } = JSON.parse(await program.line((line) => line.includes('"ready"')));
  return { url, program };
}

before(async () => {
  mkdirSync(join(shared, 'sub', 'deeper'), { recursive: true });
  mkdirSync(own);
  writeFileSync(join(shared, 'big.bin'), big);
  writeFileSync(join(shared, 'a text.txt'), text);
  writeFileSync(join(shared, 'sub', 'ünï & <code>.bin'), big.subarray(0, 1000));
  writeFileSync(join(shared, 'sub', 'deeper', '100% #1?.txt'), 'deep');
  writeFileSync(join(shared, 'sub', 'deeper', 'a:b\\c'), 'odd');
  writeFileSync(join(shared, '.hidden'), 'hidden');
  writeFileSync(join(state, 'cert.pem'), testCertificate);
  writeFileSync(join(state, 'key.pem'), testKey);
  const users = join(state, 'users');
  const words = [shoalCommand, 'serve', 'user', 'add', 'anna', '--write', '--users', users, '--json'];
  const { password }: { password: string } = JSON.parse(await run(process.execPath, words));
  writeFileSync(join(state, 'netrc'), `default login anna password ${password}\n`, { mode: 0o600 });
  url = (await serve(shared, [])).url;
  const tls = ['--tls-certificate', join(state, 'cert.pem'), '--tls-key', join(state, 'key.pem')];
  secureUrl = (await serve(own, ['--users', users, ...tls])).url;
});
after(async () => {
  await Promise.all(started.map((program) => program.stop()));
  rmSync(state, { recursive: true, force: true });
});

const curl = (...words: string[]) => run(pathOf('curl') ?? 'curl', ['-sS', '--fail', ...words]);
const place = (name: string) => join(state, name);

describe('curl', { skip: missingPrograms('curl') ?? false, timeout: 120_000 }, () => {
  test('fetches, resumes, asks for ranges and unpacks text', async () => {
    await curl('-o', place('whole'), `${url}big.bin`);
    assert.deepEqual(readFileSync(place('whole')), big);
    truncateSync(place('whole'), 1_234_567);
    const said = await curl(
      '-C',
      '-',
      '-w',
      '%{http_code} %{size_download}',
      '-o',
      place('whole'),
      `${url}big.bin`,
    );
    assert.equal(said, `206 ${big.length - 1_234_567}`);
    assert.deepEqual(readFileSync(place('whole')), big);
    await curl('-r', '100-199', '-o', place('range'), `${url}big.bin`);
    assert.deepEqual(readFileSync(place('range')), big.subarray(100, 200));
    const packed = await curl(
      '--compressed',
      '-w',
      '%{size_download}',
      '-o',
      place('text'),
      `${url}a%20text.txt`,
    );
    assert.ok(Number(packed) < text.length / 10, packed);
    assert.equal(readFileSync(place('text'), 'utf8'), text);
    const same = await curl('-z', place('whole'), '-w', '%{http_code}', '-o', place('same'), `${url}big.bin`);
    assert.equal(same, '304');
    const headers = await curl('-I', '-H', 'Want-Repr-Digest: sha-256', `${url}big.bin`);
    assert.match(headers, /content-length: 6000000\r/i);
    assert.ok(headers.includes(`sha-256=:${createHash('sha256').update(big).digest('base64')}:`));
  });

  test('uploads over TLS, and hears why it may not', async () => {
    const as = ['--cacert', place('cert.pem'), '--netrc-file', place('netrc')];
    const where = ['--resolve', `localhost:${new URL(secureUrl).port}:127.0.0.1`];
    const to = secureUrl.replace('127.0.0.1', 'localhost');
    const answer = await curl(...as, ...where, '-T', join(shared, 'big.bin'), `${to}copy.bin`);
    assert.deepEqual(JSON.parse(answer), { length: big.length, sha256: sha256(big) });
    assert.deepEqual(readFileSync(join(own, 'copy.bin')), big);
    const none = [
      '-sS',
      '--cacert',
      place('cert.pem'),
      ...where,
      '-w',
      '%{http_code}',
      '-o',
      place('answer'),
    ];
    // With a question before (curl's way for large bodies), and without one: the answer arrives both times.
    for (const expect of [[], ['-H', 'Expect:']]) {
      const words = [...none, ...expect, '-T', join(shared, 'big.bin'), `${to}copy.bin`];
      assert.equal(await run('curl', words), '401');
      assert.match(readFileSync(place('answer'), 'utf8'), /^Say who you are/);
      const nowhere = [...none, ...expect, '--netrc-file', place('netrc'), '-T', join(shared, 'big.bin')];
      assert.equal(await run('curl', [...nowhere, `${to}no/folder/copy.bin`]), '409');
    }
    assert.deepEqual(readdirSync(own), ['copy.bin']);
  });
});

describe('wget', { skip: missingPrograms('wget') ?? false, timeout: 120_000 }, () => {
  test('fetches a whole folder by its listings, and goes on with half a file', async () => {
    const folder = place('mirror');
    const words = ['-q', '-r', '-np', '-nH', '-e', 'robots=off', '-R', 'index.html*', '-P', folder];
    await run('wget', [...words, url]);
    assert.deepEqual(
      readdirSync(folder, { recursive: true }).map(String).sort(),
      [
        'a text.txt',
        'big.bin',
        'sub',
        'sub/deeper',
        'sub/deeper/100% #1?.txt',
        'sub/deeper/a:b\\c',
        'sub/ünï & <code>.bin',
      ].sort(),
    );
    assert.deepEqual(readFileSync(join(folder, 'big.bin')), big);
    assert.equal(readFileSync(join(folder, 'sub/deeper/100% #1?.txt'), 'utf8'), 'deep');
    truncateSync(join(folder, 'big.bin'), 999);
    await run('wget', ['-q', '-c', '-P', folder, `${url}big.bin`]);
    assert.deepEqual(readFileSync(join(folder, 'big.bin')), big);
    // It has all of it: a range of nothing is asked for.
    await run('wget', ['-q', '-c', '-P', folder, `${url}big.bin`]);
    // What has not changed is not fetched again.
    const again = await run('wget', ['-N', '-P', folder, `${url}big.bin`]);
    assert.match(again, /304|not retrieving|not modified/i);
  });
});

describe('aria2', { skip: missingPrograms('aria2c') ?? false, timeout: 120_000 }, () => {
  const aria2 = (...words: string[]) =>
    run('aria2c', ['-q', '--no-conf', '--file-allocation=none', ...words]);

  test('fetches over four connections, from two servers, and checks the checksum', async () => {
    const second = await serve(shared, []);
    const split = ['-x4', '-s4', '-k1M', '--checksum', `sha-256=${sha256(big)}`];
    await aria2(...split, '-d', state, '-o', 'aria.bin', `${url}big.bin`, `${second.url}big.bin`);
    assert.deepEqual(readFileSync(place('aria.bin')), big);
    await second.program.stop();
  });

  test('goes on with half a file', async () => {
    writeFileSync(place('half.bin'), big.subarray(0, 2_500_000));
    await aria2('-c', '-d', state, '-o', 'half.bin', `${url}big.bin`);
    assert.deepEqual(readFileSync(place('half.bin')), big);
  });
});

describe('uploads', { skip: missingPrograms('curl') ?? false, timeout: 180_000 }, () => {
  const rounds = 6;

  test('a server that is killed again and again keeps what it acknowledged, and the rest goes on', async () => {
    const folder = place('killed');
    mkdirSync(folder);
    const users = place('plain-users');
    const add = [shoalCommand, 'serve', 'user', 'add', 'anna', '--write', '--users', users, '--json'];
    const { password }: { password: string } = JSON.parse(await run(process.execPath, add));
    const as = { authorization: `Basic ${Buffer.from(`anna:${password}`).toString('base64')}` };
    const acknowledged = new Set<string>();
    const wholes = new Map<string, Buffer>();
    for (let round = 0; round < rounds; round++) {
      const { url, program } = await serve(folder, ['--users', users]);
      const before = bytesIn(folder);
      // Every upload that was begun goes on, and three new ones begin.
      for (const i of [0, 1, 2]) wholes.set(`${round}-${i}.bin`, randomBytes(500_000 + 1_000_000 * i));
      const uploads = [...wholes].map(async ([name, bytes]) => {
        if (acknowledged.has(name)) return;
        const head = await fetch(`${url}${name}?upload`, { method: 'HEAD', headers: as });
        // When all of it is there, the last byte says so.
        const at = Math.min(Number(head.headers.get('upload-offset')), bytes.length - 1);
        const put = await fetch(`${url}${name}`, {
          method: 'PUT',
          headers: { ...as, 'content-range': `bytes ${at}-${bytes.length - 1}/${bytes.length}` },
          body: new Uint8Array(bytes.subarray(at)),
        });
        const { sha256: said }: { sha256?: string } = JSON.parse(await put.text());
        if (put.ok && said === sha256(bytes)) acknowledged.add(name);
      });
      let isSettled = false;
      const settled = Promise.allSettled(uploads).finally(() => {
        isSettled = true;
      });
      const isLast = round === rounds - 1;
      if (!isLast) {
        // In the middle of them, each time a little later.
        while (!isSettled && bytesIn(folder) < before + 1 + 800_000 * round)
          await new Promise((resolve) => setTimeout(resolve, 1));
        await program.kill();
      }
      await settled;
      for (const [name, bytes] of wholes) {
        const there = existsSync(join(folder, name));
        assert.ok(there || !acknowledged.has(name), `${name} was acknowledged and is gone`);
        if (there)
          assert.equal(sha256(readFileSync(join(folder, name))), sha256(bytes), `${name} is not whole`);
      }
      if (isLast) assert.equal(acknowledged.size, wholes.size);
    }
    assert.deepEqual(readdirSync(folder).sort(), [...wholes.keys()].sort());
  });

  test('a full disk is told, nothing is lost, and the upload goes on when there is room', {
    skip: process.getuid?.() === 0 ? false : 'needs root for a small disk',
  }, async () => {
    const disk = place('disk');
    mkdirSync(disk);
    const users = place('disk-users');
    const add = [shoalCommand, 'serve', 'user', 'add', 'anna', '--write', '--users', users, '--json'];
    const { password }: { password: string } = JSON.parse(await run(process.execPath, add));
    const mount = `mount -t tmpfs -o size=4m tmpfs '${disk}' && echo old > '${disk}/big.bin' && exec "$@"`;
    const { url, program } = await serve(
      disk,
      ['--users', users],
      ['unshare', '-m', 'sh', '-c', mount, 'sh'],
    );
    const as = ['-sS', '-u', `anna:${password}`, '-w', '%{http_code}', '-o', place('answer')];
    assert.equal(await run('curl', [...as, '-T', join(shared, 'big.bin'), `${url}big.bin`]), '507');
    assert.match(readFileSync(place('answer'), 'utf8'), /no room/);
    assert.equal(await curl('-u', `anna:${password}`, `${url}big.bin`), 'old\n');
    const inside = ['nsenter', '-t', `${program.pid}`, '-m', 'mount', '-o', 'remount,size=16m', disk];
    await run(inside[0] ?? '', inside.slice(1));
    const offset = /upload-offset: (\d+)/i.exec(
      await curl('-I', '-u', `anna:${password}`, `${url}big.bin?upload`),
    );
    const at = Number(offset?.[1]);
    assert.ok(at > 1_000_000 && at < big.length, `${at}`);
    const range = `Content-Range: bytes ${at}-${big.length - 1}/${big.length}`;
    writeFileSync(place('rest'), big.subarray(at));
    assert.equal(await run('curl', [...as, '-H', range, '-T', place('rest'), `${url}big.bin`]), '200');
    await curl('-u', `anna:${password}`, '-o', place('back'), `${url}big.bin`);
    assert.equal(sha256(readFileSync(place('back'))), sha256(big));
  });

  test('a client that is killed leaves a part that the next one goes on with', async () => {
    const folder = place('gone');
    mkdirSync(folder);
    const users = place('gone-users');
    const add = [shoalCommand, 'serve', 'user', 'add', 'anna', '--write', '--users', users, '--json'];
    const { password }: { password: string } = JSON.parse(await run(process.execPath, add));
    const { url } = await serve(folder, ['--users', users]);
    const as = ['-sS', '-u', `anna:${password}`];
    const slow = spawn('curl', [...as, '--limit-rate', '1M', '-T', join(shared, 'big.bin'), `${url}big.bin`]);
    const offset = async () =>
      Number(/upload-offset: (\d+)/i.exec(await curl('-I', ...as, `${url}big.bin?upload`))?.[1]);
    while ((await offset()) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    slow.kill('SIGKILL');
    let code = '409';
    while (code === '409') {
      const at = await offset();
      writeFileSync(place('rest'), big.subarray(at));
      const range = `Content-Range: bytes ${at}-${big.length - 1}/${big.length}`;
      const words = [...as, '-w', '%{http_code}', '-o', place('answer'), '-H', range];
      code = await run('curl', [...words, '-T', place('rest'), `${url}big.bin`]);
    }
    assert.equal(code, '201');
    assert.equal(sha256(readFileSync(join(folder, 'big.bin'))), sha256(big));
    assert.deepEqual(readdirSync(folder), ['big.bin']);
  });
});

function bytesIn(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder))
    bytes += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
