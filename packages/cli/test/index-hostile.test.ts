// The shipped index as strangers would harm it: packed and long bodies to every route, connections that send and take
// nothing, searches made to be slow. Whoever is wrong is refused; everybody else is answered meanwhile.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { signPublication } from '@shoal/directory';
import { identityFromSeed } from '@shoal/identity';
import { startIndex } from './running-index.ts';
import { temporaryFolder } from './shoal.ts';

const identity = identityFromSeed(new Uint8Array(32).fill(1));
const madeAt = 1_700_000_000;

function publication(number: number, title: string, description: string): Uint8Array<ArrayBuffer> {
  const v1 = new Uint8Array(20);
  new DataView(v1.buffer).setUint32(16, number);
  const content = {
    title,
    description,
    category: 'other',
    tags: [],
    files: [],
    trackers: [],
    supersedes: [],
  } as const;
  return signPublication(identity, { ...content, infoHashes: { v1 } }, { sequence: 1, madeAt }).slice();
}

async function refusal(response: Response): Promise<string> {
  const { error } = JSON.parse(await response.text());
  return `${response.status} ${error.code}`;
}

test('no route unpacks a body or takes a long one, whoever sends it', async (context) => {
  const flags = ['--unlimited', '--private'];
  const index = await startIndex(context, await temporaryFolder(context), flags);
  const { paths } = JSON.parse(await (await fetch(`${index.url}openapi.json`)).text());
  const routes = Object.entries<Record<string, { requestBody?: unknown }>>(paths)
    .filter(([, methods]) => methods.post?.requestBody !== undefined)
    .map(([path]) => path);
  assert.ok(routes.length >= 5, routes.join(' '));
  const bomb = Buffer.alloc(20_000_000);
  const packed = { gzip: gzipSync(bomb), br: brotliCompressSync(bomb), deflate: deflateSync(bomb) };
  for (const path of routes) {
    const url = index.url + path.slice(1);
    for (const [encoding, bytes] of [...Object.entries(packed), ['gzip, identity', packed.gzip] as const]) {
      const body = bytes.subarray(0, 200);
      const headers = { 'content-encoding': encoding };
      assert.equal(await refusal(await fetch(url, { method: 'POST', body, headers })), '415 packed', path);
    }
    const long = await fetch(url, { method: 'POST', body: new Uint8Array(10_000_000) }).catch(
      () => undefined,
    );
    // What is not read to its end may break the connection before the answer is read.
    if (long !== undefined) assert.equal(await refusal(long), '413 too-large', path);
  }
  assert.equal(await index.stop(), 0);
});

function connect(context: TestContext, url: string, text: string, reads = false): Socket {
  const { hostname, port } = new URL(url);
  const socket = createConnection(Number(port), hostname);
  context.after(() => socket.destroy());
  socket.on('error', () => {});
  if (!reads) socket.pause();
  socket.write(text);
  return socket;
}

test('who sends slowly or takes nothing holds up nobody, at no face of the index', async (context) => {
  const data = await temporaryFolder(context);
  const index = await startIndex(context, data, ['--unlimited']);
  for (let i = 0; i < 100; i++)
    await index.publish(publication(i, `Thing ${i}`, 'long words '.repeat(300).trim()));
  const paths = [
    '/',
    '/search?q=thing&limit=100',
    '/feeds/rss?limit=100',
    '/feeds/atom?limit=100',
    '/feeds/json?limit=100',
    '/torznab/api?t=search&limit=100',
    '/api/search?limit=100&records=1',
    '/api/catalogue/changes',
    '/openapi.json',
    '/metrics',
  ];
  for (const path of paths) {
    connect(context, index.url, `GET ${path} HTTP/1.1\r\nHost:`);
    connect(context, index.url, 'POST /api/catalogue HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\nd');
    // Megabytes of answers, none of which is taken.
    connect(context, index.url, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(300));
  }
  for (let round = 0; round < 3; round++)
    for (const path of paths) {
      const response = await fetch(new URL(path, index.url));
      await response.arrayBuffer();
      assert.equal(response.status, 200, path);
    }
  await index.publish(publication(1000, 'Meanwhile', 'it was quiet'));
  const status = await readFile(`/proc/${index.pid}/status`, 'utf8').catch(() => '');
  assert.ok(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) < 600_000);
  assert.equal(await index.stop('SIGKILL'), null);
});

test('a search made to be slow is answered, and holds up no other', async (context) => {
  const index = await startIndex(context, await temporaryFolder(context), ['--unlimited']);
  for (let i = 0; i < 50; i++) await index.publish(publication(i, `The thing ${i}`, 'of an era'));
  const evil = [
    'a* b* c* d* e* f* g* h* the* t* th*',
    '"'.repeat(256),
    `${'('.repeat(120)}the${')'.repeat(120)}`,
    'the NEAR the NEAR(the of, 100000) AND OR NOT the',
    'title:the words:of entry_words:* rank MATCH *',
    `${'the '.repeat(60)}`,
    '\u0301'.repeat(256),
    '𝕋𝕙𝕖 ﷺ '.repeat(20),
    '\u202e\u200b\ufeff the',
    "' or 1=1; drop table entries; --",
    '%_%_%_% the* -the -of -era',
    'to_tsquery & | ! <-> :* the',
    '-a -b -c -d -e -f -g -h -i -j',
    '한국어 日本語 中文 '.repeat(15),
    '\\ \\\\ \\x00 \\u0000',
    '*',
    '-',
    '* * * *',
  ];
  const faces = ['search?q=', 'api/search?q=', 'api/suggest?q=', 'feeds/rss?q=', 'torznab/api?t=search&q='];
  const sorts = ['', '&sort=size', '&sort=rating', '&sort=oldest', '&offset=5000', '&offset=4999&limit=100'];
  for (const text of evil) {
    const asked = faces.flatMap((face) =>
      sorts.map((more) => `${face}${encodeURIComponent(text.slice(0, 256))}${more}`),
    );
    const statuses = await Promise.all(
      asked.map(async (path) => {
        const response = await fetch(index.url + path);
        await response.arrayBuffer();
        return response.status;
      }),
    );
    for (const [i, status] of statuses.entries())
      assert.ok(status === 200 || status === 503, `${status} ${asked[i]}`);
  }
  const { total } = JSON.parse(await (await fetch(`${index.url}api/search?q=thing`)).text());
  assert.equal(total, 50);
  assert.equal(await index.stop(), 0);
});
