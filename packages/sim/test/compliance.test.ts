// The suite that every World passes, on two hosts of a simulated home: next to each other, and over slow lines.

import { type DiskFault, testWorld } from '@shoal/base/compliance';
import { createSimulation, type LineOptions } from '@shoal/sim';

const faults: readonly DiskFault[] = ['no-space', 'read-only', 'permission', 'io'];

function testOver(name: string, line: LineOptions): void {
  testWorld(
    name,
    async () => {
      const simulation = createSimulation({ seed: 1 });
      const lan = simulation.addLan();
      const a = simulation.addHost({ name: 'a.test', lan, line });
      const b = simulation.addHost({ name: 'world.test', lan, line });
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
    },
    faults,
  );
}

testOver('the simulated world', {});
testOver('the simulated world over slow lines', {
  latencyMs: 30,
  upBytesPerSecond: 20e6,
  downBytesPerSecond: 10e6,
  queueMs: 1000,
});
