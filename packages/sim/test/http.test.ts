// The simulator's HTTP: its server, its bounds, and TLS that looks at names and dates.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HttpResponse, WorldError } from '@shoal/base';
import { createSimulation, type HttpHandler, serveHttp } from '@shoal/sim';
import fc from 'fast-check';
import { BodyReader, HeadReader } from '../src/http/messages.ts';

async function served(handler: HttpHandler) {
  const simulation = createSimulation({ seed: 1 });
  const [client, server] = [simulation.addHost(), simulation.addHost({ name: 'tracker.test' })];
  await simulation.settle(serveHttp(server.world, {}, handler));
  const ask = async (path: string, options: { method?: string; body?: Uint8Array } = {}): Promise<string> => {
    const response = await client.world.http.request({ url: `http://tracker.test${path}`, ...options });
    return `${response.status} ${await textOf(response)}`;
  };
  return { simulation, client, server, ask };
}

function textOf(response: HttpResponse): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) =>
    response.read({
      data: (bytes) => {
        text += new TextDecoder().decode(bytes);
      },
      close: (error) => (error === undefined ? resolve(text) : reject(error)),
    }),
  );
}

test('the server hands over whole requests and sends whole answers, in order', async () => {
  const { simulation, ask } = await served(async ({ method, path, body, headers }) => {
    await null;
    return { status: 201, body: `${method} ${path} ${body.length} ${headers.host}` };
  });
  const body = new Uint8Array(300_000);
  const asked = Promise.all([
    ask('/one?x=1'),
    ask('/two', { method: 'POST', body }),
    ask('/three', { method: 'HEAD' }),
  ]);
  assert.deepEqual(await simulation.settle(asked), [
    '201 GET /one?x=1 0 tracker.test',
    '201 POST /two 300000 tracker.test',
    '201 ',
  ]);
});

test('a server that restarts in the middle breaks the body off', async () => {
  const { simulation, client, server } = await served(() => ({ body: new Uint8Array(5_000_000) }));
  const response = await simulation.settle(client.world.http.request({ url: 'http://tracker.test/' }));
  const text = textOf(response);
  simulation.after(30, () => {
    server.crash();
    server.restart();
  });
  await assert.rejects(simulation.settle(text), /restarted/);
});

test('what is not HTTP is refused by the server, and the next connection is served', async () => {
  const { simulation, client, server, ask } = await served(() => ({ body: 'fine' }));
  for (const bytes of [
    'nonsense\r\n\r\n',
    `GET / HTTP/1.1\r\nx: ${'y'.repeat(100_000)}`,
    'GET / HTTP/1.1\r\n: x\r\n\r\n',
  ]) {
    const stream = await simulation.settle(
      client.world.streams.connect({ address: server.address, port: 80 }),
    );
    let answer = '';
    let isClosed = false;
    stream.start({
      data: (data) => {
        answer += new TextDecoder().decode(data);
      },
      end: () => stream.end(),
      drain() {},
      close() {
        isClosed = true;
      },
    });
    stream.write(new TextEncoder().encode(bytes));
    await simulation.run(() => isClosed);
    assert.match(answer, /^HTTP\/1\.1 400 /);
  }
  assert.equal(await simulation.settle(ask('/')), '200 fine');
});

test('any body is read the same however its chunks and its bytes are cut', () => {
  const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 8 });
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 40 }), (chunks, cut) => {
      const wire = Buffer.concat([
        ...chunks.flatMap((chunk) => [
          Buffer.from(`${chunk.length.toString(16)};x\r\n`),
          chunk,
          Buffer.from('\r\n'),
        ]),
        Buffer.from('0\r\ntrailer: x\r\n\r\nnext'),
      ]);
      const reader = new BodyReader({ kind: 'chunked' });
      const read: Uint8Array[] = [];
      let at = 0;
      while (!reader.isDone) {
        const { body, used } = reader.next(wire.subarray(at, at + cut));
        read.push(body);
        at += used;
      }
      assert.deepEqual(Buffer.concat(read), Buffer.concat(chunks));
      assert.equal(wire.subarray(at).toString(), 'next');
    }),
  );
});

test('hostile heads and chunks end in an HTTP error, never in another', () => {
  const lines = fc.array(
    fc.oneof(fc.constant('\r\n'), fc.string({ maxLength: 20 }), fc.constant('transfer-encoding: chunked')),
  );
  const isHttp = (error: unknown): boolean => error instanceof WorldError && error.code === 'http';
  fc.assert(
    fc.property(lines, fc.uint8Array({ maxLength: 200 }), (head, body) => {
      try {
        new HeadReader().push(Buffer.from(`${head.join('\r\n')}\r\n\r\n`));
        const reader = new BodyReader({ kind: 'chunked' });
        for (let at = 0; at < body.length && !reader.isDone; ) at += reader.next(body.subarray(at)).used;
      } catch (error) {
        assert.ok(isHttp(error), String(error));
      }
    }),
    { numRuns: 500 },
  );
});
