// Where the bytes of a feed may come from, and how long they may take.

import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Http, HttpResponse } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { fetchBytes } from '../../src/feeds/fetch.ts';

async function serve(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function partsOf(context: TestContext) {
  const world = createNodeWorld({ hashWorkers: 1 });
  context.after(() => world.close());
  return { http: world.http, clock: world.clock, version: '0' };
}

const usual = { longest: 1000, mayBeLocal: true, signal: new AbortController().signal };

test('each way to answer with no feed has its code', async (context) => {
  const parts = partsOf(context);
  const url = await serve(context, ({ url: path }, answer) => {
    if (path === '/loop') answer.writeHead(302, { location: '/loop' }).end();
    else if (path === '/away') answer.writeHead(302, { location: 'ftp://example/' }).end();
    else if (path === '/long') answer.end(Buffer.alloc(10_000_000));
    else if (path === '/chunked') {
      for (let i = 0; i < 100; i++) answer.write(Buffer.alloc(100));
      answer.end();
    } else if (path === '/bomb')
      answer.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(5_000_000)));
    else if (path === '/zip') answer.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello'));
    else if (path === '/broken') answer.writeHead(200, { 'content-encoding': 'gzip' }).end('hello');
    else if (path === '/later') answer.writeHead(429, { 'retry-after': '120' }).end();
    else if (path === '/silent') return;
    else if (path === '/drip') {
      answer.writeHead(200);
      const timer = setInterval(() => answer.write('x'), 20);
      answer.on('close', () => clearInterval(timer));
    } else if (path === '/cut') {
      answer.writeHead(200, { 'content-length': 100 });
      answer.write('half');
      setTimeout(() => answer.destroy(), 20);
    } else answer.writeHead(404).end();
  });
  const codes: readonly (readonly [string, string])[] = [
    ['loop', 'feed-redirect'],
    ['away', 'feed-redirect'],
    ['long', 'feed-too-large'],
    ['chunked', 'feed-too-large'],
    ['bomb', 'feed-too-large'],
    ['broken', 'feed-charset'],
    ['missing', 'feed-status'],
    ['cut', 'feed-unreachable'],
  ];
  for (const [path, code] of codes)
    await assert.rejects(fetchBytes({ ...usual, url: `${url}${path}` }, parts), { name: /./, code }, path);
  await assert.rejects(fetchBytes({ ...usual, url: `${url}later` }, parts), {
    code: 'feed-status',
    afterMs: 120_000,
  });
  for (const path of ['silent', 'drip'])
    await assert.rejects(
      fetchBytes({ ...usual, url: `${url}${path}`, patienceMs: 300 }, parts),
      { code: 'feed-slow' },
      path,
    );
  await assert.rejects(fetchBytes({ ...usual, url: 'http://127.0.0.1:1/' }, parts), {
    code: 'feed-unreachable',
  });
  const { bytes } = await fetchBytes({ ...usual, url: `${url}zip` }, parts);
  assert.equal(Buffer.from(bytes ?? []).toString(), 'hello');
  // What a public feed names is not looked for in here.
  await assert.rejects(fetchBytes({ ...usual, url: `${url}zip`, mayBeLocal: false }, parts), {
    code: 'feed-not-public',
  });
});

test('a public server that redirects to this machine or network is not followed', async (context) => {
  const { clock } = partsOf(context);
  for (const target of [
    'http://127.0.0.1:9/',
    'http://[::1]:9/',
    'http://10.1.2.3/',
    'http://169.254.169.254/',
    'http://inside.example/',
  ]) {
    const asked: string[] = [];
    const http: Http = {
      async request({ url, allowAddress }) {
        const { hostname } = new URL(url);
        const address =
          hostname === 'feeds.example'
            ? '93.184.216.34'
            : hostname === 'inside.example'
              ? '192.168.1.1'
              : hostname.replace(/^\[(.*)\]$/, '$1');
        allowAddress?.(address);
        asked.push(address);
        const response: HttpResponse = {
          status: 302,
          headers: { location: target },
          remoteAddress: address,
          read() {},
          pause() {},
          resume() {},
          destroy() {},
        };
        return response;
      },
    };
    await assert.rejects(
      fetchBytes({ ...usual, url: 'http://feeds.example/' }, { http, clock, version: '0' }),
      { code: 'feed-not-public' },
      target,
    );
    assert.deepEqual(asked, ['93.184.216.34']);
  }
});
