import assert from 'node:assert/strict';
import {
  bothWays,
  type ChannelRecorder,
  hello,
  infoHash,
  listening,
  pattern,
  type TransportPair,
  type TransportTest,
} from './harness.ts';

/** Keeps writing until the other side's fate shows. */
async function writeUntilClosed({ clock }: TransportPair, recorder: ChannelRecorder): Promise<void> {
  const write = (): void => {
    if (recorder.closes > 0) return;
    recorder.channel.write(new Uint8Array(1000));
    clock.setTimer(1, write);
  };
  write();
  await recorder.untilClosed();
}

export function testEndings(test: TransportTest): void {
  test('end sends what is queued, and closes both sides without an error', async (pair) => {
    await bothWays(pair, async (from, to) => {
      to.channel.pause();
      const whole = pattern(5_000_000);
      from.channel.write(whole.slice());
      from.channel.end();
      from.channel.end();
      to.channel.resume();
      await Promise.all([from.untilClosed(), to.untilClosed()]);
      assert.ok(Buffer.compare(to.bytes, whole) === 0, 'bytes differ');
      assert.deepEqual([from.closes, to.closes], [1, 1]);
      assert.deepEqual([from.closeError, to.closeError], [undefined, undefined]);
    });
  });

  test('after end nothing is delivered any more', async (pair) => {
    await bothWays(pair, async (from, to) => {
      to.channel.write(pattern(100_000));
      from.channel.end();
      const before = from.receivedBytes;
      await from.untilClosed();
      assert.equal(from.receivedBytes, before);
    });
  });

  test('close drops everything at once, and the other side learns of it', async (pair) => {
    await bothWays(pair, async (from, to) => {
      from.channel.close();
      from.channel.close();
      await from.untilClosed();
      assert.equal(from.closeError, undefined);
      await writeUntilClosed(pair, to);
      assert.deepEqual([from.closes, to.closes], [1, 1]);
    });
  });

  test('close within data is the last that is delivered', async (pair) => {
    await bothWays(pair, async (from, to) => {
      to.onData = () => to.channel.close();
      from.channel.write(pattern(2_000_000));
      await to.untilClosed();
      assert.equal(to.received.length, 1);
      await writeUntilClosed(pair, from);
    });
  });

  test('every write is released before the close, whoever closes', async (pair) => {
    for (const isOurs of [true, false]) {
      await bothWays(pair, async (from, to) => {
        to.channel.pause();
        let releases = 0;
        for (let i = 0; i < 20; i++) from.channel.write(new Uint8Array(1_000_000), () => releases++);
        (isOurs ? from : to).channel.close();
        await from.untilClosed();
        assert.equal(releases, 20);
      });
    }
  });

  test('a write after the end or the close is released, and sends nothing', async (pair) => {
    await bothWays(pair, async (from, to) => {
      from.channel.end();
      await new Promise<void>((resolve) => void from.channel.write(pattern(10), resolve));
      await to.untilClosed();
      assert.equal(to.receivedBytes, 0);
      await from.untilClosed();
      await new Promise<void>((resolve) => void from.channel.write(pattern(10), resolve));
      assert.equal(from.channel.bufferedBytes, 0);
    });
  });

  test('a channel that is closed before it was started says so when it is started', async (pair) => {
    const { address } = await listening(pair, ({ channel }) => channel.write(pattern(100)));
    const channel = await pair.dialler.dial(address, { infoHash, hello });
    channel.close();
    const error = await new Promise((resolve) =>
      channel.start({ data: () => assert.fail(), drain: () => assert.fail(), close: resolve }),
    );
    assert.equal(error, undefined);
  });
}
