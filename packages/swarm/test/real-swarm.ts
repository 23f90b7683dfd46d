// Swarms on loopback, for tests: content in a folder of its own, sessions on Node's world.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PeerAddress, World } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import {
  createTorrent,
  parseTorrent,
  pieceWork,
  planTorrent,
  type SourceFile,
  type Torrent,
  type TorrentFormat,
} from '@shoal/metainfo';
import { OpenFiles } from '@shoal/storage';
import { createSession, type Session } from '@shoal/swarm';
import { createTcpTransport, type EncryptionPolicy } from '@shoal/transport';

export interface Sample {
  readonly torrent: Torrent;
  readonly bytes: Uint8Array;
  /** By path below the torrent's folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export function randomBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

export async function makeSample(
  world: World,
  contents: Uint8Array | Readonly<Record<string, Uint8Array>>,
  options: { format?: TorrentFormat; pieceLength?: number; name?: string; isPrivate?: boolean } = {},
): Promise<Sample> {
  const name = options.name ?? 'sample';
  const files = new Map(contents instanceof Uint8Array ? [[name, contents]] : Object.entries(contents));
  const sources: SourceFile[] = [...files].map(([path, bytes]) => ({
    path: path.split('/'),
    length: bytes.length,
  }));
  const plan = planTorrent({
    name,
    files: contents instanceof Uint8Array ? (sources[0] ?? []) : sources,
    format: options.format ?? 'v1',
    ...(options.pieceLength === undefined ? {} : { pieceLength: options.pieceLength }),
  });
  const { layout } = plan;
  const bytesOf = (range: { file: number; offset: number; length: number }) => {
    const source = plan.sources[range.file] ?? -1;
    const bytes = [...files.values()][source] ?? new Uint8Array(range.length);
    return source < 0 ? bytes : bytes.subarray(range.offset, range.offset + range.length);
  };
  const v1 = new Uint8Array(layout.pieceCount * 20);
  const v2 = new Uint8Array(layout.pieceCount * 32);
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    const work = pieceWork(plan, piece);
    if (work.v1 !== undefined) {
      const { sha1 } = await world.hashing.run({
        source: { kind: 'memory', blocks: work.v1.map(bytesOf) },
        sha1: true,
      });
      if (sha1 !== undefined) v1.set(sha1, piece * 20);
    }
    if (work.v2 !== undefined) {
      const { root } = await world.hashing.run({
        source: { kind: 'memory', blocks: [bytesOf(work.v2)] },
        merkle: { leafLength: 16_384, leafCount: work.leafCount },
      });
      if (root !== undefined) v2.set(root, piece * 32);
    }
  }
  const digest = world.hashing.digest.bind(world.hashing);
  const bytes = createTorrent(plan, { v1, v2 }, { isPrivate: options.isPrivate ?? false }, digest);
  return { torrent: parseTorrent(bytes, digest), bytes, files };
}

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
  session(options?: { encryption?: EncryptionPolicy }): Promise<{ session: Session; address: PeerAddress }>;
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
        transport: createTcpTransport(world, options),
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
