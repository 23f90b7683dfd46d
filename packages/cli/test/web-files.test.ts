// `shoal get http://…`: checksums that are given or said, mirrors with another file, and what stays behind.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Ended, shoal, temporaryFolder } from './shoal.ts';

const right = randomBytes(3_000_000);
const wrong = randomBytes(3_000_000);
const hexOf = (bytes: Uint8Array, name = 'sha256') => createHash(name).update(bytes).digest('hex');
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64');

interface Sent {
  readonly bytes: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the file. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

async function serving(context: TestContext, { bytes, headers = {}, answer }: Sent): Promise<string> {
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (answer?.(request, response)) return;
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const [first, last] = [Number(from ?? 0), Math.min(Number(to || bytes.length), bytes.length - 1)];
    if (from !== undefined) response.setHeader('content-range', `bytes ${first}-${last}/${bytes.length}`);
    response.writeHead(from === undefined ? 200 : 206, { 'content-length': last - first + 1 });
    response.end(request.method === 'HEAD' ? undefined : bytes.subarray(first, last + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/file.bin`;
}

function get(folder: string, ...words: string[]): Promise<Ended> {
  return shoal(['get', ...words, '-o', folder, '--data', join(folder, '.data'), '--json']);
}

const visible = (folder: string) => readdirSync(folder).filter((name) => name !== '.data');

test('a checksum that was given, or that a server says, is compared before the file has its name', async (context) => {
  const url = await serving(context, { bytes: right });
  const saying = await serving(context, {
    bytes: right,
    headers: { 'repr-digest': `sha-512=:AAAA:, sha-256=:${digestOf(right)}:` },
  });
  const older = await serving(context, { bytes: right, headers: { digest: `SHA-256=${digestOf(right)}` } });
  const rights = [
    [url, '--checksum', `sha-256=${hexOf(right)}`],
    [url, '--checksum', hexOf(right).toUpperCase()],
    [url, '--checksum', `md5:${hexOf(right, 'md5')}`],
    [url, '--checksum', hexOf(right, 'sha512')],
    [saying],
    [older],
  ];
  for (const words of rights) {
    const folder = await temporaryFolder(context);
    const ended = await get(folder, ...words);
    assert.equal(ended.code, 0, ended.stdout);
    assert.match(ended.stdout, /"event":"complete".*"verified":true/, words.join(' '));
    assert.deepEqual(readFileSync(join(folder, 'file.bin')), right);
  }
  const lying = await serving(context, {
    bytes: wrong,
    headers: { 'repr-digest': `sha-256=:${digestOf(right)}:` },
  });
  for (const words of [[url, '--checksum', hexOf(wrong)], [lying]]) {
    const folder = await temporaryFolder(context);
    const ended = await get(folder, ...words);
    assert.equal(ended.code, 5, ended.stdout);
    assert.match(ended.stdout, /"code":"wrong-checksum"/);
    assert.deepEqual(visible(folder), []);
  }
  const folder = await temporaryFolder(context);
  const plain = await get(folder, url);
  assert.match(plain.stdout, /"verified":false/);
});

test('a mirror that says it has another file is not asked; one that says nothing is found out', async (context) => {
  const first = await serving(context, {
    bytes: right,
    headers: { 'repr-digest': `sha-256=:${digestOf(right)}:` },
  });
  const other = await serving(context, {
    bytes: wrong,
    headers: { 'repr-digest': `sha-256=:${digestOf(wrong)}:` },
  });
  const folder = await temporaryFolder(context);
  const ended = await get(folder, first, '--mirror', other);
  assert.equal(ended.code, 0, ended.stdout);
  assert.match(ended.stdout, /"state":"unusable","reason":"its file has another checksum"/);
  assert.deepEqual(readFileSync(join(folder, 'file.bin')), right);

  // The same one, when what is right was said beforehand.
  const told = await temporaryFolder(context);
  const second = await get(told, other, '--mirror', first, '--checksum', hexOf(right));
  assert.equal(second.code, 0, second.stdout);
  assert.deepEqual(readFileSync(join(told, 'file.bin')), right);

  const tired = await serving(context, {
    bytes: right,
    answer({ headers }, response) {
      if (headers.range === undefined || headers.range.startsWith('bytes=0-')) return false;
      response.destroy();
      return true;
    },
  });
  const silent = await serving(context, { bytes: wrong });
  const mixed = await temporaryFolder(context);
  const third = await get(mixed, tired, '--mirror', silent, '--checksum', hexOf(right));
  assert.equal(third.code, 5, third.stdout);
  assert.match(third.stdout, /One of the servers may have another file/);
  assert.deepEqual(visible(mixed), []);
});

test('what is no checksum, or of something else, is wrong usage', async (context) => {
  const folder = await temporaryFolder(context);
  for (const words of [
    ['http://127.0.0.1:9/x', '--checksum', 'abc'],
    ['http://127.0.0.1:9/x', '--checksum', `md5=${hexOf(right)}`],
    ['http://127.0.0.1:9/x', '--checksum', `sha-256=${'g'.repeat(64)}`],
    ['http://127.0.0.1:9/x', 'http://127.0.0.1:9/y', '--checksum', hexOf(right)],
    ['http://127.0.0.1:9/x.torrent', '--checksum', hexOf(right)],
    [`magnet:?xt=urn:btih:${'a'.repeat(40)}`, '--checksum', hexOf(right)],
  ])
    assert.equal((await get(folder, ...words)).code, 2, words.join(' '));
});
