// Dialling over TCP: which greeting comes first, and when the other one is worth a second connection.

import { type PeerAddress, type Stream, WorldError } from '@shoal/base';
import { initiateEncryption } from '@shoal/wire';
import { connectTimeoutMs } from '../bounds.ts';
import type { Channel } from '../channel.ts';
import { TransportError } from '../errors.ts';
import type { DialOptions, EncryptionPolicy } from '../transport.ts';
import { abortedError, greet } from './greet.ts';
import { type Greeting, greetInTheClear } from './greeting.ts';
import type { TransportWorld } from './tcp-transport.ts';

type Way = 'plain' | 'encrypted';

const waysOf: Record<EncryptionPolicy, readonly [first: Way, second?: Way]> = {
  'prefer-plain': ['plain', 'encrypted'],
  'prefer-encrypted': ['encrypted', 'plain'],
  require: ['encrypted'],
};

export async function dial(
  world: TransportWorld,
  policy: EncryptionPolicy,
  address: PeerAddress,
  options: DialOptions,
): Promise<Channel> {
  const [first, second] = waysOf[policy];
  try {
    return await dialOnce(world, policy, first, address, options);
  } catch (error) {
    if (second === undefined || !(error instanceof TransportError) || !mayWantOther(first, error))
      throw error;
    return dialOnce(world, policy, second, address, options);
  }
}

/** Who wants encryption hangs up on a plain hello; who knows none hangs up on noise, or waits for it to make sense. */
function mayWantOther(way: Way, { code }: TransportError): boolean {
  return (
    code === 'handshake-closed' ||
    (way === 'encrypted' && (code === 'timeout' || code === 'handshake-failed'))
  );
}

async function dialOnce(
  world: TransportWorld,
  policy: EncryptionPolicy,
  way: Way,
  address: PeerAddress,
  options: DialOptions,
): Promise<Channel> {
  const { infoHash, hello, signal } = options;
  const greeting: Greeting =
    way === 'plain'
      ? greetInTheClear(hello)
      : initiateEncryption(world, {
          infoHash,
          provide: policy === 'require' ? ['rc4'] : ['plain', 'rc4'],
          initialPayload: hello,
        });
  const stream = await connect(world, address, signal);
  return greet(stream, greeting, {
    clock: world.clock,
    isIncoming: false,
    ...(signal === undefined ? {} : { signal }),
  });
}

async function connect(
  { streams, clock }: TransportWorld,
  address: PeerAddress,
  signal: AbortSignal | undefined,
): Promise<Stream> {
  const tooLong = new AbortController();
  const timer = clock.setTimer(connectTimeoutMs, () => tooLong.abort());
  const signals = signal === undefined ? [tooLong.signal] : [tooLong.signal, signal];
  try {
    return await streams.connect(address, { signal: AbortSignal.any(signals) });
  } catch (error) {
    if (!(error instanceof WorldError)) throw error;
    if (signal?.aborted) throw abortedError(signal);
    if (tooLong.signal.aborted || error.code === 'timeout') {
      throw new TransportError('timeout', 'Nobody answers at that address.', { cause: error });
    }
    throw new TransportError('network', error.message, { cause: error });
  } finally {
    timer.cancel();
  }
}
