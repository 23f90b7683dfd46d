// What the node serves of a build of the pages, on a small one made here.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fastify, { type FastifyInstance } from 'fastify';
import { pagesSecurityPolicy, registerPages } from '../src/server/pages.ts';

let folder: string;
let app: FastifyInstance;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-pages-'));
  app = fastify();
  registerPages(app, { folder: join(folder, 'dist'), fallback: (reply) => reply.send('not built') });
});
afterEach(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

async function build(): Promise<void> {
  await mkdir(join(folder, 'dist/assets'), { recursive: true });
  await writeFile(join(folder, 'secret'), 'secret');
  for (const [name, text] of [
    ['index.html', '<!doctype html>'],
    ['assets/index-1a.js', 'plain'],
    ['assets/index-1a.js.br', 'as br'],
    ['assets/index-1a.js.gz', 'as gzip'],
    ['assets/icon-2b.svg', '<svg/>'],
  ] as const) {
    await writeFile(join(folder, 'dist', name), text);
  }
}

function get(url: string, acceptEncoding?: string) {
  return app.inject({
    url,
    headers: acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding },
  });
}

test('where nothing is built the fallback answers, and the pages do as soon as they are there', async () => {
  assert.equal((await get('/')).body, 'not built');
  await build();
  const answer = await get('/');
  assert.equal(answer.body, '<!doctype html>');
  assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(answer.headers['cache-control'], 'no-cache');
});

test('the pages may run and load files of their own alone', async () => {
  await build();
  const { headers } = await get('/');
  assert.equal(headers['content-security-policy'], pagesSecurityPolicy);
  assert.doesNotMatch(pagesSecurityPolicy, /unsafe|http|\*|data:/);
  assert.match(pagesSecurityPolicy, /default-src 'none'.*frame-ancestors 'none'/);
});

test('files with a hash in their name are kept by browsers for good', async () => {
  await build();
  const { headers } = await get('/assets/icon-2b.svg');
  assert.match(String(headers['cache-control']), /immutable/);
  assert.equal(headers['content-type'], 'image/svg+xml');
  assert.equal(headers['content-encoding'], undefined);
});

test('a file goes out compressed as the browser takes it', async () => {
  await build();
  for (const [accepted, encoding] of [
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['identity', undefined],
    [undefined, undefined],
  ] as const) {
    const { headers, body } = await get('/assets/index-1a.js', accepted);
    assert.equal(headers['content-encoding'], encoding, String(accepted));
    assert.equal(body, encoding === undefined ? 'plain' : `as ${encoding}`);
    assert.equal(headers['content-type'], 'text/javascript; charset=utf-8');
    assert.equal(headers.vary, 'accept-encoding');
  }
});

test('nothing but files of the build is served', async () => {
  await build();
  for (const path of [
    '../secret',
    '..%2f..%2fsecret',
    '..%2findex.html',
    '',
    'nothing.js',
    '%00',
    'a/../x',
  ]) {
    const { statusCode, body } = await get(`/assets/${path}`);
    assert.equal(statusCode, 404, path);
    assert.doesNotMatch(body, /^secret/);
  }
});

test('an open page keeps its files when another build takes their place', async () => {
  await build();
  await get('/');
  await rm(join(folder, 'dist'), { recursive: true });
  assert.equal((await get('/assets/icon-2b.svg')).body, '<svg/>');
});
