import assert from 'node:assert/strict';
import type { HttpResponse } from '../world/http.ts';
import { testCertificate } from './certificate.ts';
import { rejectsWith } from './expect.ts';
import type { WorldTest } from './harness.ts';
import { serve } from './http-server.ts';
import { assertSameBytes, joined, pattern } from './recorder.ts';

function readAll(response: HttpResponse): Promise<{ bytes: Uint8Array; error: Error | undefined }> {
  const chunks: Uint8Array[] = [];
  return new Promise((resolve) => {
    response.read({
      data: (bytes) => void chunks.push(bytes.slice()),
      close: (error) => resolve({ bytes: joined(chunks), error }),
    });
  });
}

async function readText(response: HttpResponse): Promise<string> {
  const { bytes, error } = await readAll(response);
  assert.equal(error, undefined);
  return new TextDecoder().decode(bytes);
}

export function testHttp(test: WorldTest): void {
  test('a response has its status, its headers in lower case and its body', async (pair) => {
    const { origin, asked } = await serve(
      pair,
      () => 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two: a\r\nx-two: b\r\n\r\nhello',
    );
    const response = await pair.a.http.request({
      url: `${origin}/path?q=%00%ff`,
      headers: { 'x-own': 'yes' },
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers['content-length'], '5');
    assert.equal(response.headers['x-two'], 'a, b');
    assert.equal(response.remoteAddress, pair.addressB);
    assert.equal(await readText(response), 'hello');
    assert.match(asked[0]?.head ?? '', /^GET \/path\?q=%00%ff HTTP\/1\.1\r\n/);
    assert.match(asked[0]?.head ?? '', new RegExp(`^host: ${origin.slice(7)}`, 'im'));
    assert.match(asked[0]?.head ?? '', /^x-own: yes/im);
  });

  test('a chunked body is put together, wherever it was cut', async (pair) => {
    const wire =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n6;ext=1\r\npedia \r\n3\r\nbye\r\n0\r\n\r\n';
    const { origin } = await serve(pair, (_asked, stream) => {
      const send = (at: number): void => {
        if (at >= wire.length) return;
        stream.write(new TextEncoder().encode(wire[at]), () => send(at + 1));
      };
      send(0);
      return undefined;
    });
    const response = await pair.a.http.request({ url: origin });
    assert.equal(await readText(response), 'Wikipedia bye');
  });

  test('a body without a length ends with the connection', async (pair) => {
    const { origin } = await serve(pair, (_asked, stream) => {
      stream.write(new TextEncoder().encode('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end'));
      stream.end();
      return undefined;
    });
    assert.equal(await readText(await pair.a.http.request({ url: origin })), 'until the end');
  });

  test('a body that breaks off closes with an error', async (pair) => {
    const { origin } = await serve(pair, (_asked, stream) => {
      stream.write(new TextEncoder().encode('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this'));
      stream.end();
      return undefined;
    });
    const { bytes, error } = await readAll(await pair.a.http.request({ url: origin }));
    assert.equal(new TextDecoder().decode(bytes), 'only this');
    assert.ok(error !== undefined);
  });

  test('a response without a body closes at once', async (pair) => {
    const { origin } = await serve(pair, ({ head }) =>
      head.startsWith('HEAD')
        ? 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n'
        : 'HTTP/1.1 204 No Content\r\n\r\n',
    );
    const { http } = pair.a;
    const head = await http.request({ url: origin, method: 'HEAD' });
    assert.equal(head.headers['content-length'], '500');
    assert.equal(await readText(head), '');
    assert.equal(await readText(await http.request({ url: origin })), '');
  });

  test('a body is sent with its length', async (pair) => {
    const { origin, asked } = await serve(pair, () => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    const body = new TextEncoder().encode('a=1&b=2');
    const response = await pair.a.http.request({ url: origin, method: 'POST', body });
    assert.equal(await readText(response), '');
    assert.equal(asked[0]?.body, 'a=1&b=2');
    assert.match(asked[0]?.head ?? '', /^POST \/ /);
  });

  test('a large body arrives whole', async (pair) => {
    const body = pattern(5_000_001);
    const { origin } = await serve(pair, (_asked, stream) => {
      stream.write(new TextEncoder().encode(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`));
      stream.write(body);
      return undefined;
    });
    const { bytes, error } = await readAll(await pair.a.http.request({ url: origin }));
    assert.equal(error, undefined);
    assertSameBytes(bytes, body);
  });

  test('a reader that pauses slows the server down, and loses nothing', async (pair) => {
    const body = pattern(64 * 1024 * 1024);
    let isTaken = false;
    const { origin } = await serve(pair, (_asked, stream) => {
      stream.write(new TextEncoder().encode(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`));
      stream.write(body, () => {
        isTaken = true;
      });
      return undefined;
    });
    const response = await pair.a.http.request({ url: origin });
    let received = 0;
    let pauses = 0;
    const error = await new Promise((resolve) => {
      response.read({
        data(bytes) {
          assert.ok(Buffer.compare(bytes, body.subarray(received, received + bytes.length)) === 0);
          received += bytes.length;
          if (pauses === 3) return;
          pauses++;
          response.pause();
          pair.a.clock.setTimer(10, () => {
            assert.equal(isTaken, false);
            response.resume();
          });
        },
        close: resolve,
      });
    });
    assert.equal(error, undefined);
    assert.equal(received, body.length);
  });

  test('a connection is used again for the same origin, unless it should not be', async (pair) => {
    const { origin, connections } = await serve(pair, () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const { http } = pair.a;
    for (let i = 0; i < 3; i++)
      assert.equal(await readText(await http.request({ url: `${origin}/${i}` })), 'ok');
    assert.equal(connections.length, 1);
    assert.equal(await readText(await http.request({ url: origin, keepAlive: false })), 'ok');
    assert.equal(connections.length, 2);
    const both = await Promise.all([http.request({ url: origin }), http.request({ url: origin })]);
    for (const response of both) assert.equal(await readText(response), 'ok');
    assert.equal(connections.length, 3);
  });

  test('a connection serves large bodies one after the other, and none after bytes that nobody asked for', async (pair) => {
    const body = pattern(300_000);
    const { origin, connections } = await serve(pair, ({ head }, stream) => {
      stream.write(new TextEncoder().encode(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`));
      stream.write(body);
      if (head.includes('/more')) stream.write(new TextEncoder().encode('HTTP/1.1 200 OK\r\n\r\n'));
      return undefined;
    });
    const { http } = pair.a;
    const readBody = async (path: string) => {
      const { bytes, error } = await readAll(await http.request({ url: origin + path }));
      assert.equal(error, undefined);
      assertSameBytes(bytes, body);
    };
    for (let i = 0; i < 3; i++) await readBody('/');
    assert.equal(connections.length, 1);
    await readBody('/more');
    await readBody('/');
    assert.equal(connections.length, 2);
  });

  test('a large body that breaks off gives what came, and an error', async (pair) => {
    const { origin } = await serve(pair, (_asked, stream) => {
      stream.write(new TextEncoder().encode('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n'));
      stream.write(pattern(400_000));
      stream.end();
      return undefined;
    });
    const response = await pair.a.http.request({ url: origin });
    response.pause();
    const read = readAll(response);
    pair.a.clock.setTimer(50, () => response.resume());
    const { bytes, error } = await read;
    assertSameBytes(bytes, pattern(400_000));
    assert.ok(error !== undefined);
  });

  test('a kept connection that the server closed meanwhile is replaced', async (pair) => {
    const { origin, connections } = await serve(pair, () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    assert.equal(await readText(await pair.a.http.request({ url: origin })), 'ok');
    connections[0]?.destroy();
    assert.equal(await readText(await pair.a.http.request({ url: origin })), 'ok');
    assert.equal(connections.length, 2);
  });

  test('a redirect is handed to whoever asked', async (pair) => {
    const { origin, asked } = await serve(
      pair,
      () => 'HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n',
    );
    const response = await pair.a.http.request({ url: origin });
    assert.equal(response.status, 302);
    assert.equal(response.headers.location, '/elsewhere');
    await readText(response);
    assert.equal(asked.length, 1);
  });

  test('an address that is not allowed is not connected to', async (pair) => {
    const { origin, connections } = await serve(pair, () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const { http } = pair.a;
    const seen: string[] = [];
    const refuse = (address: string): boolean => {
      seen.push(address);
      return false;
    };
    await rejectsWith('permission', http.request({ url: origin, allowAddress: refuse }));
    assert.deepEqual(seen, [pair.addressB]);
    assert.equal(connections.length, 0);
    await readText(await http.request({ url: origin }));
    await rejectsWith('permission', http.request({ url: origin, allowAddress: refuse }));
    assert.equal(connections.length, 1, 'not over a kept connection either');
  });

  test('a name is resolved, and its addresses are asked about', async (pair) => {
    const { origin } = await serve(pair, () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const seen: string[] = [];
    const response = await pair.a.http.request({
      url: origin.replace(pair.addressB, pair.nameOfB),
      allowAddress(address) {
        seen.push(address);
        return address === pair.addressB;
      },
    });
    assert.ok(seen.includes(pair.addressB));
    assert.equal(response.remoteAddress, pair.addressB);
    assert.equal(await readText(response), 'ok');
  });

  test('what is not HTTP, or not http: at all, is told apart', async (pair) => {
    const { origin } = await serve(pair, ({ head }) =>
      head.includes('/long')
        ? `HTTP/1.1 200 OK\r\nX-Long: ${'y'.repeat(200_000)}\r\nContent-Length: 0\r\n\r\n`
        : 'd8:announcei5ee\r\n\r\n',
    );
    const { http } = pair.a;
    await rejectsWith('http', http.request({ url: origin }));
    await rejectsWith('http', http.request({ url: `${origin}/long` }));
    for (const url of ['ftp://127.0.0.1/', 'file:///etc/passwd', 'nonsense', ''])
      await rejectsWith('invalid', http.request({ url }));
    await rejectsWith('invalid', http.request({ url: origin, headers: { 'x-a': 'b\r\nx-c: d' } }));
  });

  test('a server that hangs up without an answer is an error', async (pair) => {
    const { origin } = await serve(pair, (_asked, stream) => {
      stream.end();
      return undefined;
    });
    await assert.rejects(pair.a.http.request({ url: origin }));
    await rejectsWith('refused', pair.a.http.request({ url: `http://${pair.addressB}:1/` }));
  });

  test('a request can be aborted before, while waiting, and in the body', async (pair) => {
    const controller = new AbortController();
    const { origin } = await serve(pair, ({ head }) => {
      if (head.includes('/body')) return 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart';
      controller.abort();
      return undefined;
    });
    const { http } = pair.a;
    await rejectsWith('aborted', http.request({ url: origin, signal: AbortSignal.abort() }));
    await rejectsWith('aborted', http.request({ url: origin, signal: controller.signal }));
    const inBody = new AbortController();
    const response = await http.request({ url: `${origin}/body`, signal: inBody.signal });
    const error = await new Promise<Error | undefined>((resolve) => {
      response.read({ data: () => inBody.abort(), close: resolve });
    });
    assert.ok(error !== undefined);
  });

  test('destroying a response closes its connection and is no error', async (pair) => {
    const { origin, closes } = await serve(pair, (_asked, stream) => {
      stream.write(new TextEncoder().encode('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n'));
      stream.write(new Uint8Array(50_000_000));
      return undefined;
    });
    const response = await pair.a.http.request({ url: origin });
    const error = await new Promise((resolve) => {
      response.read({ data: () => response.destroy(), close: resolve });
    });
    assert.equal(error, undefined);
    await closes[0];
  });

  test('https is served with a certificate that is trusted, and refused with one that is not', async (pair) => {
    const { origin } = await serve(pair, () => 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret', {
      tls: true,
    });
    const url = origin.replace('world.test', pair.nameOfB);
    const { http } = pair.a;
    for (let i = 0; i < 2; i++)
      assert.equal(await readText(await http.request({ url, trusted: [testCertificate] })), 'secret');
    await rejectsWith('tls', http.request({ url }));
  });
}
