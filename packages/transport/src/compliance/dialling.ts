import assert from 'node:assert/strict';
import type { Channel } from '../channel.ts';
import { TransportError } from '../errors.ts';
import {
  answer,
  ChannelRecorder,
  connect,
  hello,
  infoHash,
  listening,
  type TransportTest,
} from './harness.ts';

export function testDialling(test: TransportTest): void {
  test('both ends know each other, and who dialled', async (pair) => {
    const { dialled, accepted, listener } = await connect(pair);
    assert.equal(dialled.channel.isIncoming, false);
    assert.equal(accepted.channel.isIncoming, true);
    assert.deepEqual(dialled.channel.remote, listener.addresses[0]);
    assert.deepEqual(dialled.channel.local, accepted.channel.remote);
    assert.equal(dialled.channel.encryption, accepted.channel.encryption);
  });

  test('many dial at once, and each is answered', async (pair) => {
    const { address } = await listening(pair, ({ channel }) => {
      const recorder = new ChannelRecorder(channel).start();
      recorder.onData = () => {
        channel.write(recorder.received.at(-1)?.slice() ?? new Uint8Array());
      };
    });
    const recorders = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const own = Uint8Array.from([...hello, i]);
        const recorder = new ChannelRecorder(
          await pair.dialler.dial(address, { infoHash, hello: own }),
        ).start();
        await recorder.untilBytes(own.length);
        assert.deepEqual(recorder.bytes, own);
        return recorder;
      }),
    );
    for (const { channel } of recorders) channel.close();
  });

  test('dialling where nobody listens fails with a code', async (pair) => {
    await assert.rejects(pair.dialler.dial(pair.deadAddress, { infoHash, hello }), (error) => {
      assert.ok(error instanceof TransportError);
      assert.ok(error.code === 'network' || error.code === 'timeout', error.code);
      return true;
    });
  });

  test('addresses of another kind are not dialled', async (pair) => {
    const nowhere = { ...pair.deadAddress, port: 0 };
    assert.equal(pair.dialler.canDial(nowhere), false);
    assert.equal(pair.dialler.canDial(pair.deadAddress), true);
    await assert.rejects(pair.dialler.dial(nowhere, { infoHash, hello }), { code: 'unsupported-address' });
  });

  test('dialling can be called off before it begins, and while the peer is silent', async (pair) => {
    const { address } = await listening(pair, () => {});
    const options = { infoHash, hello };
    const gone = AbortSignal.abort();
    await assert.rejects(pair.dialler.dial(address, { ...options, signal: gone }), { code: 'aborted' });
    const aborter = new AbortController();
    const dialled = pair.dialler.dial(address, { ...options, signal: aborter.signal });
    aborter.abort();
    await assert.rejects(dialled, { code: 'aborted' });
  });

  test('a signal that fires when the channel is there does it no harm', async (pair) => {
    const { address } = await listening(pair, ({ channel }) => channel.write(answer.slice()));
    const aborter = new AbortController();
    const channel = await pair.dialler.dial(address, { infoHash, hello, signal: aborter.signal });
    aborter.abort();
    const recorder = new ChannelRecorder(channel).start();
    await recorder.untilBytes(answer.length);
    assert.equal(recorder.closes, 0);
  });

  test('a listener that is closed accepts nobody, and its channels live on', async (pair) => {
    const { dialled, accepted, listener } = await connect(pair);
    await listener.close();
    await assert.rejects(pair.dialler.dial(dialled.channel.remote, { infoHash, hello }));
    dialled.channel.write(Uint8Array.of(1, 2, 3));
    await accepted.untilBytes(3);
  });

  test('a channel is started once', async (pair) => {
    const { dialled } = await connect(pair);
    assert.throws(() => dialled.start(), { code: 'closed' });
  });

  test('what came before start is delivered first, even when the other side is gone already', async (pair) => {
    const channels: Channel[] = [];
    const { address } = await listening(pair, ({ channel }) => {
      channels.push(channel);
      channel.write(answer.slice());
      channel.end();
    });
    const channel = await pair.dialler.dial(address, { infoHash, hello });
    await new Promise<void>((resolve) => void pair.clock.setTimer(30, resolve));
    const recorder = new ChannelRecorder(channel).start();
    await recorder.untilClosed();
    assert.deepEqual(recorder.bytes, answer);
    assert.equal(recorder.closeError, undefined);
  });
}
