// TCP on Node's world passes the suite on loopback, over IPv4 and IPv6, in the clear and encrypted.

import { networkInterfaces } from 'node:os';
import { createNodeWorld } from '@shoal/base/node';
import { createTcpTransport, type EncryptionPolicy } from '@shoal/transport';
import { testTransport } from '@shoal/transport/compliance';

const hasIp6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

function testTcp(name: string, address: string, encryption: EncryptionPolicy): void {
  testTransport(`TCP on Node's world, ${name}`, async () => {
    const worlds = [createNodeWorld(), createNodeWorld()] as const;
    const [a, b] = worlds;
    // A port that was free a moment ago.
    const probe = await b.streams.listen({ address, port: 0 }, (stream) => stream.destroy());
    await probe.close();
    return {
      dialler: createTcpTransport(a, { encryption }),
      acceptor: createTcpTransport(b, { encryption }),
      clock: a.clock,
      listenOptions: { port: 0, addresses: [address] },
      deadAddress: { kind: 'ip', ...probe.local },
      settle: (promise) => promise,
      async close() {
        await Promise.all(worlds.map((world) => world.close()));
      },
    };
  });
}

testTcp('in the clear', '127.0.0.1', 'prefer-plain');
testTcp('encrypted', '127.0.0.1', 'require');
if (hasIp6) testTcp('over IPv6', '::1', 'prefer-encrypted');
