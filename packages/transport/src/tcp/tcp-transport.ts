// TCP over IPv4 and IPv6, in the clear or with the encrypted handshake, as a policy says.

import type { PeerAddress, World } from '@shoal/base';
import { answerEncryption, createKeyring, type EncryptionMethod } from '@shoal/wire';
import type { Channel } from '../channel.ts';
import { TransportError } from '../errors.ts';
import type { EncryptionPolicy, Transport } from '../transport.ts';
import { dial } from './dial.ts';
import { recogniseGreeting } from './greeting.ts';
import { listen } from './listen.ts';

export type TransportWorld = Pick<World, 'streams' | 'clock' | 'random' | 'hashing'>;

export interface TcpTransportOptions {
  /** Default `prefer-plain`: it reaches the same peers, and spares both sides the cipher. */
  readonly encryption?: EncryptionPolicy;
}

/** What we choose of a peer's offer, best first. */
const acceptedMethods: Record<EncryptionPolicy, readonly EncryptionMethod[]> = {
  'prefer-plain': ['plain', 'rc4'],
  'prefer-encrypted': ['rc4', 'plain'],
  require: ['rc4'],
};

export function createTcpTransport(world: TransportWorld, options: TcpTransportOptions = {}): Transport {
  const policy = options.encryption ?? 'prefer-plain';
  const keyring = createKeyring(world.hashing);

  function canDial(address: PeerAddress): boolean {
    return address.kind === 'ip' && address.port > 0 && address.port <= 65_535;
  }

  return {
    canDial,
    async dial(address, dialOptions): Promise<Channel> {
      if (!canDial(address)) {
        throw new TransportError('unsupported-address', 'TCP cannot reach that address.', {
          value: `${address.address}:${address.port}`,
        });
      }
      return dial(world, policy, address, dialOptions);
    },
    listen: (listenOptions, accept) =>
      listen(
        world,
        () =>
          recogniseGreeting({
            acceptsPlain: policy !== 'require',
            answer: () => answerEncryption(world, { keyring, accept: acceptedMethods[policy] }),
          }),
        listenOptions,
        accept,
      ),
    serve: (infoHash) => keyring.add(infoHash),
    unserve: (infoHash) => keyring.remove(infoHash),
  };
}
