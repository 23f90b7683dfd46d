// One suite that every World passes: Node's on loopback, the simulated one in virtual time.

import { describe, test } from 'node:test';
import { testClock } from './clock.ts';
import { testDatagrams } from './datagrams.ts';
import { testDisk } from './disk.ts';
import { testDiskNames } from './disk-names.ts';
import type { DiskFault, WorldPair, WorldTest } from './harness.ts';
import { testHashing } from './hashing.ts';
import { testHttp } from './http.ts';
import { testNetwork } from './network.ts';
import { testRandom } from './random.ts';
import { testStreams } from './streams.ts';
import { testStreamEndings } from './streams-endings.ts';
import { testTls } from './tls.ts';

export { testCertificate, testKey } from './certificate.ts';
export type { DiskFault, WorldPair } from './harness.ts';

const parts = {
  clock: testClock,
  random: testRandom,
  hashing: testHashing,
  streams: testStreams,
  'endings of streams': testStreamEndings,
  tls: testTls,
  datagrams: testDatagrams,
  'names and interfaces': testNetwork,
  http: testHttp,
  disk: testDisk,
  'names on the disk': testDiskNames,
};

/** `makePair` is called for each test; `faults` are those that its `brokenFolder` can make. */
export function testWorld(
  name: string,
  makePair: () => Promise<WorldPair>,
  faults: readonly DiskFault[],
): void {
  const worldTest: WorldTest = (sentence, body) => {
    test(sentence, async () => {
      const pair = await makePair();
      try {
        await pair.settle(body(pair));
      } finally {
        await pair.close();
      }
    });
  };
  for (const [part, testPart] of Object.entries(parts)) {
    describe(`${name}: ${part}`, () => testPart(worldTest, faults));
  }
}
