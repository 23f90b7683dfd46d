// A session with all that it needs of this machine, and what it has to remember below the data folder: one folder for
// each transfer, so that several processes can work beside each other.

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toHex, type World, WorldError } from '@shoal/base';
import type { InfoHashes } from '@shoal/metainfo';
import { OpenFiles } from '@shoal/storage';
import { createSession, type LimitSettings, type QueueSettings, type Session } from '@shoal/swarm';
import { createTcpTransport, type EncryptionPolicy, TransportError } from '@shoal/transport';
import { lockFolder } from '../folder/lock.ts';

export interface EngineOptions {
  readonly world: World;
  readonly version: string;
  /** The data folder. */
  readonly data: string;
  /** For peers; 0 picks one. */
  readonly port: number;
  readonly encryption: EncryptionPolicy;
  readonly exchangesPeers: boolean;
  readonly limits: LimitSettings;
  readonly queue?: QueueSettings;
  readonly isBlocked?: (address: string) => boolean;
  /** Another port will do when this one is taken. */
  readonly mayMovePort?: boolean;
}

export interface Engine {
  readonly session: Session;
  readonly port: number;
  /** The data folder. */
  readonly data: string;
  /** The folder that remembers a transfer; made when it is not there. */
  stateFolder(infoHashes: InfoHashes): Promise<string>;
  close(): Promise<void>;
}

export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { world, version, data } = options;
  const { disk } = world;
  await disk.makeFolder(data, { mode: 0o700 });
  const [major = '0', minor = '0', patch = '0'] = version.split('.');
  const session = createSession({
    ...world,
    openFiles: new OpenFiles(disk),
    transport: createTcpTransport(world, { encryption: options.encryption }),
    exchangesPeers: options.exchangesPeers,
    limits: options.limits,
    ...(options.queue && { queue: options.queue }),
    ...(options.isBlocked && { isBlocked: options.isBlocked }),
    client: `Shoal ${version}`,
    peerIdPrefix: `-SL${[major, minor, patch].map((part) => Number(part).toString(36).slice(-1)).join('')}0-`,
    lock: (journal) => lockFolder(disk, dirname(journal)),
    ...(await bootId()),
  });
  const port = await listen(session, options);
  return {
    session,
    port,
    data,
    async stateFolder(infoHashes) {
      const folder = stateFolderOf(data, infoHashes);
      await disk.makeFolder(folder, { mode: 0o700 });
      return folder;
    },
    close: () => session.close(),
  };
}

/** By what it was added with, which stays. */
function stateFolderOf(data: string, { v1, v2 }: InfoHashes): string {
  return join(data, 'transfers', toHex(v2 ?? v1 ?? new Uint8Array(1)));
}

async function listen(session: Session, { port, mayMovePort }: EngineOptions): Promise<number> {
  try {
    return await session.listen({ port });
  } catch (error) {
    const cause = error instanceof TransportError ? error.cause : error;
    const isTaken = cause instanceof WorldError && cause.code === 'address-in-use';
    if (!isTaken || mayMovePort !== true) throw error;
    return await session.listen({ port: 0 });
  }
}

/** Differs after each start of the machine; only Linux says it. */
async function bootId(): Promise<{ bootId?: string }> {
  try {
    return { bootId: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim() };
  } catch {
    return {};
  }
}
