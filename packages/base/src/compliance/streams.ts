import assert from 'node:assert/strict';
import type { Stream } from '../world/streams.ts';
import { connectPair, startPair } from './connected.ts';
import { rejectsWith } from './expect.ts';
import type { WorldTest } from './harness.ts';
import { assertSameBytes, pattern, Recorder } from './recorder.ts';

const mebibyte = 1024 * 1024;
/** More than any transport buffers between two ends. */
const floodBytes = 32 * mebibyte;

export function testStreams(test: WorldTest): void {
  test('bytes arrive whole and in order, both ways at once', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    const up = pattern(3 * mebibyte + 17, 1);
    const down = pattern(2 * mebibyte + 5, 2);
    for (let at = 0; at < up.length; at += 300_001) dialled.stream.write(up.subarray(at, at + 300_001));
    accepted.stream.write(down);
    await Promise.all([accepted.untilBytes(up.length), dialled.untilBytes(down.length)]);
    assertSameBytes(accepted.bytes, up);
    assertSameBytes(dialled.bytes, down);
  });

  test('many small writes arrive as one sequence', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    const sent = pattern(20_000);
    for (let at = 0; at < sent.length; at += 13) dialled.stream.write(sent.subarray(at, at + 13));
    await accepted.untilBytes(sent.length);
    assertSameBytes(accepted.bytes, sent);
  });

  test('bytes over shared memory are sent too', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    const shared = new Uint8Array(new SharedArrayBuffer(100_000)).subarray(7);
    shared.set(pattern(shared.length));
    dialled.stream.write(shared);
    dialled.stream.write(shared.subarray(1, 50_000));
    await accepted.untilBytes(shared.length + 49_999);
    assertSameBytes(accepted.bytes.subarray(0, shared.length), pattern(shared.length));
  });

  test('both ends name the same two endpoints', async (pair) => {
    const { dialled, accepted, listener } = await startPair(pair);
    assert.deepEqual(dialled.stream.remote, listener.local);
    assert.deepEqual(accepted.stream.local, listener.local);
    assert.deepEqual(dialled.stream.local, accepted.stream.remote);
    assert.equal(accepted.stream.remote.address, pair.addressA);
    assert.ok(accepted.stream.remote.port > 0);
  });

  test('nothing is delivered before start, and nothing of it is lost', async (pair) => {
    const { dialled, accepted } = await connectPair(pair);
    dialled.start();
    const sent = pattern(5000);
    dialled.stream.write(sent);
    dialled.stream.end();
    await new Promise<void>((resolve) => void pair.a.clock.setTimer(20, resolve));
    accepted.start();
    await accepted.untilEnded();
    assertSameBytes(accepted.bytes, sent);
  });

  test('the receiver may change the bytes it is handed', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    accepted.onData = (bytes) => bytes.fill(0xff);
    const sent = pattern(mebibyte);
    dialled.stream.write(sent);
    await accepted.untilBytes(sent.length);
    assertSameBytes(accepted.bytes, pattern(mebibyte));
    assertSameBytes(sent, pattern(mebibyte));
  });

  test('a paused reader stops the writer, and gets everything after resume', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    accepted.stream.pause();
    const block = pattern(mebibyte);
    let asksToWait = false;
    for (let written = 0; written < floodBytes; written += block.length)
      asksToWait = !dialled.stream.write(block);
    assert.ok(asksToWait);
    await new Promise<void>((resolve) => void pair.a.clock.setTimer(30, resolve));
    assert.ok(dialled.stream.bufferedBytes > 0);
    assert.equal(dialled.drains, 0);
    assert.ok(accepted.chunks.length <= 1, 'at most one chunk comes after pause');
    accepted.stream.resume();
    await Promise.all([dialled.until(({ drains }) => drains > 0), accepted.untilBytes(floodBytes)]);
    assert.equal(dialled.stream.bufferedBytes, 0);
    const received = accepted.bytes;
    for (let at = 0; at < floodBytes; at += block.length)
      assertSameBytes(received.subarray(at, at + block.length), block);
  });

  test('a reader that pauses in every chunk and resumes later gets every byte once', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    for (const [from, to] of [
      [dialled, accepted],
      [accepted, dialled],
    ] as const) {
      to.onData = () => {
        to.stream.pause();
        pair.b.clock.setTimer(0, () => to.stream.resume());
      };
      const sent = pattern(2 * mebibyte);
      from.stream.write(sent);
      await to.untilBytes(sent.length);
      assertSameBytes(to.bytes, sent);
    }
  });

  test('drain comes once for each time that a writer was asked to wait', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    accepted.stream.pause();
    const block = new Uint8Array(mebibyte);
    for (let round = 1; round <= 2; round++) {
      for (let written = 0; written < floodBytes; written += block.length) dialled.stream.write(block);
      accepted.stream.resume();
      await dialled.until(({ drains }) => drains >= round);
      await accepted.untilBytes(floodBytes * round);
      assert.equal(dialled.drains, round);
      accepted.stream.pause();
    }
  });

  test('released is called once for each write, after its bytes were taken', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    const releases = new Array<number>(50).fill(0);
    let insideWrite = false;
    for (let i = 0; i < releases.length; i++) {
      insideWrite = true;
      dialled.stream.write(pattern(40_000, i), () => {
        assert.equal(insideWrite, false, 'released within write');
        releases[i] = (releases[i] ?? 0) + 1;
        dialled.changed();
      });
      insideWrite = false;
    }
    await dialled.until(() => releases.every((count) => count > 0));
    await accepted.untilBytes(releases.length * 40_000);
    assert.ok(releases.every((count) => count === 1));
  });

  test('a buffer may be used again once it was released', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    const buffer = new Uint8Array(200_000);
    for (let round = 0; round < 20; round++) {
      buffer.fill(round);
      await new Promise<void>((resolve) => void dialled.stream.write(buffer, resolve));
    }
    await accepted.untilBytes(20 * buffer.length);
    const received = accepted.bytes;
    for (let round = 0; round < 20; round++) {
      const part = received.subarray(round * buffer.length, (round + 1) * buffer.length);
      assert.ok(part.every((byte) => byte === round));
    }
  });

  test('an empty write sends nothing and is released', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    await new Promise<void>((resolve) => void dialled.stream.write(new Uint8Array(0), resolve));
    dialled.stream.write(Uint8Array.of(7));
    await accepted.untilBytes(1);
    assert.deepEqual([...accepted.bytes], [7]);
  });

  test('a port nobody listens on refuses', async (pair) => {
    const { a, b, addressB } = pair;
    const listener = await b.streams.listen({ address: addressB, port: 0 }, (stream) => stream.destroy());
    await listener.close();
    await rejectsWith('refused', a.streams.connect(listener.local));
  });

  test('a listener that was closed leaves its accepted streams alone', async (pair) => {
    const { dialled, accepted, listener } = await startPair(pair);
    await listener.close();
    await listener.close();
    await rejectsWith('refused', pair.a.streams.connect(listener.local));
    dialled.stream.write(pattern(10));
    await accepted.untilBytes(10);
  });

  test('a port is taken by one listener at a time', async ({ b, addressB }) => {
    const accept = (stream: Stream): void => stream.destroy();
    const first = await b.streams.listen({ address: addressB, port: 0 }, accept);
    assert.ok(first.local.port > 0);
    assert.equal(first.local.address, addressB);
    await rejectsWith('address-in-use', b.streams.listen({ ...first.local }, accept));
    await first.close();
    const second = await b.streams.listen({ ...first.local }, accept);
    assert.deepEqual(second.local, first.local);
  });

  test('an address of another machine cannot be listened on or connected from', async ({ a, addressB }) => {
    const foreign = '192.0.2.77';
    await rejectsWith(
      'address-unavailable',
      a.streams.listen({ address: foreign, port: 0 }, () => {}),
    );
    const to = { address: addressB, port: 9 };
    await rejectsWith('address-unavailable', a.streams.connect(to, { from: foreign }));
  });

  test('what is not an address or a port is invalid', async ({ a, addressB }) => {
    await rejectsWith('invalid', a.streams.connect({ address: 'localhost', port: 80 }));
    await rejectsWith('invalid', a.streams.connect({ address: '', port: 80 }));
    await rejectsWith('invalid', a.streams.connect({ address: addressB, port: 65536 }));
    await rejectsWith('invalid', a.streams.connect({ address: addressB, port: 0 }));
    await rejectsWith(
      'invalid',
      a.streams.listen({ address: 'nowhere', port: 0 }, () => {}),
    );
    await rejectsWith(
      'invalid',
      a.streams.listen({ address: addressB, port: -1 }, () => {}),
    );
  });

  test('connecting can be aborted before it begins and while it waits', async ({ a, b, addressB }) => {
    const listener = await b.streams.listen({ address: addressB, port: 0 }, (stream) => {
      new Recorder(stream).start();
    });
    await rejectsWith('aborted', a.streams.connect(listener.local, { signal: AbortSignal.abort() }));
    const controller = new AbortController();
    const connecting = a.streams.connect(listener.local, { signal: controller.signal });
    controller.abort();
    await rejectsWith('aborted', connecting);
  });

  test('an abort after the connection was made changes nothing', async ({ a, b, addressB }) => {
    const { promise, resolve } = Promise.withResolvers<Stream>();
    const listener = await b.streams.listen({ address: addressB, port: 0 }, resolve);
    const controller = new AbortController();
    const dialled = await a.streams.connect(listener.local, { signal: controller.signal });
    controller.abort();
    const accepted = new Recorder(await promise).start();
    dialled.write(pattern(10));
    await accepted.untilBytes(10);
  });

  test('a thousand bytes go to the right one of many streams', async (pair) => {
    const { a, b, addressB } = pair;
    const listener = await b.streams.listen({ address: addressB, port: 0 }, (stream) => {
      stream.start({
        data: (bytes) => void stream.write(bytes.slice()),
        end: () => stream.end(),
        drain() {},
        close() {},
      });
    });
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const recorder = new Recorder(await a.streams.connect(listener.local)).start();
        recorder.stream.write(pattern(1000, i));
        recorder.stream.end();
        await recorder.untilEnded();
        assertSameBytes(recorder.bytes, pattern(1000, i));
      }),
    );
  });
}
