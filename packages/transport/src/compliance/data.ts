import assert from 'node:assert/strict';
import { bothWays, pattern, type TransportTest } from './harness.ts';

export function testData(test: TransportTest): void {
  test('bytes arrive as they were written, whatever the sizes', async (pair) => {
    await bothWays(pair, async (from, to) => {
      const whole = pattern(3_000_000);
      let at = 0;
      for (const size of [1, 2, 13, 16_384, 1, 70_000, 1_000_000]) {
        from.channel.write(whole.slice(at, at + size));
        at += size;
      }
      from.channel.write(whole.slice(at));
      await to.untilBytes(whole.length);
      assert.ok(Buffer.compare(to.bytes, whole) === 0, 'bytes differ');
    });
  });

  test('both directions flow at once', async (pair) => {
    await bothWays(pair, async (from, to) => {
      const whole = pattern(1_000_000);
      for (let at = 0; at < whole.length; at += 100_000) {
        from.channel.write(whole.slice(at, at + 100_000));
        to.channel.write(whole.slice(at, at + 100_000));
      }
      await Promise.all([from.untilBytes(whole.length), to.untilBytes(whole.length)]);
      assert.ok(Buffer.compare(from.bytes, whole) === 0, 'bytes differ');
      assert.ok(Buffer.compare(to.bytes, whole) === 0, 'bytes differ');
    });
  });

  test('each write is released once, after it was sent, and bytes over shared memory are as good', async (pair) => {
    await bothWays(pair, async (from, to) => {
      const shared = new Uint8Array(new SharedArrayBuffer(50_000));
      let releases = 0;
      const release = (): void => {
        releases++;
        from.changed();
      };
      shared.set(pattern(50_000));
      from.channel.write(shared, release);
      from.channel.write(pattern(50_000), release);
      await from.until(() => releases === 2);
      // Released: the memory is ours again, and what was sent does not change.
      shared.fill(0);
      await to.untilBytes(100_000);
      assert.ok(Buffer.compare(to.bytes.subarray(0, 50_000), pattern(50_000)) === 0, 'bytes differ');
    });
  });

  test('a reader that pauses slows the writer down, and gets everything when it resumes', async (pair) => {
    await bothWays(pair, async (from, to) => {
      to.channel.pause();
      let written = 0;
      let isFull = false;
      while (!isFull && written < 64_000_000) {
        isFull = !from.channel.write(pattern(250_000)) && from.channel.bufferedBytes > 1_000_000;
        written += 250_000;
      }
      assert.ok(from.channel.bufferedBytes > 0);
      const early = to.receivedBytes;
      to.channel.resume();
      await to.untilBytes(written);
      assert.equal(to.receivedBytes, written);
      assert.ok(early < written);
      await from.until(() => from.drains > 0);
      assert.equal(from.channel.bufferedBytes, 0);
    });
  });

  test('a reader may pause within data, and gets at most one more chunk', async (pair) => {
    await bothWays(pair, async (from, to) => {
      let chunks = 0;
      to.onData = () => {
        chunks++;
        to.channel.pause();
      };
      for (let i = 0; i < 20; i++) from.channel.write(pattern(100_000));
      await to.untilBytes(1);
      await new Promise<void>((resolve) => void pair.clock.setTimer(20, resolve));
      assert.ok(chunks <= 2, `${chunks} chunks`);
      to.onData = undefined;
      to.channel.resume();
      await to.untilBytes(2_000_000);
    });
  });
}
