// Swarms on loopback, for tests: content in a folder of its own, sessions on Node's world.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Hashing, PeerAddress, World } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { OpenFiles } from '@shoal/storage';
import { createSession, type Session } from '@shoal/swarm';
import { createTcpTransport, type EncryptionPolicy } from '@shoal/transport';
import type { Sample } from './sample.ts';

export async function writeSample(sample: Sample, folder: string): Promise<void> {
  for (const [path, bytes] of sample.files) {
    const place = join(folder, sample.torrent.folder ?? '', path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, bytes);
  }
}

export async function isWhole(sample: Sample, folder: string): Promise<boolean> {
  for (const [path, bytes] of sample.files) {
    const found = await readFile(join(folder, sample.torrent.folder ?? '', path));
    if (Buffer.compare(found, bytes) !== 0) return false;
  }
  return true;
}

export interface Lab {
  readonly world: World;
  readonly folder: string;
  session(options?: {
    encryption?: EncryptionPolicy;
    hashing?: Hashing;
  }): Promise<{ session: Session; address: PeerAddress }>;
  place(name: string): string;
  close(): Promise<void>;
}

export async function openLab(): Promise<Lab> {
  const world = createNodeWorld();
  const folder = await mkdtemp(join(tmpdir(), 'swarm-test-'));
  const sessions: Session[] = [];
  return {
    world,
    folder,
    place: (name) => join(folder, name),
    async session(options = {}) {
      const session = createSession({
        ...world,
        openFiles: new OpenFiles(world.disk),
        transport: createTcpTransport(
          world,
          options.encryption === undefined ? {} : { encryption: options.encryption },
        ),
        hashing: options.hashing ?? world.hashing,
        client: 'Shoal test',
        peerIdPrefix: '-SL0001-',
      });
      sessions.push(session);
      const port = await session.listen({ port: 0, addresses: ['127.0.0.1'] });
      return { session, address: { kind: 'ip', address: '127.0.0.1', port } };
    },
    async close() {
      await Promise.all(sessions.map((session) => session.close()));
      await world.close();
      await rm(folder, { recursive: true });
    },
  };
}
