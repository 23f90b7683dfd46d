import assert from 'node:assert/strict';
import { createHash, randomBytes, scryptSync } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { testCertificate, testKey } from '@shoal/base/compliance';
import { createNodeWorld } from '@shoal/base/node';
import { addUser, type FileServer, readUsers, removeUser, serveFolder } from '@shoal/node/serve';

const outside = mkdtempSync(join(tmpdir(), 'shoal-outside-'));
const folder = mkdtempSync(join(tmpdir(), 'shoal-serve-'));
const big = randomBytes(3_000_000);
const text = 'words and words\n'.repeat(2000);
let server: FileServer;

before(async () => {
  writeFileSync(join(outside, 'secret'), 'secret');
  writeFileSync(join(folder, 'big.bin'), big);
  writeFileSync(join(folder, 'empty.bin'), '');
  writeFileSync(join(folder, 'a text.txt'), text);
  writeFileSync(join(folder, '.hidden'), 'secret');
  mkdirSync(join(folder, 'sub'));
  mkdirSync(join(folder, 'page'));
  writeFileSync(join(folder, 'page', 'index.html'), '<h1>ours</h1>');
  symlinkSync(outside, join(folder, 'out'));
  symlinkSync(join(outside, 'secret'), join(folder, 'out.txt'));
  symlinkSync(join(folder, 'big.bin'), join(folder, 'in.bin'));
  const file = join(outside, 'users');
  writeFileSync(file, '# ours\n');
  await addUser(file, { name: 'reader', right: 'read', password: 'pass word' });
  await addUser(file, { name: 'writer', right: 'write', password: 'pä:ss' });
  const users = readUsers(readFileSync(file, 'utf8'), file);
  server = await serveFolder({ folder, address: '127.0.0.1', port: 0, users });
});
after(async () => {
  await server.close();
  for (const one of [folder, outside]) rmSync(one, { recursive: true, force: true });
});

const as = (user: string) => ({ authorization: `Basic ${Buffer.from(user).toString('base64')}` });
const reader = as('reader:pass word');
const writer = as('writer:pä:ss');

function ask(path: string, headers: Record<string, string> = {}, more: RequestInit = {}): Promise<Response> {
  return fetch(`${server.url}${path}`, { headers: { ...reader, ...headers }, redirect: 'manual', ...more });
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

/** The status line, for a request as it stands; fetch would tidy it up. */
function raw(path: string, user = 'reader:pass word', method = 'GET'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1');
    const { authorization } = as(user);
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`,
    );
    let answer = '';
    socket.on('data', (bytes: Buffer) => {
      answer += bytes.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

describe('a file server', () => {
  test('sends files whole and in ranges, and what has not changed not again', async () => {
    const whole = await ask('big.bin');
    assert.deepEqual(await bytesOf(whole), big);
    const tag = whole.headers.get('etag') ?? '';
    const ranges: [string, number, number][] = [
      ['bytes=0-0', 0, 1],
      ['bytes=1000000-2500000', 1_000_000, 2_500_001],
      ['bytes=2999999-', 2_999_999, 3_000_000],
      ['bytes=-5', 2_999_995, 3_000_000],
      ['bytes=2999990-9999999', 2_999_990, 3_000_000],
    ];
    for (const [range, from, to] of ranges) {
      const part = await ask('big.bin', { range });
      assert.equal(part.status, 206, range);
      assert.equal(part.headers.get('content-range'), `bytes ${from}-${to - 1}/3000000`);
      assert.deepEqual(await bytesOf(part), big.subarray(from, to), range);
    }
    for (const range of ['bytes=3000000-', 'bytes=-0'])
      assert.equal((await ask('big.bin', { range })).status, 416, range);
    for (const range of ['bytes=5-2', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=-', 'bytes=x'])
      assert.equal((await ask('big.bin', { range })).status, 200, range);
    assert.equal((await ask('big.bin', { range: 'bytes=0-9', 'if-range': tag })).status, 206);
    assert.equal((await ask('big.bin', { range: 'bytes=0-9', 'if-range': '"other"' })).status, 200);
    assert.equal((await ask('big.bin', { 'if-none-match': tag })).status, 304);
    assert.equal((await bytesOf(await ask('empty.bin'))).length, 0);
    const head = await ask('big.bin', {}, { method: 'HEAD' });
    assert.equal(head.headers.get('content-length'), '3000000');
    assert.deepEqual(await bytesOf(await ask('in.bin', { range: 'bytes=0-9' })), big.subarray(0, 10));
  });

  test('compresses text for those who take it', async () => {
    for (const [accepted, encoding] of Object.entries({
      'gzip, br': 'br',
      'gzip;q=0.5': 'gzip',
      'gzip;q=0': null,
      '': null,
    })) {
      const response = await ask('a%20text.txt', { 'accept-encoding': accepted });
      assert.equal(response.headers.get('content-encoding'), encoding, accepted);
      assert.equal(await response.text(), text);
    }
    assert.equal((await ask('big.bin', { 'accept-encoding': 'gzip' })).headers.get('content-encoding'), null);
    assert.match(await raw('/a%20text.txt'), /\r\nvary: accept-encoding/i);
  });

  test('lists folders with sizes and checksums, for people and programs', async () => {
    const listing: { entries: { name: string; length?: number; sha256?: string }[] } = JSON.parse(
      await (await ask('?json&checksums')).text(),
    );
    assert.deepEqual(
      listing.entries.map(({ name }) => name),
      ['page', 'sub', 'a text.txt', 'big.bin', 'empty.bin', 'in.bin'],
    );
    const { length, sha256 } = listing.entries[3] ?? {};
    assert.deepEqual([length, sha256], [3_000_000, createHash('sha256').update(big).digest('hex')]);
    const page = await (await ask('')).text();
    assert.match(page, /<a href="a%20text\.txt">a text\.txt<\/a>/);
    assert.doesNotMatch(page, /hidden|out\.txt/);
    assert.equal(await (await ask('page/')).text(), '<h1>ours</h1>');
    assert.equal((await ask('page')).headers.get('location'), '/page/');
    const digest = (await ask('big.bin', { 'want-repr-digest': 'sha-256=1' })).headers.get('repr-digest');
    assert.equal(digest, `sha-256=:${createHash('sha256').update(big).digest('base64')}:`);
  });

  test('nothing outside of the folder, and nothing hidden, is there', async () => {
    const paths = [
      '/../secret',
      '/sub/../../secret',
      '/%2e%2e/secret',
      '/..%2fsecret',
      '/sub/..%5c..%5csecret',
      '//etc/passwd',
      '/%2fetc%2fpasswd',
      '/out/secret',
      '/out.txt',
      '/out/',
      '/.hidden',
      '/%2ehidden',
      '/big.bin%00',
      '/%',
      '/big.bin/',
      '/sub/.',
      '/C:/secret',
      'big.bin',
      `/${'a'.repeat(5000)}`,
    ];
    for (const path of paths) {
      const answer = await raw(path);
      assert.match(answer, /^HTTP\/1\.1 40[04] /, path);
      assert.doesNotMatch(answer, /secret\b|root:|shoal-/, path);
    }
  });

  test('asks who it is, and lets readers only read', async () => {
    for (const user of ['', 'reader', 'reader:', 'reader:pass', 'nobody:pass word', ':', 'writer:reader'])
      assert.match(await raw('/big.bin', user), /^HTTP\/1\.1 401 /, user);
    assert.equal((await fetch(server.url)).status, 401);
    assert.equal((await ask('new.bin', {}, { method: 'PUT', body: 'x' })).status, 403);
    assert.equal((await ask('big.bin', {}, { method: 'DELETE' })).status, 405);
    assert.deepEqual(readdirSync(join(folder, 'sub')), []);
  });

  test('takes what is put there when all of it is safe, in parts too, and goes on after a break', async () => {
    const put = (path: string, body: Buffer, headers: Record<string, string> = {}) =>
      fetch(`${server.url}${path}`, {
        method: 'PUT',
        headers: { ...writer, ...headers },
        body: new Uint8Array(body),
      });
    const sha256 = createHash('sha256').update(big).digest('hex');
    const made = await put('sub/new.bin', big);
    assert.equal(made.status, 201);
    assert.deepEqual(await made.json(), { length: big.length, sha256 });
    assert.deepEqual(readFileSync(join(folder, 'sub', 'new.bin')), big);
    assert.equal((await put('sub/new.bin', Buffer.from('less'))).status, 200);

    const first = await put('sub/parts.bin', big.subarray(0, 1_000_000), {
      'content-range': 'bytes 0-999999/3000000',
    });
    assert.deepEqual([first.status, first.headers.get('upload-offset')], [202, '1000000']);
    assert.equal((await ask('sub/parts.bin')).status, 404);
    const gap = await put('sub/parts.bin', big.subarray(2_000_000), {
      'content-range': 'bytes 2000000-2999999/3000000',
    });
    assert.deepEqual([gap.status, gap.headers.get('upload-offset')], [409, '1000000']);
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      `PUT /sub/parts.bin HTTP/1.1\r\nHost: x\r\nAuthorization: ${writer.authorization}\r\nContent-Range: bytes 1000000-2999999/3000000\r\nContent-Length: 2000000\r\n\r\n`,
    );
    socket.write(big.subarray(1_000_000, 1_700_000), () => socket.destroy());
    await new Promise((resolve) => socket.on('close', resolve));
    const offset = async () => {
      const response = await fetch(`${server.url}sub/parts.bin?upload`, { method: 'HEAD', headers: writer });
      return Number(response.headers.get('upload-offset'));
    };
    let here = await offset();
    // What was sent before the break may still be on its way to the disk.
    for (let last = -1; here !== last; here = await offset()) {
      last = here;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(here >= 1_000_000 && here <= 1_700_000, `${here}`);
    let rest = await put('sub/parts.bin', big.subarray(here), {
      'content-range': `bytes ${here}-2999999/3000000`,
    });
    while (rest.status === 409) {
      here = await offset();
      rest = await put('sub/parts.bin', big.subarray(here), {
        'content-range': `bytes ${here}-2999999/3000000`,
      });
    }
    assert.equal(rest.status, 201);
    assert.equal(JSON.parse(await rest.text()).sha256, sha256);
    assert.deepEqual(readFileSync(join(folder, 'sub', 'parts.bin')), big);
    assert.deepEqual(readdirSync(join(folder, 'sub')).sort(), ['new.bin', 'parts.bin']);
  });

  test('refuses uploads that lie or aim elsewhere, and keeps what was there', async () => {
    const put = (path: string, headers: Record<string, string> = {}) =>
      fetch(`${server.url}${path}`, { method: 'PUT', headers: { ...writer, ...headers }, body: 'new' });
    writeFileSync(join(folder, 'kept.txt'), 'old');
    for (const headers of [
      { 'content-range': 'bytes 0-1/3' },
      { 'content-range': 'bytes 0-2/2' },
      { 'content-range': 'bytes 2-0/3' },
      { 'content-range': 'nonsense' },
      { 'content-digest': `sha-256=:${'A'.repeat(43)}=:` },
    ])
      assert.equal((await put('kept.txt', headers)).status, 400, JSON.stringify(headers));
    for (const path of ['nowhere/x', 'sub', 'sub/', 'out/x', 'out.txt', ''])
      assert.equal((await put(path)).status, 409, path);
    for (const path of ['.htaccess', 'sub/.x', 'sub%2f..%2f..%2fx', 'a%00'])
      assert.equal((await put(path)).status, 404, path);
    for (const path of ['/../x', '/%2e%2e/x', '/sub/../../x', '//x', '/sub/..', 'x'])
      assert.match(await raw(path, 'writer:pä:ss', 'PUT'), /^HTTP\/1\.1 40[04] /, path);
    for (const name of [
      'a%5cb',
      'C:x',
      'a:b',
      'CON',
      'nul.txt',
      'com1',
      'a%20',
      'a.',
      'a*',
      'a%3f',
      'a%0a',
      'a%7f',
      'ä'.repeat(128),
    ])
      assert.equal((await put(name)).status, 400, name);
    for (const headers of [{ 'if-none-match': '*' }, { 'if-match': '"other"' }])
      assert.equal((await put('kept.txt', headers)).status, 412);
    assert.equal((await put('absent.txt', { 'if-match': '*' })).status, 412);
    assert.equal((await put('kept.txt', { 'content-encoding': 'gzip' })).status, 415);
    assert.equal(readFileSync(join(folder, 'kept.txt'), 'utf8'), 'old');
    const { headers } = await ask('kept.txt', {}, { method: 'HEAD' });
    assert.equal((await put('kept.txt', { 'if-match': headers.get('etag') ?? '' })).status, 200);
    assert.equal((await put('absent.txt', { 'if-none-match': '*' })).status, 201);
    assert.deepEqual(readdirSync(outside), ['secret', 'users']);
  });

  test('what is longer than it said is not taken', async () => {
    const socket = connect(server.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (bytes: Buffer) => {
      answer += bytes.toString('latin1');
    });
    socket.write(
      `PUT /long.bin HTTP/1.1\r\nHost: x\r\nAuthorization: ${writer.authorization}\r\nContent-Range: bytes 0-9/1000000\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    while (answer === '') {
      socket.write(`10000\r\n${'x'.repeat(65_536)}\r\n`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    socket.destroy();
    assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*longer than it said/);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('.shoal') || name === 'long.bin'),
      [],
    );
  });

  test('only one uploads a file at a time, and parts that nobody goes on with go away', async () => {
    const old = join(folder, `.shoal-part-${'0'.repeat(32)}`);
    const young = join(folder, `.shoal-part-${'1'.repeat(32)}`);
    const own = await serveFolder({
      folder,
      address: '127.0.0.1',
      port: 0,
      users: { rightOf: () => Promise.resolve('write') },
    });
    for (const part of [old, young]) writeFileSync(part, 'part');
    utimesSync(old, new Date(0), new Date(0));
    const socket = connect(own.port, '127.0.0.1');
    try {
      socket.write('PUT /both.bin HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
      const offset = async () =>
        (await fetch(`${own.url}both.bin?upload`, { method: 'HEAD' })).headers.get('upload-offset');
      while ((await offset()) !== '4') await new Promise((resolve) => setTimeout(resolve, 20));
      const second = await fetch(`${own.url}both.bin`, { method: 'PUT', body: 'second' });
      assert.equal(second.status, 409);
      assert.equal((await fetch(`${own.url}both.bin`)).status, 404);
      assert.deepEqual([existsSync(old), existsSync(young)], [false, true]);
      socket.end('-whole');
      while ((await fetch(`${own.url}both.bin`)).status !== 200)
        await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(readFileSync(join(folder, 'both.bin'), 'utf8'), 'half-whole');
    } finally {
      socket.destroy();
      await own.close();
      rmSync(young);
    }
  });

  test('speaks HTTPS, and everybody may read where no users are named', async () => {
    const tls = { certificate: testCertificate, key: testKey };
    const secure = await serveFolder({ folder, address: '127.0.0.1', port: 0, tls });
    const world = createNodeWorld();
    try {
      const url = `${secure.url}big.bin`;
      assert.match(url, /^https:/);
      const response = await world.http.request({ url, trusted: [testCertificate] });
      const chunks: Uint8Array[] = [];
      await new Promise<void>((resolve) =>
        response.read({ data: (bytes) => chunks.push(bytes.slice()), close: () => resolve() }),
      );
      assert.deepEqual(Buffer.concat(chunks), big);
      const put = await world.http.request({ url, method: 'PUT', trusted: [testCertificate] });
      assert.equal(put.status, 403);
      put.destroy();
    } finally {
      await world.close();
      await secure.close();
    }
    const broken = { certificate: 'no', key: 'no' };
    await assert.rejects(serveFolder({ folder, address: '127.0.0.1', port: 0, tls: broken }), {
      code: 'config-invalid',
    });
  });

  test('a file of users that cannot be meant is refused with its line', () => {
    const hash = `scrypt$16384$8$5$${'a'.repeat(22)}$${'b'.repeat(43)}`;
    for (const lines of [
      '',
      'name\n',
      `a read ${hash}\na read ${hash}\n`,
      `a admin ${hash}\n`,
      `a:b read ${hash}\n`,
      `a read ${hash.replace('16384', '16385')}\n`,
      `a read ${hash.replace('16384', '4194304')}\n`,
      `a read ${hash.slice(0, 40)}\n`,
    ])
      assert.throws(() => readUsers(lines, 'users'), { code: 'config-invalid', message: /^users/ });
    assert.throws(() => readUsers('anna write open sesame\n', 'users'), {
      message: /^users:1: .*shoal serve user add anna --write --users users$/s,
    });
  });

  test('a file of users is changed by a line, and holds no password', async () => {
    const file = join(outside, 'more-users');
    await addUser(file, { name: 'anna', right: 'read', password: 'open sesame' });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    writeFileSync(file, `# kept\n\n${readFileSync(file, 'utf8')}`);
    await addUser(file, { name: 'bert', right: 'write', password: 'second' });
    await addUser(file, { name: 'anna', right: 'write', password: 'changed' });
    const said = readFileSync(file, 'utf8');
    assert.match(said, /^# kept\n\nanna write scrypt\$\S+\nbert write scrypt\$\S+\n$/);
    assert.doesNotMatch(said, /sesame|second|changed/);
    const users = readUsers(said, file);
    assert.equal(await users.rightOf(as('anna:changed').authorization), 'write');
    for (const user of ['anna:open sesame', 'anna:', 'nobody:changed', 'bert:changed'])
      assert.equal(await users.rightOf(as(user).authorization), undefined, user);
    await removeUser(file, 'bert');
    assert.doesNotMatch(readFileSync(file, 'utf8'), /bert/);
    await assert.rejects(removeUser(file, 'bert'), { code: 'not-found' });
    for (const name of ['', 'a b', 'a:b', '#a', 'a\n'])
      await assert.rejects(addUser(file, { name, right: 'read', password: 'x' }), { code: 'bad-name' });
    await assert.rejects(addUser(file, { name: 'a', right: 'read', password: 'x\ny' }), { code: 'bad-name' });
    rmSync(file);
  });

  test('who guesses passwords is put off, and keeps nobody out who was let in before', async () => {
    const salt = Buffer.from('0123456789abcdef');
    const hash = scryptSync('pass word', salt, 32, { N: 2048, r: 8, p: 1 }).toString('base64url');
    const users = readUsers(`reader read scrypt$2048$8$1$${salt.toString('base64url')}$${hash}\n`, 'users');
    assert.equal(await users.rightOf(reader.authorization), 'read');
    const answers: (string | undefined)[] = [];
    const guesses = Array.from({ length: 60 }, async (_, i) => {
      answers.push(await users.rightOf(as(`reader:guess ${i}`).authorization));
    });
    assert.equal(await users.rightOf(reader.authorization), 'read');
    assert.ok(answers.length < 60);
    await Promise.all(guesses);
    assert.deepEqual(new Set(answers), new Set([undefined, 'busy']));
  });
});
