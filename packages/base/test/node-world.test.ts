// Node's world passes the suite on loopback and in a temporary folder.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testWorld } from '@shoal/base/compliance';
import { createNodeWorld } from '@shoal/base/node';

testWorld(
  "Node's world",
  async () => {
    const a = createNodeWorld();
    const b = createNodeWorld();
    const folder = await mkdtemp(join(tmpdir(), 'shoal-base-'));
    return {
      a,
      b,
      addressA: '127.0.0.1',
      addressB: '127.0.0.1',
      nameOfB: 'localhost',
      folder,
      settle: (promise) => promise,
      brokenFolder: async () => '/sys',
      async close() {
        await Promise.all([a.close(), b.close()]);
        await rm(folder, { recursive: true, force: true });
      },
    };
    // Full and read-only disks are in node-disk.test.ts.
  },
  process.platform === 'linux' ? ['permission'] : [],
);
