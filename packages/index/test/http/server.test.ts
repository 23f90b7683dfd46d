// The HTTP server: what it takes for a request, in which order it answers, and what it does not wait for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8Lossy } from '@shoal/base';
import { jsonResponse, type Route } from '../../src/http/routes.ts';
import { serve } from './asking.ts';

const hello: Route = { method: 'GET', path: '/hello', handle: () => ({ status: 200, body: 'hi' }) };
const host = 'Host: home\r\n';
const statuses = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));

async function ask(routes: readonly Route[], request: string, limitMs = 120_000) {
  const { simulation, connect } = await serve({ routes });
  const client = await connect();
  client.send(request);
  await simulation.run(() => client.hasEnded() || client.isClosed(), { limitMs });
  return client.text();
}

test('a request is answered with its length, and the connection kept', async () => {
  const { simulation, connect } = await serve({ routes: [hello] });
  const client = await connect();
  client.send(`GET /hello HTTP/1.1\r\n${host}\r\n`);
  await simulation.run(() => client.text().endsWith('hi'));
  assert.match(client.text(), /^HTTP\/1\.1 200 OK\r\nDate: [^\r]+ GMT\r\nContent-Length: 2\r\n\r\nhi$/);
  client.send(`GET /hello HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
  await simulation.run(() => client.hasEnded());
  assert.deepEqual(statuses(client.text()), [200, 200]);
});

test('answers to pipelined requests come in order, whatever each of them takes', async () => {
  const release: (() => void)[] = [];
  const slow: Route = {
    method: 'GET',
    path: '/slow/:name',
    handle: ({ params }) =>
      new Promise((resolve) => release.push(() => resolve({ status: 200, body: `slow ${params.name};` }))),
  };
  const { simulation, connect } = await serve({ routes: [hello, slow] });
  const client = await connect();
  const get = (path: string) => `GET ${path} HTTP/1.1\r\n${host}\r\n`;
  client.send(get('/slow/one') + get('/hello') + get('/slow/two%20b') + get('/hello'));
  await simulation.run(() => release.length === 1);
  await simulation.advance(1_000);
  assert.equal(client.text(), '');
  release.shift()?.();
  await simulation.run(() => release.length === 1);
  release.shift()?.();
  await simulation.run(() => statuses(client.text()).length === 4);
  assert.deepEqual(client.text().match(/slow one;|slow two b;|\r\n\r\nhi/g), [
    'slow one;',
    '\r\n\r\nhi',
    'slow two b;',
    '\r\n\r\nhi',
  ]);
});

test('HEAD is answered as GET, without the body', async () => {
  const text = await ask([hello], `HEAD /hello HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
  assert.match(text, /Content-Length: 2\r\n/);
  assert.ok(text.endsWith('\r\n\r\n'));
});

test('what is not there, and what does not take the method, is said', async () => {
  const get = (method: string, path: string) => `${method} ${path} HTTP/1.1\r\n${host}\r\n`;
  const text = await ask(
    [hello],
    `${get('GET', '/nothing')}${get('DELETE', '/hello')}${get('GET', '/%68ello')}GET / HTTP/1.0\r\n\r\n`,
  );
  assert.deepEqual(statuses(text), [404, 405, 200, 404]);
  assert.match(text, /Allow: GET, HEAD\r\n/);
});

const echo: Route = {
  method: 'POST',
  path: '/echo',
  maxBodyBytes: 20,
  handle: ({ body }) => jsonResponse({ said: fromUtf8Lossy(body) }),
};

test('a body is read by its length or in chunks, and one too long is refused', async () => {
  const post = (headers: string, body: string) => `POST /echo HTTP/1.1\r\n${host}${headers}\r\n${body}`;
  const chunked = 'Transfer-Encoding: chunked\r\n';
  const text = await ask(
    [echo],
    post('Content-Length: 5\r\n', 'hello') +
      post(chunked, '3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n') +
      post('Content-Length: 21\r\n', 'x'.repeat(21)),
  );
  assert.deepEqual(statuses(text), [200, 200, 413]);
  assert.match(text, /"hello"/);
  assert.match(text, /"abcde"/);
  assert.deepEqual(statuses(await ask([echo], post(chunked, `15\r\n${'x'.repeat(21)}`))), [413]);
});

test('"100-continue" is answered before the body comes', async () => {
  const { simulation, connect } = await serve({ routes: [echo] });
  const client = await connect();
  client.send(`POST /echo HTTP/1.1\r\n${host}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`);
  await simulation.run(() => client.text().includes('100 Continue\r\n\r\n'));
  client.send('ok');
  await simulation.run(() => client.text().includes('"ok"'));
});

const malformed: readonly (readonly [string, string, number])[] = [
  ['no version', `GET /hello\r\n${host}\r\n`, 400],
  ['another protocol', `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03`, 400],
  ['a line that ends without a carriage return', `GET /hello HTTP/1.1\n${host}\r\n`, 400],
  ['a space before a colon', 'GET /hello HTTP/1.1\r\nHost : home\r\n\r\n', 400],
  ['a folded header', `GET /hello HTTP/1.1\r\n${host} folded\r\n\r\n`, 400],
  ['no host', 'GET /hello HTTP/1.1\r\n\r\n', 400],
  ['two hosts', `GET /hello HTTP/1.1\r\n${host}${host}\r\n`, 400],
  [
    'two lengths that differ',
    `POST /echo HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
    400,
  ],
  [
    'a length and chunks',
    `POST /echo HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['a negative length', `POST /echo HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`, 400],
  ['another coding', `POST /echo HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
  ['a chunk without a size', `POST /echo HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n\r\nab`, 400],
  [
    'a chunk longer than it says',
    `POST /echo HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n`,
    400,
  ],
  ['a long target', `GET /${'a'.repeat(9_000)} HTTP/1.1\r\n${host}\r\n`, 414],
  ['a target without an end', `GET /${'a'.repeat(20_000)}`, 414],
  ['long headers', `GET /hello HTTP/1.1\r\n${host}X: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ['many headers', `GET /hello HTTP/1.1\r\n${host}${'X: a\r\n'.repeat(100)}\r\n`, 431],
  ['a zero byte', `GET /hello HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`, 400],
  ['an unencoded byte', `GET /hell\xf6 HTTP/1.1\r\n${host}\r\n`, 400],
  ['CONNECT', `CONNECT other:443 HTTP/1.1\r\n${host}\r\n`, 400],
];

for (const [what, request, status] of malformed) {
  test(`${what} is refused, and nothing after it believed`, async () => {
    const text = await ask([hello, echo], `${request}GET /hello HTTP/1.1\r\n${host}\r\n`);
    assert.deepEqual(statuses(text), [status]);
  });
}

test('whoever sends a head a byte at a time is not waited for', async () => {
  const { simulation, connect } = await serve({ routes: [hello] });
  const client = await connect();
  const startMs = simulation.nowMs;
  for (const byte of 'GET /hello HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') {
    client.send(byte);
    await simulation.advance(500);
    if (client.hasEnded()) break;
  }
  assert.deepEqual(statuses(client.text()), [408]);
  assert.ok(simulation.nowMs - startMs < 13_000);
});

test('a connection without a request is closed after a while', async () => {
  const { simulation, connect } = await serve({ routes: [hello] });
  const silent = await connect();
  await simulation.run(() => silent.isClosed() || silent.hasEnded(), { limitMs: 60_000 });
  const client = await connect();
  client.send(`GET /hello HTTP/1.1\r\n${host}\r\n`);
  await simulation.run(() => client.isClosed() || client.hasEnded(), { limitMs: 60_000 });
  assert.deepEqual(statuses(client.text()), [200]);
});

test('a long body is asked for no faster than it is taken', async () => {
  let made = 0;
  const long: Route = {
    method: 'GET',
    path: '/long',
    handle: () => ({
      status: 200,
      body: {
        length: 100 * 65_536,
        chunks: (async function* () {
          for (; made < 100; made++) yield new Uint8Array(65_536).fill(97);
        })(),
      },
    }),
  };
  const { simulation, connect } = await serve({ routes: [long, hello] });
  const client = await connect();
  client.stream.pause();
  client.send(`GET /long HTTP/1.1\r\n${host}\r\nGET /hello HTTP/1.1\r\n${host}\r\n`);
  await simulation.advance(5_000);
  assert.ok(made < 80, `${made} chunks`);
  client.stream.resume();
  await simulation.run(() => client.text().endsWith('hi'), { limitMs: 60_000 });
  assert.ok(client.text().length > 6_553_600);
});

test('whoever asks much and reads nothing makes the server keep little', async () => {
  let answered = 0;
  const large: Route = {
    method: 'GET',
    path: '/large',
    handle() {
      answered++;
      return { status: 200, body: new Uint8Array(10_000) };
    },
  };
  const { simulation, connect } = await serve({ routes: [large] });
  const client = await connect();
  client.stream.pause();
  client.send(`GET /large HTTP/1.1\r\n${host}\r\n`.repeat(1_000));
  await simulation.advance(20_000);
  assert.ok(answered < 300, `${answered} answers`);
  client.stream.resume();
  await simulation.run(() => answered === 1_000, { limitMs: 60_000 });
});

test('a body that breaks off breaks the connection off', async () => {
  const broken: Route = {
    method: 'GET',
    path: '/broken',
    handle: () => ({
      status: 200,
      body: {
        length: undefined,
        chunks: (async function* () {
          yield new Uint8Array(10);
          throw new Error('the disk is gone');
        })(),
      },
    }),
  };
  const failures: unknown[] = [];
  const { simulation, connect } = await serve({ routes: [broken], failed: (error) => failures.push(error) });
  const client = await connect();
  client.send(`GET /broken HTTP/1.1\r\n${host}\r\n`);
  await simulation.run(() => client.hasEnded());
  assert.ok(!client.text().endsWith('0\r\n\r\n'));
  assert.equal(failures.length, 1);
});

test('one address has a bounded number of connections', async () => {
  const { simulation, connect, server } = await serve({ routes: [hello] });
  const clients = [];
  for (let i = 0; i < 210; i++) clients.push(await connect());
  await simulation.advance(1_000);
  assert.equal(server.connections, 200);
  assert.equal(clients.filter((client) => client.hasEnded()).length, 10);
});

test('closing lets the request under way end', async () => {
  let release: (() => void) | undefined;
  const slow: Route = {
    method: 'GET',
    path: '/slow',
    handle: () =>
      new Promise((resolve) => {
        release = () => resolve({ status: 200, body: 'done' });
      }),
  };
  const { simulation, connect, server } = await serve({ routes: [slow] });
  const [busy, idle] = [await connect(), await connect()];
  busy.send(`GET /slow HTTP/1.1\r\n${host}\r\n`);
  await simulation.run(() => release !== undefined);
  const closed = server.close(3_000);
  await simulation.advance(100);
  assert.ok(idle.hasEnded());
  release?.();
  await simulation.settle(closed);
  assert.match(busy.text(), /Connection: close\r\n\r\ndone$/);
});
