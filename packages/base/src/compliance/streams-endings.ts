import assert from 'node:assert/strict';
import type { Clock } from '../world/clock.ts';
import type { Stream } from '../world/streams.ts';
import { startPair } from './connected.ts';
import type { WorldTest } from './harness.ts';
import { assertSameBytes, pattern, type Recorder } from './recorder.ts';

/** Goes on writing, so that the fate of the other side shows. */
async function writeUntilClosed(recorder: Recorder, clock: Clock): Promise<void> {
  while (recorder.closes === 0) {
    recorder.stream.write(new Uint8Array(1000));
    await new Promise<void>((resolve) => void clock.setTimer(1, resolve));
  }
}

export function testStreamEndings(test: WorldTest): void {
  test('after one side ended, the other still writes, and both close without an error', async (pair) => {
    for (const turned of [false, true]) {
      const { dialled, accepted } = await startPair(pair);
      const [first, second] = turned ? [accepted, dialled] : [dialled, accepted];
      first.stream.write(pattern(1000));
      first.stream.end();
      await second.untilEnded();
      assert.equal(second.receivedBytes, 1000);
      assert.equal(first.closes, 0);
      second.stream.write(pattern(300_000));
      await first.untilBytes(300_000);
      assert.equal(first.hasEnded, false);
      second.stream.end();
      await Promise.all([first.untilClosed(), second.untilClosed()]);
      for (const { closes, closeError, hasEnded } of [first, second])
        assert.deepEqual(
          { closes, closeError, hasEnded },
          { closes: 1, closeError: undefined, hasEnded: true },
        );
    }
  });

  test('end sends what is queued first', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    accepted.stream.pause();
    const sent = pattern(12 * 1024 * 1024);
    let releases = 0;
    dialled.stream.write(sent, () => releases++);
    dialled.stream.end();
    dialled.stream.end();
    accepted.stream.resume();
    await accepted.untilEnded();
    assertSameBytes(accepted.bytes, sent);
    assert.equal(releases, 1);
  });

  test('an end that comes while the reader is paused is told after resume', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    accepted.stream.pause();
    dialled.stream.end();
    await new Promise<void>((resolve) => void pair.a.clock.setTimer(20, resolve));
    accepted.stream.resume();
    await accepted.untilEnded();
  });

  test('destroy closes without an error, and the other side learns of it', async (pair) => {
    for (const turned of [false, true]) {
      const { dialled, accepted } = await startPair(pair);
      const [first, second] = turned ? [accepted, dialled] : [dialled, accepted];
      first.stream.destroy();
      first.stream.destroy();
      await first.untilClosed();
      assert.equal(first.closeError, undefined);
      assert.equal(first.hasEnded, false);
      await writeUntilClosed(second, pair.a.clock);
      assert.ok(second.closeError === undefined || second.closeError.code === 'reset');
      assert.equal(first.closes, 1);
      assert.equal(second.closes, 1);
    }
  });

  test('a peer that is gone with our bytes unread is a reset', async (pair) => {
    for (const turned of [false, true]) {
      const { dialled, accepted } = await startPair(pair);
      const [first, second] = turned ? [accepted, dialled] : [dialled, accepted];
      first.stream.pause();
      second.stream.write(new Uint8Array(16 * 1024 * 1024));
      await first.until(() => true);
      first.stream.destroy();
      await second.untilClosed();
      assert.equal(second.closeError?.code, 'reset');
    }
  });

  test('nothing is told after a destroy within data but the close', async (pair) => {
    for (const turned of [false, true]) {
      const { dialled, accepted } = await startPair(pair);
      const [reader, writer] = turned ? [dialled, accepted] : [accepted, dialled];
      reader.onData = () => reader.stream.destroy();
      writer.stream.write(pattern(8 * 1024 * 1024));
      writer.stream.end();
      await reader.untilClosed();
      assert.equal(reader.chunks.length, 1);
      assert.equal(reader.hasEnded, false);
      assert.equal(reader.closeError, undefined);
      await writer.untilClosed();
    }
  });

  test('released comes once for every write, before close, when a stream is destroyed', async (pair) => {
    for (const turned of [false, true]) {
      const { dialled, accepted } = await startPair(pair);
      const [reader, writer] = turned ? [dialled, accepted] : [accepted, dialled];
      reader.stream.pause();
      let releases = 0;
      let releasesAtClose = -1;
      for (let i = 0; i < 30; i++) writer.stream.write(new Uint8Array(1024 * 1024), () => releases++);
      assert.ok(writer.stream.bufferedBytes > 0);
      writer.stream.destroy();
      await writer.until(({ closes }) => {
        if (closes > 0 && releasesAtClose === -1) releasesAtClose = releases;
        return closes > 0;
      });
      assert.equal(releasesAtClose, 30);
      await new Promise<void>((resolve) => void pair.a.clock.setTimer(5, resolve));
      assert.equal(releases, 30);
    }
  });

  test('released comes once for every write, before close, when the other side breaks off', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    accepted.stream.pause();
    let releases = 0;
    for (let i = 0; i < 30; i++) dialled.stream.write(new Uint8Array(1024 * 1024), () => releases++);
    accepted.stream.destroy();
    await dialled.untilClosed();
    assert.equal(releases, 30);
  });

  test('a write after end or destroy is dropped and released', async (pair) => {
    const { dialled, accepted } = await startPair(pair);
    const released = (stream: Stream): Promise<void> =>
      new Promise((resolve) => assert.equal(stream.write(pattern(10), resolve), false));
    dialled.stream.end();
    await released(dialled.stream);
    await accepted.untilEnded();
    assert.equal(accepted.receivedBytes, 0);
    accepted.stream.destroy();
    await released(accepted.stream);
    await accepted.untilClosed();
    await released(accepted.stream);
    assert.equal(accepted.stream.bufferedBytes, 0);
  });

  test('a stream that is destroyed before it was started closes when it is started', async ({
    a,
    b,
    addressB,
  }) => {
    const listener = await b.streams.listen({ address: addressB, port: 0 }, (stream) => stream.destroy());
    const stream = await a.streams.connect(listener.local);
    stream.destroy();
    const error = await new Promise((resolve) =>
      stream.start({
        data: () => assert.fail(),
        end: () => assert.fail(),
        drain: () => assert.fail(),
        close: resolve,
      }),
    );
    assert.equal(error, undefined);
  });

  test('pause, resume, end and destroy after the close do nothing', async (pair) => {
    const { dialled } = await startPair(pair);
    dialled.stream.destroy();
    await dialled.untilClosed();
    dialled.stream.pause();
    dialled.stream.resume();
    dialled.stream.end();
    dialled.stream.destroy();
    await new Promise<void>((resolve) => void pair.a.clock.setTimer(5, resolve));
    assert.equal(dialled.closes, 1);
  });

  test('closing a world closes its streams and listeners', async (pair) => {
    const { dialled, accepted, listener } = await startPair(pair);
    await pair.b.close();
    await writeUntilClosed(dialled, pair.a.clock);
    await accepted.untilClosed();
    await assert.rejects(pair.a.streams.connect(listener.local));
  });
}
