import assert from 'node:assert/strict';
import type { Stream } from '../world/streams.ts';
import { certifiedName, testCertificate, testKey } from './certificate.ts';
import { rejectsWith } from './expect.ts';
import type { WorldPair, WorldTest } from './harness.ts';
import { assertSameBytes, pattern, Recorder } from './recorder.ts';

const server = { port: 0, certificate: testCertificate, key: testKey };
const trusting = { serverName: certifiedName, trusted: [testCertificate] };

async function connectPair({ a, b, addressB }: WorldPair): Promise<[Recorder, Recorder]> {
  const { promise, resolve } = Promise.withResolvers<Stream>();
  const listener = await b.tls.listen({ ...server, address: addressB }, resolve);
  const dialled = await a.tls.connect(listener.local, trusting);
  return [new Recorder(dialled).start(), new Recorder(await promise).start()];
}

export function testTls(test: WorldTest): void {
  test('bytes go both ways, and either side ends on its own', async (pair) => {
    const [dialled, accepted] = await connectPair(pair);
    const up = pattern(700_001, 1);
    const down = pattern(500_001, 2);
    dialled.stream.write(up);
    dialled.stream.end();
    await accepted.untilEnded();
    accepted.stream.write(down);
    accepted.stream.end();
    await Promise.all([dialled.untilClosed(), accepted.untilClosed()]);
    assertSameBytes(accepted.bytes, up);
    assertSameBytes(dialled.bytes, down);
    assert.equal(dialled.closeError, undefined);
    assert.equal(accepted.closeError, undefined);
  });

  test('a paused reader gets everything after resume', async (pair) => {
    const [dialled, accepted] = await connectPair(pair);
    accepted.stream.pause();
    const sent = pattern(4_000_000);
    dialled.stream.write(sent);
    await new Promise<void>((resolve) => void pair.a.clock.setTimer(10, resolve));
    assert.ok(accepted.chunks.length <= 1);
    accepted.stream.resume();
    await accepted.untilBytes(sent.length);
    assertSameBytes(accepted.bytes, sent);
  });

  test('a certificate that nobody vouches for, or for another name, is refused', async ({
    a,
    b,
    addressB,
  }) => {
    const listener = await b.tls.listen({ ...server, address: addressB }, (stream) => stream.destroy());
    await rejectsWith('tls', a.tls.connect(listener.local, { serverName: certifiedName }));
    await rejectsWith('tls', a.tls.connect(listener.local, { ...trusting, serverName: 'other.test' }));
    await rejectsWith('tls', a.tls.connect(listener.local, { ...trusting, serverName: '192.0.2.1' }));
  });

  test('a server that does not speak TLS is refused', async ({ a, b, addressB }) => {
    const listener = await b.streams.listen({ address: addressB, port: 0 }, (stream) => {
      new Recorder(stream).start();
      stream.write(new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    await rejectsWith('tls', a.tls.connect(listener.local, trusting));
  });

  test('a client that does not speak TLS is dropped, and the listener lives on', async ({
    a,
    b,
    addressB,
  }) => {
    const { promise, resolve } = Promise.withResolvers<Stream>();
    const listener = await b.tls.listen({ ...server, address: addressB }, resolve);
    const plain = new Recorder(await a.streams.connect(listener.local)).start();
    plain.stream.write(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'));
    await plain.until(({ hasEnded, closes }) => hasEnded || closes > 0);
    new Recorder(await a.tls.connect(listener.local, trusting)).start();
    await promise;
  });

  test('closing a world ends handshakes that wait for the other side', async ({ a, b, addressB }) => {
    const listener = await b.tls.listen({ ...server, address: addressB }, (stream) => stream.destroy());
    const silent = new Recorder(await a.streams.connect(listener.local)).start();
    silent.stream.write(Uint8Array.of(0x16));
    new Recorder(await a.tls.connect(listener.local, trusting)).start();
    await b.close();
    await silent.until(({ hasEnded, closes }) => hasEnded || closes > 0);
  });

  test('a port nobody listens on refuses, and connecting can be aborted', async ({ a, b, addressB }) => {
    const listener = await b.tls.listen({ ...server, address: addressB }, (stream) => stream.destroy());
    const controller = new AbortController();
    const connecting = a.tls.connect(listener.local, { ...trusting, signal: controller.signal });
    controller.abort();
    await rejectsWith('aborted', connecting);
    await listener.close();
    await rejectsWith('refused', a.tls.connect(listener.local, trusting));
  });
}
