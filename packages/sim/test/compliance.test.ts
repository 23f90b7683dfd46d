// The suite that every World passes, on two hosts of a simulated home.

import { testWorld } from '@shoal/base/compliance';
import { createSimulation } from '@shoal/sim';

testWorld('the simulated world', async () => {
  const simulation = createSimulation({ seed: 1 });
  const lan = simulation.addLan();
  const a = simulation.addHost({ name: 'a.test', lan });
  const b = simulation.addHost({ name: 'world.test', lan });
  return {
    a: a.world,
    b: b.world,
    addressA: a.address,
    addressB: b.address,
    nameOfB: b.name,
    folder: '/data',
    settle: (promise) => simulation.settle(promise),
    async brokenFolder(fault) {
      a.disk.write('/broken/there', new Uint8Array(0));
      if (fault === 'no-space') a.disk.setCapacity(a.disk.usedBytes + 100_000);
      else if (fault === 'read-only') a.disk.setReadOnly(true);
      else a.disk.fail(fault, { path: '/broken', kind: ['open', 'write'] });
      return '/broken';
    },
    async close() {},
  };
});
