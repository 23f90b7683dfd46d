// TCP in virtual time passes the suite: far apart, and with connections in the clear and encrypted.

import { createSimulation } from '@shoal/sim';
import { createTcpTransport, type EncryptionPolicy } from '@shoal/transport';
import { testTransport } from '@shoal/transport/compliance';

for (const encryption of ['prefer-plain', 'require'] satisfies EncryptionPolicy[]) {
  testTransport(`TCP in virtual time, ${encryption}`, async () => {
    const simulation = createSimulation({ seed: 7, line: { latencyMs: 30 } });
    const [a, b] = [simulation.addHost(), simulation.addHost()];
    const [address = ''] = b.addresses;
    return {
      dialler: createTcpTransport(a.world, { encryption }),
      acceptor: createTcpTransport(b.world, { encryption }),
      clock: a.world.clock,
      listenOptions: { port: 6881, addresses: [address] },
      deadAddress: { kind: 'ip', address, port: 7 },
      settle: (promise) => simulation.settle(promise),
      async close() {
        await Promise.all([a.world.close(), b.world.close()]);
      },
    };
  });
}
